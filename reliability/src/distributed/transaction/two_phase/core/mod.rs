//! The protocol alone: two machines that are told what has happened, and say what to do.
//!
//! They have no clock, no disk, no network and no task: the driver has those, the
//! [simulator](crate::distributed::sim) pretends to have them, and a test can walk through every
//! state there is.
//!
//! ```
//! use std::time::Duration;
//! use reliability::distributed::transaction::two_phase::core::{
//!     Coordinator, CoordinatorEffect as Do, CoordinatorInput as Has, Timing,
//! };
//! use reliability::distributed::transaction::{Decision, Followed, Members, Vote};
//! use reliability::time::Instant;
//!
//! let now = Instant::ZERO;
//! let (mut coordinator, effects) = Coordinator::begin(now, Members::first(2)?, Timing::default());
//! assert_eq!(effects, [Do::Ask(0), Do::Ask(1)]);
//!
//! assert_eq!(coordinator.step(now, Has::Voted(0, Vote::Yes)), []);
//! // With the last vote nobody is told yet: it has to be written down first.
//! assert_eq!(coordinator.step(now, Has::Voted(1, Vote::Yes)), [Do::Write(Decision::Commit)]);
//! let told = coordinator.step(now, Has::Logged(Decision::Commit));
//! assert_eq!(told, [Do::Tell(0, Decision::Commit), Do::Tell(1, Decision::Commit)]);
//!
//! coordinator.step(now, Has::Followed(0, Followed::AsTold));
//! let ended = coordinator.step(now, Has::Followed(1, Followed::AsTold));
//! assert!(matches!(ended[..], [Do::End { decision: Decision::Commit, .. }]));
//! # Ok::<(), reliability::error::Invalid>(())
//! ```

mod coordinator;
mod participant;
#[cfg(all(test, not(reliability_loom)))]
mod tests;

pub use coordinator::{Coordinator, CoordinatorEffect, CoordinatorInput, CoordinatorPhase, Timing};
pub use participant::{
    Participant, ParticipantEffect, ParticipantInput, ParticipantPhase, Promised,
};
