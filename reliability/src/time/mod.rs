//! Clocks and deadlines: the only place that asks what time it is.
//!
//! Every policy's core takes *now* as an argument, so that it can be tested without waiting. What
//! holds state for users takes a [`Clock`] in its builder: precise by default, coarse or ticked
//! where nanoseconds matter more than milliseconds, manual in tests.
//!
//! ```
//! use std::time::Duration;
//! use reliability::time::ManualClock;
//!
//! let manual = ManualClock::new();
//! let clock = manual.clock();
//! let start = clock.now();
//! manual.advance(Duration::from_secs(5));
//! assert_eq!(clock.now().saturating_duration_since(start), Duration::from_secs(5));
//! ```
//!
//! [`Deadline`] is the point in time by which a whole call must be over. It travels with the task:
//! an annotated function that is called inside another one inherits it.

#[cfg(any(all(feature = "std", feature = "telemetry"), feature = "sre"))]
mod civil;
mod clock;
#[cfg(feature = "std")]
mod deadline;
#[cfg(any(feature = "otlp", feature = "sre"))]
mod doubling;
#[cfg(feature = "record")]
pub(crate) mod frozen;
mod instant;
#[cfg(feature = "std")]
mod system;
#[cfg(any(feature = "config", feature = "testing"))]
pub(crate) mod text;
#[cfg(all(feature = "std", not(reliability_loom)))]
mod ticker;
#[cfg(all(feature = "tsc", not(reliability_loom)))]
mod tsc;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod utc;
#[cfg(feature = "std")]
mod wall;

#[cfg(feature = "sre")]
pub(crate) use civil::{date, first_day};
pub use clock::{Clock, ManualClock};
#[cfg(feature = "std")]
pub use deadline::{Deadline, WithDeadline};
#[cfg(all(feature = "std", feature = "resilience"))]
pub(crate) use deadline::{Entered, Scope};
#[cfg(any(feature = "otlp", feature = "sre"))]
pub(crate) use doubling::doubled;
pub use instant::Instant;
#[cfg(feature = "resilience")]
pub(crate) use instant::saturating_nanos;
#[cfg(all(feature = "std", feature = "resilience"))]
pub(crate) use system::timer_at;
#[cfg(all(feature = "std", feature = "telemetry"))]
pub(crate) use utc::Utc;
#[cfg(feature = "std")]
pub use wall::WallClock;
#[cfg(any(feature = "http", all(feature = "std", feature = "telemetry"), feature = "sre"))]
pub(crate) use wall::wall_clock;
