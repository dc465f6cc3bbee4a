#![expect(clippy::type_complexity, reason = "a layer's type says what it was told, one word each")]

use core::borrow::Borrow;
use core::future::Future;

use tower_layer::Layer;

use super::classify::{ErrorsBy, ResponsesBy};
use super::describe::{Description, RateLimitKeyBy};
use super::fallback::FallbackBy;
use super::priority::PriorityBy;
use super::refuse::{AsBoxed, AsFailure, AsResponse};
use super::{Failed, PolicyService, Rules};
use crate::error::{Fault, Rejected};
use crate::resilience::Policy;
use crate::resilience::concurrency_limit::Priority;
use crate::resilience::rate_limit::KeyHash;

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
    pub(super) policy: P,
    pub(super) rules: R,
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

// What is said of repetition stands in `repeat`, and of answers that are kept in `cached`.
impl<P, Q, V, A, X, B, C, W> PolicyLayer<P, Rules<Q, V, A, X, B, C, W>> {
    /// What the errors of the service are, for an error type that is no [`Fault`]: a
    /// [`Class`](crate::error::Class), or another error that is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::error::Class;
    /// use reliability::resilience::Policy;
    /// use reliability::resilience::tower::PolicyLayer;
    ///
    /// let policy = Policy::builder("search").timeout(Duration::from_secs(1)).build()?;
    /// let layer = PolicyLayer::new(policy)
    ///     .classify_error(|error: &std::fmt::Error| {
    ///         let _ = error;
    ///         Class::Permanent
    ///     })
    ///     .failures();
    /// # let _ = layer;
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::error::{Class, Rejected};
    /// use reliability::resilience::tower::PolicyLayer;
    /// use reliability::resilience::{Breaker, Policy};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let breaker = Breaker::standard("search");
    /// let policy = Policy::builder("search").breaker(breaker.clone()).build()?;
    /// let search = PolicyLayer::new(policy)
    ///     .classify_response(|status: &u16| (*status >= 500).then_some(Class::Transient))
    ///     .layer(service_fn(|_: &'static str| async { Ok::<_, Rejected>(503) }));
    ///
    /// // The caller gets the response as it is, and the breaker has seen a failure.
    /// assert_eq!(search.oneshot("tea").await?, 503);
    /// assert_eq!(breaker.snapshot().window.failures, 1);
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::convert::Infallible;
    /// use reliability::resilience::tower::PolicyLayer;
    /// use reliability::resilience::{Breaker, Policy};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let breaker = Breaker::standard("search");
    /// let policy = Policy::builder("search").breaker(breaker.clone()).build()?;
    /// let search = PolicyLayer::new(policy)
    ///     .classify_error(|never: &Infallible| -> reliability::error::Class { match *never {} })
    ///     .map_rejected(|rejected| format!("not now: {}", rejected.reason().as_str()))
    ///     .layer(service_fn(|_: &'static str| async { Ok(String::from("found")) }));
    ///
    /// breaker.force_open();
    /// assert_eq!(search.oneshot("tea").await?, "not now: breaker_open");
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::io;
    /// use reliability::error::Failure;
    /// use reliability::resilience::tower::PolicyLayer;
    /// use reliability::resilience::{Breaker, Policy};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let policy = Policy::builder("files").breaker(Breaker::standard("files")).build()?;
    /// let files = PolicyLayer::new(policy)
    ///     .failures()
    ///     .layer(service_fn(|_: &'static str| async { Err::<(), _>(io::Error::other("gone")) }));
    /// assert!(matches!(files.oneshot("tea.txt").await, Err(Failure::Error(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn failures(self) -> PolicyLayer<P, Rules<Q, V, A, AsFailure, B, C, W>> {
        self.refuse(AsFailure)
    }

    /// Makes the error a `Box<dyn Error + Send + Sync>`, as most of tower's own layers do. The
    /// [`Fault`] of such an error looks inside.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::io;
    /// use reliability::resilience::tower::PolicyLayer;
    /// use reliability::resilience::{Breaker, Policy};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let policy = Policy::builder("files").breaker(Breaker::standard("files")).build()?;
    /// let files = PolicyLayer::new(policy)
    ///     .boxed_errors()
    ///     .layer(service_fn(|_: &'static str| async { Err::<(), _>(io::Error::other("gone")) }));
    /// assert!(files.oneshot("tea.txt").await.unwrap_err().is::<io::Error>());
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::tower::{Failed, PolicyLayer};
    /// use reliability::resilience::{Breaker, Policy};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let breaker = Breaker::standard("price");
    /// let policy = Policy::builder("price").fallback().breaker(breaker.clone()).build()?;
    /// let prices = PolicyLayer::new(policy)
    ///     .fallback(
    ///         |sku: &String| sku.len() as u32,
    ///         |guess, failed: Failed<u32, Rejected>| async move {
    ///             match failed {
    ///                 Failed::Rejected(_) => Ok(guess * 100),
    ///                 Failed::Error(error) => Err(error),
    ///                 Failed::Response(price) => Ok(price),
    ///             }
    ///         },
    ///     )
    ///     .layer(service_fn(|_: String| async { Ok(299) }));
    ///
    /// breaker.force_open();
    /// assert_eq!(prices.oneshot("tea".to_owned()).await?, 300);
    /// # Ok(())
    /// # }
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::concurrency_limit::Priority;
    /// use reliability::resilience::tower::PolicyLayer;
    /// use reliability::resilience::{ConcurrencyLimit, Policy};
    ///
    /// let limit = ConcurrencyLimit::standard("shop");
    /// let policy = Policy::builder("shop").concurrency_limit(limit).build()?;
    /// let layer = PolicyLayer::new(policy).priority(|request: &http::Request<String>| {
    ///     match request.uri().path() {
    ///         "/checkout" => Priority::Critical,
    ///         "/report" => Priority::Low,
    ///         _ => Priority::High,
    ///     }
    /// });
    /// # let _ = layer;
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
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

    /// Whose a request is, where the policy has a `shared_rate_limit`: the text stands in the key of
    /// the server, and each has a quota of its own. Without it all requests have one together.
    ///
    /// A policy has one rate limit, so this and [`rate_limit_key`](Self::rate_limit_key) replace each
    /// other.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::Policy;
    /// use reliability::resilience::rate_limit::Quota;
    /// use reliability::resilience::rate_limit::redis::{RedisRateLimit, WhileAway};
    /// use reliability::resilience::tower::PolicyLayer;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// // Nothing listens there, so that the process decides by its local quota.
    /// let limit = RedisRateLimit::builder("pages", "redis://127.0.0.1:1/")
    ///     .while_away(WhileAway::Local(Quota::per_hour(1)))
    ///     .build()?;
    /// let policy = Policy::builder("pages").shared_rate_limit(limit).build()?;
    /// let pages = PolicyLayer::new(policy)
    ///     .shared_rate_limit_key(|tenant: &&'static str| *tenant)
    ///     .layer(service_fn(|_| async { Ok::<_, Rejected>("a page") }));
    ///
    /// assert!(pages.clone().oneshot("acme").await.is_ok());
    /// assert!(pages.oneshot("acme").await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    pub fn shared_rate_limit_key<Req, F, T>(
        self,
        key: F,
    ) -> PolicyLayer<P, Rules<Q, V, A, X, B, C, Description<W, super::SharedRateLimitKeyBy<F>>>>
    where
        F: Fn(&Req) -> T,
        T: core::fmt::Display,
    {
        let Self { policy, rules } = self;
        let rules = rules.map_description(|Description { priority, .. }| Description {
            priority,
            rate_limit_key: super::SharedRateLimitKeyBy(key),
        });
        PolicyLayer { policy, rules }
    }
}

impl<S, P: Clone, R: Clone> Layer<S> for PolicyLayer<P, R> {
    type Service = PolicyService<S, P, R>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService::new(inner, self.policy.clone(), self.rules.clone())
    }
}
