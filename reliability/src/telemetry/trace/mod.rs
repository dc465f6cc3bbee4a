//! What happened inside of one call, and in which order.

mod id;
mod record;

pub use id::{InvalidId, SpanId, TraceId};
pub use record::{Event, Kind, Link, Span, Status, Trace};
