//! What happened inside of one call, and in which order: spans, the traces that they make, and what
//! of them is kept.
//!
//! The usual recorders decide when a trace *begins* whether to keep it, before anything is known of
//! it; so of a thousand failed calls ten are there to be looked at. The ones that decide later are
//! processes of their own, to which everything is sent first. Here spans are written into memory
//! that does not grow, for next to nothing, and the decision is made when the local root ends.
//!
//! ```standalone_crate
//! use std::sync::{Arc, Mutex};
//! use reliability::telemetry::trace::{self, Recorder, Rules, Sink, Trace};
//!
//! #[derive(Default)]
//! struct Kept(Mutex<Vec<Trace>>);
//!
//! impl Sink for Kept {
//!     fn keep(&self, trace: Trace) {
//!         self.0.lock().unwrap().push(trace);
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let kept = Arc::new(Kept::default());
//! let _sink = trace::add_sink(kept.clone());
//! // All errors, all that is slower than a second, and none of the rest.
//! Recorder::builder().rules(Rules::standard().otherwise(0.0)).start()?;
//!
//! trace::span("went well").begin().end();
//! let span = trace::span("failed").attribute("order.id", 7).begin();
//! span.fail("no such order");
//! span.end();
//!
//! let kept = kept.0.lock().unwrap();
//! assert_eq!(kept.len(), 1);
//! assert_eq!(kept[0].kept_by, "errors");
//! assert_eq!(kept[0].spans[0].attributes[0].to_string(), "order.id=7");
//! # Ok(())
//! # }
//! ```
//!
//! Most spans are made by [`#[traced]`](crate::telemetry::traced); [`span`] is the same by hand.

mod around;
mod context;
mod current;
#[cfg(feature = "http")]
pub mod http;
mod id;
#[cfg(feature = "dashboard")]
mod panel;
mod random;
mod record;
mod recorder;
mod rules;
mod sampler;
mod sink;
mod span;
mod w3c;

#[cfg(feature = "config")]
pub use crate::document::{LoadError, Mistake, Mistakes};
pub use around::Around;
pub use context::Context;
#[cfg_attr(not(feature = "macros"), allow(unused_imports, reason = "for expansions"))]
pub(crate) use current::Entered;
#[cfg(feature = "subscriber")]
pub(crate) use current::Here;
pub(crate) use current::is_written_down;
pub use current::{Current, InContext, current, in_context, in_current};
pub use id::{InvalidId, SpanId, TraceId};
pub use record::{Event, Kind, Link, Span, Status, Trace};
#[cfg_attr(not(feature = "macros"), allow(unused_imports, reason = "for expansions"))]
pub(crate) use recorder::{Ending, Opened, State, recorder};
pub use recorder::{Fields, Recorder, RecorderBuilder, RecorderCounts};
pub use rules::{Rule, Rules};
#[cfg(feature = "config")]
pub use rules::{RulesFile, RulesWatch};
pub use sampler::Sampler;
pub use sink::{Sink, SinkGuard, add_sink};
pub use span::{OpenSpan, SpanBuilder, error_logged, event, set, span};
pub use w3c::{Baggage, InvalidTraceparent, TraceState};
