//! Work over several services that happens as a whole or not at all, whatever crashes meanwhile.

#[cfg(feature = "choreography")]
pub mod choreography;
#[cfg(feature = "two_phase")]
mod decision;
#[cfg(feature = "event_sourcing")]
pub mod event_sourcing;
#[cfg(all(test, not(reliability_loom), feature = "two_phase"))]
mod exhaustive;
#[cfg(feature = "two_phase")]
mod members;
#[cfg(feature = "saga")]
pub mod saga;
#[cfg(feature = "tcc")]
pub mod tcc;
#[cfg(feature = "two_phase")]
pub mod three_phase;
#[cfg(feature = "two_phase")]
pub mod two_phase;

#[cfg(feature = "two_phase")]
pub use decision::{Decision, Followed, Vote};
#[cfg(feature = "two_phase")]
pub use members::Members;
