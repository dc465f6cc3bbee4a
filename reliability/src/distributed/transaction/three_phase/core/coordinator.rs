use alloc::vec::Vec;
use core::time::Duration;

use reliability_derive::StateMachine;

use super::ROUNDS;
use crate::distributed::transaction::three_phase::ThreePhase;
use crate::distributed::transaction::{Decision, Members, Vote};
use crate::time::Instant;

/// Where a coordinator stands.
///
/// ```text
///   +--------+  all voted  +---------------+  all know, or are dead  +=======+
///   | Asking | ----------> | PreCommitting | ----------------------> | Ended |
///   +--------+             +---------------+                         +=======+
///       |                          |  was away itself   +------+        ^  ^
///       |                          +------------------> | Lost | -------+  |
///       |                                               +------+  is told  |
///       +------------------------------------------------------------------+
///          a no, or too late
/// ```
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::three_phase::core::CoordinatorPhase;
/// use reliability::state::Machine;
///
/// assert_eq!(CoordinatorPhase::TRANSITIONS.len(), 5);
/// ```
#[derive(StateMachine, Debug, Clone, PartialEq, Eq, Hash)]
#[machine(name = "three_phase_coordinator", derive(Debug, Clone, PartialEq, Eq, Hash))]
pub enum CoordinatorPhase {
    /// Votes come in.
    #[state(initial, to(PreCommitting, Ended))]
    Asking {
        /// Those of whom there is no vote yet.
        missing: Members,
        /// When it is given up.
        until: Instant,
    },
    /// Everybody is told that all have voted yes.
    #[state(to(Lost, Ended))]
    PreCommitting {
        /// Those who have not said that they know.
        missing: Members,
        /// When those who have not said so are taken for dead.
        until: Instant,
    },
    /// It was stopped for so long that it was taken for dead itself, or nobody answers any more: the
    /// participants end without it, and it asks them how.
    #[state(to(Ended))]
    Lost {
        /// When it asks again.
        until: Instant,
    },
    /// It is decided, and everybody was told once.
    #[state(final)]
    Ended {
        /// How it ended.
        decision: Decision,
    },
}

/// What has happened to a coordinator.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoordinatorInput {
    /// That participant has voted.
    Voted(usize, Vote),
    /// That participant knows that all have voted yes.
    Acknowledged(usize),
    /// Somebody says how it has ended.
    Told(Decision),
    /// That participant has come back after a crash, and wants to know how it has ended.
    Inquired(usize),
    /// Whoever began it does not want it any more.
    GivenUp,
    /// Time has passed.
    Woken,
}

/// What a coordinator wants to have done, in this order.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoordinatorEffect {
    /// Ask that participant for its vote.
    Ask(usize),
    /// Tell that participant that all have voted yes.
    PreCommit(usize),
    /// Write down that it commits, and go on when that is there.
    Record(Decision),
    /// Tell that participant how it ends.
    Tell(usize, Decision),
    /// Ask all participants how it has ended.
    Inquire,
}

/// The coordinator of one transaction. One that has crashed does not come back: those who are left
/// go on without it.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Coordinator {
    phase: CoordinatorPhase,
    members: Members,
    round: Duration,
}

type Effects = Vec<CoordinatorEffect>;

impl Coordinator {
    /// The coordinator of a new transaction among those, and what it does first.
    pub fn begin(protocol: ThreePhase, now: Instant, members: Members) -> (Self, Effects) {
        let until = now.saturating_add(protocol.round());
        let phase = CoordinatorPhase::Asking { missing: members, until };
        let asks = members.iter().map(CoordinatorEffect::Ask).collect();
        (Self { phase, members, round: protocol.round() }, asks)
    }

    /// Where it stands.
    pub const fn phase(&self) -> &CoordinatorPhase {
        &self.phase
    }

    /// When it wants to be [woken](CoordinatorInput::Woken), if at all.
    pub const fn wake_at(&self) -> Option<Instant> {
        match self.phase {
            CoordinatorPhase::Asking { until, .. }
            | CoordinatorPhase::PreCommitting { until, .. }
            | CoordinatorPhase::Lost { until } => Some(until),
            CoordinatorPhase::Ended { .. } => None,
        }
    }

    /// What is to be done now that this has happened.
    pub fn step(&mut self, now: Instant, input: CoordinatorInput) -> Effects {
        use CoordinatorInput as Has;
        match (&mut self.phase, input) {
            // Votes that have waited too long as well: those who gave them may have gone on alone.
            (CoordinatorPhase::Asking { until, .. }, _) if now >= *until => {
                self.end(Decision::Abort)
            }
            (CoordinatorPhase::Asking { .. }, Has::Voted(_, Vote::No) | Has::GivenUp) => {
                self.end(Decision::Abort)
            }
            (CoordinatorPhase::Asking { missing, .. }, Has::Voted(from, _)) => {
                *missing = missing.without(Members::NONE.with(from));
                if !missing.is_empty() {
                    return Vec::new();
                }
                let (missing, until) = (self.members, now.saturating_add(self.round));
                self.go(CoordinatorPhase::PreCommitting { missing, until });
                self.members.iter().map(CoordinatorEffect::PreCommit).collect()
            }
            // It was stopped: the others have taken it for dead, or soon will.
            (CoordinatorPhase::PreCommitting { until, .. }, _)
                if now > until.saturating_add(self.round) =>
            {
                self.lose(now)
            }
            (CoordinatorPhase::PreCommitting { missing, .. }, Has::Acknowledged(from)) => {
                *missing = missing.without(Members::NONE.with(from));
                if missing.is_empty() { self.end(Decision::Commit) } else { Vec::new() }
            }
            (CoordinatorPhase::PreCommitting { missing, until }, Has::Woken) if now >= *until => {
                // If nobody knows, nobody who comes back can tell that it was to commit.
                if *missing == self.members { self.lose(now) } else { self.end(Decision::Commit) }
            }
            (CoordinatorPhase::Lost { until }, Has::Woken) if now >= *until => {
                *until = now.saturating_add(self.round * ROUNDS);
                alloc::vec![CoordinatorEffect::Inquire]
            }
            (CoordinatorPhase::Lost { .. }, Has::Told(decision)) => {
                self.go(CoordinatorPhase::Ended { decision });
                Vec::new()
            }
            (CoordinatorPhase::Ended { decision }, Has::Inquired(by)) => {
                alloc::vec![CoordinatorEffect::Tell(by, *decision)]
            }
            _ => Vec::new(),
        }
    }

    fn lose(&mut self, now: Instant) -> Effects {
        let until = now.saturating_add(self.round * ROUNDS);
        self.go(CoordinatorPhase::Lost { until });
        alloc::vec![CoordinatorEffect::Inquire]
    }

    fn end(&mut self, decision: Decision) -> Effects {
        self.go(CoordinatorPhase::Ended { decision });
        // Of an abort nothing is written: nobody commits whom it has not told that all voted yes.
        let record = (decision == Decision::Commit).then_some(CoordinatorEffect::Record(decision));
        let tells = self.members.iter().map(|member| CoordinatorEffect::Tell(member, decision));
        record.into_iter().chain(tells).collect()
    }

    /// What is not declared does not happen; the tests of this module find that it is never tried.
    fn go(&mut self, next: CoordinatorPhase) {
        let refused = self.phase.try_go(next).is_err();
        debug_assert!(!refused, "an arrow that is not declared");
    }
}
