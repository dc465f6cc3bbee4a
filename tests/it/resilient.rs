//! `#[resilient]` as its users see it.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reliability::error::{Fault, Reason, Rejected};
use reliability::resilience::{IdempotencyKey, Layer, registry, resilient};
use reliability::time::Deadline;
use tokio::time::Instant;

#[derive(Debug, PartialEq, Fault)]
enum Failed {
    #[fault(transient)]
    Reset,
    #[fault(permanent)]
    Unknown,
    #[fault(cancelled)]
    GivenUp,
    #[fault(from)]
    Rejected(Rejected),
}

/// Counts how often it is cloned.
#[derive(Debug, Default)]
struct Counted(Arc<AtomicU32>);

impl Counted {
    fn clones(&self) -> impl Fn() -> u32 + use<> {
        let clones = Arc::clone(&self.0);
        move || clones.load(Ordering::Relaxed)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

fn reason(result: Result<u32, Failed>) -> Option<Reason> {
    result.err().and_then(|error| error.rejection().map(Rejected::reason))
}

#[resilient(timeout = "1s")]
async fn once(argument: Counted) -> Result<u32, Failed> {
    drop(argument);
    Err(Failed::Reset)
}

#[resilient(retry(attempts = 3, backoff = constant("1ms")), idempotent)]
async fn thrice(argument: Counted) -> Result<u32, Failed> {
    drop(argument);
    Err(Failed::Reset)
}

#[resilient(fallback = count_clones, retry(attempts = 3, backoff = constant("1ms")), idempotent)]
async fn thrice_and_after(argument: Counted) -> Result<u32, Failed> {
    drop(argument);
    Err(Failed::Reset)
}

fn count_clones(argument: Counted, _: Failed) -> Result<u32, Failed> {
    Ok(argument.clones()())
}

#[tokio::test(start_paused = true)]
async fn arguments_are_cloned_only_while_somebody_may_want_them_again() {
    let argument = Counted::default();
    let clones = argument.clones();
    assert_eq!(once(argument).await, Err(Failed::Reset));
    assert_eq!(clones(), 0);

    let argument = Counted::default();
    let clones = argument.clones();
    assert_eq!(thrice(argument).await, Err(Failed::Reset));
    assert_eq!(clones(), 2);

    assert_eq!(thrice_and_after(Counted::default()).await, Ok(3));
}

mod never_called {
    use super::*;

    #[resilient(fallback = instead, deadline = "3s", bulkhead(concurrent = 1), breaker, timeout = "1s")]
    pub(super) async fn at_all() -> Result<u32, Failed> {
        pending().await
    }

    fn instead(error: Failed) -> Result<u32, Failed> {
        Err(error)
    }
}

#[test]
fn a_function_is_listed_before_it_is_called_with_its_layers_in_the_written_order() {
    let entry = registry::find("it::resilient::never_called::at_all").unwrap();
    let written =
        [Layer::Fallback, Layer::Deadline, Layer::Bulkhead, Layer::Breaker, Layer::Timeout];
    assert_eq!(entry.policy().layers(), written);
    let site = entry.site().unwrap();
    assert_eq!((site.module, site.item), ("it::resilient::never_called", "at_all"));
    assert!(site.file.ends_with("resilient.rs") && site.line > 0);
    // Called so that it is not unused; without a poll nothing happens.
    drop(never_called::at_all());
}

#[resilient(
    deadline = "10s",
    retry(attempts = 5, backoff = constant("1s"), jitter = none),
    timeout = "3s",
    idempotent
)]
async fn hangs(attempts: &mut u32) -> Result<u32, Failed> {
    *attempts += 1;
    pending().await
}

#[tokio::test(start_paused = true)]
async fn a_timeout_bounds_each_attempt_and_the_deadline_all_of_them() {
    let (start, mut attempts) = (Instant::now(), 0);
    // Attempts end at 3, 7 and 11 seconds; the deadline comes first.
    assert_eq!(reason(hangs(&mut attempts).await), Some(Reason::DeadlineExceeded));
    assert_eq!((attempts, start.elapsed()), (3, Duration::from_secs(10)));
}

#[resilient(deadline = "2s")]
async fn outer() -> Result<u32, Failed> {
    hangs(&mut 0).await
}

#[tokio::test(start_paused = true)]
async fn a_nested_call_inherits_the_deadline() {
    let start = Instant::now();
    assert_eq!(reason(outer().await), Some(Reason::DeadlineExceeded));
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert_eq!(Deadline::current(), None);
}

#[resilient(breaker(window = consecutive(2), open_for = "5s", probes = 1))]
async fn guarded(calls: &mut u32, result: Result<u32, Failed>) -> Result<u32, Failed> {
    *calls += 1;
    result
}

#[tokio::test(start_paused = true)]
async fn the_breaker_opens_for_failures_of_the_dependency_and_closes_again() {
    let mut calls = 0;
    for _ in 0..5 {
        assert_eq!(guarded(&mut calls, Err(Failed::Unknown)).await, Err(Failed::Unknown));
    }
    for _ in 0..2 {
        assert_eq!(guarded(&mut calls, Err(Failed::Reset)).await, Err(Failed::Reset));
    }
    assert_eq!(reason(guarded(&mut calls, Ok(1)).await), Some(Reason::BreakerOpen));
    assert_eq!(calls, 7);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(guarded(&mut calls, Ok(1)).await, Ok(1));
    assert_eq!(guarded(&mut calls, Ok(2)).await, Ok(2));
}

#[resilient(fallback(zero, except(permanent)), timeout = "1s")]
async fn excused(result: Result<u32, Failed>) -> Result<u32, Failed> {
    result
}

async fn zero(_: Result<u32, Failed>, _: Failed) -> Result<u32, Failed> {
    tokio::task::yield_now().await;
    Ok(0)
}

impl Clone for Failed {
    fn clone(&self) -> Self {
        match self {
            Failed::Reset => Failed::Reset,
            Failed::Unknown => Failed::Unknown,
            Failed::GivenUp => Failed::GivenUp,
            Failed::Rejected(rejected) => Failed::Rejected(rejected.clone()),
        }
    }
}

#[tokio::test]
async fn the_fallback_answers_but_for_excluded_classes_and_cancelled_calls() {
    assert_eq!(excused(Ok(1)).await, Ok(1));
    assert_eq!(excused(Err(Failed::Reset)).await, Ok(0));
    assert_eq!(excused(Err(Failed::Unknown)).await, Err(Failed::Unknown));
    assert_eq!(excused(Err(Failed::GivenUp)).await, Err(Failed::GivenUp));
}

#[resilient(
    retry(attempts = 3, backoff = constant("1s")),
    idempotency_key = next(keys_made),
)]
async fn keyed(keys_made: &mut u32, seen: &mut Vec<String>) -> Result<u32, Failed> {
    assert_eq!(*keys_made, 7);
    seen.extend(IdempotencyKey::current().map(|key| key.to_string()));
    tokio::task::yield_now().await;
    seen.extend(IdempotencyKey::current().map(|key| key.to_string()));
    Err(Failed::Reset)
}

fn next(keys_made: &mut u32) -> u32 {
    *keys_made += 1;
    *keys_made
}

#[tokio::test(start_paused = true)]
async fn the_idempotency_key_is_made_once_and_is_the_same_for_all_attempts() {
    let (mut keys_made, mut seen) = (6, Vec::new());
    assert_eq!(keyed(&mut keys_made, &mut seen).await, Err(Failed::Reset));
    assert_eq!((keys_made, seen), (7, vec!["7".to_owned(); 6]));
    assert_eq!(IdempotencyKey::current(), None);
}

#[resilient(key = tenant, breaker(window = consecutive(1)))]
async fn per_tenant(tenant: &str, result: Result<u32, Failed>) -> Result<u32, Failed> {
    assert!(!tenant.is_empty());
    result
}

#[tokio::test]
async fn each_key_has_a_breaker_of_its_own() {
    assert_eq!(per_tenant("a", Err(Failed::Reset)).await, Err(Failed::Reset));
    assert_eq!(reason(per_tenant("a", Ok(1)).await), Some(Reason::BreakerOpen));
    assert_eq!(per_tenant("b", Ok(1)).await, Ok(1));
}

#[resilient(
    fallback = yielding_zero,
    retry(attempts = 2, backoff = constant("1ms"), jitter = none),
    bulkhead(concurrent = 1),
    idempotent
)]
async fn yielding(yields: u32) -> Result<u32, Failed> {
    for _ in 0..yields {
        tokio::task::yield_now().await;
    }
    Err(Failed::Reset)
}

async fn yielding_zero(yields: u32, _: Failed) -> Result<u32, Failed> {
    for _ in 0..yields {
        tokio::task::yield_now().await;
    }
    Ok(0)
}

/// Polls at most `polls` times, and then drops.
async fn drop_after<F: Future>(polls: u32, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_any_await_gives_its_place_back() {
    let policy = registry::find("it::resilient::yielding").unwrap();
    let bulkhead = policy.policy().bulkhead().unwrap();
    let mut finished = false;
    for polls in 0..40 {
        finished |= drop_after(polls, yielding(3)).await.is_some();
        assert_eq!(bulkhead.in_use(), 0, "after {polls} polls");
    }
    assert!(finished);
}

#[test]
fn a_call_that_does_not_wait_is_ready_at_once() {
    let mut call = pin!(guarded_never());
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(call.as_mut().poll(&mut context), Poll::Ready(Ok(1)));
}

#[resilient(deadline = "3s", retry, breaker, bulkhead(concurrent = 4), timeout = "1s", idempotent)]
async fn guarded_never() -> Result<u32, Failed> {
    Ok(1)
}

#[derive(Debug, Fault)]
enum Busy {
    #[fault(overloaded, retry_after = after)]
    For { after: Duration },
    #[fault(from)]
    Rejected(Rejected),
}

#[resilient(
    retry(attempts = 2, backoff = constant("1ms"), retry_after_max = "5s"),
    idempotent
)]
async fn busy(attempts: &mut u32, after: Duration) -> Result<u32, Busy> {
    *attempts += 1;
    Err(Busy::For { after })
}

#[tokio::test(start_paused = true)]
async fn who_asks_us_to_stay_away_for_too_long_is_not_asked_again() {
    for (after, expected) in [(Duration::from_secs(5), 2), (Duration::from_secs(6), 1)] {
        let mut attempts = 0;
        assert!(busy(&mut attempts, after).await.is_err());
        assert_eq!(attempts, expected, "{after:?}");
    }
}
