use alloc::boxed::Box;
use core::borrow::Borrow;
use core::future::Future;

use tower_service::Service;

use super::Rules;
use super::ask::{Ask, Asking};
use super::cached::KeepResponse;
use super::classify::{ClassifyError, ClassifyResponse};
use super::describe::Describe;
use super::driving::Driving;
use super::failed::{Judged, Outcome};
use super::fallback::Answer;
use super::refuse::{Refuse, reply};
use super::repeat::{Repeat, Word};
use crate::error::Failure;
use crate::resilience::{Call, Classifier, Next, Policy};

/// What the driver takes for an error.
pub(super) type ErrorOf<S, Req, V, A> = Judged<
    <S as Service<Req>>::Response,
    <S as Service<Req>>::Error,
    <V as ClassifyError<<S as Service<Req>>::Error>>::Verdict,
    <A as ClassifyResponse<<S as Service<Req>>::Response>>::Verdict,
>;

/// The loop around the attempts, as `#[resilient]` writes it. A macro, because a future inside of a
/// future is polled and copied once more.
macro_rules! attempts {
    ($call:ident, $rules:ident, $service:ident, $request:ident, $may_repeat:ident) => {
        loop {
            let may_hedge = $may_repeat && $call.may_hedge();
            let may_retry = $call.may_retry();
            let copy = match may_retry || may_hedge {
                true => $rules.repeat.copy(&$request),
                false => None,
            };
            let mut again = copy.map(|copy| ($service.clone(), copy));
            let outcome = match &mut again {
                Some(again) if may_hedge => {
                    // What few calls need is not a part of every call's future.
                    Box::pin(hedged(&mut $call, &$rules, ($service, $request), again)).await
                }
                _ => {
                    let asking = Asking::new($service, $request);
                    let ask = Ask::new(asking, &$rules.errors, &$rules.responses);
                    $call.attempt(ask).await
                }
            };
            // A request that cannot be copied is made once, and this attempt is the last.
            let Some(again) = again.filter(|_| may_retry) else { break $call.conclude(outcome) };
            match $call.judge(outcome) {
                Next::Done(ended) => break ended,
                Next::Again(pause) => {
                    pause.await;
                    ($service, $request) = again;
                }
            }
        }
    };
}

/// One call of a service, from the look into the cache to the fallback: what
/// [`Driving`](super::driving::Driving) does, and what only few policies need.
pub(super) async fn drive<S, P, Req, Q, V, A, X, B, C, W>(
    policy: P,
    rules: Rules<Q, V, A, X, B, C, W>,
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
    C: KeepResponse<Req, S::Response, ErrorOf<S, Req, V, A>>,
    W: Describe<Req>,
{
    let (policy, classifier) = (policy.borrow(), const { &Classifier::by_fault() });
    let word = rules.repeat.word(&request);
    let may_repeat = !matches!(word, Word::Once);
    let mut call =
        if may_repeat { Call::new(policy, classifier) } else { Call::once(policy, classifier) };
    // In place: a call is too large to be handed from hand to hand.
    call.set_priority(rules.description.priority(&request));
    call.set_rate_limit_key(rules.description.rate_limit_key(&request));
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    if let Some(key) = rules.description.shared_rate_limit_key(&request) {
        call.set_shared_rate_limit_key(key);
    }
    if let Word::Key(key) = word {
        call.set_idempotency_key(key);
    }
    let kept = rules.fallback.keep(&request);
    let key = rules.cache.key(&request);
    let ended = match C::look_up(key.as_ref(), &mut call).await {
        Err(ended) => ended,
        Ok(lead) => {
            let ended = attempts!(call, rules, service, request, may_repeat);
            C::settle(&call, lead, ended)
        }
    };
    let failure = match ended {
        Ok(response) => return Ok(response),
        Err(failure) => failure,
    };
    let wanted = kept.filter(|_| call.wants_fallback(&failure));
    let failed = failure.into_error().failed();
    let failed = match wanted {
        Some(kept) => {
            let answer = judged(rules.fallback.answer(kept, failed), &rules.errors);
            // What few calls need is not a part of every call's future.
            match Box::pin(call.fall_back(answer)).await {
                Ok(response) => return Ok(response),
                Err(error) => error.failed(),
            }
        }
        None => failed,
    };
    reply(&rules.refuse, failed)
}

/// One call under a policy that it holds itself, and that sends one request at a time.
pub(super) async fn drive_alone<S, P, Req, Q, V, A, X, B, C, W>(
    policy: P,
    rules: Rules<Q, V, A, X, B, C, W>,
    service: S,
    request: Req,
) -> Result<S::Response, X::Error>
where
    S: Service<Req> + Clone,
    P: Borrow<Policy>,
    Q: Repeat<Req>,
    V: ClassifyError<S::Error>,
    A: ClassifyResponse<S::Response>,
    X: Refuse<S::Response, S::Error>,
    B: Answer<Req, S::Response, S::Error>,
    W: Describe<Req>,
{
    Driving::<_, _, _, B::Future, B::Kept, ErrorOf<S, Req, V, A>, _>::new(
        policy.borrow(),
        rules,
        service,
        request,
    )
    .await
}

/// A hedged attempt, and the request again for one that may follow it.
async fn hedged<S, Req, Q, V, A, X, B, C, W>(
    call: &mut Call<'_, ErrorOf<S, Req, V, A>>,
    rules: &Rules<Q, V, A, X, B, C, W>,
    first: (S, Req),
    again: &mut (S, Req),
) -> Result<S::Response, Failure<ErrorOf<S, Req, V, A>>>
where
    S: Service<Req> + Clone,
    Q: Repeat<Req>,
    V: ClassifyError<S::Error>,
    A: ClassifyResponse<S::Response>,
{
    let (errors, responses) = (&rules.errors, &rules.responses);
    // By unique references, for nothing asks services and requests to be `Sync`.
    let mut first = Some(first);
    let send = move || {
        let further = || Some((again.0.clone(), rules.repeat.copy(&again.1)?));
        let asking = match first.take().or_else(further) {
            Some((service, request)) => Asking::new(service, request),
            // It could be copied once, and cannot any more: the answer is left to those under way.
            None => Asking::Nothing,
        };
        Ask::new(asking, errors, responses)
    };
    call.attempt_hedged(send).await
}

/// The fallback's future, with its error as the driver wants it.
async fn judged<Res, E, V: ClassifyError<E>, A>(
    answer: impl Future<Output = Result<Res, E>>,
    errors: &V,
) -> Outcome<Res, E, V::Verdict, A> {
    answer.await.map_err(|error| {
        let verdict = errors.judge(&error);
        Judged::Error(error, verdict)
    })
}
