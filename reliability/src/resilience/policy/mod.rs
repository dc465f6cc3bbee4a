//! Layers around one call, composed in the order in which they are written.
//!
//! Libraries that stack one wrapper type per layer make the order a matter of types that nobody
//! can write down, and the cost a matter of how many wrappers there are. Here a [`Policy`] is a
//! plain value: a list of layers that one driver, [`Attempt`], walks through. It can be named in a
//! struct field, cloned, printed, listed and changed while it works - and macros and hand-written
//! code go through the same driver, so that they behave alike.
//!
//! ```text
//!  call ──▶ fallback ▸ deadline ▸ ┌──────────── retry ────────────┐
//!                                 │ breaker ▸ bulkhead ▸ timeout ▸ work
//!                                 └── pause ◀── judge ◀── outcome ┘
//! ```
//!
//! A call that is ready at once reads no clock, arms no timer and allocates nothing: deadline,
//! timeout and latency count from the moment when the work first has to wait. What the work does
//! before that - on the processor, without waiting - is not timed.

mod admission;
mod attempt;
mod builder;
mod call;
mod calling;
#[cfg(feature = "chaos")]
mod chaos;
mod classify;
mod degrade;
mod describe;
mod events;
mod fallback;
mod handle;
mod hedged;
mod inner;
mod key;
mod layer;
mod legs;
#[cfg(feature = "cache")]
mod look_up;
mod monitored;
mod outcome;
mod pause;
mod randomness;
mod recent;
#[cfg(feature = "record")]
pub mod record;
mod run;
mod scopes;
mod settings;
#[cfg(all(feature = "redis", not(reliability_loom)))]
mod shared_rate_limit;
mod step;
#[cfg(feature = "tower")]
mod timed;
mod timer;
mod totals;
#[cfg(not(feature = "chaos"))]
mod undisturbed;
#[cfg(not(feature = "record"))]
mod unrecorded;
mod wait;
mod whose;

pub use attempt::Attempt;
pub use builder::PolicyBuilder;
pub use call::{Call, Next};
pub use classify::Classifier;
pub use fallback::Fallback;
pub use handle::Policy;
pub(crate) use handle::WeakPolicy;
pub use hedged::HedgedAttempt;
pub use key::IdempotencyKey;
pub use layer::Layer;
#[cfg(feature = "cache")]
pub use look_up::LookUp;
pub use pause::Pause;
pub use settings::Settings;
#[cfg(feature = "tower")]
pub(in crate::resilience) use timed::Timed;
pub use totals::Totals;

#[cfg(all(test, not(reliability_loom)))]
mod tests;
