use super::*;
use crate::resilience::timeout::{Adaptive, Timeout};
use crate::sync::Quantile;

fn adaptive() -> Adaptive {
    Timeout::adaptive(Quantile::P99).times(2.0).min(5 * MS).max(1_000 * MS)
}

/// That many calls one after another, whose work takes `took` and ends as said.
async fn calls(policy: &Policy, number: u32, took: Duration, outcome: Result<(), E>) {
    for _ in 0..number {
        let result = policy
            .call(|| async {
                tokio::time::sleep(took).await;
                outcome.clone()
            })
            .await;
        assert!(result == outcome || result == Err(E::Refused(Reason::TimedOut)), "{result:?}");
    }
}

fn is_about(timeout: Option<Duration>, expected: Duration) -> bool {
    timeout.is_some_and(|timeout| timeout.abs_diff(expected) <= expected / 16)
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_timeout_is_the_longest_until_enough_is_known_and_follows_from_then_on() {
    let policy = Policy::builder("p").timeout(adaptive()).build().unwrap();
    calls(&policy, 99, 20 * MS, Ok(())).await;
    assert_eq!(policy.timeout(), Some(1_000 * MS));
    calls(&policy, 20, 20 * MS, Ok(())).await;
    assert!(is_about(policy.timeout(), 40 * MS), "{:?}", policy.timeout());

    let start = Clock::precise().now();
    let timeout = policy.timeout().unwrap();
    let result: Result<(), E> = policy.call(pending).await;
    assert_eq!(result, Err(E::Refused(Reason::TimedOut)));
    let took = since(start);
    assert!(took >= timeout && took <= timeout + 2 * MS, "{took:?} for {timeout:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_step_in_latency_attempts_come_back_again() {
    let policy = Policy::builder("p").timeout(adaptive()).build().unwrap();
    calls(&policy, 200, 20 * MS, Ok(())).await;
    let before = policy.totals().rejected(Reason::TimedOut);
    calls(&policy, 200, 300 * MS, Ok(())).await;
    let timed_out = policy.totals().rejected(Reason::TimedOut) - before;
    // Five of the two hundred and more are what it takes for p99 to notice, each time.
    assert!((1..=40).contains(&timed_out), "{timed_out}");
    let before = policy.totals().rejected(Reason::TimedOut);
    calls(&policy, 100, 300 * MS, Ok(())).await;
    assert_eq!(policy.totals().rejected(Reason::TimedOut), before);
}

#[tokio::test(start_paused = true)]
async fn errors_that_come_quickly_say_nothing_of_how_long_an_answer_takes() {
    let policy = Policy::builder("p").timeout(adaptive()).build().unwrap();
    calls(&policy, 150, 20 * MS, Ok(())).await;
    calls(&policy, 900, MS, Err(TRANSIENT)).await;
    assert!(is_about(policy.timeout(), 40 * MS), "{:?}", policy.timeout());
    assert_eq!(policy.attempt_latency().count(), 150);

    // An answer that the caller does not like is one, and an error that took long is news.
    calls(&policy, 10, 20 * MS, Err(PERMANENT)).await;
    calls(&policy, 10, 30 * MS, Err(TRANSIENT)).await;
    assert_eq!(policy.attempt_latency().count(), 170);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_and_not_calls_nor_their_pauses_nor_their_queues() {
    let policy = Policy::builder("p")
        .retry(retrying(2, 500 * MS))
        .bulkhead(
            Bulkhead::builder("p").concurrent(1).wait(Duration::from_secs(9)).build().unwrap(),
        )
        .timeout(900 * MS)
        .build()
        .unwrap();
    let attempt = Cell::new(0);
    let one = async {
        policy
            .call(|| async {
                attempt.set(attempt.get() + 1);
                tokio::time::sleep(100 * MS).await;
                if attempt.get() == 1 { Err(TRANSIENT) } else { Ok(()) }
            })
            .await
    };
    let (one, other) = tokio::join!(one, async {
        tokio::time::sleep(MS).await;
        policy
            .call(|| async {
                tokio::time::sleep(100 * MS).await;
                Ok::<_, E>(())
            })
            .await
    });
    assert_eq!((one, other), (Ok(()), Ok(())));
    let recent = policy.attempt_latency();
    assert_eq!(recent.count(), 3);
    let slowest = recent.quantile(Quantile::of(1.0)).unwrap();
    assert!(slowest.abs_diff(100 * MS) <= 7 * MS, "{slowest:?}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_ready_at_once_or_dropped_unpolled_is_not_counted() {
    let policy = Policy::builder("p").timeout(adaptive()).build().unwrap();
    for _ in 0..10 {
        assert_eq!(policy.call(|| async { Ok::<_, E>(()) }).await, Ok(()));
        drop(policy.call(pending::<Result<(), E>>));
    }
    assert_eq!(policy.attempt_latency().count(), 0);
    let mut dropped = Box::pin(policy.call(pending::<Result<(), E>>));
    assert!(poll_once(&mut dropped).await.is_none());
    tokio::time::advance(30 * MS).await;
    drop(dropped);
    assert_eq!(policy.attempt_latency().count(), 1, "it would have taken 30 ms and longer");
}

#[tokio::test(start_paused = true)]
async fn a_fixed_timeout_becomes_adaptive_and_back_while_the_policy_works() {
    let policy = Policy::builder("p").deadline(2_000 * MS).timeout(700 * MS).build().unwrap();
    calls(&policy, 200, 20 * MS, Ok(())).await;
    assert_eq!(policy.timeout(), Some(700 * MS));
    policy.reconfigure(|settings| settings.timeout = Some(adaptive().into())).unwrap();
    assert!(is_about(policy.timeout(), 40 * MS), "{:?}", policy.timeout());
    assert_eq!(policy.settings().timeout, Some(adaptive().into()));

    let too_long = adaptive().max(2_000 * MS);
    let refused = policy.reconfigure(|settings| settings.timeout = Some(too_long.into()));
    assert_eq!(refused.unwrap_err().setting(), "timeout");
    policy.reconfigure(|settings| settings.timeout = Some((700 * MS).into())).unwrap();
    assert_eq!(policy.timeout(), Some(700 * MS));
}
