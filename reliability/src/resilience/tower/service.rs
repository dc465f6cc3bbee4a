use core::borrow::Borrow;
use core::mem;
use core::task::{Context, Poll};

use tower_service::Service;

use super::cached::KeepResponse;
use super::classify::{ClassifyError, ClassifyResponse};
use super::describe::Describe;
use super::drive::{ErrorOf, drive, drive_alone};
use super::driving::{Driving, DrivingOf};
use super::fallback::Answer;
use super::refuse::Refuse;
use super::repeat::Repeat;
use super::{HoldPolicy, ResponseFuture, Rules};
use crate::resilience::Policy;

/// A service with a [`Policy`] around it; made by [`PolicyLayer`](super::PolicyLayer).
///
/// Clones share the policy: its breaker, its places, its budget and its counters.
///
/// # Readiness
///
/// It is always ready, and being ready reserves nothing: whoever polls it and then drops it, or
/// never calls it, has taken nothing from anybody. A policy says no by refusing the call, because
/// a caller that is kept waiting in `poll_ready` is one whose wait no deadline bounds. The inner
/// service is asked for its readiness inside each attempt, under timeout and deadline, and the
/// clone that became ready is the one that is called.
///
/// What a middleware further out does with readiness - a balancer that prefers ready services, a
/// load shedder - has nothing to go by here.
///
/// # Cancel safety
///
/// As [`ResponseFuture`].
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::{Reason, Rejected};
/// use reliability::resilience::Policy;
/// use reliability::resilience::tower::{PolicyLayer, PolicyService};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// let policy = Policy::builder("price").timeout(Duration::from_millis(5)).build()?;
/// let slow = service_fn(|_: &'static str| async {
///     tokio::time::sleep(Duration::from_secs(3_600)).await;
///     Ok::<u32, Rejected>(299)
/// });
/// let prices: PolicyService<_> = PolicyLayer::new(policy).layer(slow);
/// let refused = prices.clone().oneshot("tea").await.unwrap_err();
/// assert_eq!(refused.reason(), Reason::TimedOut);
/// assert_eq!(prices.policy().totals().rejected(Reason::TimedOut), 1);
///
/// // What is inside can still be asked without the policy.
/// assert!(format!("{:?}", prices.inner()).starts_with("ServiceFn"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PolicyService<S, P = Policy, R = Rules> {
    inner: S,
    policy: P,
    rules: R,
}

impl<S, P, R> PolicyService<S, P, R> {
    pub(super) fn new(inner: S, policy: P, rules: R) -> Self {
        Self { inner, policy, rules }
    }

    /// The service inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The policy around it.
    pub fn policy(&self) -> &Policy
    where
        P: Borrow<Policy>,
    {
        self.policy.borrow()
    }
}

impl<S, P, Req, Q, V, A, X, B, C, W> Service<Req>
    for PolicyService<S, P, Rules<Q, V, A, X, B, C, W>>
where
    Req: Send + 'static,
    S: Service<Req, Response: Send + 'static, Error: Send + 'static, Future: Send>,
    S: Clone + Send + 'static,
    P: HoldPolicy,
    Q: Repeat<Req> + Clone + Send + Sync + 'static,
    V: ClassifyError<S::Error, Verdict: Send> + Clone + Send + Sync + 'static,
    A: ClassifyResponse<S::Response, Verdict: Send> + Clone + Send + Sync + 'static,
    X: Refuse<S::Response, S::Error> + Clone + Send + Sync + 'static,
    B: Answer<Req, S::Response, S::Error, Kept: Send, Future: Send>,
    B: Clone + Send + Sync + 'static,
    C: KeepResponse<Req, S::Response, ErrorOf<S, Req, V, A>> + Clone + Send + Sync + 'static,
    W: Describe<Req> + Clone + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = X::Error;
    type Future = P::Future<S::Response, X::Error, DrivingOf<S, Req, Q, V, A, X, B, C, W>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        // Had somebody made the inner service ready before it was wrapped, then what it reserved
        // is used by the first attempt, and not carried along by every clone after it.
        let fresh = self.inner.clone();
        let service = mem::replace(&mut self.inner, fresh);
        self.policy.begin(
            (self.rules.clone(), service, request),
            |policy, (rules, service, request)| Driving::new(policy, rules, service, request),
            |policy, (rules, service, request)| {
                if policy.borrow().sends_one_request_at_a_time() {
                    ResponseFuture::new(drive_alone(policy, rules, service, request))
                } else {
                    ResponseFuture::new(drive(policy, rules, service, request))
                }
            },
        )
    }
}
