//! What counts as a failure, and what the caller gets.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use reliability::error::{BadStatus, Class, ErrorMonitor, Failure, Fault, Reason, Rejected};
use reliability::resilience::breaker::State;
use reliability::resilience::tower::{Failed as Cause, PolicyLayer};
use tokio::time::Instant;
use tower::{BoxError, Layer, ServiceExt, service_fn};

use super::{Failed, Probe, SECOND, Step, after, at_once, opens_at, policy};

fn over_nine(answer: &u32) -> Option<Class> {
    (*answer > 9).then_some(Class::Transient)
}

#[tokio::test(start_paused = true)]
async fn a_bad_response_is_retried_counted_and_handed_over_in_the_end() {
    let policy = policy(|to| to.retry(at_once(2)).breaker(opens_at(3)));
    let answers = [10, 1, 11, 12, 13].map(Step::Answer);
    let service = PolicyLayer::new(policy.clone())
        .idempotent()
        .classify_response(over_nine)
        .layer(Probe::new(answers));
    assert_eq!(service.clone().oneshot(()).await, Ok(1));
    assert_eq!(policy.totals().retries(), 1);
    assert_eq!(service.clone().oneshot(()).await, Ok(12), "the last word, as it came");
    assert_eq!(policy.totals().failed(Class::Transient), 1);
    assert_eq!(policy.breaker().unwrap().state(), State::Closed);
    let refused = service.oneshot(()).await;
    assert!(matches!(refused, Err(Failed::Refused(_))), "the breaker opened: {refused:?}");
    assert_eq!(policy.breaker().unwrap().state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_response_says_when_to_come_back() {
    let policy = policy(|to| to.retry(after(SECOND, 2)));
    let begin = Instant::now();
    let service = PolicyLayer::new(policy)
        .idempotent()
        .classify_response(|answer: &u32| {
            let busy = BadStatus::new(http::StatusCode::SERVICE_UNAVAILABLE);
            (*answer > 9).then_some(busy.with_retry_after(7 * SECOND))
        })
        .layer(Probe::new([Step::Answer(10)]));
    assert_eq!(service.oneshot(()).await, Ok(7));
    assert_eq!(begin.elapsed(), 7 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_fail_answers_refusals() {
    let policy = policy(|to| to.breaker(opens_at(1)).timeout(SECOND));
    let pages = PolicyLayer::new(policy.clone())
        .map_rejected(|rejected| rejected.reason().as_str())
        .layer(service_fn(|wait: Duration| async move {
            tokio::time::sleep(wait).await;
            Ok::<_, Infallible>("page")
        }));
    let answers = [Duration::ZERO, 2 * SECOND, Duration::ZERO];
    let mut got = Vec::new();
    for wait in answers {
        got.push(pages.clone().oneshot(wait).await.unwrap());
    }
    assert_eq!(got, ["page", "timed_out", "breaker_open"]);
    assert_eq!(policy.totals().rejected(Reason::TimedOut), 1);
}

/// The error of somebody else: no `Fault`, no place for a refusal.
#[derive(Debug, PartialEq)]
struct Foreign(&'static str);

impl std::fmt::Display for Foreign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Foreign {}

fn busy_is_overloaded(error: &Foreign) -> Class {
    if error.0 == "busy" { Class::Overloaded } else { Class::Permanent }
}

#[tokio::test(start_paused = true)]
async fn errors_of_others_are_classified_and_told_from_refusals() {
    let policy = policy(|to| to.retry(at_once(2)).breaker(opens_at(2)));
    let foreign = service_fn(|word: &'static str| async move { Err::<(), _>(Foreign(word)) });
    let layer = PolicyLayer::new(policy.clone()).idempotent().classify_error(busy_is_overloaded);

    let failures = layer.clone().failures().layer(foreign);
    assert_eq!(failures.clone().oneshot("gone").await, Err(Failure::Error(Foreign("gone"))));
    assert_eq!(policy.totals().retries(), 0);
    assert_eq!(failures.clone().oneshot("busy").await, Err(Failure::Error(Foreign("busy"))));
    assert_eq!(policy.totals().retries(), 1);
    let refused = failures.oneshot("busy").await.unwrap_err();
    assert!(matches!(&refused, Failure::Rejected(it) if it.reason() == Reason::BreakerOpen));

    let boxed = layer.boxed_errors().layer(foreign);
    let refused = boxed.clone().oneshot("busy").await.unwrap_err();
    assert_eq!(refused.rejection().map(Rejected::reason), Some(Reason::BreakerOpen));
    policy.breaker().unwrap().reset();
    let error = boxed.oneshot("gone").await.unwrap_err();
    assert_eq!(error.downcast_ref::<Foreign>(), Some(&Foreign("gone")));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_learns_what_was_asked_for_and_what_went_wrong() {
    let policy = policy(|to| to.fallback().breaker(opens_at(2)));
    let script = [Step::Answer(1), Step::Answer(10), Step::Fail(Class::Transient)];
    let service = PolicyLayer::new(policy.clone())
        .classify_response(over_nine)
        .fallback(
            |request: &&str| request.len() as u32,
            |length, failed: Cause<u32, Failed>| async move {
                match failed {
                    Cause::Response(answer) => Ok(1_000 + answer + length),
                    Cause::Error(Failed::As(Class::Transient)) => Ok(2_000 + length),
                    Cause::Error(error) => Err(error),
                    Cause::Rejected(rejected) => {
                        assert_eq!(rejected.reason(), Reason::BreakerOpen);
                        Err(Failed::As(Class::Permanent))
                    }
                }
            },
        )
        .layer(Probe::new(script));
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(service.clone().oneshot("four").await);
    }
    let last = Err(Failed::As(Class::Permanent));
    assert_eq!(answers, [Ok(1), Ok(1_014), Ok(2_004), last]);
    assert_eq!(policy.totals().fallbacks(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_is_bounded_by_a_deadline_outside_of_it() {
    let policy = policy(|to| to.deadline(3 * SECOND).fallback().timeout(SECOND));
    let begin = Instant::now();
    let service = PolicyLayer::new(policy)
        .fallback(|()| (), |(), _: Cause<u32, Failed>| std::future::pending())
        .layer(Probe::new([Step::Hang]));
    let ended = service.oneshot(()).await;
    assert!(matches!(ended, Err(Failed::Refused(it)) if it.reason() == Reason::DeadlineExceeded));
    assert_eq!(begin.elapsed(), 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_monitor_sees_what_failed_and_not_what_carried_it() {
    let monitor = ErrorMonitor::standard("tower");
    let policy = policy(|to| to.retry(at_once(2)).monitor(&monitor));
    let busy = |answer: &u32| {
        (*answer > 9).then_some(BadStatus::new(http::StatusCode::SERVICE_UNAVAILABLE))
    };
    let told = PolicyLayer::new(policy.clone()).idempotent().classify_response(busy);
    let told = told.layer(Probe::new([Step::Answer(10)]));
    assert_eq!(told.oneshot(()).await, Ok(7));
    let boxed = PolicyLayer::new(policy).layer(service_fn(|()| async {
        Err::<(), BoxError>(Box::new(Failed::As(Class::Cancelled)))
    }));
    boxed.oneshot(()).await.unwrap_err();
    let snapshot = monitor.snapshot();
    let mut examples: Vec<_> = snapshot.groups.iter().map(|group| group.example.as_str()).collect();
    examples.sort_unstable();
    assert_eq!(examples, ["cancelled", "the answer was 503 Service Unavailable"]);
}
