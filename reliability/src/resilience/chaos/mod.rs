//! Faults on purpose, to see what the other layers make of them before a dependency does it.
//!
//! A breaker that was never open, a fallback that nobody ever got, a deadline that was set by guess:
//! they are tried for the first time in the outage that they are for. Chaos stands in the place of
//! the dependency, innermost of all layers, and makes some attempts slow, some fail, and some hang.
//!
//! ```
//! use std::time::Duration;
//! use reliability::error::{Reason, Rejected};
//! use reliability::resilience::chaos::Chaos;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let chaos = Chaos::builder("inventory")
//!     .latency(Duration::from_millis(200), 0.05)
//!     .error(0.5)
//!     .seed(7)
//!     .build()?;
//!
//! // It is off until somebody switches it on.
//! chaos.disturb(async { Ok::<_, Rejected>(42) }).await?;
//!
//! let on = chaos.while_held();
//! let mut injected = 0;
//! for _ in 0..100 {
//!     if let Err(error) = chaos.disturb(async { Ok::<_, Rejected>(42) }).await {
//!         assert_eq!(error.reason(), Reason::Injected);
//!         injected += 1;
//!     }
//! }
//! drop(on);
//! assert_eq!(injected, chaos.snapshot().errors);
//! assert!(!chaos.is_on());
//! # Ok(())
//! # }
//! ```
//!
//! # Defaults, and why
//!
//! | setting | default | why |
//! |---|---|---|
//! | switch | off | a deployment must not begin to fail because somebody wrote down how it might |
//! | rates | 0 each | what is not asked for does not happen; [`standard`](Chaos::standard) has 5 % latency of 200 ms, 1 % errors, 0.1 % hangs |
//! | [`seed`](ChaosBuilder::seed) | random, and told | a run that found something can be repeated |
//!
//! # How it is switched
//!
//! Each handle has one switch, and the last word counts: [`Chaos::switch_on`] for one,
//! [`switch_on`] for all that exist and all that will. While it is off a call costs one relaxed
//! load. There is no second flag to look at, because the switch for all sets the switch of each.
//!
//! It cannot be left on silently: switching it on is a warning event, another one follows every
//! minute for as long as it works, every injection is an event, [`Debug`](core::fmt::Debug) and
//! `telemetry::snapshot()` say it, and what is built into production can leave out the feature
//! `chaos`, and with it every word of this module: in `#[resilient(..)]` `chaos(..)` is still
//! checked then, and expands to nothing. [`Chaos::switch_on_for`] ends by itself.
//!
//! # Guarantees
//!
//! - The same seed and settings give the same faults in the same order. With several threads the
//!   order is the one in which they ask.
//! - An attempt gets at most one fault, and under a [hedge](crate::resilience::hedge) each of its
//!   requests; each with exactly the probability that was asked for, so the rates of one chaos add up
//!   to at most 1.
//! - An injected error is a [`Rejected`](crate::error::Rejected) with
//!   [`Reason::Injected`](crate::error::Reason::Injected): transient, retried, a failure for
//!   breakers, and never mistaken for a real one.
//! - Dropping a future that is delayed or hangs drops its work, which then has not begun.
//!
//! A thread that sees the switch on sees the settings with which it was switched on; this is
//! model-checked with loom.

mod builder;
mod disturb;
mod events;
mod handle;
mod injection;
mod live;
mod settings;
mod snapshot;
mod switch;
mod switchboard;

pub use builder::ChaosBuilder;
pub use disturb::Disturb;
pub use handle::{Chaos, WhileHeld};
pub use injection::{Injection, decide};
pub use settings::Settings;
pub use snapshot::Snapshot;
pub use switchboard::{handles, switch_off, switch_on, switch_on_for};

#[cfg(all(test, reliability_loom))]
mod loom_tests;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
