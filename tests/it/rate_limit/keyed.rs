//! A rate limit that counts per key, in a policy: by an attribute and by hand.

use std::cell::Cell;
use std::time::Duration;

use proptest::prelude::*;
use reliability::error::{Failure, Reason, Rejected};
use reliability::resilience::rate_limit::{KeyHash, KeyedRateLimit, Quota};
use reliability::resilience::{Call, Classifier, Policy, registry, resilient};
use reliability::telemetry::{self, RateLimitSnapshot};
use tokio::time::{advance, timeout};

const MS: Duration = Duration::from_millis(1);

fn is_limited<T>(result: &Result<T, Rejected>) -> bool {
    result.as_ref().is_err_and(|rejected| rejected.reason() == Reason::RateLimited)
}

#[resilient(
    rate_limit("10/s", burst = 1, key = count(evaluated)),
    retry(attempts = 5, backoff = constant("1ms"), jitter = none),
    idempotent
)]
async fn retried(evaluated: &Cell<u32>, made: &Cell<u32>) -> Result<u32, Rejected> {
    made.set(made.get() + 1);
    if made.get() < 3 { Err(Rejected::new(Reason::TimedOut, "test")) } else { Ok(made.get()) }
}

fn count(evaluated: &Cell<u32>) -> u32 {
    evaluated.set(evaluated.get() + 1);
    7
}

#[tokio::test(start_paused = true)]
async fn the_key_is_evaluated_once_for_all_attempts_of_a_call() {
    let (evaluated, made) = (Cell::new(0), Cell::new(0));
    assert_eq!(retried(&evaluated, &made).await, Ok(3));
    assert_eq!(evaluated.get(), 1);
    let again = retried(&evaluated, &made).await;
    assert!(is_limited(&again), "outside of the retry, the limit counts calls");
    assert_eq!((evaluated.get(), made.get()), (2, 3));
}

#[resilient(rate_limit("10/s", burst = 1, wait = "150ms", key = tenant))]
async fn patient(tenant: u32) -> Result<u32, Rejected> {
    Ok(tenant)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_gives_its_turn_back() {
    assert_eq!(patient(1).await, Ok(1));
    for _ in 0..3 {
        assert!(timeout(MS, patient(1)).await.is_err(), "its turn comes later");
    }
    assert_eq!(patient(2).await, Ok(2));
    let begun = tokio::time::Instant::now();
    assert_eq!(patient(1).await, Ok(1));
    assert!(begun.elapsed() <= 100 * MS, "{:?}", begun.elapsed());
}

#[resilient(rate_limit("1/h", key = tenant, capacity = 20))]
async fn shown(tenant: &str) -> Result<usize, Rejected> {
    Ok(tenant.len())
}

#[tokio::test(start_paused = true)]
async fn it_is_listed_shown_and_changed_by_name() {
    assert_eq!((shown("a").await, shown("b").await), (Ok(1), Ok(1)));
    assert!(is_limited(&shown("a").await));
    let summary = registry::summary().to_string();
    assert!(summary.lines().any(|line| line.starts_with("shown") && line.contains("1/h per key")));
    let seen = telemetry::snapshot();
    let limit = seen.policy("shown").unwrap().rate_limit.as_ref().unwrap();
    assert_eq!((limit.name.as_str(), limit.algorithm, limit.permits), ("shown", "token_bucket", 1));
    let keys = limit.keys.unwrap();
    assert_eq!((keys.remembered, keys.capacity, keys.forgotten_early), (2, 20, 0));
    assert_eq!((limit.remaining, limit.rejected), (1, 1));

    let quota = Quota::new(3, Duration::from_secs(3600));
    registry::reconfigure("shown", |settings| {
        settings.rate_limit.as_mut().unwrap().quota = quota;
    })
    .unwrap();
    assert_eq!((shown("a").await, shown("a").await), (Ok(1), Ok(1)), "one of three was used");
    assert!(is_limited(&shown("a").await));
}

#[test]
fn one_that_is_asked_by_hand_is_listed_shown_and_changed_by_name() {
    let build = || {
        let limit = KeyedRateLimit::<String>::builder("by-hand").quota(Quota::per_hour(1));
        limit.capacity(9).build().unwrap()
    };
    let (one, other) = (build(), build());
    assert!(one.check("a").is_allowed() && !one.check("a").is_allowed());
    let found = registry::find_rate_limit("by-hand").unwrap();
    assert_eq!((found.name().as_str(), found.settings()), ("by-hand", one.settings()));
    let seen = telemetry::snapshot();
    let seen: Vec<_> = seen.rate_limits.iter().filter(|it| it.name == "by-hand").collect();
    let [first, second] = seen.as_slice() else { panic!("{} limits", seen.len()) };
    assert_eq!(first, &&found.snapshot());
    let keys = |limit: &RateLimitSnapshot| limit.keys.map(|keys| (keys.remembered, keys.capacity));
    assert_eq!((keys(first), first.rejected), (Some((1, 9)), 1));
    assert_eq!((keys(second), second.rejected), (Some((0, 9)), 0));
    assert_eq!((first.algorithm, first.burst, first.store), ("token_bucket", 1, None));

    let mut changes = 0;
    let refused = registry::reconfigure_rate_limit("by-hand", |settings| {
        changes += 1;
        settings.quota = Quota::per_hour(if changes == 2 { 0 } else { 7 });
    });
    assert_eq!(refused.unwrap_err().setting(), "quota");
    assert_eq!(one.settings().quota, Quota::per_hour(1), "of all of them or of none");
    registry::reconfigure_rate_limit("by-hand", |settings| settings.quota = Quota::per_hour(2))
        .unwrap();
    assert_eq!(
        (one.settings().quota, other.settings().quota),
        (Quota::per_hour(2), Quota::per_hour(2))
    );
    assert!(one.check("a").is_allowed() && !one.check("a").is_allowed(), "one of two was used");

    drop((one, other));
    assert_eq!(found.settings().quota, Quota::per_hour(2), "it lives as long as it is held");
    drop(found);
    assert!(registry::find_rate_limit("by-hand").is_none());
    let gone = registry::reconfigure_rate_limit("by-hand", |_| {}).unwrap_err();
    assert_eq!(gone.setting(), "name");
}

#[test]
fn those_that_are_gone_are_forgotten() {
    let kept = KeyedRateLimit::<u64>::builder("kept").build().unwrap();
    for _ in 0..5_000 {
        drop(KeyedRateLimit::<u64>::builder("gone").capacity(1).build().unwrap());
    }
    let named =
        |name| registry::rate_limits().iter().filter(|it| it.name().as_str() == name).count();
    assert_eq!((named("kept"), named("gone")), (1, 0));
    drop(kept);
    assert_eq!(named("kept"), 0);
}

#[resilient(rate_limit("10/s", burst = 2, key = (run, tenant)))]
async fn declared(run: u64, tenant: u32) -> Result<u32, Rejected> {
    Ok(tenant)
}

async fn by_hand(policy: &Policy, tenant: u32) -> Result<u32, Rejected> {
    let errors = Classifier::by_fault();
    let mut call = Call::new(policy, &errors).with_rate_limit_key(KeyHash::of(&tenant));
    let outcome = call.attempt(async { Ok(tenant) }).await;
    call.conclude(outcome).map_err(Failure::into_error)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn attribute_and_builder_decide_alike(
        run in any::<u64>(),
        steps in prop::collection::vec((0_u32..4, 0_u64..120), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let limit = KeyedRateLimit::builder("same").quota(Quota::per_second(10).burst(2));
            let policy = Policy::builder("same").keyed_rate_limit(limit.build().unwrap());
            let policy = policy.build().unwrap();
            for (tenant, millis) in steps {
                advance(Duration::from_millis(millis)).await;
                let said = |result: Result<u32, Rejected>| {
                    result.map_err(|rejected| (rejected.reason(), rejected.retry_after()))
                };
                let (one, other) = (declared(run, tenant).await, by_hand(&policy, tenant).await);
                prop_assert_eq!(said(one), said(other));
            }
            Ok(())
        })?;
    }
}
