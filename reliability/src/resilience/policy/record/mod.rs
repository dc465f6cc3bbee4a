//! What happened under a policy, written down: every decision with its inputs.
//!
//! A log says what was decided; it does not say why. A recording has all that the decisions were
//! made of - when calls began, how attempts ended and when, what was drawn at random - in the order
//! in which it mattered, also when many threads called. So the same policy can go through it again,
//! in a test, and come to the same decisions: under a debugger, with more logs, or with other
//! settings, to see which decision is the first to change.
//!
//! [`Policy::record`](crate::resilience::Policy::record) writes one down, and [`replay`] goes through
//! it. Recorded is what the policy itself did: hedges and answers from its cache as well. What else
//! happened to a breaker, bulkhead, retry budget or cache that it shares with others is not, such as
//! an answer that was thrown out because there was no room for it, or that somebody invalidated; nor
//! are the readings of clocks other than the precise one, nor how chaos was switched.

mod difference;
mod event;
mod plan;
mod recorder;
mod recording;
mod replay;
mod structure;
mod text;

pub use difference::{Difference, ReplayError};
pub use event::{ErrorFacts, Event, EventKind, Looked, Outcome};
pub use recorder::Recorded;
pub(super) use recorder::Recorder;
pub use recording::Recording;
pub use replay::replay;
pub use text::NoRecording;
