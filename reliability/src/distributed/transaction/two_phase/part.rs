//! One transaction at one site: does what its core wants, each time that somebody asks or tells it
//! something. Between two of those, the journal is all there is of it; so whoever is dropped in the
//! middle is no different from one that has died there.

use ::core::time::Duration;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::core::{Participant, ParticipantEffect, ParticipantInput, Promised};
use super::promises::{Promise, Promises, State};
use super::{Member, TransactionId, Unreachable, observe};
use crate::distributed::transaction::operator::Said;
use crate::distributed::transaction::{Decision, Followed, Vote};
use crate::journal::JournalError;
use crate::time::Clock;

/// Where a transaction is.
pub(super) struct Place<'a, M> {
    pub(super) name: &'a str,
    pub(super) member: &'a M,
    pub(super) promises: &'a Promises,
    pub(super) transaction: &'a TransactionId,
}

pub(super) struct Part<'a, M: Member> {
    place: Place<'a, M>,
    core: Participant,
    promise: Promise,
    /// What stands in it.
    work: M::Work,
    /// An operator wants it so.
    forced: Option<Said>,
    vote: Option<Vote>,
    followed: Option<Followed>,
}

/// How it has come to its end, for the numbers.
#[derive(Clone, Copy)]
enum Way {
    Told,
    Refused,
    Forced,
}

impl<'a, M: Member> Part<'a, M> {
    /// As it stands in the journal, if it does.
    pub(super) async fn open(place: Place<'a, M>) -> Result<Option<Self>, JournalError> {
        let found = place.promises.read(place.transaction).await?;
        found.map(|promise| Self::of(place, promise)).transpose()
    }

    /// One that has just been begun.
    pub(super) async fn begin(
        place: Place<'a, M>,
        claim: u64,
        work: &M::Work,
    ) -> Result<Self, JournalError> {
        let work = serde_json::to_value(work).map_err(|error| JournalError::Unreadable {
            what: "a work that cannot be written".into(),
            source: Some(error.into()),
        })?;
        // What cannot be read again would be in doubt for ever.
        read_work::<M::Work>(&work)?;
        let promise = place.promises.prepares(place.transaction, claim, work).await?;
        Self::of(place, promise)
    }

    /// Whether it was begun by the same that asks or tells now.
    pub(super) fn is_of(&self, claim: u64) -> bool {
        self.promise.claim == claim
    }

    fn of(place: Place<'a, M>, promise: Promise) -> Result<Self, JournalError> {
        let found = match promise.state {
            // What it has done so far is not gone, and is undone when it is told to.
            State::Working => None,
            State::Promised => Some(Promised::Either),
            State::Forced(done) | State::Heuristic(done) => Some(Promised::Done(done)),
            State::Committed => Some(Promised::Done(Decision::Commit)),
        };
        let core = match found {
            None => Participant::new(PATIENCE),
            // It wants to ask how it ends. That is what recovery does for it: somebody tells it now.
            Some(found) => Participant::recover(Clock::precise().now(), found, PATIENCE).0,
        };
        let work = read_work(&promise.work)?;
        let (forced, vote, followed) = (None, None, None);
        Ok(Self { place, core, promise, work, forced, vote, followed })
    }

    /// Gives its vote, if it is the same that asks.
    pub(super) async fn asked(mut self, claim: u64) -> Result<Vote, Unreachable> {
        if !self.is_of(claim) {
            let why = "another part of this transaction, or of an earlier one of the same name, has asked \
                       it already; give each part a site of its own, and each transaction a name of its own";
            return Err(Unreachable::new(self.place.name, why));
        }
        self.step(ParticipantInput::Asked, Way::Refused).await?;
        let over = || Unreachable::new(self.place.name, "it has committed this already");
        self.vote.ok_or_else(over)
    }

    /// Does as it is told, if it has not done the opposite.
    pub(super) async fn told(mut self, decision: Decision) -> Result<Followed, Unreachable> {
        if let State::Forced(forced) = self.promise.state {
            // Whether it was done before somebody died nobody has written down.
            self.carry_out(forced).await?;
        }
        self.step(ParticipantInput::Told(decision), Way::Told).await?;
        let followed = self.followed.unwrap_or(Followed::AsTold);
        self.settle(followed).await?;
        Ok(followed)
    }

    /// Does what an operator wants. Whether it was in doubt.
    pub(super) async fn force(
        mut self,
        decision: Decision,
        said: Said,
    ) -> Result<bool, Unreachable> {
        if self.promise.state == State::Forced(decision) {
            // It was told so before, and did not answer.
            self.carry_out(decision).await?;
            return Ok(true);
        }
        let input = match (self.promise.state, decision) {
            // It has promised nothing, and may hold something.
            (State::Working, Decision::Abort) => ParticipantInput::Told(decision),
            _ if self.core.is_in_doubt() => ParticipantInput::Forced(decision),
            _ => return Ok(false),
        };
        self.forced = Some(said);
        self.step(input, Way::Forced).await?;
        Ok(true)
    }

    async fn step(&mut self, input: ParticipantInput, way: Way) -> Result<(), Unreachable> {
        let mut effects = VecDeque::from(self.tell(input));
        while let Some(effect) = effects.pop_front() {
            match effect {
                ParticipantEffect::Work => {
                    let vote = self.prepare().await?;
                    effects.extend(self.tell(ParticipantInput::Ready(vote)));
                }
                ParticipantEffect::Promise => {
                    self.promise().await?;
                    effects.extend(self.tell(ParticipantInput::Written));
                }
                ParticipantEffect::Apply(decision) => self.apply(decision, way).await?,
                ParticipantEffect::Vote(vote) => {
                    if vote == Vote::ReadOnly {
                        self.leave().await?;
                    }
                    self.vote = Some(vote);
                }
                ParticipantEffect::Follow(followed) => self.followed = Some(followed),
                // Recovery does, for whoever is in doubt, by its own clock.
                ParticipantEffect::Ask => {}
            }
        }
        Ok(())
    }

    fn tell(&mut self, input: ParticipantInput) -> Vec<ParticipantEffect> {
        self.core.step(Clock::precise().now(), input)
    }

    fn silent(&self, error: JournalError) -> Unreachable {
        Unreachable::new(self.place.name, error)
    }

    async fn prepare(&self) -> Result<Vote, Unreachable> {
        self.place.member.prepare(self.place.transaction, &self.work).await
    }

    /// Its vote is not given before this is written.
    async fn promise(&mut self) -> Result<(), Unreachable> {
        let Place { promises, transaction, .. } = &self.place;
        let written = promises.promised(transaction, &mut self.promise).await;
        let Err(error) = written else { return Ok(()) };
        if !matches!(error, JournalError::Conflict { .. }) {
            return Err(self.silent(error));
        }
        let found = promises.read(transaction).await.map_err(|error| self.silent(error))?;
        match found {
            // An earlier call, which was given up, has written it after all.
            Some(found) if self.is_of(found.claim) && found.state == State::Promised => {
                self.promise = found;
                return Ok(());
            }
            // Whoever has decided otherwise, or has the name now, ends what is set aside.
            Some(_) => {}
            // Somebody has ended it meanwhile, who took this process for dead: what was prepared after
            // that nobody else undoes.
            None => self.carry_out(Decision::Abort).await?,
        }
        Err(self.silent(error))
    }

    /// Lets its work happen or undoes it, and writes down that it has.
    async fn apply(&mut self, decision: Decision, way: Way) -> Result<(), Unreachable> {
        let Place { promises, transaction, .. } = &self.place;
        if let Some(said) = &self.forced {
            let written = promises.forced(transaction, &mut self.promise, decision, said).await;
            written.map_err(|error| self.silent(error))?;
            observe::mended(transaction, "force", &said.by);
        }
        self.carry_out(decision).await?;
        if self.forced.is_none() {
            let written = match decision {
                Decision::Commit => promises.committed(transaction, &mut self.promise).await,
                Decision::Abort => promises.remove(transaction, self.promise.last).await,
            };
            written.map_err(|error| self.silent(error))?;
        }
        observe::followed(decision, way.as_str());
        Ok(())
    }

    async fn carry_out(&self, decision: Decision) -> Result<(), Unreachable> {
        let Place { member, transaction, .. } = &self.place;
        match decision {
            Decision::Commit => member.commit(transaction, &self.work).await,
            Decision::Abort => member.abort(transaction, &self.work).await,
        }
    }

    /// Who has only read is not told how it ends, so it must not wait for it either.
    async fn leave(&mut self) -> Result<(), Unreachable> {
        let Place { promises, transaction, .. } = &self.place;
        let removed = promises.remove(transaction, self.promise.last).await;
        removed.map_err(|error| self.silent(error))
    }

    /// What was forced is over now that it was told how it ends, unless somebody has to mend it.
    async fn settle(&mut self, followed: Followed) -> Result<(), Unreachable> {
        let State::Forced(done) = self.promise.state else { return Ok(()) };
        let (Place { promises, transaction, .. }, promise) = (&self.place, &mut self.promise);
        let written = match (followed, done) {
            (Followed::Against, _) => promises.opposed(transaction, promise, done).await,
            (Followed::AsTold, Decision::Commit) => promises.committed(transaction, promise).await,
            (Followed::AsTold, Decision::Abort) => promises.remove(transaction, promise.last).await,
        };
        written.map_err(|error| self.silent(error))
    }
}

impl Way {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Refused => "refused",
            Self::Forced => "forced",
        }
    }
}

/// A participant in doubt asks when recovery does.
const PATIENCE: Duration = Duration::ZERO;

/// Of what is not there nothing was promised, or it is aborted: either way nothing happens of it.
pub(super) fn told_of_nothing(decision: Decision) -> Followed {
    let now = Clock::precise().now();
    let (mut core, _) = Participant::recover(now, Promised::Nothing, PATIENCE);
    let effects = core.step(now, ParticipantInput::Told(decision));
    match effects.contains(&ParticipantEffect::Follow(Followed::AsTold)) {
        true => Followed::AsTold,
        false => Followed::Against,
    }
}

fn read_work<T: DeserializeOwned>(work: &Value) -> Result<T, JournalError> {
    T::deserialize(work).map_err(|error| JournalError::Unreadable {
        what: "the work of a promise, which this program cannot read".into(),
        source: Some(error.into()),
    })
}
