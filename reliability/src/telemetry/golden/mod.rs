//! What to look at first, computed from the metrics: RED of each operation, USE of each resource, and
//! the four golden signals of the service.
//!
//! A dashboard computes these from what was exported, in a language of its own, and is what is not
//! there when the network is what broke. Here they are functions of what the process
//! [collects](super::metrics::collect), for a log line, a page, a test, or whoever is woken at night.
//!
//! ```
//! use reliability::telemetry::golden::Collected;
//! use reliability::telemetry::traced;
//!
//! #[traced(metrics, kind = server)]
//! fn order(seats: u32) -> Result<u32, String> {
//!     if seats > 9 { Err("sold out".into()) } else { Ok(seats) }
//! }
//!
//! let before = Collected::take();
//! for seats in 1..=10 {
//!     order(seats).ok();
//! }
//! let period = Collected::take().since(&before);
//!
//! let signals = period.golden_signals();
//! assert_eq!((signals.outcomes.calls, signals.outcomes.errors), (10, 1));
//! assert_eq!(period.operations[0].error_ratio(), Some(0.1));
//! println!("{period}");
//! ```
//!
//! | way | question | from |
//! |---|---|---|
//! | [RED](Red) | rate, errors | counters of calls, by outcome |
//! | | duration | histograms of durations |
//! | [USE](Usage) | utilization | what is in use, and its limit |
//! | | saturation | what waits, and what was refused |
//! | | errors | what is out of order now |
//! | [golden signals](GoldenSignals) | latency, traffic, errors | RED of the operations that others call |
//! | | saturation | the resource whose utilization is highest |
//!
//! Which metrics these are is in the guide's chapter on telemetry.

mod collected;
mod delta;
mod durations;
mod red;
mod signals;
mod sources;
mod usage;

pub use collected::{Collected, Period};
pub use durations::{Durations, Estimate};
pub use red::{Outcomes, Red};
pub use signals::GoldenSignals;
pub use usage::{ResourceKind, Usage};

#[cfg(test)]
mod tests;
