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
//! [`Propagators`] says which of the headers are read and written.
//!
//! With the feature `tower` there are layers that do so, make the spans of both sides, and count how
//! long requests take: [`ServerLayer`] and [`ClientLayer`]. All names are those of OpenTelemetry's
//! semantic conventions.
//!
//! | | HTTP | gRPC |
//! |---|---|---|
//! | which it is | all others | `content-type` is `application/grpc` |
//! | span | `GET /orders/{id}`; without a route `GET` | `shop.Orders/Take` |
//! | metric of the server | `http.server.request.duration` | `rpc.server.call.duration` |
//! | metric of the client | `http.client.request.duration` | `rpc.client.call.duration` |
//! | an error of the server | a status from 500 on | `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE`, `DATA_LOSS` |
//! | an error of the client | a status from 400 on, or no answer | all but `OK`, or no answer |
//!
//! What is said of a request never holds a password, and of a query only its keys.
//!
//! A request that is dropped before its end has `reliability.ended = cancelled` and is no error of
//! the span: who dropped it did not want the answer any more. The metric has it under
//! `error.type = cancelled`.

#[cfg(feature = "tower")]
mod answered;
#[cfg(feature = "tower")]
mod body;
#[cfg(feature = "tower")]
mod client;
#[cfg(feature = "tower")]
mod describe;
#[cfg(feature = "tower")]
mod durations;
#[cfg(feature = "tower")]
mod exchange;
#[cfg(feature = "tower")]
mod grpc;
mod headers;
#[cfg(feature = "tower")]
mod message;
#[cfg(feature = "tower")]
mod methods;
mod propagators;
#[cfg(feature = "tower")]
mod server;

#[cfg(feature = "tower")]
pub use answered::Answered;
#[cfg(feature = "tower")]
pub use body::{AnsweredBody, Until, UntilBodyEnd, UntilHead};
#[cfg(feature = "tower")]
pub use client::{ClientLayer, ClientService};
pub use headers::{BAGGAGE, TRACEPARENT, TRACESTATE, extract, inject};
#[cfg(feature = "tower")]
pub use message::{Incoming, Outgoing};
pub use propagators::Propagators;
#[cfg(feature = "tower")]
pub use server::{ServerLayer, ServerService};
