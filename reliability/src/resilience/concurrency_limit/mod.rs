//! As many calls at a time as the dependency turns out to bear.
//!
//! A [bulkhead](super::bulkhead) wants a number, and the number is wrong: measured on a quiet day
//! with other machines, it lets a dependency drown that has lost half of its capacity, and starves
//! one that has doubled it. What does not go out of date is how the number shows itself: as long as
//! the dependency keeps up, more calls at a time mean more answers; from there on they only wait for
//! each other, and latency grows instead. An adaptive limit watches latency and dropped calls,
//! stays where the one turns into the other, and refuses the rest at once, while they can still be
//! made elsewhere.
//!
//! ```
//! use reliability::resilience::ConcurrencyLimit;
//!
//! # fn fetch() -> Result<u32, std::io::Error> { Ok(7) }
//! let limit = ConcurrencyLimit::builder("inventory").max(200).build()?;
//!
//! let permit = limit.acquire()?;
//! match fetch() {
//!     Ok(_) => permit.success(),
//!     Err(error) => permit.failure_with(&error),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which algorithm
//!
//! | algorithm | goes by | for |
//! |---|---|---|
//! | [`Gradient2`] | latency against that of the last ten minutes | most services; the default |
//! | [`Vegas`] | latency against that without load | where an overload may last for hours |
//! | [`Aimd`] | dropped calls | where latency says nothing; needs a timeout |
//!
//! Each is a pure core, an [`Estimator`], whose formula and source stand in its documentation, with
//! what was changed and why.
//!
//! # Windows
//!
//! Single calls say little: one asks for a record, the next for a report. So calls are gathered in
//! windows, and the algorithm sees the mean latency of a window, the most calls that were inside at
//! once, and whether more than [`drop_rate`](Settings::drop_rate) of them were dropped. A window is
//! open for twice the latency of its fastest call, at least 100 ms, at most 1 s, and until it has
//! 100 calls. The originals do so for Gradient2 (1 s, 10 calls, any dropped call makes the window a
//! bad one) and step by each call for Vegas and AIMD. Here all three have windows, because a step for
//! each call would be a word that all threads write, and because of ten calls the mean scatters by a
//! third, which the limit would follow. Every call is a sample until a window has 32 times its least
//! number of calls, 3200; from there on one in so many is, picked at random, that a window has half as
//! many samples as that: at ten thousand calls a second and more, reading the clock for each would
//! cost more than it tells. And a window of thousands always has a dropped call: were
//! one enough, the limit of a busy service would always be at its floor.
//!
//! # The floor and the probe
//!
//! [`min`](Settings::min) is the floor, which the limit does not go below. It is not what [`Vegas`]
//! probes with: a floor should be low, so that a dependency that has lost most of its machines is not
//! kept down, and a probe should let through as many as it can, because the others are refused.
//! Where both are one number there are refusals every time the latency is measured (Envoy's issues
//! 8337, 18152 and 46532). See [`Vegas::probe_share`].
//!
//! # Priorities
//!
//! Calls of a [`Priority`] fill at most a [share](Shares) of the limit, together with all lower
//! ones. So when it becomes tight, those that matter least are refused first:
//!
//! | inside, of a limit of 20 | low | normal | high | critical |
//! |---|---|---|---|---|
//! | 0 to 9 | in | in | in | in |
//! | 10 to 15 | refused | in | in | in |
//! | 16, 17 | refused | refused | in | in |
//! | 18, 19 | refused | refused | refused | in |
//! | 20 | refused | refused | refused | refused |
//!
//! concurrency-limits has partitions instead, which lend each other what they do not use, and exceed
//! the limit together to keep their promises. Here the limit holds, since it stands for what the
//! dependency bears; the price is that low priorities alone do not fill it.
//!
//! # Guarantees
//!
//! - Never more calls inside than the limit of the moment, but for those that were inside when it
//!   was lowered; and the limit is between `min` and `max`.
//! - Whenever a call is refused, a call of a lower priority would be refused as well.
//! - A permit is given back however the call ends: result, panic, or a future that is dropped. What
//!   was cancelled is not a sample.
//! - Nothing is allocated per call, and nothing waits. A call is one compare-and-swap and one
//!   subtraction; one that is a sample reads the clock twice and adds to sums that its thread alone
//!   writes. One call per window computes the new limit, under a lock that nobody waits for.
//! - The same history makes the same limits, given a [`seed`](ConcurrencyLimitBuilder::seed).
//!
//! The gate is the bulkhead's; the interleavings of threads that enter, leave and change the limit
//! are model-checked with loom. A queueing simulation in the tests has a server lose half of its
//! capacity and recover: with each algorithm at least 90 % of what the best fixed limit achieves is
//! answered in time, in each phase. The example `adaptive_limit` draws it.

mod algorithm;
#[cfg(feature = "std")]
mod builder;
#[cfg(feature = "std")]
mod controller;
#[cfg(feature = "std")]
mod handle;
mod outcome;
#[cfg(feature = "std")]
mod permit;
mod priority;
#[cfg(feature = "std")]
mod sampler;
#[cfg(feature = "std")]
mod settings;
#[cfg(feature = "std")]
mod snapshot;

pub use algorithm::{Aimd, Algorithm, Estimator, Gradient2, Sample, Vegas};
#[cfg(feature = "std")]
pub use builder::ConcurrencyLimitBuilder;
#[cfg(feature = "std")]
pub use handle::ConcurrencyLimit;
pub use outcome::Outcome;
#[cfg(feature = "std")]
pub use permit::{OwnedPermit, Permit};
pub use priority::{Priority, Shares};
#[cfg(feature = "std")]
pub use settings::Settings;
#[cfg(feature = "std")]
pub use snapshot::Snapshot;

#[cfg(all(test, feature = "std", not(reliability_loom)))]
mod tests;
