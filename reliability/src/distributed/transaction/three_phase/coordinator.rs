use alloc::vec::Vec;
use core::time::Duration;

use reliability_derive::StateMachine;

use crate::distributed::transaction::{Decision, Members, Vote};
use crate::time::Instant;

/// Where a coordinator stands.
///
/// ```text
///   +--------+  all voted  +---------------+  all know, or are dead  +=======+
///   | Asking | ----------> | PreCommitting | ----------------------> | Ended |
///   +--------+             +---------------+                         +=======+
///       |  a no, or too late                                             ^
///       +----------------------------------------------------------------+
/// ```
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::three_phase::CoordinatorPhase;
/// use reliability::state::Machine;
///
/// assert_eq!(CoordinatorPhase::TRANSITIONS.len(), 3);
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
    #[state(to(Ended))]
    PreCommitting {
        /// Those who have not said that they know.
        missing: Members,
        /// When those who have not said so are taken for dead.
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
    /// Tell that participant how it ends.
    Tell(usize, Decision),
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
    pub(super) fn begin(now: Instant, members: Members, round: Duration) -> (Self, Effects) {
        let until = now.saturating_add(round);
        let phase = CoordinatorPhase::Asking { missing: members, until };
        let asks = members.iter().map(CoordinatorEffect::Ask).collect();
        (Self { phase, members, round }, asks)
    }

    /// Where it stands.
    pub const fn phase(&self) -> &CoordinatorPhase {
        &self.phase
    }

    /// When it wants to be [woken](CoordinatorInput::Woken), if at all.
    pub const fn wake_at(&self) -> Option<Instant> {
        match self.phase {
            CoordinatorPhase::Asking { until, .. }
            | CoordinatorPhase::PreCommitting { until, .. } => Some(until),
            CoordinatorPhase::Ended { .. } => None,
        }
    }

    /// What is to be done now that this has happened.
    pub fn step(&mut self, now: Instant, input: CoordinatorInput) -> Effects {
        match (&mut self.phase, input) {
            (CoordinatorPhase::Asking { .. }, CoordinatorInput::Voted(_, Vote::No))
            | (CoordinatorPhase::Asking { .. }, CoordinatorInput::GivenUp) => {
                self.end(Decision::Abort)
            }
            (CoordinatorPhase::Asking { missing, .. }, CoordinatorInput::Voted(from, _)) => {
                *missing = missing.without(Members::NONE.with(from));
                if !missing.is_empty() {
                    return Vec::new();
                }
                let (missing, until) = (self.members, now.saturating_add(self.round));
                self.go(CoordinatorPhase::PreCommitting { missing, until });
                self.members.iter().map(CoordinatorEffect::PreCommit).collect()
            }
            (
                CoordinatorPhase::PreCommitting { missing, .. },
                CoordinatorInput::Acknowledged(from),
            ) => {
                *missing = missing.without(Members::NONE.with(from));
                if missing.is_empty() { self.end(Decision::Commit) } else { Vec::new() }
            }
            (CoordinatorPhase::Asking { until, .. }, CoordinatorInput::Woken) if now >= *until => {
                self.end(Decision::Abort)
            }
            (CoordinatorPhase::PreCommitting { until, .. }, CoordinatorInput::Woken)
                if now >= *until =>
            {
                self.end(Decision::Commit)
            }
            _ => Vec::new(),
        }
    }

    fn end(&mut self, decision: Decision) -> Effects {
        self.go(CoordinatorPhase::Ended { decision });
        self.members.iter().map(|member| CoordinatorEffect::Tell(member, decision)).collect()
    }

    /// What is not declared does not happen; the tests of this module find that it is never tried.
    fn go(&mut self, next: CoordinatorPhase) {
        let refused = self.phase.try_go(next).is_err();
        debug_assert!(!refused, "an arrow that is not declared");
    }
}
