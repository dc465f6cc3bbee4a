//! Contexts in the headers of HTTP messages: what axum receives, what hyper and reqwest send, and,
//! since its metadata is made of the same headers, what tonic does.
//!
//! ```
//! use http::HeaderMap;
//! use reliability::telemetry::trace::{self, Context};
//!
//! let mut received = HeaderMap::new();
//! received.insert("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse()?);
//! let mut sent = HeaderMap::new();
//! trace::http::extract(&received).in_scope(|| trace::http::inject(&Context::current(), &mut sent));
//! assert_eq!(sent["traceparent"], received["traceparent"]);
//! # Ok::<(), http::header::InvalidHeaderValue>(())
//! ```
//!
//! With the feature `tower` there are layers that do so, and make the spans of both sides.

mod headers;
#[cfg(feature = "tower")]
mod layers;

pub use headers::{BAGGAGE, TRACEPARENT, TRACESTATE, extract, inject};
#[cfg(feature = "tower")]
pub use layers::{Answered, ClientLayer, ClientService, ServerLayer, ServerService};
