use core::borrow::Borrow;
use core::future::{Future, poll_fn};
use core::mem;
use core::pin::pin;
use core::task::{Context, Poll};

use tower_service::Service;

use super::ask::Ask;
use super::classify::{ClassifyError, ClassifyResponse};
use super::failed::{Failed, Judged, Outcome};
use super::fallback::Answer;
use super::refuse::Refuse;
use super::repeat::{Repeat, Word};
use super::{ResponseFuture, Rules};
use crate::error::Failure;
use crate::resilience::{Call, Classifier, Next, Policy};

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

impl<S, P, Req, Q, V, A, X, B> Service<Req> for PolicyService<S, P, Rules<Q, V, A, X, B>>
where
    Req: Send + 'static,
    S: Service<Req> + Clone + Send + 'static,
    S::Response: Send + 'static,
    S::Error: Send + 'static,
    S::Future: Send,
    P: Borrow<Policy> + Clone + Send + Sync + 'static,
    Q: Repeat<Req> + Clone + Send + Sync + 'static,
    V: ClassifyError<S::Error> + Clone + Send + Sync + 'static,
    A: ClassifyResponse<S::Response> + Clone + Send + Sync + 'static,
    X: Refuse<S::Response, S::Error> + Clone + Send + Sync + 'static,
    B: Answer<Req, S::Response, S::Error, Kept: Send, Future: Send> + Clone + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = X::Error;
    type Future = ResponseFuture<S::Response, X::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        // Had somebody made the inner service ready before it was wrapped, then what it reserved
        // is used by the first attempt, and not carried along by every clone after it.
        let fresh = self.inner.clone();
        let service = mem::replace(&mut self.inner, fresh);
        ResponseFuture::new(drive(self.policy.clone(), self.rules.clone(), service, request))
    }
}

/// The loop around the attempts, as `#[resilient]` writes it.
async fn drive<S, P, Req, Q, V, A, X, B>(
    policy: P,
    rules: Rules<Q, V, A, X, B>,
    mut service: S,
    mut request: Req,
) -> Result<S::Response, X::Error>
where
    S: Service<Req> + Clone,
    P: Borrow<Policy>,
    Q: Repeat<Req>,
    V: ClassifyError<S::Error>,
    A: ClassifyResponse<S::Response>,
    X: Refuse<S::Response, S::Error>,
    B: Answer<Req, S::Response, S::Error>,
{
    let policy = policy.borrow();
    let classifier = const { &Classifier::by_fault() };
    let mut call = match rules.repeat.word(&request) {
        Word::Once => Call::once(policy, classifier),
        Word::Idempotent => Call::new(policy, classifier),
        Word::Key(key) => Call::new(policy, classifier).with_idempotency_key(key),
    };
    let kept = rules.fallback.keep(&request);
    let result = loop {
        let copy = match call.may_retry() {
            true => rules.repeat.copy(&request),
            false => None,
        };
        let again = copy.map(|request| (service.clone(), request));
        let outcome = {
            let mut ask = pin!(Ask::new(service, request));
            let work = poll_fn(|cx| ask.as_mut().poll_judged(cx, &rules.errors, &rules.responses));
            call.attempt(work).await
        };
        match again {
            None => break call.conclude(outcome),
            Some(again) => match call.judge(outcome) {
                Next::Done(result) => break result,
                Next::Again(pause) => {
                    pause.await;
                    (service, request) = again;
                }
            },
        }
    };
    let result = match (result, kept) {
        (Err(failure), Some(kept)) if call.wants_fallback(&failure) => {
            let failed = Judged::from_failure(failure).failed;
            let answer = rules.fallback.answer(kept, failed);
            call.fall_back(judged(answer, &rules.errors)).await
        }
        (result, _) => result.map_err(Judged::from_failure),
    };
    match result.map_err(|judged| judged.failed) {
        Ok(response) | Err(Failed::Response(response)) => Ok(response),
        Err(Failed::Error(error)) => Err(rules.refuse.error(error)),
        Err(Failed::Rejected(rejected)) => rules.refuse.refuse(rejected),
    }
}

/// The fallback's future, with its error as the driver wants it.
async fn judged<Res, E, V: ClassifyError<E>>(
    answer: impl Future<Output = Result<Res, E>>,
    errors: &V,
) -> Outcome<Res, E> {
    answer.await.map_err(|error| {
        let verdict = errors.judge(&error);
        Judged::new(Failed::Error(error), verdict)
    })
}

impl<Res, E> Judged<Res, E> {
    fn from_failure(failure: Failure<Self>) -> Self {
        failure.into_error()
    }
}
