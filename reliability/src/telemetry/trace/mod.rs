//! What happened inside of one call, and in which order.

mod context;
mod current;
#[cfg(feature = "http")]
pub mod http;
mod id;
mod random;
mod record;
mod sink;
mod w3c;

pub use context::Context;
pub use current::{Current, InContext, current, in_context, in_current};
pub use id::{InvalidId, SpanId, TraceId};
pub use record::{Event, Kind, Link, Span, Status, Trace};
pub use sink::{Sink, SinkGuard, add_sink};
pub use w3c::{Baggage, InvalidTraceparent, TraceState};
