//! What happened under a policy, written down: every decision with its inputs.
//!
//! A log says what was decided; it does not say why. A recording has all that the decisions were
//! made of - when calls began, how attempts ended and when, what was drawn at random - in the order
//! in which it mattered, also when many threads called. So the same policy can go through it again,
//! in a test, and come to the same decisions: under a debugger, with more logs, or with other
//! settings, to see which decision is the first to change.
//!
//! [`Policy::record`](crate::resilience::Policy::record) writes one down, and [`replay`] goes through
//! it. Recorded is what the policy itself did; calls of a policy with `hedge`, and answers from its
//! cache, are not. Neither is what else happened to a breaker, bulkhead or retry budget that it
//! shares with others, nor are the readings of clocks other than the precise one.

mod event;
mod recorder;
mod recording;
mod replay;
mod text;

pub use event::{ErrorFacts, Event, Outcome, What};
pub use recorder::Recorded;
pub(super) use recorder::Recorder;
pub use recording::Recording;
pub use replay::{Difference, ReplayError, replay};
pub use text::NoRecording;
