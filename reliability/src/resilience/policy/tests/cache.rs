//! A policy whose answers are kept.

use super::*;
use crate::resilience::Cache;
use crate::resilience::cache::{Found, Sharing};

const SECOND: Duration = Duration::from_secs(1);

fn cache() -> Cache {
    Cache::builder("price").ttl(30 * SECOND).stale(300 * SECOND).build().unwrap()
}

fn policy() -> PolicyBuilder {
    Policy::builder("price").cache(cache())
}

async fn ask(policy: &Policy, answer: Result<u32, E>) -> Result<u32, E> {
    policy.call_cached("tea", Sharing::errors(), || core::future::ready(answer.clone())).await
}

#[tokio::test(start_paused = true)]
async fn a_hit_asks_nothing_of_the_layers_inside() {
    let bulkhead = Bulkhead::builder("price").concurrent(1).queue(0).build().unwrap();
    let breaker = Breaker::builder("price").build().unwrap();
    let policy =
        policy().retry(retrying(3, MS)).breaker(breaker.clone()).bulkhead(bulkhead.clone());
    let policy = policy.build().unwrap();
    assert_eq!(ask(&policy, Ok(1)).await, Ok(1));
    let _full = bulkhead.try_enter().unwrap();
    breaker.force_open();
    assert_eq!(ask(&policy, Ok(2)).await, Ok(1));
    assert_eq!((policy.totals().ok(), policy.totals().finished()), (2, 2));

    tokio::time::advance(30 * SECOND).await;
    assert_eq!(ask(&policy, Ok(3)).await, Ok(1), "stale, because the refresh was refused");
    let seen = policy.cache().unwrap().snapshot();
    assert_eq!((seen.hits, seen.stale_if_error), (1, 1));
    assert_eq!(policy.totals().rejected(Reason::BreakerOpen), 1, "the refresh was a call, too");
}

#[tokio::test(start_paused = true)]
async fn a_miss_is_a_call_with_all_its_attempts() {
    let policy = policy().retry(retrying(3, MS)).build().unwrap();
    let attempts = Cell::new(0);
    let work = || {
        attempts.set(attempts.get() + 1);
        core::future::ready(if attempts.get() < 3 { Err(TRANSIENT) } else { Ok(7) })
    };
    assert_eq!(policy.call_cached("tea", Sharing::values(), work).await, Ok(7));
    assert_eq!((attempts.get(), policy.totals().retries(), policy.totals().ok()), (3, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn without_a_cache_it_is_a_call() {
    let policy = Policy::builder("price").timeout(SECOND).build().unwrap();
    for answer in 0..2 {
        assert_eq!(ask(&policy, Ok(answer)).await, Ok(answer));
    }
    assert_eq!(policy.totals().ok(), 2);
}

/// A call that hangs, polled once, and one that waits for its answer.
async fn follow(policy: &Policy) -> (Result<u32, E>, Duration) {
    let mut leader =
        Box::pin(policy.call_cached("tea", Sharing::errors(), pending::<Result<u32, E>>));
    assert!(poll_once(&mut leader).await.is_none());
    let start = Clock::precise().now();
    let answer = ask(policy, Ok(2)).await;
    (answer, since(start))
}

#[tokio::test(start_paused = true)]
async fn a_deadline_outside_covers_the_wait_and_one_inside_does_not() {
    let outside = Policy::builder("price").deadline(2 * SECOND).cache(cache()).build().unwrap();
    let (answer, took) = follow(&outside).await;
    assert_eq!((answer, took), (Err(E::Refused(Reason::DeadlineExceeded)), 2 * SECOND));

    let inside = policy().deadline(2 * SECOND).build().unwrap();
    let (answer, took) = follow(&inside).await;
    assert_eq!((answer, took), (Err(E::Refused(Reason::TimedOut)), 10 * SECOND));

    let (answer, took) = Deadline::after(SECOND).scope(follow(&inside)).await;
    assert_eq!((answer, took), (Err(E::Refused(Reason::DeadlineExceeded)), SECOND));
    assert_eq!(inside.totals().rejected(Reason::TimedOut), 1);
    assert_eq!(inside.totals().cancelled(), 2, "the leaders were dropped");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_the_deadline_after_the_wait_is_the_works() {
    let policy = Policy::builder("price").deadline(3 * SECOND).cache(cache()).build().unwrap();
    let mut leader =
        Box::pin(policy.call_cached("tea", Sharing::errors(), pending::<Result<u32, E>>));
    assert!(poll_once(&mut leader).await.is_none());
    let start = Clock::precise().now();
    let mut follower =
        Box::pin(policy.call_cached("tea", Sharing::errors(), pending::<Result<u32, E>>));
    assert!(poll_once(&mut follower).await.is_none());
    tokio::time::advance(2 * SECOND).await;
    drop(leader);
    assert_eq!(follower.await, Err(E::Refused(Reason::DeadlineExceeded)));
    assert_eq!(since(start), 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_wherever_it_is_is_counted_once_and_loses_nobody() {
    let policy = policy().deadline(SECOND).build().unwrap();
    let hang = || Box::pin(policy.call_cached("tea", Sharing::errors(), pending::<Result<u32, E>>));
    let (mut leader, mut first, mut second) = (hang(), hang(), hang());
    for call in [&mut leader, &mut first, &mut second] {
        assert!(poll_once(call).await.is_none());
    }
    drop(first);
    drop(leader);
    drop(second);
    assert_eq!((policy.totals().cancelled(), policy.totals().finished()), (3, 3));
    assert_eq!(policy.cache().unwrap().snapshot().in_flight, 0);
    assert_eq!(ask(&policy, Ok(7)).await, Ok(7));
    drop(hang());
    assert_eq!(policy.totals().finished(), 4, "one that was never polled did not happen");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_panics_is_counted_and_the_next_one_calls() {
    let policy = policy().deadline(SECOND).build().unwrap();
    let leader = tokio::spawn({
        let policy = policy.clone();
        async move {
            let work = || async {
                tokio::task::yield_now().await;
                panic!("the leader's own")
            };
            policy.call_cached::<_, u32, E, _, _>("tea", Sharing::errors(), work).await
        }
    });
    tokio::task::yield_now().await;
    assert_eq!(ask(&policy, Ok(2)).await, Ok(2));
    assert!(leader.await.is_err());
    assert_eq!((policy.totals().panicked(), policy.totals().ok()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_inside_is_for_all_who_wait() {
    let policy = policy().timeout(SECOND).build().unwrap();
    let (led, followed) = tokio::join!(
        policy.call_cached("tea", Sharing::values(), pending::<Result<u32, E>>),
        policy.call_cached("tea", Sharing::values(), || async { Ok::<u32, E>(2) }),
    );
    let refused = Err(E::Refused(Reason::TimedOut));
    assert_eq!((led, followed), (refused.clone(), refused));
    assert_eq!(policy.totals().rejected(Reason::TimedOut), 2);
}

#[tokio::test(start_paused = true)]
async fn latency_counts_the_wait_for_an_answer() {
    let policy = policy().deadline(SECOND).build().unwrap();
    let slow = || async {
        tokio::time::sleep(SECOND / 2).await;
        Ok::<u32, E>(1)
    };
    let (led, followed) = tokio::join!(
        policy.call_cached("tea", Sharing::values(), slow),
        policy.call_cached("tea", Sharing::values(), slow),
    );
    assert_eq!((led, followed), (Ok(1), Ok(1)));
    assert_eq!(policy.latency().max(), Some(SECOND / 2));
    assert!(policy.latency().quantile(0.1) >= Some(SECOND / 3), "both of them waited");
}

#[tokio::test(start_paused = true)]
async fn a_stale_value_is_handed_to_whoever_wants_to_refresh_it_elsewhere() {
    let policy = policy().build().unwrap();
    assert_eq!(ask(&policy, Ok(1)).await, Ok(1));
    tokio::time::advance(30 * SECOND).await;
    let errors = Classifier::<E>::by_fault();
    let mut call = Call::new(&policy, &errors);
    let Found::Lead(lead) = call.look_up::<_, u32>("tea", Sharing::values()).await else {
        panic!("it is stale, and nobody refreshes it");
    };
    assert_eq!(lead.stale(), Some(1));
    let refresh = tokio::spawn(async move {
        lead.settle(Ok(2), &Classifier::<E>::by_fault(), Sharing::values()).is_ok()
    });
    assert_eq!(ask(&policy, Ok(3)).await, Ok(1), "meanwhile");
    assert!(refresh.await.unwrap());
    assert_eq!(ask(&policy, Ok(3)).await, Ok(2));
}

#[test]
fn a_cache_stands_outside_of_what_asks_the_dependency() {
    let refused =
        |builder: PolicyBuilder| builder.build().err().map(|invalid| invalid.setting().to_string());
    let plain = || Policy::builder("price");
    let breaker = || Breaker::builder("price").build().unwrap();
    let bulkhead = || Bulkhead::builder("price").build().unwrap();
    for builder in [
        plain().retry(retrying(3, MS)).cache(cache()),
        plain().breaker(breaker()).cache(cache()),
        plain().bulkhead(bulkhead()).cache(cache()),
        plain().timeout(SECOND).cache(cache()),
    ] {
        assert_eq!(refused(builder).as_deref(), Some("cache"));
    }
    assert_eq!(refused(plain().cache(cache()).fallback()).as_deref(), Some("fallback"));
    assert_eq!(refused(plain().fallback().deadline(SECOND).cache(cache()).timeout(MS)), None);
    assert_eq!(refused(plain().fallback().cache(cache()).deadline(SECOND).timeout(MS)), None);
}

#[test]
fn settings_of_the_cache_change_with_the_policys() {
    let policy = policy().build().unwrap();
    policy.reconfigure(|settings| settings.cache.as_mut().unwrap().ttl = SECOND).unwrap();
    assert_eq!(policy.cache().unwrap().settings().ttl, SECOND);
    let refused = policy.reconfigure(|settings| settings.cache = None).unwrap_err();
    assert_eq!(refused.setting(), "cache");
    let refused = policy.reconfigure(|settings| settings.cache.as_mut().unwrap().capacity = 1);
    assert_eq!(refused.unwrap_err().setting(), "capacity");
}
