use alloc::vec::Vec;
use core::time::Duration;

use reliability_derive::StateMachine;

use crate::distributed::transaction::{Decision, Followed, Vote};
use crate::time::Instant;

/// Where a participant stands.
///
/// ```text
///   +---------+  ready   +-----------+ written  +----------+   told    +==========+
///   | Working | -------> | Promising | -------> | Promised | --------> |  Ended   |
///   +---------+          +-----------+          +----------+           |          |
///     |   | no, or told           | told                               |          |
///     |   +-----------------------+----------------------------------> +==========+
///     |  has only read         +======+
///     +----------------------> | Left |
///                              +======+
/// ```
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::two_phase::core::ParticipantPhase;
/// use reliability::state::Machine;
///
/// assert!(ParticipantPhase::mermaid().contains("Promising --> Promised"));
/// ```
#[derive(StateMachine, Debug, Clone, PartialEq, Eq, Hash)]
#[machine(name = "two_phase_participant", derive(Debug, Clone, PartialEq, Eq, Hash))]
pub enum ParticipantPhase {
    /// It may still refuse.
    #[state(initial, to(Promising, Left, Ended))]
    Working,
    /// Its promise is on its way to the disk.
    #[state(to(Promised, Ended))]
    Promising,
    /// It can do either, whatever crashes, and has given away the choice: it is *in doubt*.
    #[state(to(Ended))]
    Promised {
        /// When it asks how it ends.
        ask_at: Instant,
    },
    /// It has only read, and is not told.
    #[state(final)]
    Left,
    /// It has done either.
    #[state(final)]
    Ended {
        /// Which one.
        decision: Decision,
    },
}

/// What has happened to a participant.
///
/// # Examples
///
/// See [`Participant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParticipantInput {
    /// It is asked for its vote.
    Asked,
    /// Its work is done so far, and this is how it votes.
    Ready(Vote),
    /// Its promise is on the disk.
    Written,
    /// The decision is known.
    Told(Decision),
    /// An operator does not want to wait for the decision.
    Forced(Decision),
    /// Time has passed.
    Woken,
}

/// What a participant wants to have done, in this order.
///
/// # Examples
///
/// See [`Participant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParticipantEffect {
    /// Do the work so far that only a promise is missing, and say how it votes.
    Work,
    /// Write down that it can do either.
    Promise,
    /// Tell the coordinator.
    Vote(Vote),
    /// Let the work happen, or undo it; durably, before what comes next.
    Apply(Decision),
    /// Tell the coordinator.
    Follow(Followed),
    /// Ask the coordinator, or whoever reads its log, how it ends.
    Ask,
}

/// What a participant finds on its disk after a crash.
///
/// # Examples
///
/// See [`Participant::recover`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Promised {
    /// Nothing: it has promised nothing, and its work is gone.
    Nothing,
    /// Its promise, without a decision.
    Either,
    /// What it has done.
    Done(Decision),
}

/// A participant of one transaction.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::two_phase::core::{
///     Participant, ParticipantEffect as Do, ParticipantInput as Has,
/// };
/// use reliability::distributed::transaction::{Decision, Followed, Vote};
/// use reliability::time::Instant;
///
/// let now = Instant::ZERO;
/// let mut stock = Participant::new(Duration::from_secs(1));
/// assert_eq!(stock.step(now, Has::Asked), [Do::Work]);
/// assert_eq!(stock.step(now, Has::Ready(Vote::Yes)), [Do::Promise]);
/// assert_eq!(stock.step(now, Has::Written), [Do::Vote(Vote::Yes)]);
/// let told = stock.step(now, Has::Told(Decision::Commit));
/// assert_eq!(told, [Do::Apply(Decision::Commit), Do::Follow(Followed::AsTold)]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Participant {
    phase: ParticipantPhase,
    patience: Duration,
}

type Effects = Vec<ParticipantEffect>;

impl Participant {
    /// One that has not been asked yet; in doubt, it asks as often as that.
    pub const fn new(patience: Duration) -> Self {
        Self { phase: ParticipantPhase::Working, patience }
    }

    /// One that comes back after a crash.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::distributed::transaction::two_phase::core::{
    ///     Participant, ParticipantEffect, Promised,
    /// };
    /// use reliability::time::Instant;
    ///
    /// let (_, effects) =
    ///     Participant::recover(Instant::ZERO, Promised::Either, Duration::from_secs(1));
    /// assert_eq!(effects, [ParticipantEffect::Ask]);
    /// ```
    pub fn recover(now: Instant, found: Promised, patience: Duration) -> (Self, Effects) {
        let (phase, effects) = match found {
            // It never will vote yes: what it would have promised is gone.
            Promised::Nothing => {
                (ParticipantPhase::Ended { decision: Decision::Abort }, Vec::new())
            }
            Promised::Either => {
                let ask_at = now.saturating_add(patience);
                (ParticipantPhase::Promised { ask_at }, alloc::vec![ParticipantEffect::Ask])
            }
            Promised::Done(decision) => (ParticipantPhase::Ended { decision }, Vec::new()),
        };
        (Self { phase, patience }, effects)
    }

    /// Where it stands.
    pub const fn phase(&self) -> &ParticipantPhase {
        &self.phase
    }

    /// Whether it has promised, and does not know how it ends.
    pub const fn is_in_doubt(&self) -> bool {
        matches!(self.phase, ParticipantPhase::Promised { .. })
    }

    /// What it has done, if it has done either.
    pub const fn done(&self) -> Option<Decision> {
        match self.phase {
            ParticipantPhase::Ended { decision } => Some(decision),
            _ => None,
        }
    }

    /// When it wants to be [woken](ParticipantInput::Woken), if at all.
    pub const fn wake_at(&self) -> Option<Instant> {
        match self.phase {
            ParticipantPhase::Promised { ask_at } => Some(ask_at),
            _ => None,
        }
    }

    /// What is to be done now that this has happened.
    pub fn step(&mut self, now: Instant, input: ParticipantInput) -> Effects {
        use ParticipantEffect as Do;
        match (&mut self.phase, input) {
            (ParticipantPhase::Working, ParticipantInput::Asked) => alloc::vec![Do::Work],
            (ParticipantPhase::Working, ParticipantInput::Ready(Vote::Yes)) => {
                self.go(ParticipantPhase::Promising);
                alloc::vec![Do::Promise]
            }
            (ParticipantPhase::Working, ParticipantInput::Ready(Vote::ReadOnly)) => {
                self.go(ParticipantPhase::Left);
                alloc::vec![Do::Vote(Vote::ReadOnly)]
            }
            (ParticipantPhase::Working, ParticipantInput::Ready(Vote::No)) => {
                self.go(ParticipantPhase::Ended { decision: Decision::Abort });
                alloc::vec![Do::Apply(Decision::Abort), Do::Vote(Vote::No)]
            }
            (ParticipantPhase::Promising, ParticipantInput::Written) => {
                self.go(ParticipantPhase::Promised { ask_at: now.saturating_add(self.patience) });
                alloc::vec![Do::Vote(Vote::Yes)]
            }
            (ParticipantPhase::Promised { .. }, ParticipantInput::Asked) => {
                // Its vote was lost.
                alloc::vec![Do::Vote(Vote::Yes)]
            }
            (ParticipantPhase::Ended { decision: Decision::Abort }, ParticipantInput::Asked) => {
                alloc::vec![Do::Vote(Vote::No)]
            }
            (ParticipantPhase::Left, ParticipantInput::Asked) => {
                alloc::vec![Do::Vote(Vote::ReadOnly)]
            }
            (ParticipantPhase::Left, ParticipantInput::Told(_)) => {
                alloc::vec![Do::Follow(Followed::AsTold)]
            }
            (ParticipantPhase::Ended { decision }, ParticipantInput::Told(told)) => {
                let as_told = *decision == told;
                alloc::vec![Do::Follow(if as_told { Followed::AsTold } else { Followed::Against })]
            }
            (
                ParticipantPhase::Working | ParticipantPhase::Promising,
                ParticipantInput::Told(Decision::Commit),
            ) => {
                // It has not voted: whoever decided so is broken, and has to hear of it.
                self.go(ParticipantPhase::Ended { decision: Decision::Abort });
                alloc::vec![Do::Apply(Decision::Abort), Do::Follow(Followed::Against)]
            }
            (_, ParticipantInput::Told(decision)) => {
                self.go(ParticipantPhase::Ended { decision });
                alloc::vec![Do::Apply(decision), Do::Follow(Followed::AsTold)]
            }
            (ParticipantPhase::Promised { .. }, ParticipantInput::Forced(decision)) => {
                self.go(ParticipantPhase::Ended { decision });
                alloc::vec![Do::Apply(decision)]
            }
            (ParticipantPhase::Promised { ask_at }, ParticipantInput::Woken) if now >= *ask_at => {
                *ask_at = now.saturating_add(self.patience);
                alloc::vec![Do::Ask]
            }
            _ => Vec::new(),
        }
    }

    /// What is not declared does not happen; the tests of this module find that it is never tried.
    fn go(&mut self, next: ParticipantPhase) {
        let refused = self.phase.try_go(next).is_err();
        debug_assert!(!refused, "an arrow that is not declared");
    }
}
