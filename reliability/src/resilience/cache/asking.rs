use alloc::sync::Arc;
use core::any::TypeId;
use core::marker::PhantomData;
use core::task::{Context, Poll, ready};

use super::entry::{Age, AnyEntry};
use super::inner::Glance;
use super::key::StoredKey;
use super::lead::{Lead, Outcome};
use super::snapshot::Mark;
use super::{Cache, Key, Sharing, Value};
use crate::error::{Failure, Reason, Rejected};
use crate::resilience::single_flight::{Follower, Joined, Turn, join, join_first};

/// What a lookup has found.
#[derive(Debug)]
pub enum Found<T, E> {
    /// The answer: a value that is kept, or what another call has just found out.
    Answer(Result<T, Failure<E>>),
    /// The right, and the duty, to do the work.
    Lead(Lead<T>),
}

/// A lookup without a timer: who polls it also bounds its wait.
///
/// Dropping it leaves the flight, and hands the lead on if it was this lookup's turn.
pub(crate) struct Asking<'c, K, T, E> {
    cache: &'c Cache,
    key: K,
    hash: u64,
    sharing: Sharing<E>,
    follower: Option<Follower<Cache>>,
    /// What was seen before it was polled.
    glance: Option<Glance>,
    value: PhantomData<fn() -> T>,
}

impl<'c, K: Key, T: Value, E> Asking<'c, K, T, E> {
    #[inline]
    pub(crate) fn new(cache: &'c Cache, key: K, sharing: Sharing<E>) -> Self {
        let hash = cache.hash(&key, TypeId::of::<T>());
        Self { cache, key, hash, sharing, follower: None, glance: None, value: PhantomData }
    }

    /// The answer, if there is a fresh one; or what is there.
    #[inline]
    fn begin(&self) -> Result<Result<T, Failure<E>>, Glance> {
        let glance = self.glance();
        if let Some((entry, Age::Fresh)) = &glance.entry
            && let Some(answer) = self.answer(entry)
        {
            return Ok(answer);
        }
        Err(glance)
    }

    /// Ready with an answer, or with the lead; pending while another call has it.
    #[inline]
    pub(crate) fn poll_found(&mut self, cx: &mut Context<'_>) -> Poll<Found<T, E>> {
        if self.follower.is_none() && self.glance.is_none() {
            match self.begin() {
                Ok(answer) => return Poll::Ready(Found::Answer(answer)),
                Err(glance) => self.glance = Some(glance),
            }
        }
        self.poll_slowly(cx)
    }

    /// What its key is known by, and whether its errors are for others.
    #[cfg(feature = "record")]
    pub(crate) fn question(&self) -> (u64, bool) {
        (self.hash, self.sharing.shares_errors())
    }

    /// Whether what is kept is not fresh.
    #[cfg(feature = "record")]
    pub(crate) fn is_stale(&self) -> bool {
        self.glance().entry.is_some_and(|(_, age)| age != Age::Fresh)
    }

    pub(crate) fn cache(&self) -> &'c Cache {
        self.cache
    }

    /// The wait has lasted for as long as it may.
    #[cold]
    pub(crate) fn give_up(&mut self, reason: Reason) -> Rejected {
        self.follower = None;
        self.cache.tally().count(Mark::WaitGivenUp);
        Rejected::new(reason, self.cache.name().clone())
    }

    #[inline]
    fn glance(&self) -> Glance {
        self.cache.glance(&self.key, self.hash, TypeId::of::<T>())
    }

    fn keep(&self) -> StoredKey {
        StoredKey::new(&self.key, self.hash, TypeId::of::<T>())
    }

    /// The answer that a fresh entry is, unless it is the error of a caller of another kind.
    #[inline]
    fn answer(&self, entry: &AnyEntry) -> Option<Result<T, Failure<E>>> {
        if let Some(value) = entry.as_value::<T>() {
            self.cache.tally().count(Mark::Hit);
            return Some(Ok(value.clone()));
        }
        let error = self.sharing.find(entry)?;
        self.cache.tally().count(Mark::NegativeHit);
        Some(Err(Failure::Error(error)))
    }

    #[cold]
    fn poll_slowly(&mut self, cx: &mut Context<'_>) -> Poll<Found<T, E>> {
        loop {
            if let Some(follower) = &mut self.follower {
                let turn = ready!(follower.poll_turn(cx));
                self.follower = None;
                if let Some(found) = self.take(turn) {
                    return Poll::Ready(found);
                }
            }
            if let Some(found) = self.ask() {
                return Poll::Ready(found);
            }
        }
    }

    /// What came of the flight; nothing if that is of no use here, so that it asks anew.
    fn take(&self, turn: Turn<Cache>) -> Option<Found<T, E>> {
        let tally = self.cache.tally();
        let answer = match turn {
            Turn::Lead(seat) => {
                tally.count(Mark::HandedOver);
                return Some(Found::Lead(Lead::new(seat, self.keep(), None)));
            }
            Turn::Landed(Outcome::Refused(rejected)) => Err(Failure::Rejected(rejected)),
            Turn::Landed(Outcome::Answered(entry)) => match entry.as_value::<T>() {
                Some(value) => Ok(value.clone()),
                None => Err(Failure::Error(self.sharing.find(&entry)?)),
            },
        };
        tally.count(Mark::Coalesced);
        Some(Found::Answer(answer))
    }

    /// Looks, and leads or follows where there is no answer; nothing if it follows.
    fn ask(&mut self) -> Option<Found<T, E>> {
        let Glance { entry, turn } = match self.glance.take() {
            Some(glance) => glance,
            None => self.glance(),
        };
        match entry {
            Some((entry, Age::Fresh)) => {
                if let Some(answer) = self.answer(&entry) {
                    return Some(Found::Answer(answer));
                }
            }
            Some((entry, Age::Stale)) => {
                if let Some(value) = entry.as_value::<T>() {
                    return Some(self.refresh(&entry, value, turn));
                }
            }
            Some((_, Age::Gone)) | None => {}
        }
        let type_id = TypeId::of::<T>();
        let is = |stored: &StoredKey| stored.is(&self.key, type_id);
        let key = self.keep();
        match join(self.cache, self.hash, is, key.clone()) {
            Joined::Leads(seat) => Some(self.lead(Lead::new(seat, key, None), turn, Mark::Miss)),
            Joined::Follows(follower) => {
                self.follower = Some(follower);
                None
            }
        }
    }

    /// One caller at a time refreshes a stale value, all others have it at once.
    fn refresh(&self, entry: &Arc<AnyEntry>, value: &T, turn: u64) -> Found<T, E> {
        let type_id = TypeId::of::<T>();
        let is = |stored: &StoredKey| stored.is(&self.key, type_id);
        if entry.may_be_refreshed(self.cache.now()) {
            let key = self.keep();
            if let Some(seat) = join_first(self.cache, self.hash, is, key.clone()) {
                let lead = Lead::new(seat, key, Some(Arc::clone(entry)));
                return self.lead(lead, turn, Mark::Refresh);
            }
        }
        self.cache.tally().count(Mark::Stale);
        Found::Answer(Ok(value.clone()))
    }

    /// Between the look and the lead another call may have landed.
    fn lead(&self, lead: Lead<T>, turn: u64, mark: Mark) -> Found<T, E> {
        if self.cache.store().has_turned(self.hash, turn)
            && let Some((entry, Age::Fresh)) = self.glance().entry
            && let Some(answer) = self.answer(&entry)
        {
            lead.land(Outcome::Answered(entry));
            return Found::Answer(answer);
        }
        self.cache.tally().count(mark);
        Found::Lead(lead)
    }
}
