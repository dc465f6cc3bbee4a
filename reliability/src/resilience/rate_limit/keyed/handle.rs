use alloc::borrow::ToOwned;
use alloc::sync::{Arc, Weak};
use core::borrow::Borrow;
use core::fmt;
use core::hash::Hash;
use core::time::Duration;

use super::builder::KeyedRateLimitBuilder;
use super::ready::UntilKeyReady;
use super::shared::Shared;
use crate::error::{Name, Rejected};
use crate::resilience::Invalid;
use crate::resilience::rate_limit::listed::Listed;
use crate::resilience::rate_limit::{Algorithm, Decision, Settings};

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
/// meet. A key's `Eq` runs under that lock, and must not ask the limit itself.
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

impl<K: Hash + Eq + Send + 'static> KeyedRateLimit<K> {
    /// A limit with the standard settings, each of which can be changed.
    ///
    /// `name` stands in refusals and logs.
    pub fn builder(name: impl Into<Name>) -> KeyedRateLimitBuilder<K> {
        KeyedRateLimitBuilder::new(name.into())
    }

    pub(super) fn downgrade(&self) -> Weak<dyn Listed> {
        let weak: Weak<Shared<K>> = Arc::downgrade(&self.shared);
        weak
    }
}

impl<K: Hash + Eq> KeyedRateLimit<K> {
    /// How many keys are remembered, where [`capacity`](KeyedRateLimitBuilder::capacity) is not set.
    pub const DEFAULT_CAPACITY: usize = 10_000;
    /// The most keys that can be asked for.
    pub const CAPACITY_MAX: usize = 1 << 24;

    pub(super) fn new(builder: KeyedRateLimitBuilder<K>) -> Self {
        Self { shared: Arc::new(Shared::new(builder)) }
    }

    #[inline]
    pub(super) fn shared(&self) -> &Shared<K> {
        &self.shared
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
    /// [`Rejected`] for [`Reason::RateLimited`](crate::error::Reason::RateLimited), with the time
    /// after which a permit comes back.
    #[inline]
    pub fn try_acquire<Q>(&self, key: &Q) -> Result<(), Rejected>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        match self.shared.take(key, 1) {
            Ok(_) => Ok(()),
            Err(wait) => Err(self.shared.refuse(wait.duration())),
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
        self.shared.reconfigure(change)
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// The settings in use.
    pub fn settings(&self) -> Settings {
        self.shared.settings()
    }

    /// How permits are dealt out.
    pub fn algorithm(&self) -> Algorithm {
        self.shared.algorithm()
    }

    /// How many keys are remembered now: at most the capacity, and one more for each of up to 64
    /// shards.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether no key was seen yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys are remembered at most.
    pub fn capacity(&self) -> usize {
        self.shared.capacity()
    }

    /// How many calls were refused since it was made.
    pub fn rejected(&self) -> u64 {
        self.shared.rejected()
    }

    /// How many keys were forgotten before all of their permits had come back.
    pub fn forgotten_early(&self) -> u64 {
        self.shared.forgotten_early()
    }

    /// How many keys fit in the memory that was taken.
    #[cfg(all(test, not(reliability_loom)))]
    pub(super) fn memory(&self) -> usize {
        self.shared.memory()
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
            .field("name", self.shared.name())
            .field("settings", &self.shared.settings())
            .field("algorithm", &self.shared.algorithm())
            .field("capacity", &self.shared.capacity())
            .field("len", &self.shared.len())
            .finish_non_exhaustive()
    }
}
