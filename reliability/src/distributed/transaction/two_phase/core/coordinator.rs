use alloc::vec::Vec;
use core::time::Duration;

use reliability_derive::StateMachine;

use crate::distributed::transaction::{Decision, Followed, Members, Vote};
use crate::time::Instant;

/// Where a coordinator stands, and what it has to remember there.
///
/// ```text
///               a no, too late, given up
///   +--------+ ----------------------------------------------+
///   | Asking |                                               v
///   +--------+      the log says abort                 +----------+
///     |    | all voted  +---------+ -----------------> | Aborting | ---+
///     |    +----------> | Writing |                    +----------+    | all have
///     |                 +---------+                                    | followed
///     |                      | the log says commit     +============+  | (an abort:
///     |                      v                         |   Ended    |<-+ or enough
///     |                +------------+  all have        |            |    tried)
///     |                | Committing | ---------------> |            |
///     |                +------------+  followed        |            |
///     +----------------------------------------------> +============+
///         everybody has only read, or has refused
/// ```
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::two_phase::core::CoordinatorPhase;
/// use reliability::state::{Machine, Transition};
///
/// // Nobody commits who has not written.
/// let hasty = Transition { from: "Asking", to: "Committing" };
/// assert!(!CoordinatorPhase::TRANSITIONS.contains(&hasty));
/// ```
#[derive(StateMachine, Debug, Clone, PartialEq, Eq, Hash)]
#[machine(name = "two_phase_coordinator", derive(Debug, Clone, PartialEq, Eq, Hash))]
pub enum CoordinatorPhase {
    /// Votes come in.
    #[state(initial, to(Writing, Aborting, Ended))]
    Asking {
        /// Those of whom there is no vote yet.
        missing: Members,
        /// Those who have voted yes.
        yes: Members,
        /// When it is given up.
        until: Instant,
    },
    /// The decision is on its way to the log.
    #[state(to(Committing, Aborting, Ended))]
    Writing {
        /// Those who wait for the decision.
        yes: Members,
        /// What is to be written. The log may know better.
        wanted: Decision,
        /// When it is written again, if nothing is heard of it.
        again: Instant,
    },
    /// It is decided and written, and told until everybody has followed.
    #[state(to(Ended))]
    Committing {
        /// Those who have not said that they have committed.
        waiting: Members,
        /// Those who had aborted on their own.
        against: Members,
        /// When they are told again.
        again: Instant,
    },
    /// It is aborted, and told a few times: whoever does not hear it finds nothing in the log.
    #[state(to(Ended))]
    Aborting {
        /// Those who have not said that they have aborted.
        waiting: Members,
        /// Those who had committed on their own.
        against: Members,
        /// When they are told again.
        again: Instant,
        /// How often they are told again.
        tries: u32,
    },
    /// There is nothing left to do.
    #[state(final)]
    Ended {
        /// How it ended.
        decision: Decision,
        /// Those who had done the opposite on their own.
        against: Members,
        /// Those who were not heard of any more.
        unheard: Members,
    },
}

/// How long a coordinator waits, and how often it repeats itself.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::two_phase::core::Timing;
///
/// let timing = Timing { votes: Duration::from_secs(2), ..Timing::default() };
/// assert_eq!(timing.repeat, Duration::from_millis(500));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timing {
    /// How long it waits for votes: 10 s.
    pub votes: Duration,
    /// When it writes or tells again what was not answered: after 500 ms.
    pub repeat: Duration,
    /// How often an abort is told: 3 times.
    pub aborts: u32,
}

impl Default for Timing {
    fn default() -> Self {
        let (votes, repeat) = (Duration::from_secs(10), Duration::from_millis(500));
        Self { votes, repeat, aborts: 3 }
    }
}

/// What has happened to a coordinator.
///
/// # Examples
///
/// See [`Coordinator`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoordinatorInput {
    /// That participant has voted.
    Voted(usize, Vote),
    /// The log holds that decision, durably: the one that was to be written, or another one that
    /// was there before.
    Logged(Decision),
    /// That participant has heard the decision.
    Followed(usize, Followed),
    /// That participant wants to know how it ends.
    Asked(usize),
    /// Whoever began it does not want it any more.
    GivenUp,
    /// Time has passed.
    Woken,
}

/// What a coordinator wants to have done, in this order.
///
/// # Examples
///
/// See [`Coordinator`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoordinatorEffect {
    /// Ask that participant for its vote.
    Ask(usize),
    /// Write that decision, unless the log holds one: then answer with that.
    Write(Decision),
    /// Tell that participant.
    Tell(usize, Decision),
    /// Nothing is left to do; the log may forget what it holds when nobody is unheard.
    End {
        /// How it ended.
        decision: Decision,
        /// Those who had done the opposite on their own.
        against: Members,
        /// Those who were not heard of any more.
        unheard: Members,
    },
}

/// The coordinator of one transaction.
///
/// # Examples
///
/// One refuses, and the others are told without a word in the log: an abort is what is presumed of
/// a transaction that nobody knows.
///
/// ```
/// use reliability::distributed::transaction::two_phase::core::{
///     Coordinator, CoordinatorEffect as Do, CoordinatorInput as Has, Timing,
/// };
/// use reliability::distributed::transaction::{Decision, Members, Vote};
/// use reliability::time::Instant;
///
/// let now = Instant::ZERO;
/// let (mut coordinator, _) = Coordinator::begin(now, Members::first(3)?, Timing::default());
/// coordinator.step(now, Has::Voted(0, Vote::Yes));
/// coordinator.step(now, Has::Voted(1, Vote::ReadOnly));
/// let effects = coordinator.step(now, Has::Voted(2, Vote::No));
/// assert_eq!(effects, [Do::Tell(0, Decision::Abort)]);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Coordinator {
    phase: CoordinatorPhase,
    timing: Timing,
}

type Effects = Vec<CoordinatorEffect>;

impl Coordinator {
    /// Begins a transaction of those participants.
    pub fn begin(now: Instant, members: Members, timing: Timing) -> (Self, Effects) {
        let until = now.saturating_add(timing.votes);
        let phase = CoordinatorPhase::Asking { missing: members, yes: Members::NONE, until };
        let asks = members.iter().map(CoordinatorEffect::Ask).collect();
        (Self { phase, timing }, asks)
    }

    /// Takes over a transaction that somebody else has begun.
    ///
    /// What is in the log is carried out. If there is nothing, that must not change any more before
    /// anybody is told to abort: whoever began it may be slow and not dead. So an abort is written,
    /// and the log says who came first.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::two_phase::core::{
    ///     Coordinator, CoordinatorEffect as Do, Timing,
    /// };
    /// use reliability::distributed::transaction::{Decision, Members};
    /// use reliability::time::Instant;
    ///
    /// let in_doubt = Members::NONE.with(1);
    /// let (_, effects) = Coordinator::take_over(Instant::ZERO, in_doubt, None, Timing::default());
    /// assert_eq!(effects, [Do::Write(Decision::Abort)]);
    /// ```
    pub fn take_over(
        now: Instant,
        in_doubt: Members,
        logged: Option<Decision>,
        timing: Timing,
    ) -> (Self, Effects) {
        let again = now.saturating_add(timing.repeat);
        let wanted = Decision::Abort;
        let phase = CoordinatorPhase::Writing { yes: in_doubt, wanted, again };
        let mut coordinator = Self { phase, timing };
        let effects = match logged {
            Some(decision) => coordinator.step(now, CoordinatorInput::Logged(decision)),
            None => alloc::vec![CoordinatorEffect::Write(wanted)],
        };
        (coordinator, effects)
    }

    /// Where it stands.
    pub const fn phase(&self) -> &CoordinatorPhase {
        &self.phase
    }

    /// When it wants to be [woken](CoordinatorInput::Woken), if at all.
    pub const fn wake_at(&self) -> Option<Instant> {
        match &self.phase {
            CoordinatorPhase::Asking { until, .. } => Some(*until),
            CoordinatorPhase::Writing { again, .. }
            | CoordinatorPhase::Committing { again, .. }
            | CoordinatorPhase::Aborting { again, .. } => Some(*again),
            CoordinatorPhase::Ended { .. } => None,
        }
    }

    /// What is to be done now that this has happened.
    ///
    /// Whatever comes twice, too late or from nobody changes nothing.
    pub fn step(&mut self, now: Instant, input: CoordinatorInput) -> Effects {
        match input {
            CoordinatorInput::Voted(from, vote) => self.voted(now, from, vote),
            CoordinatorInput::Logged(decision) => self.logged(now, decision),
            CoordinatorInput::Followed(from, followed) => self.followed(from, followed),
            CoordinatorInput::Asked(from) => self.asked(from),
            CoordinatorInput::GivenUp => self.given_up(now),
            CoordinatorInput::Woken => self.woken(now),
        }
    }

    fn voted(&mut self, now: Instant, from: usize, vote: Vote) -> Effects {
        let CoordinatorPhase::Asking { missing, yes, .. } = &mut self.phase else {
            // It has prepared after all, and nobody would tell it.
            return if vote == Vote::Yes { self.asked(from) } else { Vec::new() };
        };
        if !missing.contains(from) {
            return Vec::new();
        }
        *missing = missing.without(Members::NONE.with(from));
        if vote == Vote::Yes {
            *yes = yes.with(from);
        }
        let (missing, yes) = (*missing, *yes);
        if vote == Vote::No {
            return self.abort(now, missing, yes);
        }
        if !missing.is_empty() {
            return Vec::new();
        }
        if yes.is_empty() {
            // Everybody has only read: there is nothing to be written, and nobody to be told.
            return self.end(Decision::Commit, Members::NONE, Members::NONE);
        }
        let again = now.saturating_add(self.timing.repeat);
        let wanted = Decision::Commit;
        self.go(CoordinatorPhase::Writing { yes, wanted, again });
        alloc::vec![CoordinatorEffect::Write(wanted)]
    }

    fn logged(&mut self, now: Instant, decision: Decision) -> Effects {
        let CoordinatorPhase::Writing { yes, .. } = self.phase else {
            return Vec::new();
        };
        match decision {
            Decision::Commit => {
                let again = now.saturating_add(self.timing.repeat);
                let against = Members::NONE;
                self.go(CoordinatorPhase::Committing { waiting: yes, against, again });
                self.end_or_tell(Decision::Commit, yes, against)
            }
            Decision::Abort => self.abort(now, Members::NONE, yes),
        }
    }

    fn abort(&mut self, now: Instant, missing: Members, yes: Members) -> Effects {
        // Those who have not answered may be prepared all the same.
        let waiting = missing.iter().fold(yes, Members::with);
        if waiting.is_empty() {
            return self.end(Decision::Abort, Members::NONE, Members::NONE);
        }
        let again = now.saturating_add(self.timing.repeat);
        let (against, tries) = (Members::NONE, self.timing.aborts.saturating_sub(1));
        self.go(CoordinatorPhase::Aborting { waiting, against, again, tries });
        tell(waiting, Decision::Abort)
    }

    fn followed(&mut self, from: usize, how: Followed) -> Effects {
        let (waiting, against, decision) = match &mut self.phase {
            CoordinatorPhase::Committing { waiting, against, .. } => {
                (waiting, against, Decision::Commit)
            }
            CoordinatorPhase::Aborting { waiting, against, .. } => {
                (waiting, against, Decision::Abort)
            }
            _ => return Vec::new(),
        };
        if !waiting.contains(from) {
            return Vec::new();
        }
        *waiting = waiting.without(Members::NONE.with(from));
        if how.is_heuristic() {
            *against = against.with(from);
        }
        let (waiting, against) = (*waiting, *against);
        match waiting.is_empty() {
            true => self.end(decision, against, Members::NONE),
            false => Vec::new(),
        }
    }

    fn asked(&self, from: usize) -> Effects {
        match self.decision() {
            Some(decision) => tell(Members::NONE.with(from), decision),
            None => Vec::new(),
        }
    }

    /// How it ends, once that is certain.
    pub const fn decision(&self) -> Option<Decision> {
        match self.phase {
            CoordinatorPhase::Asking { .. } | CoordinatorPhase::Writing { .. } => None,
            CoordinatorPhase::Committing { .. } => Some(Decision::Commit),
            CoordinatorPhase::Aborting { .. } => Some(Decision::Abort),
            CoordinatorPhase::Ended { decision, .. } => Some(decision),
        }
    }

    fn given_up(&mut self, now: Instant) -> Effects {
        match self.phase {
            CoordinatorPhase::Asking { missing, yes, .. } => self.abort(now, missing, yes),
            // What is on its way to the log decides.
            _ => Vec::new(),
        }
    }

    fn woken(&mut self, now: Instant) -> Effects {
        if self.wake_at().is_none_or(|at| now < at) {
            return Vec::new();
        }
        let next = now.saturating_add(self.timing.repeat);
        match &mut self.phase {
            CoordinatorPhase::Asking { missing, yes, .. } => {
                let (missing, yes) = (*missing, *yes);
                self.abort(now, missing, yes)
            }
            CoordinatorPhase::Writing { wanted, again, .. } => {
                *again = next;
                alloc::vec![CoordinatorEffect::Write(*wanted)]
            }
            CoordinatorPhase::Committing { waiting, again, .. } => {
                *again = next;
                tell(*waiting, Decision::Commit)
            }
            CoordinatorPhase::Aborting { waiting, against, again, tries } => {
                if let Some(left) = tries.checked_sub(1) {
                    (*again, *tries) = (next, left);
                    return tell(*waiting, Decision::Abort);
                }
                let (waiting, against) = (*waiting, *against);
                self.end(Decision::Abort, against, waiting)
            }
            CoordinatorPhase::Ended { .. } => Vec::new(),
        }
    }

    fn end_or_tell(&mut self, decision: Decision, waiting: Members, against: Members) -> Effects {
        match waiting.is_empty() {
            true => self.end(decision, against, Members::NONE),
            false => tell(waiting, decision),
        }
    }

    fn end(&mut self, decision: Decision, against: Members, unheard: Members) -> Effects {
        self.go(CoordinatorPhase::Ended { decision, against, unheard });
        alloc::vec![CoordinatorEffect::End { decision, against, unheard }]
    }

    /// What is not declared does not happen; the tests of this module find that it is never tried.
    fn go(&mut self, next: CoordinatorPhase) {
        let refused = self.phase.try_go(next).is_err();
        debug_assert!(!refused, "an arrow that is not declared");
    }
}

fn tell(members: Members, decision: Decision) -> Effects {
    members.iter().map(|member| CoordinatorEffect::Tell(member, decision)).collect()
}
