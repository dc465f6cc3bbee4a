//! The driver under fire: one policy, many ways to end.
#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::{Future, pending, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Mutex;

use super::*;
use crate::error::{Class, Reason};
use crate::resilience::{Backoff, Jitter, Retry, RetryBudget, breaker};
use crate::time::{Clock, Deadline};

const MS: Duration = Duration::from_millis(1);

/// An error of a chosen class, or a refusal.
#[derive(Debug, Clone, PartialEq)]
enum E {
    Of(Class),
    After(Duration),
    Refused(Reason),
}

impl Fault for E {
    fn class(&self) -> Class {
        match self {
            E::Of(class) => *class,
            E::After(_) => Class::Overloaded,
            E::Refused(reason) => reason.class(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            E::After(after) => Some(*after),
            E::Of(_) | E::Refused(_) => None,
        }
    }
}

impl From<Rejected> for E {
    fn from(rejected: Rejected) -> Self {
        E::Refused(rejected.reason())
    }
}

const TRANSIENT: E = E::Of(Class::Transient);
const PERMANENT: E = E::Of(Class::Permanent);

fn retrying(attempts: u32, pause: Duration) -> Retry {
    Retry::attempts(attempts).backoff(Backoff::constant(pause).jitter(Jitter::None))
}

/// Work that ends as the script says, one entry per attempt.
async fn scripted(policy: &Policy, script: &[Result<u32, E>]) -> (Result<u32, E>, usize) {
    let attempt = Cell::new(0);
    let result = policy
        .call(|| {
            let outcome = script[attempt.get()].clone();
            attempt.set(attempt.get() + 1);
            async { outcome }
        })
        .await;
    (result, attempt.get())
}

#[tokio::test(start_paused = true)]
async fn transient_errors_are_retried_until_one_attempt_succeeds() {
    let policy = Policy::builder("p").retry(retrying(4, 10 * MS)).build().unwrap();
    let start = Clock::precise().now();
    let (result, attempts) = scripted(&policy, &[Err(TRANSIENT), Err(TRANSIENT), Ok(7)]).await;
    assert_eq!((result, attempts), (Ok(7), 3));
    assert_eq!(policy.totals().ok(), 1);
    assert_eq!(policy.totals().retries(), 2);
    assert_eq!(Clock::precise().now().saturating_duration_since(start), 20 * MS);
}

#[tokio::test(start_paused = true)]
async fn attempts_count_the_first_call() {
    let policy = Policy::builder("p").retry(retrying(2, MS)).build().unwrap();
    let (result, attempts) = scripted(&policy, &[Err(TRANSIENT), Err(TRANSIENT), Ok(7)]).await;
    assert_eq!((result, attempts), (Err(TRANSIENT), 2));
    assert_eq!(policy.totals().failed(Class::Transient), 1);
}

#[tokio::test(start_paused = true)]
async fn permanent_and_cancelled_errors_are_not_retried() {
    let policy = Policy::builder("p").retry(retrying(4, MS)).build().unwrap();
    for class in [Class::Permanent, Class::Cancelled] {
        let (result, attempts) = scripted(&policy, &[Err(E::Of(class)), Ok(7)]).await;
        assert_eq!((result, attempts), (Err(E::Of(class)), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_makes_the_pause_longer_and_never_shorter() {
    let policy = Policy::builder("p").retry(retrying(3, 10 * MS)).build().unwrap();
    for (asked, waited) in [(30 * MS, 30 * MS), (MS, 10 * MS)] {
        let start = Clock::precise().now();
        let (result, _) = scripted(&policy, &[Err(E::After(asked)), Ok(1)]).await;
        assert_eq!(result, Ok(1));
        assert_eq!(Clock::precise().now().saturating_duration_since(start), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_hangs_times_out_and_is_retried() {
    let policy = Policy::builder("p").retry(retrying(2, MS)).timeout(50 * MS).build().unwrap();
    let result: Result<(), E> = policy.call(pending).await;
    assert_eq!(result, Err(E::Refused(Reason::TimedOut)));
    assert_eq!(policy.totals().retries(), 1);
    assert_eq!(policy.totals().rejected(Reason::TimedOut), 1);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_bounds_attempts_and_pauses_together() {
    let policy = Policy::builder("p")
        .deadline(130 * MS)
        .retry(retrying(100, 10 * MS))
        .timeout(50 * MS)
        .build()
        .unwrap();
    let start = Clock::precise().now();
    let result: Result<(), E> = policy.call(pending).await;
    assert_eq!(result, Err(E::Refused(Reason::DeadlineExceeded)));
    // 50 + 10 + 50 + 10, and what is left for the third attempt.
    assert_eq!(Clock::precise().now().saturating_duration_since(start), 130 * MS);
    assert_eq!(policy.totals().retries(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pause_never_ends_after_the_deadline() {
    let policy =
        Policy::builder("p").deadline(100 * MS).retry(retrying(9, 60 * MS)).build().unwrap();
    let start = Clock::precise().now();
    let (result, attempts) =
        scripted(&policy, &[Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT)]).await;
    assert_eq!((result, attempts), (Err(TRANSIENT), 2));
    assert_eq!(Clock::precise().now().saturating_duration_since(start), 60 * MS);
}

#[tokio::test(start_paused = true)]
async fn a_nested_call_inherits_the_deadline_that_is_earlier() {
    let outer = Policy::builder("outer").deadline(100 * MS).build().unwrap();
    let inner = Policy::builder("inner").deadline(Duration::from_secs(60)).build().unwrap();
    let seen = Mutex::new(Vec::new());
    let result: Result<(), E> = outer
        .call(|| async {
            let answer: Result<(), E> = inner.call(pending).await;
            seen.lock().unwrap().push(answer.clone());
            answer
        })
        .await;
    // Both end at the same moment; whoever is polled first tells, and the outcome is the same.
    assert_eq!(result, Err(E::Refused(Reason::DeadlineExceeded)));
    assert_eq!(inner.totals().finished(), 1);
    assert_eq!(
        outer.totals().rejected(Reason::DeadlineExceeded) + outer.totals().failed(Class::Transient),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_under_a_deadline_that_has_passed_is_not_attempted() {
    let policy = Policy::builder("p").timeout(MS).build().unwrap();
    let deadline = Deadline::after(Duration::ZERO);
    let (result, attempts) = deadline
        .scope(async {
            let attempts = Cell::new(0);
            let work = || async {
                attempts.set(attempts.get() + 1);
                Ok::<_, E>(())
            };
            (policy.call(work).await, attempts.get())
        })
        .await;
    assert_eq!((result, attempts), (Err(E::Refused(Reason::DeadlineExceeded)), 0));
}

#[tokio::test(start_paused = true)]
async fn the_body_sees_the_deadline_of_its_own_policy() {
    let policy = Policy::builder("p").deadline(70 * MS).build().unwrap();
    let result: Result<Option<Deadline>, E> =
        policy.call(|| async { Ok(Deadline::current()) }).await;
    assert_eq!(result, Ok(Some(Deadline::after(70 * MS))));
    assert_eq!(Deadline::current(), None);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_budget_ends_the_call_with_the_error_it_had() {
    let budget = RetryBudget::builder("b").ratio(0.1).capacity(1).build().unwrap();
    let policy = Policy::builder("p").retry(retrying(5, MS).budget(budget)).build().unwrap();
    let failing = [Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT), Err(TRANSIENT)];
    let (result, attempts) = scripted(&policy, &failing).await;
    assert_eq!((result, attempts), (Err(TRANSIENT), 2));
    assert_eq!(policy.totals().retries_denied(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_fallback_gets_the_error_and_bounds_are_as_written() {
    let policy = Policy::builder("p").fallback().timeout(10 * MS).build().unwrap();
    let answer = policy
        .call_or(pending::<Result<String, E>>, |error| async move { Ok(format!("{error:?}")) })
        .await;
    assert_eq!(answer, Ok("Refused(TimedOut)".to_string()));
    assert_eq!(policy.totals().fallbacks(), 1);

    let hurried =
        Policy::builder("p").deadline(10 * MS).fallback().timeout(5 * MS).build().unwrap();
    let answer: Result<u32, E> = hurried.call_or(pending, |_| pending()).await;
    assert_eq!(answer, Err(E::Refused(Reason::DeadlineExceeded)));

    let late = Policy::builder("p").deadline(10 * MS).fallback().build().unwrap();
    let answer: Result<u32, E> = late.call_or(pending, |_| async { Ok(1) }).await;
    assert_eq!(answer, Err(E::Refused(Reason::DeadlineExceeded)), "the deadline is outermost");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_error_does_not_reach_the_fallback() {
    let policy = Policy::builder("p").fallback().timeout(MS).build().unwrap();
    let answer: Result<u32, E> =
        policy.call_or(|| async { Err(E::Of(Class::Cancelled)) }, |_| async { Ok(1) }).await;
    assert_eq!(answer, Err(E::Of(Class::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn the_key_is_the_same_in_every_attempt() {
    let policy = Policy::builder("p").retry(retrying(3, MS)).build().unwrap();
    let mut call = Call::new(&policy, Classifier::<E>::by_fault())
        .with_idempotency_key(IdempotencyKey::new("order-17"));
    let mut keys = Vec::new();
    let result: Result<(), Failure<E>> = loop {
        let outcome = call
            .attempt(async {
                tokio::task::yield_now().await;
                keys.push(IdempotencyKey::current().unwrap().to_string());
                Err(TRANSIENT)
            })
            .await;
        match call.judge(outcome) {
            Next::Done(result) => break result,
            Next::Again(pause) => pause.await,
        }
    };
    assert!(result.is_err());
    assert_eq!(keys, ["order-17"; 3]);
    assert_eq!(IdempotencyKey::current(), None);
}

#[tokio::test(start_paused = true)]
async fn latency_counts_calls_that_waited_and_calls_that_did_not() {
    let policy = Policy::builder("p").timeout(Duration::from_secs(1)).build().unwrap();
    for _ in 0..99 {
        policy.call(|| async { Ok::<_, E>(()) }).await.unwrap();
    }
    policy
        .call(|| async {
            tokio::time::sleep(100 * MS).await;
            Ok::<_, E>(())
        })
        .await
        .unwrap();
    let latency = policy.latency();
    assert_eq!(latency.count(), 100);
    assert!(latency.quantile(0.99) < Some(MS));
    assert_eq!(latency.max(), Some(100 * MS));
}

#[test]
fn a_call_that_is_ready_at_once_needs_no_runtime() {
    let policy = full_policy();
    let mut call = pin!(policy.call(|| async { Ok::<_, E>(7) }));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(call.as_mut().poll(&mut cx), Poll::Ready(Ok(7)));
}

fn full_policy() -> Policy {
    Policy::builder("full")
        .fallback()
        .deadline(Duration::from_secs(3))
        .retry(retrying(3, 10 * MS))
        .breaker(Breaker::builder("full").probes(1).build().unwrap())
        .bulkhead(Bulkhead::builder("full").concurrent(1).queue(4).wait(500 * MS).build().unwrap())
        .timeout(800 * MS)
        .build()
        .unwrap()
}

/// Nothing is held, and one more call goes through.
async fn assert_whole(policy: &Policy) {
    assert_eq!(policy.bulkhead().map(Bulkhead::in_use), Some(0));
    assert_eq!(policy.bulkhead().map(Bulkhead::queued), Some(0));
    assert_eq!(policy.call(|| async { Ok::<_, E>(7) }).await, Ok(7));
}

/// Polls `future` that many times, letting timers fire between, and drops it.
async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx)));
        if let Poll::Ready(output) = once.await {
            return Some(output);
        }
        tokio::time::advance(7 * MS).await;
    }
    None
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_at_any_poll_gives_everything_back() {
    let work = || async {
        for _ in 0..3 {
            tokio::time::sleep(5 * MS).await;
        }
        Err::<(), _>(TRANSIENT)
    };
    let mut completed = false;
    for polls in 1..60 {
        let policy = full_policy();
        completed |= drop_after(polls, policy.call(work)).await.is_some();
        assert_eq!(policy.totals().finished(), 1, "after {polls} polls");
        assert_whole(&policy).await;
    }
    assert!(completed, "the last round must see the whole call");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_that_waits_in_the_queue_gives_the_place_back() {
    for polls in 1..4 {
        let policy = full_policy();
        let mut holder = Box::pin(policy.call(pending::<Result<(), E>>));
        assert!(drop_after_ref(&mut holder).await.is_none());
        assert!(drop_after(polls, policy.call(|| async { Ok::<_, E>(()) })).await.is_none());
        assert_eq!(policy.bulkhead().map(Bulkhead::queued), Some(0));
        drop(holder);
        assert_whole(&policy).await;
    }
}

async fn drop_after_ref<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx)));
    match once.await {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_a_long_wait_ends() {
    let policy = Policy::builder("p")
        .bulkhead(Bulkhead::builder("p").concurrent(1).queue(1).wait(20 * MS).build().unwrap())
        .timeout(Duration::from_secs(9))
        .build()
        .unwrap();
    let mut holder = Box::pin(policy.call(pending::<Result<(), E>>));
    assert!(drop_after_ref(&mut holder).await.is_none());
    let mut waiter = Box::pin(policy.call(|| async { Ok::<_, E>(()) }));
    assert!(drop_after_ref(&mut waiter).await.is_none());
    let full = Err(E::Refused(Reason::BulkheadFull));
    assert_eq!(policy.call(|| async { Ok::<_, E>(()) }).await, full);
    assert_eq!(waiter.await, full);
    drop(holder);
    assert_eq!(policy.call(|| async { Ok::<_, E>(()) }).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_work_is_counted_and_gives_everything_back() {
    let policy = full_policy();
    let clone = policy.clone();
    let joined = tokio::spawn(async move {
        let work = || async {
            tokio::time::sleep(MS).await;
            panic!("the work's own")
        };
        clone.call::<(), E, _, _>(work).await
    })
    .await;
    assert!(joined.is_err_and(|error| error.is_panic()));
    assert_eq!(policy.totals().panicked(), 1);
    assert_whole(&policy).await;
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_neither_slept_on_nor_retried_unless_asked() {
    for (retry, attempts) in [(retrying(5, MS), 1), (retrying(2, MS).also_when_breaker_open(), 2)] {
        let breaker = Breaker::builder("p").open_for(50 * MS).build().unwrap();
        breaker.force_open();
        let policy = Policy::builder("p").retry(retry).breaker(breaker).build().unwrap();
        let (result, made) = scripted(&policy, &[Ok(1), Ok(1)]).await;
        assert_eq!((result, made), (Err(E::Refused(Reason::BreakerOpen)), attempts));
    }
}

#[tokio::test(start_paused = true)]
async fn hangs_open_a_breaker_that_stands_outside_of_the_timeout() {
    let breaker = Breaker::builder("p").window(breaker::Window::consecutive(2)).build().unwrap();
    let policy = Policy::builder("p").breaker(breaker).timeout(10 * MS).build().unwrap();
    for reason in [Reason::TimedOut, Reason::TimedOut, Reason::BreakerOpen] {
        let result: Result<(), E> = policy.call(pending).await;
        assert_eq!(result, Err(E::Refused(reason)));
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_own_deadline_counts_against_the_dependency() {
    let open_after = |policy: &Policy| policy.breaker().unwrap().acquire().is_err();
    let make = || {
        let breaker =
            Breaker::builder("p").window(breaker::Window::consecutive(1)).build().unwrap();
        Policy::builder("p").deadline(50 * MS).breaker(breaker).build().unwrap()
    };

    let own = make();
    assert!(own.call(pending::<Result<(), E>>).await.is_err());
    assert!(open_after(&own));

    let inherited = make();
    let call = inherited.call(pending::<Result<(), E>>);
    assert!(Deadline::after(10 * MS).scope(call).await.is_err());
    assert!(!open_after(&inherited));
}

#[tokio::test(start_paused = true)]
async fn a_permanent_error_is_a_success_for_the_breaker() {
    let breaker = Breaker::builder("p").window(breaker::Window::consecutive(1)).build().unwrap();
    let policy = Policy::builder("p").breaker(breaker).build().unwrap();
    for _ in 0..3 {
        let (result, _) = scripted(&policy, &[Err(PERMANENT)]).await;
        assert_eq!(result, Err(PERMANENT));
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_outside_of_retry_counts_calls_and_one_inside_counts_attempts() {
    let make = |outside: bool| {
        let breaker =
            Breaker::builder("p").window(breaker::Window::consecutive(2)).build().unwrap();
        let retry = retrying(2, MS);
        let builder = Policy::builder("p");
        let builder = if outside {
            builder.breaker(breaker).retry(retry)
        } else {
            builder.retry(retry).breaker(breaker)
        };
        builder.build().unwrap()
    };
    let failing = [Err(TRANSIENT), Err(TRANSIENT)];
    let outside = make(true);
    assert_eq!(scripted(&outside, &failing).await, (Err(TRANSIENT), 2));
    assert!(outside.breaker().unwrap().acquire().is_ok());
    assert_eq!(scripted(&outside, &failing).await, (Err(TRANSIENT), 2));
    assert!(outside.breaker().unwrap().acquire().is_err());

    let inside = make(false);
    assert_eq!(scripted(&inside, &failing).await, (Err(TRANSIENT), 2));
    assert!(inside.breaker().unwrap().acquire().is_err());
}

#[tokio::test(start_paused = true)]
async fn settings_change_while_the_policy_works_and_a_bad_one_changes_nothing() {
    let policy = full_policy();
    let before = policy.settings();
    let mut settings = before.clone();
    settings.timeout = Some(5 * MS);
    settings.attempts = Some(0);
    assert!(policy.reconfigure(&settings).is_err());
    assert_eq!(policy.settings(), before);

    settings.attempts = Some(1);
    policy.reconfigure(&settings).unwrap();
    let result: Result<(), E> = policy.call(pending).await;
    assert_eq!(result, Err(E::Refused(Reason::TimedOut)));
    assert_eq!(policy.totals().retries(), 0);

    settings.deadline = None;
    let refused = policy.reconfigure(&settings).unwrap_err();
    assert!(refused.to_string().contains("layers are fixed"), "{refused}");
}

#[tokio::test]
async fn many_tasks_share_one_policy_and_every_call_is_counted_once() {
    let policy = Arc::new(full_policy());
    let tasks: Vec<_> = (0..200_u32)
        .map(|task| {
            let policy = Arc::clone(&policy);
            tokio::spawn(async move {
                let work = || async {
                    tokio::task::yield_now().await;
                    Ok::<_, E>(task)
                };
                policy.call(work).await
            })
        })
        .collect();
    let mut ok = 0;
    for task in tasks {
        ok += u64::from(task.await.unwrap().is_ok());
    }
    assert_eq!(policy.totals().ok(), ok);
    assert_eq!(policy.totals().finished(), 200);
    assert_whole(&policy).await;
}
