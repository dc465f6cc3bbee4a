//! Stop calling what does not answer, and notice when it does again.
//!
//! Ask for a [`Permit`] before the call, and tell it how the call ended:
//!
//! ```
//! use std::time::Duration;
//! use reliability::resilience::breaker::{Breaker, State, Window};
//! use reliability::time::ManualClock;
//!
//! let manual = ManualClock::new();
//! let breaker = Breaker::builder("inventory")
//!     .window(Window::count(100))
//!     .failure_rate(0.5)
//!     .min_calls(20)
//!     .open_for(Duration::from_secs(5))
//!     .probes(3)
//!     .clock(manual.clock())
//!     .build()?;
//!
//! for _ in 0..20 {
//!     breaker.acquire()?.failure();
//! }
//! let refused = breaker.acquire().unwrap_err();
//! assert_eq!(refused.to_string(), "inventory: the breaker is open, try again in 5s");
//!
//! manual.advance(Duration::from_secs(5));
//! for _ in 0..3 {
//!     breaker.acquire()?.success();
//! }
//! assert_eq!(breaker.state(), State::Closed);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ```text
//!              too many failed or slow calls
//!     Closed ---------------------------------> Open <------------+
//!        ^                                       |                |
//!        |                    the period is over |                |
//!        |                                       v     no         |
//!        +-------------------------------- HalfOpen --------------+
//!             yes: were the probes good enough?
//! ```
//!
//! An operator may also [force it open](Breaker::force_open), [disable](Breaker::disable) it,
//! [reset](Breaker::reset) it, let it [count without refusing](Breaker::metrics_only), and
//! [change its settings](Breaker::reconfigure) while calls are running.
//!
//! # Why not a counter and a flag
//!
//! Because of what happens between calls:
//!
//! - *The past weighs too much.* Counters that are never cleared make an outage after a good night
//!   wait for as many failures as there were successes; counters that are cleared now and then
//!   forget what they saw a moment ago. Here the window slides with every call.
//! - *Outcomes arrive late.* A call that was admitted before the breaker opened may answer while it
//!   is half-open, and say nothing about now. Here every outcome belongs to the state in which its
//!   call was admitted, and counts in no other.
//! - *Probes do not come back.* A future is dropped, a body panics, a call hangs. Here a permit that
//!   is dropped gives its place back, and probes that hang are given up.
//! - *Everybody writes.* A counter that all cores share costs more than the rest of the breaker.
//!   Here a success writes a cache line of its own thread, and nothing locks or allocates.
//!
//! # What is promised
//!
//! - **A window of calls** opens at the very call with which, of the last `n` calls, the share that
//!   failed (or was slow) reaches its rate; while there are fewer than `n`, of all of them. It judges
//!   from the `min_calls`-th call on, or the `n`-th if that is earlier.
//! - **A window of time** does the same for the calls since the start of the bucket in which it
//!   begins, one of ten: at least nine tenths of its length, at most all of it.
//! - **With several threads** the calls count in some order in which each thread's own stay in
//!   theirs. An outage that begins for `t` threads at once may take up to `t` failures more than for
//!   one, the ones that were on their way. A thread that is suspended while it records a failure may
//!   have it counted as older than it is: that can delay opening by that one failure, and never
//!   makes it open early.
//! - **Half-open** admits `probes` calls, not one more, however many ask at once. When that many
//!   outcomes are in it closes if the share of failures, and that of slow calls, is below its rate.
//! - **Late outcomes** do not count: up to 2^28 transitions back.
//! - **A clock that jumps** makes it neither panic nor stick. If it jumps back, an open period ends
//!   later by as much, or at once if that were longer than any period can be; a window of time starts
//!   afresh if it jumps back by more than its length.
//! - **Periods** are kept to the millisecond: whoever waits for
//!   [`retry_after`](crate::error::Rejected::retry_after) is let through, and nobody more than one
//!   millisecond before the period is over.
//!
//! # What counts
//!
//! [`Permit::failure_with`] asks the error: the table of [`Disposition`](crate::error::Disposition)
//! says what each class counts as, and [`BreakerBuilder::counted_as`] overrules it. An error of the caller's
//! own making counts as a success, a cancelled call as nothing.

mod builder;
mod circuit;
mod engine;
mod handle;
mod live;
mod orders;
mod permit;
mod settings;
mod snapshot;
mod state;
mod window;

pub use builder::BreakerBuilder;
pub use handle::Breaker;
pub use permit::{OwnedPermit, Permit};
pub use settings::Settings;
pub use snapshot::{Probes, Snapshot};
pub use state::State;
pub use window::{Counts, Window};

#[cfg(all(test, reliability_loom))]
mod loom_tests;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
