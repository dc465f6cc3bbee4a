#![expect(clippy::type_complexity, reason = "a layer's type says what it was told, one word each")]

use core::borrow::Borrow;
use core::future::Future;

use tower_layer::Layer;

#[cfg(feature = "cache")]
use super::cached::KeepByKey;
use super::classify::{ErrorsBy, ResponsesBy};
use super::describe::{Description, RateLimitKeyBy};
use super::fallback::FallbackBy;
use super::priority::PriorityBy;
use super::refuse::{AsBoxed, AsFailure, AsResponse};
use super::repeat::{Idempotent, IdempotentByKey, IdempotentWhen, IdempotentWith};
use super::{Failed, PolicyService, Rules};
use crate::error::{Fault, Rejected};
use crate::resilience::concurrency_limit::Priority;
use crate::resilience::rate_limit::KeyHash;
use crate::resilience::{IdempotencyKey, Policy};

/// A [`Policy`] as a [`tower::Layer`](tower_layer::Layer).
///
/// The policy is one value, and the layer wraps a service in all of it: what nests in what is said
/// by the policy, and checked when it is built. Everything that the layer makes shares the policy.
///
/// Unless it is told otherwise, a layer makes one attempt for each request, asks errors for their
/// [`Fault`], takes every response for a success, and turns refusals into the service's own error.
/// The setters change that, one thing each.
///
/// `P` is what [holds](super::HoldPolicy) the policy: with a `&'static Policy` calls allocate nothing, and
/// touch no reference count, which is what two threads that share a policy would wait for.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::tower::PolicyLayer;
/// use reliability::resilience::{Breaker, Policy, Retry};
/// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
///
/// let policy = Policy::builder("price")
///     .retry(Retry::standard())
///     .breaker(Breaker::standard("price"))
///     .timeout(Duration::from_millis(800))
///     .build()?;
///
/// let mut prices = ServiceBuilder::new()
///     .layer(PolicyLayer::new(policy.clone()).idempotent())
///     .service(service_fn(|sku: &'static str| async move {
///         Ok::<_, Rejected>(if sku == "tea" { 299 } else { 499 })
///     }));
///
/// assert_eq!(prices.ready().await?.call("tea").await?, 299);
/// assert_eq!(policy.totals().ok(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PolicyLayer<P = Policy, R = Rules> {
    policy: P,
    rules: R,
}

impl<P: Borrow<Policy>> PolicyLayer<P> {
    /// The layer of that policy, with one attempt for each request.
    pub fn new(policy: P) -> Self {
        Self { policy, rules: Rules::default() }
    }
}

impl<P: Borrow<Policy>, R> PolicyLayer<P, R> {
    /// The policy.
    pub fn policy(&self) -> &Policy {
        self.policy.borrow()
    }
}

impl<P, Q, V, A, X, B, C, W> PolicyLayer<P, Rules<Q, V, A, X, B, C, W>> {
    /// Says that making a request twice has the effect of making it once: the policy's `retry`
    /// applies. Requests are `Clone`, and each attempt that another one may follow gets a clone.
    pub fn idempotent(self) -> PolicyLayer<P, Rules<Idempotent, V, A, X, B, C, W>> {
        self.repeat(Idempotent)
    }

    /// Says it of those requests for which `when` is true; the others get one attempt.
    ///
    /// Over HTTP the [method](http::Method::is_idempotent) says it, as far as the server keeps to
    /// it.
    pub fn idempotent_when<Req, F>(
        self,
        when: F,
    ) -> PolicyLayer<P, Rules<IdempotentWhen<F>, V, A, X, B, C, W>>
    where
        F: Fn(&Req) -> bool,
    {
        self.repeat(IdempotentWhen(when))
    }

    /// Says it of those requests that `copy` can copy, for requests that are not `Clone`. It is
    /// asked before each attempt that another one may follow; where it gives `None`, that attempt
    /// is the last.
    pub fn idempotent_with<Req, F>(
        self,
        copy: F,
    ) -> PolicyLayer<P, Rules<IdempotentWith<F>, V, A, X, B, C, W>>
    where
        F: Fn(&Req) -> Option<Req>,
    {
        self.repeat(IdempotentWith(copy))
    }

    /// Says it of those requests for which there is a key by which the other side recognises them;
    /// the others get one attempt. All attempts have the same key, as
    /// [`IdempotencyKey::current`].
    pub fn idempotency_key<Req, F>(
        self,
        key: F,
    ) -> PolicyLayer<P, Rules<IdempotentByKey<F>, V, A, X, B, C, W>>
    where
        F: Fn(&Req) -> Option<IdempotencyKey>,
    {
        self.repeat(IdempotentByKey(key))
    }

    fn repeat<N>(self, repeat: N) -> PolicyLayer<P, Rules<N, V, A, X, B, C, W>> {
        PolicyLayer { policy: self.policy, rules: self.rules.with_repeat(repeat) }
    }

    /// What the errors of the service are, for an error type that is no [`Fault`]: a
    /// [`Class`](crate::error::Class), or another error that is one.
    pub fn classify_error<E, F, G>(
        self,
        classify: F,
    ) -> PolicyLayer<P, Rules<Q, ErrorsBy<F>, A, X, B, C, W>>
    where
        F: Fn(&E) -> G,
        G: Fault,
    {
        let rules = self.rules.with_errors(ErrorsBy(classify));
        PolicyLayer { policy: self.policy, rules }
    }

    /// Which responses are failures, and what they are: a [`Class`](crate::error::Class), or any
    /// other [`Fault`].
    ///
    /// To breaker, retry and fallback such a response is an error. If it is the last word of the
    /// call, the caller gets it as what it is, a response.
    pub fn classify_response<Res, F, G>(
        self,
        classify: F,
    ) -> PolicyLayer<P, Rules<Q, V, ResponsesBy<F>, X, B, C, W>>
    where
        F: Fn(&Res) -> Option<G>,
        G: Fault,
    {
        let rules = self.rules.with_responses(ResponsesBy(classify));
        PolicyLayer { policy: self.policy, rules }
    }

    /// Turns refusals into responses, for a service that cannot fail, or to tell its callers how
    /// long to stay away.
    pub fn map_rejected<Res, F>(
        self,
        respond: F,
    ) -> PolicyLayer<P, Rules<Q, V, A, AsResponse<F>, B, C, W>>
    where
        F: Fn(Rejected) -> Res,
    {
        self.refuse(AsResponse(respond))
    }

    /// Makes the error a [`Failure`](crate::error::Failure) around the service's own, for an error
    /// type that is not yours.
    pub fn failures(self) -> PolicyLayer<P, Rules<Q, V, A, AsFailure, B, C, W>> {
        self.refuse(AsFailure)
    }

    /// Makes the error a `Box<dyn Error + Send + Sync>`, as most of tower's own layers do. The
    /// [`Fault`] of such an error looks inside.
    pub fn boxed_errors(self) -> PolicyLayer<P, Rules<Q, V, A, AsBoxed, B, C, W>> {
        self.refuse(AsBoxed)
    }

    fn refuse<N>(self, refuse: N) -> PolicyLayer<P, Rules<Q, V, A, N, B, C, W>> {
        PolicyLayer { policy: self.policy, rules: self.rules.with_refuse(refuse) }
    }

    /// Another answer for when the service has none. `keep` takes what it needs from each request,
    /// before the first attempt; `answer` gets that, and what went wrong.
    ///
    /// It stands where the policy says `fallback`, outermost if it does not say.
    pub fn fallback<Req, Kept, Res, E, K, F, Fut>(
        self,
        keep: K,
        answer: F,
    ) -> PolicyLayer<P, Rules<Q, V, A, X, FallbackBy<K, F>, C, W>>
    where
        K: Fn(&Req) -> Kept,
        F: Fn(Kept, Failed<Res, E>) -> Fut,
        Fut: Future<Output = Result<Res, E>>,
    {
        let rules = self.rules.with_fallback(FallbackBy { keep, answer });
        PolicyLayer { policy: self.policy, rules }
    }
}

impl<P, Q, V, A, X, B, C, W, K> PolicyLayer<P, Rules<Q, V, A, X, B, C, Description<W, K>>> {
    /// How much a request matters, where the policy has a `concurrency_limit`: what matters least is
    /// refused first.
    pub fn priority<Req, F>(
        self,
        priority: F,
    ) -> PolicyLayer<P, Rules<Q, V, A, X, B, C, Description<PriorityBy<F>, K>>>
    where
        F: Fn(&Req) -> Priority,
    {
        let Self { policy, rules } = self;
        let rules = rules.map_description(|Description { rate_limit_key, .. }| Description {
            priority: PriorityBy(priority),
            rate_limit_key,
        });
        PolicyLayer { policy, rules }
    }

    /// Whose a request is, where the policy has a `keyed_rate_limit`: each key has a quota of its
    /// own. Without it all requests have one together.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::Policy;
    /// use reliability::resilience::rate_limit::{KeyHash, KeyedRateLimit, Quota};
    /// use reliability::resilience::tower::PolicyLayer;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let limit = KeyedRateLimit::builder("pages").quota(Quota::per_hour(1)).build()?;
    /// let policy = Policy::builder("pages").keyed_rate_limit(limit).build()?;
    /// let pages = PolicyLayer::new(policy)
    ///     .rate_limit_key(|request: &http::Request<()>| {
    ///         KeyHash::of(&request.headers().get("x-tenant"))
    ///     })
    ///     .layer(service_fn(|_| async { Ok::<_, Rejected>("a page") }));
    ///
    /// let of = |tenant| http::Request::builder().header("x-tenant", tenant).body(());
    /// assert!(pages.clone().oneshot(of("acme")?).await.is_ok());
    /// assert!(pages.clone().oneshot(of("acme")?).await.is_err());
    /// assert!(pages.oneshot(of("other")?).await.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn rate_limit_key<Req, F>(
        self,
        key: F,
    ) -> PolicyLayer<P, Rules<Q, V, A, X, B, C, Description<W, RateLimitKeyBy<F>>>>
    where
        F: Fn(&Req) -> KeyHash,
    {
        let Self { policy, rules } = self;
        let rules = rules.map_description(|Description { priority, .. }| Description {
            priority,
            rate_limit_key: RateLimitKeyBy(key),
        });
        PolicyLayer { policy, rules }
    }
}

#[cfg(feature = "cache")]
impl<P, Q, V, A, X, B, C, W> PolicyLayer<P, Rules<Q, V, A, X, B, C, W>> {
    /// What the response to a request is kept under, where the policy has a `cache`; `None` for
    /// requests whose responses are not to be kept. The key has to tell apart whatever the service
    /// does, the kind of question included.
    ///
    /// Responses are `Clone`. Those that are classified as failures, and errors, are not kept; an
    /// older response stands in for them as long as the cache allows.
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

impl<S, P: Clone, R: Clone> Layer<S> for PolicyLayer<P, R> {
    type Service = PolicyService<S, P, R>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService::new(inner, self.policy.clone(), self.rules.clone())
    }
}
