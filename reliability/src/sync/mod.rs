//! Atomics that a model checker can replace, and the small lock-free pieces that every module
//! builds on.
//!
//! Nothing here, or above, names `core::sync::atomic` itself. Under `--cfg reliability_loom` the
//! same names are loom's, so that the code that runs in production is the code that is checked.
//! The flag is our own, not `--cfg loom`, because that one would switch tokio and others as well.

mod addend;
pub(crate) mod atomic;
mod buckets;
mod counter;
mod counters;
#[cfg(any(all(feature = "std", feature = "telemetry"), reliability_loom))]
#[cfg_attr(reliability_loom, allow(dead_code, reason = "its models need nobody who uses it"))]
mod free_list;
mod histogram;
#[cfg(feature = "std")]
mod mutex;
mod quantile;
#[cfg(any(feature = "otlp", all(test, reliability_loom)))]
#[cfg_attr(reliability_loom, allow(dead_code, reason = "models do not ask for everything"))]
mod room;
mod sketch;
mod stripe;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod tally;
#[cfg(any(feature = "sre", all(feature = "config", feature = "telemetry")))]
mod turn;
#[cfg(all(feature = "std", feature = "resilience"))]
mod wake;

pub(crate) use addend::Addend;
pub use counter::Counter;
pub use counters::Counters;
#[cfg(all(feature = "std", feature = "telemetry"))]
pub(crate) use free_list::FreeList;
pub use histogram::{Histogram, HistogramSnapshot};
#[cfg(all(feature = "std", feature = "telemetry"))]
pub(crate) use mutex::Guard;
#[cfg(feature = "std")]
pub(crate) use mutex::Mutex;
pub use quantile::Quantile;
#[cfg(feature = "otlp")]
pub(crate) use room::Room;
pub use sketch::{Sketch, SketchSnapshot};
#[cfg(any(feature = "resilience", all(feature = "std", feature = "telemetry")))]
pub(crate) use stripe::owned_stripe;
pub(crate) use stripe::{Padded, STRIPES, stripe};
#[cfg(all(feature = "std", feature = "telemetry"))]
pub(crate) use tally::Tally;
#[cfg(any(feature = "sre", all(feature = "config", feature = "telemetry")))]
pub(crate) use turn::Turn;
#[cfg(all(feature = "std", feature = "resilience"))]
pub(crate) use wake::wake;
