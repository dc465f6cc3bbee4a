use alloc::vec::Vec;
use core::time::Duration;

use super::{ParticipantEffect, ParticipantInput, ParticipantPhase, Party, ROUNDS, Turn};
use crate::distributed::transaction::three_phase::{Standing, ThreePhase};
use crate::distributed::transaction::{Decision, Members, Vote};
use crate::time::Instant;

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
///     core::{Participant, ParticipantEffect as Do, ParticipantInput as Has}, Standing, ThreePhase,
/// };
/// use reliability::distributed::transaction::{Decision, Members, Vote};
/// use reliability::time::Instant;
///
/// let after = |millis| Instant::ZERO.saturating_add(Duration::from_millis(millis));
/// let protocol = ThreePhase::assuming_no_partition(Duration::from_millis(100));
/// let mut first = Participant::new(protocol, 0, Members::first(2)?);
/// let voted = first.step(after(0), Has::Ready(Vote::Yes));
/// assert_eq!(voted, [Do::Record(Standing::Waiting), Do::Vote(Vote::Yes)]);
///
/// assert_eq!(first.step(after(400), Has::Woken), [Do::Survey(1)]);
/// first.step(after(450), Has::Stands(1, Standing::PreCommitted));
/// // It waits for two rounds: who has not answered then is dead.
/// assert_eq!(first.step(after(500), Has::Woken), []);
/// // It has been behind itself, and gives those who are as long to catch up.
/// assert_eq!(first.step(after(600), Has::Woken), [Do::Record(Standing::PreCommitted)]);
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

impl Participant {
    /// The participant with that index, among those.
    pub const fn new(protocol: ThreePhase, index: usize, members: Members) -> Self {
        Self { phase: ParticipantPhase::Working, index, members, round: protocol.round() }
    }

    /// One that comes back after a crash and finds written down how far it had got, and what it does
    /// first. One that finds nothing has not been asked, and is [new](Self::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::distributed::transaction::three_phase::core::{
    ///     Participant, ParticipantEffect as Do, ParticipantInput as Has,
    /// };
    /// use reliability::distributed::transaction::three_phase::{Standing, ThreePhase};
    /// use reliability::distributed::transaction::{Decision, Members};
    /// use reliability::time::Instant;
    ///
    /// let (now, both) = (Instant::ZERO, Members::first(2)?);
    /// let protocol = ThreePhase::assuming_no_partition(Duration::from_millis(100));
    /// let (mut back, asks) = Participant::returning(protocol, now, 0, both, Standing::Waiting);
    /// assert_eq!(asks, [Do::Inquire]);
    /// // The other one was dead as well, but had got further.
    /// let told = back.step(now, Has::Reported(1, Standing::PreCommitted));
    /// assert_eq!(told[0], Do::Apply(Decision::Commit));
    /// # Ok::<(), reliability::error::Invalid>(())
    /// ```
    pub fn returning(
        protocol: ThreePhase,
        now: Instant,
        index: usize,
        members: Members,
        knows: Standing,
    ) -> (Self, Effects) {
        let mut back = Self::new(protocol, index, members);
        let effects = match knows {
            // It has not voted, so nobody can have committed.
            Standing::Working => back.end(Decision::Abort),
            Standing::Ended(decision) => {
                back.phase = ParticipantPhase::Ended { decision };
                Vec::new()
            }
            Standing::Waiting | Standing::PreCommitted => {
                back.phase = back.recovering(now, knows);
                inquires()
            }
        };
        (back, effects)
    }

    /// Which one of its transaction it is.
    pub const fn index(&self) -> usize {
        self.index
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
            ParticipantPhase::Terminating { knows, .. }
            | ParticipantPhase::Recovering { knows, .. } => knows,
            ParticipantPhase::Ended { decision } => Standing::Ended(decision),
        }
    }

    /// When it wants to be [woken](ParticipantInput::Woken), if at all.
    pub const fn wake_at(&self) -> Option<Instant> {
        match self.phase {
            ParticipantPhase::Waiting { until }
            | ParticipantPhase::PreCommitted { until }
            | ParticipantPhase::Terminating { until, .. }
            | ParticipantPhase::Recovering { until, .. } => Some(until),
            ParticipantPhase::Working | ParticipantPhase::Ended { .. } => None,
        }
    }

    /// What is to be done now that this has happened.
    pub fn step(&mut self, now: Instant, input: ParticipantInput) -> Effects {
        let overslept =
            self.wake_at().is_some_and(|at| now > at.saturating_add(self.round)) && !self.is_back();
        if !overslept && input != ParticipantInput::Stopped {
            return self.follow(now, input);
        }
        // Whoever was stopped for so long may have been taken for dead, and must not decide any more.
        let mut effects = match self.phase {
            ParticipantPhase::Waiting { .. }
            | ParticipantPhase::PreCommitted { .. }
            | ParticipantPhase::Terminating { .. } => {
                self.go(self.recovering(now, self.standing()));
                inquires()
            }
            _ => Vec::new(),
        };
        effects.extend(self.follow(now, input));
        effects
    }

    fn follow(&mut self, now: Instant, input: ParticipantInput) -> Effects {
        use {ParticipantEffect as Do, ParticipantInput as Has, ParticipantPhase as Is};
        let (next, due) = (self.turn_after(now), self.wake_at().is_some_and(|at| now >= at));
        match (&mut self.phase, input) {
            (Is::Working, Has::Asked) => alloc::vec![Do::Record(Standing::Working), Do::Work],
            (Is::Working, Has::Ready(Vote::No)) => {
                let mut effects = self.end(Decision::Abort);
                effects.push(Do::Vote(Vote::No));
                effects
            }
            (Is::Working, Has::Ready(vote)) => {
                let until = self.turn(now);
                self.go(Is::Waiting { until });
                alloc::vec![Do::Record(Standing::Waiting), Do::Vote(vote)]
            }
            (Is::Waiting { .. }, Has::PreCommit) => {
                let until = self.turn(now);
                self.go(Is::PreCommitted { until });
                alloc::vec![Do::Record(Standing::PreCommitted), Do::Acknowledge]
            }
            // The coordinator was taken for dead; whoever has the turn decides.
            (Is::Ended { .. }, Has::Told(_)) => Vec::new(),
            // Nobody commits without its vote: what it had promised is lost, or this is not for it.
            (Is::Working, Has::Told(Decision::Commit)) => Vec::new(),
            (_, Has::Told(decision)) => self.end(decision),
            (_, Has::Surveyed(by)) => self.surveyed(now, by),
            (_, Has::Stands(from, standing)) => self.stands(from, standing),
            (Is::Terminating { knows, by, turn: None, until }, Has::CaughtUp(from))
                if *by == Some(from) =>
            {
                (*knows, *until) = (Standing::PreCommitted, next);
                let stands = Do::Stand(from, Standing::PreCommitted);
                alloc::vec![Do::Record(Standing::PreCommitted), stands]
            }
            (_, Has::Inquired(by)) => self.inquired(by),
            (Is::Recovering { .. }, Has::Reported(from, standing)) => self.reported(from, standing),
            (_, Has::Reported(_, Standing::Ended(decision))) => {
                self.follow(now, Has::Told(decision))
            }
            (Is::Recovering { until, .. }, Has::Woken) if due => {
                *until = now.saturating_add(self.round * ROUNDS);
                inquires()
            }
            (_, Has::Woken) if due => self.woken(now),
            _ => Vec::new(),
        }
    }

    fn is_back(&self) -> bool {
        matches!(self.phase, ParticipantPhase::Recovering { .. })
    }

    fn recovering(&self, now: Instant, knows: Standing) -> ParticipantPhase {
        let (back, until) = (Members::NONE.with(self.index), now);
        let until = until.saturating_add(self.round * ROUNDS);
        ParticipantPhase::Recovering { knows, back, furthest: knows, until }
    }

    fn inquired(&mut self, by: Party) -> Effects {
        match self.phase {
            // It has not voted, and never will: nobody can have committed.
            ParticipantPhase::Working => {
                let mut effects = self.end(Decision::Abort);
                effects.push(ParticipantEffect::Report(by, self.standing()));
                effects
            }
            ParticipantPhase::Recovering { .. } if by == Party::Coordinator => Vec::new(),
            ParticipantPhase::Recovering { .. } | ParticipantPhase::Ended { .. } => {
                alloc::vec![ParticipantEffect::Report(by, self.standing())]
            }
            // It will know by itself, and is asked again.
            _ => Vec::new(),
        }
    }

    /// Who has come back votes no more, knows no more and answers nobody whose turn it is. So when
    /// all have, what they have written down is all there is, and each of them finds the same in it.
    fn reported(&mut self, from: usize, standing: Standing) -> Effects {
        let ParticipantPhase::Recovering { back, furthest, .. } = &mut self.phase else {
            return Vec::new();
        };
        if let Standing::Ended(decision) = standing {
            return self.end(decision);
        }
        *back = back.with(from);
        *furthest = (*furthest).max(standing);
        if !self.members.without(*back).is_empty() {
            return Vec::new();
        }
        let decision = Standing::decide([*furthest]);
        self.decide(decision)
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
            // For whoever has the turn, this one is dead.
            ParticipantPhase::Recovering { .. } => return Vec::new(),
            _ => {
                let (knows, turn, until) = (self.standing(), None, self.turn_after(now));
                let by = Some(by);
                self.go(ParticipantPhase::Terminating { knows, by, turn, until });
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
            self.go(ParticipantPhase::Terminating { knows, by: None, turn: Some(turn), until });
            return self.others().map(ParticipantEffect::Survey).collect();
        };
        let behind =
            if knows == Standing::Waiting { turn.behind.with(self.index) } else { turn.behind };
        if turn.furthest == Standing::PreCommitted && !behind.is_empty() && !turn.telling {
            // Before anybody commits, nobody is left who would abort.
            let (knows, furthest) = (Standing::PreCommitted, Standing::PreCommitted);
            let next = Turn { behind: Members::NONE, furthest, telling: true };
            self.go(ParticipantPhase::Terminating { knows, by: None, turn: Some(next), until });
            let others = turn.behind.without(Members::NONE.with(self.index));
            let own = behind.contains(self.index);
            let record = own.then_some(ParticipantEffect::Record(Standing::PreCommitted));
            return record
                .into_iter()
                .chain(others.iter().map(ParticipantEffect::CatchUp))
                .collect();
        }
        let decision = Standing::decide([knows, turn.furthest]);
        self.decide(decision)
    }

    fn decide(&mut self, decision: Decision) -> Effects {
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

fn inquires() -> Effects {
    alloc::vec![ParticipantEffect::Inquire]
}

fn step(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX >> 8)
}
