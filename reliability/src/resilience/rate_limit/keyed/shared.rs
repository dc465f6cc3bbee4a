use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use core::borrow::Borrow;
use core::hash::Hash;
use core::time::Duration;
use std::hash::RandomState;

use super::builder::{KeyedRateLimitBuilder, QuotaOf};
use super::keys::{Keys, Slot, hash_of};
use super::rule::{Rule, carry_over, words};
use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::resilience::rate_limit::algorithm::{
    Booking, FixedWindow, LeakyBucket, Settable, TokenBucket,
};
use crate::resilience::rate_limit::decision::Left;
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
    random: RandomState,
    shards: Box<[Padded<Mutex<Keys<K>>>]>,
    capacity: usize,
    len: AtomicUsize,
    rejected: Counter,
    forgotten_early: Counter,
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
            random: RandomState::new(),
            shards: (0..shards).map(|_| Padded(Mutex::new(Keys::new()))).collect(),
            capacity,
            len: AtomicUsize::new(0),
            rejected: Counter::new(),
            forgotten_early: Counter::new(),
        }
    }

    #[inline]
    pub(super) fn take<Q>(&self, key: &Q, permits: u32) -> Result<Left, Duration>
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
    pub(super) fn take_quietly<Q>(&self, key: &Q, permits: u32) -> Result<Left, Duration>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = self.clock.now();
        let hash = hash_of(&self.random, key);
        let mut keys = self.shard(hash).lock();
        if let Some(slot) = keys.find(hash, key)
            && let Some(left) = self.take_quickly(slot, now, permits)
        {
            return Ok(left);
        }
        let booked = self.book_hashed(&mut keys, hash, key, now, permits, Duration::ZERO);
        booked.map(|booking| Left::permits(booking.remaining()))
    }

    /// From a bucket that has permits, under settings that are still the same.
    #[inline]
    fn take_quickly(&self, slot: &mut Slot<K>, now: Instant, permits: u32) -> Option<Left> {
        if self.algorithm != Algorithm::TokenBucket || slot.version != self.live.version() {
            return None;
        }
        let rule = TokenBucket::from_words(slot.words);
        let (next, left) = rule.take_now(slot.state, now, permits)?;
        slot.state = next;
        Some(left)
    }

    pub(super) fn book<Q>(
        &self,
        key: &Q,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let hash = hash_of(&self.random, key);
        let mut keys = self.shard(hash).lock();
        self.book_hashed(&mut keys, hash, key, now, permits, longest)
    }

    #[inline(never)]
    fn book_hashed<Q>(
        &self,
        keys: &mut Keys<K>,
        hash: u64,
        key: &Q,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if keys.find(hash, key).is_none() {
            self.insert(keys, hash, key.to_owned(), now);
        }
        match keys.find(hash, key) {
            Some(slot) => self.book_in(slot, now, permits, longest),
            // It was inserted above.
            None => Err(Duration::ZERO),
        }
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
        if slot.version != self.live.version() {
            self.take_over(slot, now);
        }
        let Slot { state, words, .. } = slot;
        self.with_rule(*words, |rule| rule.book(state, now, permits, longest))
    }

    /// The settings have changed since the key was last asked for.
    #[cold]
    fn take_over(&self, slot: &mut Slot<K>, now: Instant) {
        let (words, version) = self.words_of(&slot.key);
        let before = slot.words;
        let state = &mut slot.state;
        match self.algorithm {
            Algorithm::LeakyBucket => carry_over::<LeakyBucket>(state, now, before, words),
            Algorithm::FixedWindow => carry_over::<FixedWindow>(state, now, before, words),
            _ => carry_over::<TokenBucket>(state, now, before, words),
        }
        (slot.words, slot.version) = (words, version);
    }

    #[cold]
    fn insert(&self, keys: &mut Keys<K>, hash: u64, key: K, now: Instant) {
        let (words, version) = self.words_of(&key);
        if self.len.fetch_add(1, Ordering::Relaxed) >= self.capacity {
            let forgotten = keys.forget_one(|slot| {
                let state = &slot.state;
                self.with_rule(slot.words, |rule| rule.used(state, now))
            });
            // One that is alone in its shard is one too many, and makes room when others come.
            if let Some(used) = forgotten {
                self.len.fetch_sub(1, Ordering::Relaxed);
                self.forgotten_early.add(u64::from(used > 0));
            }
        }
        keys.push(hash, key, words, version);
    }

    /// The quota of a key, as the algorithm reads it, and the version of the settings it is of.
    fn words_of(&self, key: &K) -> ([u64; 2], u64) {
        let version = self.live.version();
        let own = self.quota_of.as_ref().and_then(|quota_of| quota_of(key));
        let own = own.filter(|quota| quota.check(&self.name, self.algorithm).is_ok());
        let own = own.map(|quota| words(self.algorithm, quota));
        (own.unwrap_or_else(|| self.live.words()), version)
    }

    pub(super) fn give_back(&self, key: &K, booking: &Booking, version: u64) {
        let now = self.clock.now();
        let hash = hash_of(&self.random, key);
        if let Some(slot) = self.shard(hash).lock().find(hash, key)
            && slot.version == version
            && version == self.live.version()
        {
            let Slot { state, words, .. } = slot;
            self.with_rule(*words, |rule| rule.give_back(state, now, booking));
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

    /// Changes with each change of the quota.
    pub(super) fn version(&self) -> u64 {
        self.live.version()
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
