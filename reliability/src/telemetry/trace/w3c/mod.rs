//! The headers in which a trace goes from one process to the next.

mod baggage;
mod state;
pub(super) mod traceparent;

pub use baggage::Baggage;
pub use state::TraceState;
pub use traceparent::InvalidTraceparent;
