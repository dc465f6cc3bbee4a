use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use core::borrow::Borrow;
use core::hash::Hash;
use core::time::Duration;

use super::builder::{KeyedRateLimitBuilder, QuotaOf};
use super::keys::{Keys, Slot};
use super::random::Random;
use super::rule::{Rule, carry_over, words};
use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::resilience::rate_limit::algorithm::{
    Booking, FixedWindow, LeakyBucket, Settable, TokenBucket, Verdict, Word,
};
use crate::resilience::rate_limit::decision::{Left, Wait};
use crate::resilience::rate_limit::live::Live;
use crate::resilience::rate_limit::{Algorithm, Settings};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Counter, Mutex, Padded};
use crate::time::{Clock, Instant};

/// What all clones of a keyed limit share.
pub(super) struct Shared<K> {
    name: Name,
    algorithm: Algorithm,
    live: Live,
    quota_of: Option<QuotaOf<K>>,
    clock: Clock,
    random: Random,
    shards: Box<[Padded<Mutex<Keys<K>>>]>,
    capacity: usize,
    len: AtomicUsize,
    rejected: Counter,
    forgotten_early: Counter,
}

/// A permit of a key, to be used from a certain time on.
pub(super) struct KeyBooking {
    booking: Booking,
    /// The slot it is noted in.
    slot: u64,
    /// The settings under which it was booked.
    version: u64,
}

impl KeyBooking {
    pub(super) fn starts_at(&self) -> Instant {
        self.booking.starts_at()
    }
}

/// Few keys need no shards, and then the capacity is exact.
const KEYS_PER_SHARD: usize = 128;
const SHARDS_MAX: usize = 64;

impl<K: Hash + Eq> Shared<K> {
    pub(super) fn new(builder: KeyedRateLimitBuilder<K>) -> Self {
        let KeyedRateLimitBuilder { name, settings, algorithm, capacity, quota_of, clock } =
            builder;
        let shards = (capacity / KEYS_PER_SHARD).next_power_of_two().min(SHARDS_MAX);
        Self {
            name,
            algorithm,
            live: Live::new(settings, words(algorithm, settings.quota)),
            quota_of,
            clock,
            random: Random::new(),
            shards: (0..shards).map(|_| Padded(Mutex::new(Keys::new()))).collect(),
            capacity,
            len: AtomicUsize::new(0),
            rejected: Counter::new(),
            forgotten_early: Counter::new(),
        }
    }

    #[inline]
    pub(super) fn take<Q>(&self, key: &Q, permits: u32) -> Result<Left, Wait>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let taken = self.take_quietly(key, permits);
        if taken.is_err() {
            self.count_rejected();
        }
        taken
    }

    /// The same, for who is not refused yet if there is none.
    #[inline]
    pub(super) fn take_quietly<Q>(&self, key: &Q, permits: u32) -> Result<Left, Wait>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = self.clock.now();
        let hash = self.random.hash_of(key);
        let decided = match self.shard(hash).lock().find(hash, key) {
            Some(slot) => self.decide(slot, now, permits),
            None => None,
        };
        match decided {
            Some(taken) => taken,
            None => self.take_otherwise(hash, key, now, permits),
        }
    }

    /// Out of a bucket, under settings that are still the same.
    #[inline]
    fn decide(&self, slot: &mut Slot<K>, now: Instant, permits: u32) -> Option<Result<Left, Wait>> {
        if self.algorithm != Algorithm::TokenBucket || slot.version != self.live.version() {
            return None;
        }
        match TokenBucket::from_words(slot.words).decide(slot.state, now, permits)? {
            Verdict::Allowed(next, left) => {
                slot.state = next;
                Some(Ok(left))
            }
            Verdict::Limited(wait) => Some(Err(wait)),
        }
    }

    #[inline(never)]
    fn take_otherwise<Q>(
        &self,
        hash: u64,
        key: &Q,
        now: Instant,
        permits: u32,
    ) -> Result<Left, Wait>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let booked =
            self.in_slot(hash, key, now, |slot| self.book_in(slot, now, permits, Duration::ZERO));
        Ok(Left::permits(booked?.remaining()))
    }

    /// Takes a permit that may be used within `longest`.
    pub(super) fn book<Q>(
        &self,
        key: &Q,
        now: Instant,
        longest: Duration,
    ) -> Result<KeyBooking, Duration>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.random.hash_of(key);
        self.in_slot(hash, key, now, |slot| {
            let booking = self.book_in(slot, now, 1, longest)?;
            Ok(KeyBooking { booking, slot: slot.number(), version: slot.version })
        })
    }

    /// Looks at what is remembered of a key under the settings in use.
    ///
    /// What a quota is found by, and what copies and drops keys, is not ours, and may take its time,
    /// panic, or ask this limit: none of it runs under the lock.
    fn in_slot<Q, R>(
        &self,
        hash: u64,
        key: &Q,
        now: Instant,
        then: impl FnOnce(&mut Slot<K>) -> R,
    ) -> R
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let shard = self.shard(hash);
        {
            let mut keys = shard.lock();
            if let Some(slot) = keys.find(hash, key)
                && slot.version == self.live.version()
            {
                return then(slot);
            }
        }
        let owned = key.to_owned();
        let (words, version) = self.words_of(&owned);
        let mut keys = shard.lock();
        if let Some(slot) = keys.find(hash, key) {
            if slot.version < version {
                self.take_over(slot, now, words);
                slot.version = version;
            }
            return then(slot);
        }
        let forgotten = self.make_room(&mut keys, now);
        let done = then(keys.insert(hash, owned, words, version));
        drop(keys);
        drop(forgotten);
        done
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Mutex<Keys<K>> {
        // The table goes by the lower bits and the highest seven. The shards are a power of two.
        &self.shards[(hash >> 40) as usize & self.shards.len().wrapping_sub(1)]
    }

    fn book_in(
        &self,
        slot: &mut Slot<K>,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        let Slot { state, words, .. } = slot;
        self.with_rule(*words, |rule| rule.book(state, now, permits, longest))
    }

    /// The settings have changed since the key was last asked for.
    fn take_over(&self, slot: &mut Slot<K>, now: Instant, words: [u64; 2]) {
        let before = slot.words;
        let state = &mut slot.state;
        match self.algorithm {
            Algorithm::LeakyBucket => carry_over::<LeakyBucket>(state, now, before, words),
            Algorithm::FixedWindow => carry_over::<FixedWindow>(state, now, before, words),
            _ => carry_over::<TokenBucket>(state, now, before, words),
        }
        slot.words = words;
    }

    /// Counts one key more, and forgets one if that is one too many.
    fn make_room(&self, keys: &mut Keys<K>, now: Instant) -> Option<Slot<K>> {
        if self.len.fetch_add(1, Ordering::Relaxed) < self.capacity {
            return None;
        }
        // One that is alone in its shard is one too many, and makes room when others come.
        let (used, forgotten) = keys.forget_one(|slot| {
            let state = &slot.state;
            self.with_rule(slot.words, |rule| rule.used(state, now))
        })?;
        self.len.fetch_sub(1, Ordering::Relaxed);
        self.forgotten_early.add(u64::from(used > 0));
        Some(forgotten)
    }

    /// The quota of a key, as the algorithm reads it, and the version of the settings it is of.
    fn words_of(&self, key: &K) -> ([u64; 2], u64) {
        let version = self.live.version();
        let own = self.quota_of.as_ref().and_then(|quota_of| quota_of(key));
        let own = own.filter(|quota| quota.check(&self.name, self.algorithm).is_ok());
        let own = own.map(|quota| words(self.algorithm, quota));
        (own.unwrap_or_else(|| self.live.words()), version)
    }

    /// Gives a turn back, unless the key was forgotten or its quota changed meanwhile: what is
    /// remembered now does not know of it.
    pub(super) fn give_back(&self, key: &K, booked: &KeyBooking) {
        let now = self.clock.now();
        let hash = self.random.hash_of(key);
        if let Some(slot) = self.shard(hash).lock().find(hash, key)
            && (slot.number(), slot.version) == (booked.slot, booked.version)
            && slot.version == self.live.version()
        {
            let Slot { state, words, .. } = slot;
            self.with_rule(*words, |rule| rule.give_back(state, now, &booked.booking));
        }
    }

    #[inline]
    fn with_rule<R>(&self, words: [u64; 2], then: impl FnOnce(&dyn Rule) -> R) -> R {
        match self.algorithm {
            Algorithm::LeakyBucket => then(&LeakyBucket::from_words(words)),
            Algorithm::FixedWindow => then(&FixedWindow::from_words(words)),
            _ => then(&TokenBucket::from_words(words)),
        }
    }

    /// How many keys fit in the memory that was taken.
    #[cfg(all(test, not(reliability_loom)))]
    pub(super) fn memory(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().memory()).sum()
    }
}

impl<K> Shared<K> {
    pub(super) fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let checked = |settings: &Settings| {
            let mut changed = *settings;
            change(&mut changed);
            changed.check(&self.name, self.algorithm)?;
            Ok((changed, words(self.algorithm, changed.quota)))
        };
        // Each key takes its state over when it is next asked for.
        self.live.replace(checked, |_, _| ())
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn settings(&self) -> Settings {
        self.live.settings()
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejected.sum()
    }

    pub(super) fn forgotten_early(&self) -> u64 {
        self.forgotten_early.sum()
    }

    #[cold]
    pub(super) fn refuse(&self, retry_after: Duration) -> Rejected {
        Rejected::new(Reason::RateLimited, self.name.clone()).with_retry_after(retry_after)
    }

    #[cold]
    pub(super) fn count_rejected(&self) {
        self.rejected.add(1);
    }
}
