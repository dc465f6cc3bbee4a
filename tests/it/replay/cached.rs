//! Recordings of calls that asked a cache first.

use std::sync::Mutex;

use reliability::resilience::cache::{Cache, Sharing};
use reliability::resilience::policy::record::Looked;
use reliability::resilience::{registry, resilient};

use super::*;

#[derive(Debug, Clone, Copy)]
struct Cached {
    ttl: u32,
    stale: u32,
    wait: u32,
    negative: bool,
    shares_errors: bool,
    attempts: u32,
}

fn shape() -> impl Strategy<Value = Cached> {
    ((5..60_u32, 0..80_u32, 5..60_u32, 1..3_u32), any::<[bool; 2]>()).prop_map(
        |((ttl, stale, wait, attempts), [negative, shares_errors])| Cached {
            ttl,
            stale,
            wait,
            negative,
            shares_errors,
            attempts,
        },
    )
}

fn policy(shape: Cached) -> Policy {
    let cache = Cache::builder("cached").ttl(shape.ttl * MILLI).wait(shape.wait * MILLI);
    let cache = match shape.stale {
        0 => cache,
        stale => cache.stale(stale * MILLI),
    };
    let cache = match shape.negative {
        true => cache.negative_permanent(15 * MILLI),
        false => cache,
    };
    let retry = Retry::attempts(shape.attempts).backoff(Backoff::constant(3 * MILLI));
    let policy = Policy::builder("cached").cache(cache.build().unwrap());
    policy.deadline(90 * MILLI).retry(retry).timeout(40 * MILLI).build().unwrap()
}

/// Calls for a few keys, that begin and end in every way.
fn recorded(shape: Cached, plans: &[(Plan, u8)]) -> Recording {
    testing::run(|_| async {
        let policy = policy(shape);
        let recorded = policy.record(100_000);
        let calls: Vec<_> = plans
            .iter()
            .map(|(plan, key)| {
                tokio::spawn(call(shape.shares_errors, policy.clone(), plan.clone(), *key))
            })
            .collect();
        for call in calls {
            drop(call.await);
        }
        recorded.finish()
    })
}

async fn call(shares_errors: bool, policy: Policy, plan: Plan, key: u8) {
    tokio::time::sleep(plan.begins * MILLI).await;
    let script = script(&plan);
    let sharing = if shares_errors { Sharing::errors() } else { Sharing::values() };
    let call = policy.call_cached(&key, sharing, || script.call());
    let gives_up = plan.gives_up.map_or(Duration::from_secs(60), |after| after * MILLI);
    let ended = match plan.deadline {
        Some(after) => {
            tokio::time::timeout(gives_up, Deadline::after(after * MILLI).scope(call)).await
        }
        None => tokio::time::timeout(gives_up, call).await,
    };
    drop(ended);
}

/// What was found, in order.
fn found(recording: &Recording) -> Vec<(u64, Looked)> {
    let found = recording.events().iter().filter_map(|event| match event.kind {
        EventKind::LookedUp { key, found, .. } => Some((key, found)),
        _ => None,
    });
    found.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_goes_the_same_way_again(
        shape in shape(),
        plans in prop::collection::vec((plan(), 0..4_u8), 1..30),
    ) {
        let recording = quietly(|| recorded(shape, &plans));
        prop_assert!(found(&recording).len() >= plans.len());
        let replayed = testing::replay(&recording, || Ok(policy(shape)));
        prop_assert!(replayed.is_ok(), "{}\n{recording}", replayed.unwrap_err());
        let read: Recording = recording.to_string().parse().unwrap();
        prop_assert_eq!(read, recording);
    }
}

const SHAPE: Cached =
    Cached { ttl: 20, stale: 30, wait: 25, negative: true, shares_errors: true, attempts: 1 };

fn asks(begins: u32, key: u8, takes: u32, ends: u8) -> (Plan, u8) {
    (Plan { begins, attempts: vec![(takes, ends); 3], gives_up: None, deadline: None }, key)
}

#[test]
fn every_way_to_be_answered_is_there_and_another_setting_is_seen() {
    let plans = [
        asks(0, 9, 10, 7),
        asks(5, 9, 10, 7),
        asks(15, 9, 10, 7),
        asks(35, 9, 10, 7),
        asks(40, 9, 10, 7),
        asks(100, 3, 5, 1),
        asks(110, 3, 5, 1),
        asks(200, 4, 35, 7),
        asks(201, 4, 35, 7),
    ];
    let recording = recorded(SHAPE, &plans);
    let expected = [
        (1, Looked::Miss),
        (1, Looked::Joined),
        (1, Looked::Coalesced),
        (1, Looked::Hit),
        (1, Looked::Refresh),
        (1, Looked::Stale),
        (2, Looked::Miss),
        (2, Looked::NegativeHit),
        (3, Looked::Miss),
        (3, Looked::Joined),
        (3, Looked::GaveUp),
    ];
    assert_eq!(found(&recording), expected, "{recording}");
    assert_eq!(testing::replay(&recording, || Ok(policy(SHAPE))), Ok(()));
    let uncached = || Policy::builder("cached").timeout(40 * MILLI).build();
    assert!(matches!(testing::replay(&recording, uncached), Err(ReplayError::Differs(_))));
    let others = [
        (Cached { ttl: 2, ..SHAPE }, Looked::Hit),
        (Cached { stale: 0, ..SHAPE }, Looked::Refresh),
        (Cached { wait: 50, ..SHAPE }, Looked::Joined),
        (Cached { negative: false, ..SHAPE }, Looked::NegativeHit),
    ];
    for (other, first) in others {
        let replayed = testing::replay(&recording, || Ok(policy(other)));
        let Err(ReplayError::Differs(difference)) = replayed else {
            panic!("{other:?}: {replayed:?}");
        };
        let of_first = recording.events().iter().position(
            |event| matches!(event.kind, EventKind::LookedUp { found, .. } if found == first),
        );
        let index = of_first.unwrap();
        assert!((index..=index + 1).contains(&difference.index), "{other:?}: {difference}");
    }
}

#[test]
fn a_lead_that_is_dropped_is_handed_over_and_a_failed_refresh_is_stale() {
    let mut leader = asks(0, 1, 30, 7);
    leader.0.gives_up = Some(10);
    // The refresh fails, and the stale answer stands in.
    let plans = [leader, asks(5, 1, 10, 7), asks(45, 1, 5, 0)];
    let recording = recorded(SHAPE, &plans);
    let expected = [Looked::Miss, Looked::Joined, Looked::HandedOver, Looked::Refresh];
    assert_eq!(found(&recording), expected.map(|found| (1, found)), "{recording}");
    let settled = |event: &reliability::resilience::policy::record::Event| match event.kind {
        EventKind::Settled { stale, .. } => Some(stale),
        _ => None,
    };
    let settled: Vec<_> = recording.events().iter().filter_map(settled).collect();
    assert_eq!(settled, [false, true]);
    assert_eq!(testing::replay(&recording, || Ok(policy(SHAPE))), Ok(()));
}

#[resilient(
    name = "behind",
    cache(ttl = "20ms", stale = "100ms", refresh = background, key = &sku),
    timeout = "40ms",
)]
async fn behind(sku: String) -> Result<u32, Failed> {
    tokio::time::sleep(5 * MILLI).await;
    Ok(sku.len() as u32)
}

#[test]
fn a_refresh_behind_its_caller_is_gone_through_as_well() {
    let again = || {
        let cache = Cache::builder("behind").ttl(20 * MILLI).stale(100 * MILLI).build()?;
        Policy::builder("behind").cache(cache).timeout(40 * MILLI).build()
    };
    let recording = testing::run(|_| async {
        let policy = registry::find("behind").unwrap().policy().clone();
        let recorded = policy.record(1_000);
        for pause in [0, 30, 1, 10, 100] {
            tokio::time::sleep(pause * MILLI).await;
            assert_eq!(behind("tea".to_owned()).await, Ok(3));
        }
        tokio::time::sleep(50 * MILLI).await;
        recorded.finish()
    });
    let looked: Vec<_> = found(&recording).into_iter().map(|(_, found)| found).collect();
    let expected = [Looked::Miss, Looked::Refresh, Looked::Stale, Looked::Hit, Looked::Refresh];
    assert_eq!(looked, expected, "{recording}");
    if let Err(error) = testing::replay(&recording, again) {
        panic!("{error}\n{recording}");
    }
}

#[test]
fn a_run_on_many_threads_goes_the_same_way_again() {
    let shape = Cached { ttl: 60_000, stale: 0, wait: 50_000, negative: false, ..SHAPE };
    for round in 0..20_u32 {
        let policy_now = || policy(shape);
        let recorded_policy = policy_now();
        let recorded = recorded_policy.record(100_000);
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(4).enable_time().build().unwrap();
        let failed = Arc::new(Mutex::new(0_u32));
        runtime.block_on(async {
            let calls = (0..200_u32).map(|number| {
                let (policy, failed) = (recorded_policy.clone(), Arc::clone(&failed));
                tokio::spawn(async move {
                    let work = || async {
                        for _ in 0..(number + round) % 4 {
                            tokio::task::yield_now().await;
                        }
                        match number % 5 {
                            0 => Err(Failed::As(Class::Permanent, None)),
                            _ => Ok(number),
                        }
                    };
                    let sharing = Sharing::errors();
                    let answer = policy.call_cached(&(number % 17), sharing, work).await;
                    *failed.lock().unwrap() += u32::from(answer.is_err());
                })
            });
            for call in calls.collect::<Vec<_>>() {
                call.await.unwrap();
            }
        });
        let recording = recorded.finish();
        assert!(recording.events().len() >= 600, "{}", recording.events().len());
        if let Err(error) = testing::replay(&recording, || Ok(policy_now())) {
            panic!("round {round}: {error}");
        }
    }
}
