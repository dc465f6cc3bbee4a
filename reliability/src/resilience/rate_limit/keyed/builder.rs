use alloc::sync::Arc;
use core::fmt;
use core::hash::Hash;
use core::time::Duration;

use super::handle::KeyedRateLimit;
use crate::error::Name;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::{Algorithm, Quota, Settings, listed};
use crate::time::Clock;

/// The quota of a key that has one of its own.
pub(super) type QuotaOf<K> = Arc<dyn Fn(&K) -> Option<Quota> + Send + Sync>;

/// Makes a [`KeyedRateLimit`]; starts from [`Settings::standard`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::{Algorithm, KeyedRateLimit, Quota};
/// use reliability::time::ManualClock;
///
/// let time = ManualClock::new();
/// let tenants = KeyedRateLimit::<u64>::builder("tenants")
///     .quota(Quota::per_second(10))
///     // The one that pays for it has more.
///     .quota_of(|tenant| (*tenant == 7).then(|| Quota::per_second(100)))
///     .algorithm(Algorithm::TokenBucket)
///     .wait(Duration::from_millis(50))
///     .capacity(50_000)
///     .clock(time.clock())
///     .build()?;
/// let allowed = |tenant| (0..200).filter(|_| tenants.check(&tenant).is_allowed()).count();
/// assert_eq!((allowed(1), allowed(7)), (10, 100));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct KeyedRateLimitBuilder<K> {
    pub(super) name: Name,
    pub(super) settings: Settings,
    pub(super) algorithm: Algorithm,
    pub(super) capacity: usize,
    pub(super) quota_of: Option<QuotaOf<K>>,
    pub(super) clock: Clock,
}

impl<K: Hash + Eq + Send + 'static> KeyedRateLimitBuilder<K> {
    pub(super) fn new(name: Name) -> Self {
        Self {
            name,
            settings: Settings::standard(),
            algorithm: Algorithm::default(),
            capacity: KeyedRateLimit::<K>::DEFAULT_CAPACITY,
            quota_of: None,
            clock: Clock::default(),
        }
    }

    /// Takes all settings at once: those of another limit, for instance.
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// How many permits each key has. See [`Settings::quota`].
    pub fn quota(mut self, quota: Quota) -> Self {
        self.settings.quota = quota;
        self
    }

    /// Gives keys quotas of their own: `None` for the one of all others.
    ///
    /// It is asked when a key is new, when it comes back after it was forgotten, and after a
    /// [`reconfigure`](KeyedRateLimit::reconfigure). A quota that [`build`](Self::build) would
    /// refuse counts as `None`. Threads that ask for a new key at the same moment may each call it.
    pub fn quota_of(
        mut self,
        quota_of: impl Fn(&K) -> Option<Quota> + Send + Sync + 'static,
    ) -> Self {
        self.quota_of = Some(Arc::new(quota_of));
        self
    }

    /// How permits are dealt out: a token bucket, a leaky bucket or fixed windows. Default:
    /// [`Algorithm::TokenBucket`].
    pub fn algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// How long a call in a policy may wait for its permit. See [`Settings::wait`].
    pub fn wait(mut self, wait: Duration) -> Self {
        self.settings.wait = Some(wait);
        self
    }

    /// How many keys are remembered: 1 to [`CAPACITY_MAX`](KeyedRateLimit::CAPACITY_MAX),
    /// 16,777,216. Default: [`DEFAULT_CAPACITY`](KeyedRateLimit::DEFAULT_CAPACITY), 10,000.
    ///
    /// A key takes memory when it is first seen: a `u64` 65 to 130 bytes, the least where the tables
    /// are nearly full and the most where they have just doubled; a larger key once to twice as much
    /// more as it is larger, beside what it points to.
    pub fn capacity(self, keys: usize) -> Self {
        Self { capacity: keys, ..self }
    }

    /// The clock that permits come back by. Default: [`Clock::precise`].
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Makes the limit, listed in the [`registry`](crate::resilience::registry) as long as a clone of
    /// it lives.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a setting is out of its range, or the algorithm needs more than a word for
    /// each key.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::KeyedRateLimit;
    ///
    /// let none = KeyedRateLimit::<u64>::builder("per-tenant").capacity(0).build();
    /// assert_eq!(none.unwrap_err().setting(), "capacity");
    /// ```
    pub fn build(self) -> Result<KeyedRateLimit<K>, Invalid> {
        if matches!(self.algorithm, Algorithm::SlidingLog | Algorithm::SlidingCounter) {
            let expected = "`token_bucket`, `leaky_bucket` or `fixed_window`";
            return Err(Invalid::new(self.name, "algorithm", expected, self.algorithm)
                .with_advice("each key has one word of memory; take a token bucket"));
        }
        self.settings.check(&self.name, self.algorithm)?;
        let most = KeyedRateLimit::<K>::CAPACITY_MAX;
        if !(1..=most).contains(&self.capacity) {
            let expected = alloc::format!("1 to {most} keys");
            return Err(Invalid::new(self.name, "capacity", expected, self.capacity));
        }
        let limit = KeyedRateLimit::new(self);
        listed::list(limit.downgrade());
        Ok(limit)
    }
}

impl<K> fmt::Debug for KeyedRateLimitBuilder<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimitBuilder")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("algorithm", &self.algorithm)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
