//! Three-phase commit: nobody waits for a dead coordinator, as long as the network is never cut.
//!
//! In two-phase commit, who has promised waits until somebody can read the log. Here there is no log
//! to wait for. Between the votes and the decision there is one more round, in which everybody learns
//! that all have voted yes; so whoever is left when others crash can tell from what those who are
//! left know how it ends.
//!
//! That takes an assumption which most networks do not keep: **who does not answer in time is dead**.
//! When the network is cut, each side takes the other one for dead, and they may decide differently.
//! So the constructor says it:
//!
//! ```
//! use std::time::Duration;
//! use reliability::distributed::transaction::three_phase::{
//!     CoordinatorEffect as Do, CoordinatorInput as Has, ThreePhase,
//! };
//! use reliability::distributed::transaction::{Decision, Members, Vote};
//! use reliability::time::Instant;
//!
//! let now = Instant::ZERO;
//! let protocol = ThreePhase::assuming_no_partition(Duration::from_millis(200));
//! let (mut coordinator, asks) = protocol.coordinator(now, Members::first(2)?);
//! assert_eq!(asks, [Do::Ask(0), Do::Ask(1)]);
//!
//! coordinator.step(now, Has::Voted(0, Vote::Yes));
//! let all_know = coordinator.step(now, Has::Voted(1, Vote::Yes));
//! assert_eq!(all_know, [Do::PreCommit(0), Do::PreCommit(1)]);
//!
//! coordinator.step(now, Has::Acknowledged(0));
//! let decided = coordinator.step(now, Has::Acknowledged(1));
//! assert_eq!(decided, [Do::Tell(0, Decision::Commit), Do::Tell(1, Decision::Commit)]);
//! # Ok::<(), reliability::error::Invalid>(())
//! ```
//!
//! # When to use it
//!
//! Where processes share a machine or a bus that does not break in two, and where waiting for a
//! coordinator to come back costs more than a mistake when it does. Everywhere else use
//! [two-phase commit](super::two_phase) with a journal that several processes can read: it is safe
//! whatever the network does, and a dead coordinator blocks nobody for longer than it takes another
//! one to look.
//!
//! Both claims are tested by going through every state of small systems: with crashes alone no two
//! participants ever disagree, and with a partition some do.
//!
//! # What is here
//!
//! The protocol: a [`Coordinator`], and [`Participant`]s that finish without it by the termination
//! protocol (Skeen, *Nonblocking Commit Protocols*, SIGMOD 1981). They are told what has happened,
//! and say what to do; sending that is up to who uses them, because participants talk to each other,
//! and each is in a process of its own.

mod coordinator;
mod participant;
mod protocol;
#[cfg(all(test, not(reliability_loom)))]
mod tests;

pub use coordinator::{Coordinator, CoordinatorEffect, CoordinatorInput, CoordinatorPhase};
pub use participant::{Participant, ParticipantEffect, ParticipantInput, ParticipantPhase, Turn};
pub use protocol::{Standing, ThreePhase};
