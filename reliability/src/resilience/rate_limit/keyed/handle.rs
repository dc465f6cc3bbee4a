use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::borrow::Borrow;
use core::fmt;
use core::hash::Hash;
use core::time::Duration;
use std::hash::RandomState;

use super::builder::{KeyedRateLimitBuilder, QuotaOf};
use super::keys::{Keys, Slot, hash_of};
use super::ready::UntilKeyReady;
use super::rule::{Rule, carry_over, words};
use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::resilience::rate_limit::algorithm::{
    Booking, FixedWindow, LeakyBucket, Settable, TokenBucket,
};
use crate::resilience::rate_limit::decision::Left;
use crate::resilience::rate_limit::live::Live;
use crate::resilience::rate_limit::{Algorithm, Decision, Settings};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Counter, Mutex, Padded};
use crate::time::{Clock, Instant};

/// A rate limit for each key: for each tenant, address or endpoint its own.
///
/// A handle: clones are the same limit. It remembers so many keys and no more, however many come,
/// and needs nobody to clean up. When a new key comes that would be one too many, another is
/// forgotten:
///
/// - Whose permits have all come back is forgotten without loss: for such a key, being new and being
///   remembered are the same. Of these one is taken whenever one is found among the next sixteen.
/// - Else the one among sixteen that has used the least of its quota, and
///   [`forgotten_early`](Self::forgotten_early) counts it. Should it come again, it starts anew: so
///   a key escapes its quota only while more keys are in use than are remembered, and one that asks
///   for a lot is the last to do so. Make the [`capacity`](KeyedRateLimitBuilder::capacity) larger
///   when that number grows.
///
/// The keys lie in shards, each behind a short lock; threads that ask for different keys rarely
/// meet.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{KeyedRateLimit, Quota};
///
/// let limit = KeyedRateLimit::<String>::builder("per-tenant")
///     .quota(Quota::per_minute(2))
///     .quota_of(|tenant| tenant.starts_with("gold/").then_some(Quota::per_minute(3)))
///     .capacity(50_000)
///     .build()?;
///
/// assert!(limit.check("acme").is_allowed());
/// assert!(limit.check("acme").is_allowed());
/// assert!(!limit.check("acme").is_allowed());
/// assert!(limit.check("other").is_allowed());
/// assert!(limit.check_n("gold/acme", 3)?.is_allowed());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
pub struct KeyedRateLimit<K> {
    shared: Arc<Shared<K>>,
}

pub(super) struct Shared<K> {
    name: Name,
    algorithm: Algorithm,
    live: Live,
    quota_of: Option<QuotaOf<K>>,
    pub(super) clock: Clock,
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

impl<K: Hash + Eq> KeyedRateLimit<K> {
    /// How many keys are remembered, where [`capacity`](KeyedRateLimitBuilder::capacity) is not set.
    pub const DEFAULT_CAPACITY: usize = 10_000;
    /// The most keys that can be asked for.
    pub const CAPACITY_MAX: usize = 1 << 24;

    /// A limit with the standard settings, each of which can be changed.
    ///
    /// `name` stands in refusals and logs.
    pub fn builder(name: impl Into<Name>) -> KeyedRateLimitBuilder<K> {
        KeyedRateLimitBuilder::new(name.into())
    }

    pub(super) fn new(builder: KeyedRateLimitBuilder<K>) -> Self {
        let KeyedRateLimitBuilder { name, settings, algorithm, capacity, quota_of, clock } =
            builder;
        let shards = (capacity / KEYS_PER_SHARD).next_power_of_two().min(SHARDS_MAX);
        Self {
            shared: Arc::new(Shared {
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
            }),
        }
    }

    /// Takes a permit of that key if there is one now; never waits.
    #[inline]
    pub fn check<Q>(&self, key: &Q) -> Decision
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.shared.take(key, 1).into()
    }

    /// Takes so many permits of that key if all of them are there now; else none.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when `permits` is 0 or more than the key ever has at once.
    #[inline]
    pub fn check_n<Q>(&self, key: &Q, permits: u32) -> Result<Decision, Invalid>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let decision = Decision::from(self.shared.take(key, permits));
        if permits == 0 || decision.retry_after() == Some(Duration::MAX) {
            let expected = "1 to all there is for the key at once";
            return Err(Invalid::new(self.name().clone(), "permits", expected, permits)
                .with_advice("ask for them in portions, or give the quota a larger burst"));
        }
        Ok(decision)
    }

    /// [`check`](Self::check) for the `?` operator.
    ///
    /// # Errors
    ///
    /// [`Rejected`] for [`Reason::RateLimited`], with the time after which a permit comes back.
    #[inline]
    pub fn try_acquire<Q>(&self, key: &Q) -> Result<(), Rejected>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        match self.shared.take(key, 1) {
            Ok(_) => Ok(()),
            Err(retry_after) => Err(self.shared.refuse(retry_after)),
        }
    }

    /// Waits for a permit of that key, as [`RateLimit::until_ready`] does.
    ///
    /// # Errors
    ///
    /// [`Rejected`] at once when the turn would come too late.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime whose timer is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the turn back, as far as nobody waits behind it.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::{KeyedRateLimit, Quota};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let limit = KeyedRateLimit::<u64>::builder("per-tenant").quota(Quota::per_second(1)).build()?;
    /// for tenant in [7, 8, 7] {
    ///     limit.until_ready(tenant).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`RateLimit::until_ready`]: crate::resilience::RateLimit::until_ready
    pub fn until_ready(&self, key: K) -> UntilKeyReady<'_, K> {
        UntilKeyReady::new(&self.shared, key)
    }

    /// Changes the settings while calls are running: the quota of all keys that have none of their
    /// own. What was used stays used.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing changes, under the conditions of
    /// [`build`](KeyedRateLimitBuilder::build).
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let shared = &*self.shared;
        let checked = |settings: &Settings| {
            let mut changed = *settings;
            change(&mut changed);
            changed.check(&shared.name, shared.algorithm)?;
            Ok((changed, words(shared.algorithm, changed.quota)))
        };
        // Each key takes its state over when it is next asked for.
        shared.live.replace(checked, |_, _| ())
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.shared.name
    }

    /// The settings in use.
    pub fn settings(&self) -> Settings {
        self.shared.live.settings()
    }

    /// How permits are dealt out.
    pub fn algorithm(&self) -> Algorithm {
        self.shared.algorithm
    }

    /// How many keys are remembered now: at most the capacity, and one more for each of up to 64
    /// shards.
    pub fn len(&self) -> usize {
        self.shared.len.load(Ordering::Relaxed)
    }

    /// Whether no key was seen yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys are remembered at most.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// How many calls were refused since it was made.
    pub fn rejected(&self) -> u64 {
        self.shared.rejected.sum()
    }

    /// How many keys were forgotten before all of their permits had come back.
    pub fn forgotten_early(&self) -> u64 {
        self.shared.forgotten_early.sum()
    }

    /// How many keys fit in the memory that was taken.
    #[cfg(all(test, not(reliability_loom)))]
    pub(super) fn memory(&self) -> usize {
        self.shared.shards.iter().map(|shard| shard.lock().memory()).sum()
    }
}

impl<K: Hash + Eq> Shared<K> {
    #[inline]
    fn take<Q>(&self, key: &Q, permits: u32) -> Result<Left, Duration>
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
        drop(keys);
        if booked.is_err() {
            self.count_rejected();
        }
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

    /// Changes with each change of the quota.
    pub(super) fn version(&self) -> u64 {
        self.live.version()
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

    #[cold]
    pub(super) fn refuse(&self, retry_after: Duration) -> Rejected {
        Rejected::new(Reason::RateLimited, self.name.clone()).with_retry_after(retry_after)
    }

    #[cold]
    pub(super) fn count_rejected(&self) {
        self.rejected.add(1);
    }
}

impl<K> Clone for KeyedRateLimit<K> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<K> fmt::Debug for KeyedRateLimit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimit")
            .field("name", &self.shared.name)
            .field("settings", &self.shared.live.settings())
            .field("algorithm", &self.shared.algorithm)
            .field("capacity", &self.shared.capacity)
            .field("len", &self.shared.len.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}
