use alloc::sync::{Arc, Weak};
use core::fmt;
use core::future::Future;
use core::time::Duration;

use super::calling::Calling;
use super::inner::Inner;
use super::{Call, Classifier, Layer, PolicyBuilder, Totals};
use crate::error::{Failure, Fault, Name, Rejected};
#[cfg(feature = "cache")]
use crate::resilience::cache::{Found, Key, Sharing, Value};
use crate::resilience::rate_limit::{KeyHash, KeyedRateLimit};
use crate::resilience::{Breaker, Bulkhead, ConcurrencyLimit, RateLimit, RetryBudget};
use crate::sync::{HistogramSnapshot, SketchSnapshot};

/// What stands around a call: an ordered list of layers and what they have learned.
///
/// Clones share everything. Written first means outermost; orders that are certainly a mistake are
/// refused by [`build`](PolicyBuilder::build).
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::{Breaker, Bulkhead, Policy, Retry};
///
/// let policy = Policy::builder("price")
///     .deadline(Duration::from_secs(3))
///     .retry(Retry::attempts(4))
///     .breaker(Breaker::builder("price").build()?)
///     .bulkhead(Bulkhead::builder("price").concurrent(64).build()?)
///     .timeout(Duration::from_millis(800))
///     .build()?;
///
/// let price: u32 = policy.call(|| async { Ok::<_, Rejected>(7) }).await?;
/// assert_eq!(price, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Policy {
    pub(super) inner: Arc<Inner>,
}

impl Policy {
    /// Begins a policy of that name. Names are for people and metrics; they need not be unique.
    pub fn builder(name: impl Into<Name>) -> PolicyBuilder {
        PolicyBuilder::new(name.into())
    }

    /// Makes the call: `work` makes the future of each attempt, which is polled once the attempt
    /// is admitted, and dropped unpolled if it is refused.
    ///
    /// # Errors
    ///
    /// The error of the last attempt, or what became of the policy's [`Rejected`].
    ///
    /// # Panics
    ///
    /// When the work, or a pause, has to wait under a timer outside of a tokio runtime whose time
    /// driver is enabled.
    ///
    /// # Cancel safety
    ///
    /// As [`Call`].
    pub fn call<'a, T, E, F, Fut>(&'a self, work: F) -> impl Future<Output = Result<T, E>>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Rejected> + 'a,
    {
        Calling::new(Call::new(self, const { &Classifier::by_fault() }), work)
    }

    /// As [`call`](Policy::call), for an error type that does not say its class itself.
    ///
    /// # Errors
    ///
    /// As [`call`](Policy::call).
    ///
    /// # Cancel safety
    ///
    /// As [`Call`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::{Classifier, Policy, Retry};
    ///
    /// /// An error of another library, of which nobody says what it means.
    /// #[derive(Debug, PartialEq)]
    /// struct Busy;
    ///
    /// impl From<Rejected> for Busy {
    ///     fn from(_: Rejected) -> Self {
    ///         Busy
    ///     }
    /// }
    ///
    /// let policy = Policy::builder("price").retry(Retry::attempts(2)).build()?;
    /// let errors = Classifier::<Busy>::when(|_| true);
    /// let price = policy.call_classified(errors, async || Err::<u32, _>(Busy)).await;
    /// assert_eq!(price, Err(Busy));
    /// assert_eq!(policy.totals().retries(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_classified<T, E, F, Fut>(
        &self,
        classifier: Classifier<E>,
        mut work: F,
    ) -> Result<T, E>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Rejected>,
    {
        let mut call = Call::new(self, &classifier);
        Calling::new(&mut call, &mut work).await.map_err(Failure::into_error)
    }

    /// As [`call`](Policy::call), with another answer for when there is none.
    ///
    /// # Errors
    ///
    /// What `fallback` returns; or, for failures that it is not asked about, as
    /// [`call`](Policy::call).
    ///
    /// # Cancel safety
    ///
    /// As [`Call`], and as `fallback`'s own.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::io;
    /// use std::time::Duration;
    /// use reliability::error::{Class, Fault, Rejected};
    /// use reliability::resilience::Policy;
    ///
    /// let policy = Policy::builder("price").timeout(Duration::from_millis(50)).build()?;
    /// let price = policy
    ///     .call_or(
    ///         || std::future::pending::<Result<u32, Rejected>>(),
    ///         |error| async move {
    ///             assert_eq!(error.class(), Class::Transient);
    ///             Ok(42)
    ///         },
    ///     )
    ///     .await?;
    /// assert_eq!(price, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_or<T, E, F, Fut, B, BFut>(&self, mut work: F, fallback: B) -> Result<T, E>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        B: FnOnce(E) -> BFut,
        BFut: Future<Output = Result<T, E>>,
        E: Fault + From<Rejected>,
    {
        let mut call = Call::new(self, const { &Classifier::by_fault() });
        match Calling::new(&mut call, &mut work).await {
            Err(failure) if call.wants_fallback(&failure) => {
                call.fall_back(fallback(failure.into_error())).await
            }
            result => result.map_err(Failure::into_error),
        }
    }

    /// As [`call`](Policy::call), where the answer may be kept from before, or come from another
    /// call that asks for the same `key` now. See [`cache`](crate::resilience::cache) for who gets
    /// what; `sharing` says whether errors are for all who wait.
    ///
    /// Without a `cache` in the policy it is [`call`](Policy::call).
    ///
    /// # Errors
    ///
    /// As [`call`](Policy::call), and those of the call whose answer this one is.
    ///
    /// # Panics
    ///
    /// As [`call`](Policy::call).
    ///
    /// # Cancel safety
    ///
    /// As [`Call`]. Where others wait for its answer, the next of them makes a call of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use reliability::error::Rejected;
    /// use reliability::resilience::cache::{Cache, Sharing};
    /// use reliability::resilience::{Policy, Retry};
    ///
    /// let policy = Policy::builder("price")
    ///     .cache(Cache::builder("price").ttl(Duration::from_secs(30)).build()?)
    ///     .retry(Retry::attempts(4))
    ///     .build()?;
    ///
    /// for _ in 0..2 {
    ///     let work = || async { Ok::<u32, Rejected>(299) };
    ///     assert_eq!(policy.call_cached("tea", Sharing::errors(), work).await?, 299);
    /// }
    /// assert_eq!(policy.cache().map(|cache| cache.snapshot().hits), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "cache")]
    pub async fn call_cached<K, T, E, F, Fut>(
        &self,
        key: K,
        sharing: Sharing<E>,
        mut work: F,
    ) -> Result<T, E>
    where
        K: Key,
        T: Value,
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Rejected>,
    {
        let errors = const { &Classifier::by_fault() };
        let mut call = Call::new(self, errors);
        let answer = match call.look_up(key, sharing).await {
            Found::Answer(answer) => answer,
            Found::Lead(lead) => {
                let result = Calling::new(&mut call, &mut work).await;
                call.settle(lead, result, sharing)
            }
        };
        answer.map_err(Failure::into_error)
    }

    /// The name that was given to it.
    pub fn name(&self) -> &Name {
        &self.inner.name
    }

    /// Its layers, outermost first.
    pub fn layers(&self) -> &[Layer] {
        &self.inner.layers
    }

    /// Its breaker, to inspect or to operate by hand.
    pub fn breaker(&self) -> Option<&Breaker> {
        self.inner.breaker()
    }

    /// Its rate limit, to inspect or to operate by hand.
    pub fn rate_limit(&self) -> Option<&RateLimit> {
        self.inner.rate_limit()
    }

    /// Its rate limit that counts per key, to inspect or to operate by hand.
    pub fn keyed_rate_limit(&self) -> Option<&KeyedRateLimit<KeyHash>> {
        self.inner.keyed_rate_limit()
    }

    /// Its adaptive limit, to inspect or to change.
    pub fn concurrency_limit(&self) -> Option<&ConcurrencyLimit> {
        self.inner.concurrency_limit()
    }

    /// Its bulkhead, to inspect or to operate by hand.
    pub fn bulkhead(&self) -> Option<&Bulkhead> {
        self.inner.bulkhead()
    }

    /// Its cache, to inspect, and to invalidate what has changed.
    #[cfg(feature = "cache")]
    pub fn cache(&self) -> Option<&crate::resilience::Cache> {
        self.inner.cache.as_ref()
    }

    /// How often calls ended in which way.
    pub fn totals(&self) -> Totals {
        self.inner.totals.so_far()
    }

    /// How long calls took, from the moment when they first had to wait; a call that never waited
    /// counts as less than a microsecond.
    pub fn latency(&self) -> HistogramSnapshot {
        self.inner.totals.latency()
    }

    /// How long attempts took lately: those that had to wait, without queues and pauses. See
    /// [`timeout`](crate::resilience::timeout) for what counts of an attempt that did not come back.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::{Hedge, Policy};
    /// use reliability::sync::Quantile;
    ///
    /// let policy = Policy::builder("price").hedge(Hedge::standard()).build()?;
    /// // Nobody has called it yet.
    /// assert_eq!(policy.attempt_latency().quantile(Quantile::P95), None);
    /// assert!(policy.retry_budget().is_some(), "hedges are taken from it");
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn attempt_latency(&self) -> SketchSnapshot {
        self.inner.recent.snapshot()
    }

    /// The time that an attempt may take as of now; an adaptive timeout changes by itself.
    pub fn timeout(&self) -> Option<Duration> {
        self.inner.timeout()
    }

    /// The time after which a hedge is sent, as of now; nothing while too little is known, or
    /// without `hedge`.
    pub fn hedge_after(&self) -> Option<Duration> {
        self.inner.recent.hedge_after.load()
    }

    /// The budget that its retries and hedges are taken from.
    pub fn retry_budget(&self) -> Option<&RetryBudget> {
        self.inner.budget()
    }

    #[inline]
    pub(in crate::resilience) fn inner(&self) -> &Inner {
        &self.inner
    }

    pub(crate) fn downgrade(&self) -> WeakPolicy {
        WeakPolicy(Arc::downgrade(&self.inner))
    }
}

/// A policy that is listed but not kept alive.
pub(crate) struct WeakPolicy(Weak<Inner>);

impl WeakPolicy {
    pub(crate) fn upgrade(&self) -> Option<Policy> {
        self.0.upgrade().map(|inner| Policy { inner })
    }

    #[cfg(feature = "config")]
    pub(crate) fn is(&self, policy: &Policy) -> bool {
        core::ptr::eq(self.0.as_ptr(), &raw const *policy.inner)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Policy");
        debug.field("name", self.name()).field("layers", &self.layers());
        debug.field("settings", &self.settings()).field("totals", &self.totals());
        if let Some(degrading) = self.inner.degrade() {
            debug.field("degrade", degrading);
        }
        if let Some(breaker) = self.breaker() {
            debug.field("breaker", breaker);
        }
        if let Some(limit) = self.rate_limit() {
            debug.field("rate_limit", limit);
        }
        if let Some(limit) = self.keyed_rate_limit() {
            debug.field("keyed_rate_limit", limit);
        }
        #[cfg(all(feature = "redis", not(reliability_loom)))]
        if let Some(limit) = self.shared_rate_limit() {
            debug.field("shared_rate_limit", limit);
        }
        if let Some(limit) = self.concurrency_limit() {
            debug.field("concurrency_limit", limit);
        }
        if let Some(bulkhead) = self.bulkhead() {
            debug.field("bulkhead", bulkhead);
        }
        #[cfg(feature = "chaos")]
        if let Some(chaos) = self.chaos() {
            debug.field("chaos", chaos);
        }
        #[cfg(feature = "cache")]
        if let Some(cache) = self.cache() {
            debug.field("cache", cache);
        }
        debug.finish()
    }
}
