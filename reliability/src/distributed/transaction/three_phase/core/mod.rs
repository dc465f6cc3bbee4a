//! The protocol alone: two machines that are told what has happened, and say what to do.
//!
//! They have no clock, no disk, no network and no task: the driver has those, the
//! [simulator](crate::distributed::sim) pretends to have them, and a test can walk through every
//! state there is.
//!
//! ```
//! use std::time::Duration;
//! use reliability::distributed::transaction::three_phase::core::{
//!     Coordinator, CoordinatorEffect as Do, CoordinatorInput as Has,
//! };
//! use reliability::distributed::transaction::three_phase::ThreePhase;
//! use reliability::distributed::transaction::{Decision, Members, Vote};
//! use reliability::time::Instant;
//!
//! let now = Instant::ZERO;
//! let protocol = ThreePhase::assuming_no_partition(Duration::from_millis(200));
//! let (mut coordinator, asks) = Coordinator::begin(protocol, now, Members::first(2)?);
//! assert_eq!(asks, [Do::Ask(0), Do::Ask(1)]);
//!
//! coordinator.step(now, Has::Voted(0, Vote::Yes));
//! let all_know = coordinator.step(now, Has::Voted(1, Vote::Yes));
//! assert_eq!(all_know, [Do::PreCommit(0), Do::PreCommit(1)]);
//!
//! coordinator.step(now, Has::Acknowledged(0));
//! let commit = Decision::Commit;
//! let decided = coordinator.step(now, Has::Acknowledged(1));
//! assert_eq!(decided, [Do::Record(commit), Do::Tell(0, commit), Do::Tell(1, commit)]);
//! # Ok::<(), reliability::error::Invalid>(())
//! ```
//!
//! # Rules of recovery
//!
//! - Who has not voted may abort on its own, and does so when it is asked how it ended.
//! - Who has voted and was dead decides nothing: it asks, and is dead for whoever has the turn. The
//!   others have gone on without it.
//! - When all of them were dead, nobody has gone on. They decide together, by what they had written
//!   down; a coordinator commits only what one of them has written down as pre-committed.
//! - Who notices that it was stopped for longer than a round, by the machine or by a slow disk, counts
//!   as dead. That makes it less likely that a stop does what a partition does, and not impossible.

mod coordinator;
mod participant;
mod phase;
#[cfg(all(test, not(reliability_loom)))]
mod tests;

pub use coordinator::{Coordinator, CoordinatorEffect, CoordinatorInput, CoordinatorPhase};
pub use participant::Participant;
pub use phase::{ParticipantEffect, ParticipantInput, ParticipantPhase, Party, Turn};

/// How many rounds a coordinator, or one whose turn it is, can take at most.
const ROUNDS: u32 = 4;
