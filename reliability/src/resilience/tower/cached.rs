use core::convert::Infallible;
use core::future::{Future, ready};

use crate::error::Failure;
use crate::resilience::Call;

/// How a call ended, as the driver has it.
type Ended<Res, J> = Result<Res, Failure<J>>;

/// Which responses are kept; implemented by what the setters of a
/// [`PolicyLayer`](super::PolicyLayer) leave behind.
///
/// # Examples
///
/// See [`PolicyLayer::cache_key`](super::PolicyLayer::cache_key).
pub trait KeepResponse<Req, Res, J> {
    /// What a response is looked up by.
    type Key: Send + Sync;
    /// The right to find the response out.
    type Lead: Send;

    /// What the response to that request is looked up by; `None` when it is not to be kept.
    fn key(&self, request: &Req) -> Option<Self::Key>;

    /// The right to make the call, or how it has ended already.
    #[doc(hidden)]
    fn look_up<'c>(
        key: Option<&'c Self::Key>,
        call: &'c mut Call<'_, J>,
    ) -> impl Future<Output = Result<Self::Lead, Ended<Res, J>>> + Send;

    /// Keeps what came of the call.
    #[doc(hidden)]
    fn settle(call: &Call<'_, J>, lead: Self::Lead, ended: Ended<Res, J>) -> Ended<Res, J>;
}

/// Nothing is kept: what a layer does unless it is told otherwise.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct KeepNothing;

impl<Req, Res, J> KeepResponse<Req, Res, J> for KeepNothing
where
    Res: Send,
    J: Send,
{
    type Key = Infallible;
    type Lead = ();

    #[inline]
    fn key(&self, _: &Req) -> Option<Infallible> {
        None
    }

    #[inline]
    fn look_up<'c>(
        _: Option<&'c Infallible>,
        _: &'c mut Call<'_, J>,
    ) -> impl Future<Output = Result<(), Ended<Res, J>>> + Send {
        ready(Ok(()))
    }

    #[inline]
    fn settle(_: &Call<'_, J>, (): (), ended: Ended<Res, J>) -> Ended<Res, J> {
        ended
    }
}

#[cfg(feature = "cache")]
pub use by_key::KeepByKey;

#[cfg(feature = "cache")]
mod by_key {
    use core::fmt;
    use core::hash::Hash;

    use super::super::{PolicyLayer, Rules};
    use super::{Call, Ended, KeepResponse};
    use crate::error::Fault;
    use crate::resilience::cache::{Found, Lead, Sharing, Value};

    /// Responses are kept under the key that a function gives; left behind by
    /// [`cache_key`](super::super::PolicyLayer::cache_key).
    ///
    /// # Examples
    ///
    /// See [`PolicyLayer::cache_key`](super::super::PolicyLayer::cache_key).
    #[derive(Clone, Copy)]
    pub struct KeepByKey<F>(pub(in super::super) F);

    impl<Req, Res, J, K, F> KeepResponse<Req, Res, J> for KeepByKey<F>
    where
        F: Fn(&Req) -> Option<K>,
        K: Clone + Hash + Eq + Send + Sync + 'static,
        Res: Value,
        J: Fault + Send,
    {
        type Key = K;
        type Lead = Option<Lead<Res>>;

        fn key(&self, request: &Req) -> Option<K> {
            (self.0)(request)
        }

        async fn look_up<'c>(
            key: Option<&'c K>,
            call: &'c mut Call<'_, J>,
        ) -> Result<Self::Lead, Ended<Res, J>> {
            let Some(key) = key else { return Ok(None) };
            match call.look_up(key, Sharing::values()).await {
                Found::Answer(answer) => Err(answer),
                Found::Lead(lead) => Ok(Some(lead)),
            }
        }

        fn settle(call: &Call<'_, J>, lead: Self::Lead, ended: Ended<Res, J>) -> Ended<Res, J> {
            match lead {
                Some(lead) => call.settle(lead, ended, Sharing::values()),
                None => ended,
            }
        }
    }

    impl<F> fmt::Debug for KeepByKey<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("KeepByKey").finish_non_exhaustive()
        }
    }

    #[expect(clippy::type_complexity, reason = "a layer's type says what it was told")]
    impl<P, Q, V, A, X, B, C, W> PolicyLayer<P, Rules<Q, V, A, X, B, C, W>> {
        /// What the response to a request is kept under, where the policy has a `cache`; `None` for
        /// requests whose responses are not to be kept. The key has to tell apart whatever the service
        /// does, the kind of question included.
        ///
        /// Responses are `Clone`. Those that are classified as failures, and errors, are not kept; an
        /// older response stands in for them as long as the cache allows.
        ///
        /// # Examples
        ///
        /// ```
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// use reliability::error::Rejected;
        /// use reliability::resilience::cache::Cache;
        /// use reliability::resilience::Policy;
        /// use reliability::resilience::tower::PolicyLayer;
        /// use tower::{Layer, ServiceExt, service_fn};
        ///
        /// let cache = Cache::standard("price");
        /// let policy = Policy::builder("price").cache(cache.clone()).build()?;
        /// let prices = PolicyLayer::new(policy)
        ///     // Prices of the day are kept, the others are asked for each time.
        ///     .cache_key(|sku: &&'static str| (*sku != "gold").then_some(*sku))
        ///     .layer(service_fn(|_: &'static str| async { Ok::<_, Rejected>(299) }));
        /// for sku in ["tea", "tea", "gold"] {
        ///     assert_eq!(prices.clone().oneshot(sku).await?, 299);
        /// }
        /// assert_eq!((cache.snapshot().hits, cache.snapshot().size), (1, 1));
        /// # Ok(())
        /// # }
        /// ```
        pub fn cache_key<Req, K, F>(
            self,
            key: F,
        ) -> PolicyLayer<P, Rules<Q, V, A, X, B, KeepByKey<F>, W>>
        where
            F: Fn(&Req) -> Option<K>,
        {
            let rules = self.rules.with_cache(KeepByKey(key));
            PolicyLayer { policy: self.policy, rules }
        }
    }
}
