use alloc::boxed::Box;
use alloc::sync::Arc;
use core::marker::PhantomData;
use core::task::{Context, Poll, ready};

use super::entry::{Age, AnyEntry, Entry, Pair};
use super::inner::Glance;
use super::lead::{Lead, Outcome};
use super::snapshot::Mark;
use super::store::Seen;
use super::{Cache, Key, Sharing, Value};
use crate::error::{Failure, Reason, Rejected};
use crate::resilience::single_flight::{Follower, Joined, Turn, join, join_first};

/// What a lookup has found.
///
/// # Examples
///
/// See [`Cache::look_up`](super::Cache::look_up).
#[derive(Debug)]
pub enum Found<T, E> {
    /// The answer: a value that is kept, or what another call has just found out.
    Answer(Result<T, Failure<E>>),
    /// The right, and the duty, to do the work.
    Lead(Lead<T>),
}

/// What the first look has found.
pub(super) enum Begun<T, E> {
    Answer(Result<T, Failure<E>>),
    /// Nothing, as of that turn of the set: by itself, because what most misses have is no more than
    /// a word.
    Nothing(u64),
    /// What is there, and is no answer for everybody.
    Old(Glance),
    /// It follows already.
    Waits,
}

impl<T, E> Begun<T, E> {
    /// The answer, or what to go on with.
    #[inline(always)]
    pub(super) fn or_glance(self) -> Result<Result<T, Failure<E>>, Option<Glance>> {
        match self {
            Begun::Answer(answer) => Ok(answer),
            Begun::Nothing(turn) => Err(Some(Glance { entry: None, turn })),
            Begun::Old(glance) => Err(Some(glance)),
            Begun::Waits => Err(None),
        }
    }
}

/// What came of a lead that was to be taken at once.
pub(super) enum Led<T, E> {
    /// It lies where it was wanted.
    InPlace,
    /// Something has changed since the first look, and this is what was found then.
    Found(Found<T, E>),
    /// Another call leads, and nothing has happened.
    Not,
}

/// A lookup without a timer: who polls it also bounds its wait.
///
/// Dropping it leaves the flight, and hands the lead on if it was this lookup's turn.
pub(crate) struct Asking<'c, K, T, E> {
    cache: &'c Cache,
    key: K,
    hash: u64,
    sharing: Sharing<E>,
    /// In a box, because it is larger than all else, and who does not wait should not have to carry it.
    follower: Option<Box<Follower<Cache>>>,
    value: PhantomData<fn() -> T>,
}

impl<'c, K: Key, T: Value, E> Asking<'c, K, T, E> {
    #[inline]
    pub(crate) fn new(cache: &'c Cache, key: K, sharing: Sharing<E>) -> Self {
        let hash = cache.hash::<T>(&key);
        Self { cache, key, hash, sharing, follower: None, value: PhantomData }
    }

    /// The answer, if there is a fresh one; or what is there, to go on with.
    #[inline(always)]
    pub(super) fn begin(&self) -> Begun<T, E> {
        if self.follower.is_some() {
            return Begun::Waits;
        }
        // In parts, and not as a glance: what most lookups find is not to be put together first.
        let Seen { entry, turn } = self.cache.see::<K, T>(&self.key, self.hash);
        let Some(entry) = entry else { return Begun::Nothing(turn) };
        let age = self.cache.age(&entry, self.cache.now());
        if age == Age::Fresh
            && let Some(answer) = self.answer(&entry)
        {
            return Begun::Answer(answer);
        }
        Begun::Old(Glance { entry: Some((entry, age)), turn })
    }

    /// Where nothing was there as of that turn of its set, and nobody works on it: takes the lead, and
    /// puts it where it is wanted.
    #[inline(always)]
    pub(super) fn lead_at_once(&self, turn: u64, lead: &mut Lead<T>) -> Led<T, E> {
        let is = |awaited: &Arc<_>| self.is(awaited);
        let Some(seat) = join_first(self.cache, self.hash, is, self.awaited()) else {
            return Led::Not;
        };
        if self.cache.store().has_turned(self.hash, turn) {
            return Led::Found(self.lead(Lead::new(seat, None), turn, Mark::Miss));
        }
        *lead = Lead::new(seat, None);
        self.cache.tally().count(Mark::Miss);
        Led::InPlace
    }

    /// Ready with an answer, or with the lead; pending while another call has it.
    #[inline]
    pub(crate) fn poll_found(&mut self, cx: &mut Context<'_>) -> Poll<Found<T, E>> {
        match self.begin().or_glance() {
            Ok(answer) => Poll::Ready(Found::Answer(answer)),
            Err(glance) => self.go_on(glance, cx),
        }
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

    #[cold]
    #[inline(never)]
    fn glance(&self) -> Glance {
        self.cache.glance::<K, T>(&self.key, self.hash)
    }

    #[inline]
    fn is(&self, entry: &AnyEntry) -> bool {
        entry.is::<K, T>(&self.key)
    }

    /// What a flight is known by, and what becomes its answer.
    #[inline]
    fn awaited(&self) -> Arc<AnyEntry> {
        Entry::<Pair<K::Kept, T>>::awaited(self.key.keep(), self.hash)
    }

    /// The answer that a fresh entry is, unless it is the error of a caller of another kind.
    #[inline(always)]
    fn answer(&self, entry: &AnyEntry) -> Option<Result<T, Failure<E>>> {
        match entry.as_value_under::<K, T>() {
            Some(value) => {
                self.cache.tally().count(Mark::Hit);
                Some(Ok(value.clone()))
            }
            None => self.kept_error(entry).map(Err),
        }
    }

    #[cold]
    fn kept_error(&self, entry: &AnyEntry) -> Option<Failure<E>> {
        let error = self.sharing.find(entry)?;
        self.cache.tally().count(Mark::NegativeHit);
        Some(Failure::Error(error))
    }

    /// What comes after [`begin`](Asking::begin).
    #[cold]
    pub(super) fn go_on(
        &mut self,
        mut glance: Option<Glance>,
        cx: &mut Context<'_>,
    ) -> Poll<Found<T, E>> {
        loop {
            if let Some(follower) = &mut self.follower {
                let turn = ready!(follower.poll_turn(cx));
                self.follower = None;
                if let Some(found) = self.take(turn) {
                    return Poll::Ready(found);
                }
            }
            let glance = glance.take().unwrap_or_else(|| self.glance());
            if let Some(found) = self.ask(glance) {
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
                // What the leader before was to fill may have been filled when it went.
                seat.replace_key(self.awaited());
                return Some(Found::Lead(Lead::new(seat, None)));
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
    fn ask(&mut self, Glance { entry, turn }: Glance) -> Option<Found<T, E>> {
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
        match join(self.cache, self.hash, |awaited| self.is(awaited), self.awaited()) {
            Joined::Leads(seat) => Some(self.lead(Lead::new(seat, None), turn, Mark::Miss)),
            Joined::Follows(follower) => {
                self.follower = Some(Box::new(follower));
                None
            }
        }
    }

    /// One caller at a time refreshes a stale value, all others have it at once.
    fn refresh(&self, entry: &Arc<AnyEntry>, value: &T, turn: u64) -> Found<T, E> {
        if entry.may_be_refreshed(self.cache.now()) {
            let is = |awaited: &Arc<_>| self.is(awaited);
            if let Some(seat) = join_first(self.cache, self.hash, is, self.awaited()) {
                return self.lead(Lead::new(seat, Some(Arc::clone(entry))), turn, Mark::Refresh);
            }
        }
        self.cache.tally().count(Mark::Stale);
        Found::Answer(Ok(value.clone()))
    }

    /// Between the look and the lead another call may have landed.
    #[cold]
    #[inline(never)]
    fn lead(&self, mut lead: Lead<T>, turn: u64, mark: Mark) -> Found<T, E> {
        if self.cache.store().has_turned(self.hash, turn) {
            let entry = self.glance().entry;
            if let Some((entry, Age::Fresh)) = &entry
                && let Some(answer) = self.answer(entry)
            {
                lead.land_with(Arc::clone(entry));
                return Found::Answer(answer);
            }
            // What was taken away meanwhile is no answer any more, whatever becomes of the work.
            lead.keep_stale(entry.as_ref().map(|(entry, _)| entry));
        }
        self.cache.tally().count(mark);
        Found::Lead(lead)
    }
}
