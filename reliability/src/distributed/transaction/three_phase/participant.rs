use alloc::vec::Vec;
use core::time::Duration;

use reliability_derive::StateMachine;

use super::Standing;
use crate::distributed::transaction::{Decision, Members, Vote};
use crate::time::Instant;

/// Where a participant stands.
///
/// ```text
///  +---------+  yes  +---------+  all have voted yes  +--------------+
///  | Working | ----> | Waiting | -------------------> | PreCommitted |
///  +---------+       +---------+                      +--------------+
///    |   | it is late   |    |  its turn, or            |    |  its turn, or
///    |   |              |    |  somebody's              |    |  somebody's
///    |   |              |    v                          v    |
///    |   |              |  +-------------------------------+ |
///    |   |              |  |          Terminating          | |
///    |   |              |  +-------------------------------+ |
///    |   |  told        |               | told, or decides   | told
///    |   v              v               v                    v
///    |  +======================================================+
///    +->|                        Ended                         |
///       +======================================================+
/// ```
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::three_phase::ParticipantPhase;
/// use reliability::state::Machine;
///
/// assert!(ParticipantPhase::mermaid().contains("Waiting --> Terminating"));
/// ```
#[derive(StateMachine, Debug, Clone, PartialEq, Eq, Hash)]
#[machine(name = "three_phase_participant", derive(Debug, Clone, PartialEq, Eq, Hash))]
pub enum ParticipantPhase {
    /// It may still refuse.
    #[state(initial, to(Waiting, Ended))]
    Working,
    /// It has voted yes.
    #[state(to(PreCommitted, Terminating, Ended))]
    Waiting {
        /// When it takes the coordinator for dead.
        until: Instant,
    },
    /// It knows that all have voted yes.
    #[state(to(Terminating, Ended))]
    PreCommitted {
        /// When it takes the coordinator for dead.
        until: Instant,
    },
    /// The coordinator is dead, and those who are left go on. It listens to that one no more.
    #[state(to(Terminating, Ended))]
    Terminating {
        /// What it knows.
        knows: Standing,
        /// What the others know, while it is this one's turn.
        turn: Option<Turn>,
        /// When the next step is due: of its own turn, or its turn when whoever has it dies.
        until: Instant,
    },
    /// It has done either.
    #[state(final)]
    Ended {
        /// Which one.
        decision: Decision,
    },
}

/// What a participant has heard while it is its turn to decide.
///
/// # Examples
///
/// See [`Participant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Turn {
    /// Those who have answered, and do not know yet that all have voted yes.
    pub behind: Members,
    /// The furthest that anybody has got.
    pub furthest: Standing,
    /// Those who are behind are being told.
    pub telling: bool,
}

/// What has happened to a participant.
///
/// # Examples
///
/// See [`Participant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParticipantInput {
    /// The coordinator asks for its vote.
    Asked,
    /// Its work is done so far, and this is how it votes.
    Ready(Vote),
    /// The coordinator says that all have voted yes.
    PreCommit,
    /// The decision is known.
    Told(Decision),
    /// Another participant, whose turn it is, asks how far it has got.
    Surveyed(usize),
    /// Another participant answers that.
    Stands(usize, Standing),
    /// Another participant, whose turn it is, says that all have voted yes.
    CaughtUp(usize),
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
    /// Do the work so far that only the decision is missing, and say how it votes.
    Work,
    /// Tell the coordinator how it votes.
    Vote(Vote),
    /// Tell the coordinator that it knows.
    Acknowledge,
    /// Ask that participant how far it has got.
    Survey(usize),
    /// Tell that participant how far this one has got.
    Stand(usize, Standing),
    /// Tell that participant that all have voted yes.
    CatchUp(usize),
    /// Tell that participant how it ends.
    Tell(usize, Decision),
    /// Let the work happen, or undo it.
    Apply(Decision),
}

/// A participant of one transaction.
///
/// When the coordinator is silent, those who are left take turns, in the order of their index: one
/// asks how far the others have got, brings those who are behind to where the furthest is, and
/// decides. Whoever is asked waits for its own turn anew, which comes when that one is dead as well.
///
/// # Examples
///
/// Two are left. One of them knows that all have voted yes, so the other one commits with it:
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::three_phase::{
///     ParticipantEffect as Do, ParticipantInput as Has, Standing, ThreePhase,
/// };
/// use reliability::distributed::transaction::{Decision, Members, Vote};
/// use reliability::time::Instant;
///
/// let after = |millis| Instant::ZERO.saturating_add(Duration::from_millis(millis));
/// let protocol = ThreePhase::assuming_no_partition(Duration::from_millis(100));
/// let mut first = protocol.participant(0, Members::first(2)?);
/// first.step(after(0), Has::Ready(Vote::Yes));
///
/// assert_eq!(first.step(after(400), Has::Woken), [Do::Survey(1)]);
/// first.step(after(450), Has::Stands(1, Standing::PreCommitted));
/// // It waits for two rounds: who has not answered then is dead.
/// assert_eq!(first.step(after(500), Has::Woken), []);
/// // It has been behind itself, and gives those who are as long to catch up.
/// assert_eq!(first.step(after(600), Has::Woken), []);
/// let decided = first.step(after(800), Has::Woken);
/// assert_eq!(decided, [Do::Apply(Decision::Commit), Do::Tell(1, Decision::Commit)]);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Participant {
    phase: ParticipantPhase,
    index: usize,
    members: Members,
    round: Duration,
}

type Effects = Vec<ParticipantEffect>;

/// How many rounds a coordinator, or one whose turn it is, can take at most.
const ROUNDS: u32 = 4;

impl Participant {
    pub(super) const fn new(index: usize, members: Members, round: Duration) -> Self {
        Self { phase: ParticipantPhase::Working, index, members, round }
    }

    /// Where it stands.
    pub const fn phase(&self) -> &ParticipantPhase {
        &self.phase
    }

    /// How far it has got, as it says when it is asked.
    pub const fn standing(&self) -> Standing {
        match self.phase {
            ParticipantPhase::Working => Standing::Working,
            ParticipantPhase::Waiting { .. } => Standing::Waiting,
            ParticipantPhase::PreCommitted { .. } => Standing::PreCommitted,
            ParticipantPhase::Terminating { knows, .. } => knows,
            ParticipantPhase::Ended { decision } => Standing::Ended(decision),
        }
    }

    /// When it wants to be [woken](ParticipantInput::Woken), if at all.
    pub const fn wake_at(&self) -> Option<Instant> {
        match self.phase {
            ParticipantPhase::Waiting { until }
            | ParticipantPhase::PreCommitted { until }
            | ParticipantPhase::Terminating { until, .. } => Some(until),
            ParticipantPhase::Working | ParticipantPhase::Ended { .. } => None,
        }
    }

    /// What is to be done now that this has happened.
    pub fn step(&mut self, now: Instant, input: ParticipantInput) -> Effects {
        use ParticipantEffect as Do;
        let (next, due) = (self.turn_after(now), self.wake_at().is_some_and(|at| now >= at));
        match (&mut self.phase, input) {
            (ParticipantPhase::Working, ParticipantInput::Asked) => alloc::vec![Do::Work],
            (ParticipantPhase::Working, ParticipantInput::Ready(Vote::No)) => {
                let mut effects = self.end(Decision::Abort);
                effects.push(Do::Vote(Vote::No));
                effects
            }
            (ParticipantPhase::Working, ParticipantInput::Ready(vote)) => {
                let until = self.turn(now);
                self.go(ParticipantPhase::Waiting { until });
                alloc::vec![Do::Vote(vote)]
            }
            (ParticipantPhase::Waiting { .. }, ParticipantInput::PreCommit) => {
                let until = self.turn(now);
                self.go(ParticipantPhase::PreCommitted { until });
                alloc::vec![Do::Acknowledge]
            }
            // The coordinator was taken for dead; whoever has the turn decides.
            (ParticipantPhase::Ended { .. }, ParticipantInput::Told(_)) => Vec::new(),
            (_, ParticipantInput::Told(decision)) => self.end(decision),
            (_, ParticipantInput::Surveyed(by)) => self.surveyed(now, by),
            (_, ParticipantInput::Stands(from, standing)) => self.stands(from, standing),
            (
                ParticipantPhase::Terminating { knows, turn: None, until },
                ParticipantInput::CaughtUp(by),
            ) => {
                *knows = Standing::PreCommitted;
                *until = next;
                alloc::vec![Do::Stand(by, Standing::PreCommitted)]
            }
            (_, ParticipantInput::Woken) if due => self.woken(now),
            _ => Vec::new(),
        }
    }

    /// When it is its turn, if nothing is heard from now on: one after the other, each long enough
    /// after the one before to have heard of it.
    fn turn(&self, now: Instant) -> Instant {
        now.saturating_add(self.round * (ROUNDS * (1 + step(self.index))))
    }

    /// The same for one that has just heard of somebody whose turn it is.
    fn turn_after(&self, now: Instant) -> Instant {
        now.saturating_add(self.round * (ROUNDS * (2 + step(self.index))))
    }

    fn surveyed(&mut self, now: Instant, by: usize) -> Effects {
        let mut effects = match self.phase {
            // It has not voted, and never will: nobody can have committed.
            ParticipantPhase::Working => self.end(Decision::Abort),
            ParticipantPhase::Ended { .. } => Vec::new(),
            _ => {
                let (knows, turn, until) = (self.standing(), None, self.turn_after(now));
                self.go(ParticipantPhase::Terminating { knows, turn, until });
                Vec::new()
            }
        };
        effects.push(ParticipantEffect::Stand(by, self.standing()));
        effects
    }

    fn stands(&mut self, from: usize, standing: Standing) -> Effects {
        if let ParticipantPhase::Terminating { turn: Some(turn), .. } = &mut self.phase {
            turn.behind = match standing {
                Standing::Waiting => turn.behind.with(from),
                _ => turn.behind.without(Members::NONE.with(from)),
            };
            turn.furthest = match (turn.furthest, standing) {
                (Standing::Ended(decision), _) => Standing::Ended(decision),
                (furthest, standing) => furthest.max(standing),
            };
        }
        Vec::new()
    }

    fn woken(&mut self, now: Instant) -> Effects {
        // Answers come within a round; another one passes before they are counted, because those
        // who answer may have been asked a round later.
        let until = now.saturating_add(self.round + self.round);
        let ParticipantPhase::Terminating { knows, turn: Some(turn), .. } = self.phase else {
            let knows = self.standing();
            let turn = Turn { behind: Members::NONE, furthest: knows, telling: false };
            self.go(ParticipantPhase::Terminating { knows, turn: Some(turn), until });
            return self.others().map(ParticipantEffect::Survey).collect();
        };
        let behind =
            if knows == Standing::Waiting { turn.behind.with(self.index) } else { turn.behind };
        if turn.furthest == Standing::PreCommitted && !behind.is_empty() && !turn.telling {
            // Before anybody commits, nobody is left who would abort.
            let (knows, furthest) = (Standing::PreCommitted, Standing::PreCommitted);
            let next = Turn { behind: Members::NONE, furthest, telling: true };
            self.go(ParticipantPhase::Terminating { knows, turn: Some(next), until });
            let others = turn.behind.without(Members::NONE.with(self.index));
            return others.iter().map(ParticipantEffect::CatchUp).collect();
        }
        let decision = Standing::decide([knows, turn.furthest]);
        let mut effects = self.end(decision);
        effects.extend(self.others().map(|other| ParticipantEffect::Tell(other, decision)));
        effects
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        self.members.without(Members::NONE.with(self.index)).iter()
    }

    fn end(&mut self, decision: Decision) -> Effects {
        self.go(ParticipantPhase::Ended { decision });
        alloc::vec![ParticipantEffect::Apply(decision)]
    }

    /// What is not declared does not happen; the tests of this module find that it is never tried.
    fn go(&mut self, next: ParticipantPhase) {
        let refused = self.phase.try_go(next).is_err();
        debug_assert!(!refused, "an arrow that is not declared");
    }
}

fn step(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX >> 8)
}
