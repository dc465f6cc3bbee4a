//! By the attribute, by the builder and by tower: one script, the same ends and the same counts.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use reliability::error::Class;
use reliability::resilience::breaker::{self, Window};
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{
    Backoff, Breaker, Bulkhead, Jitter, Policy, Retry, Totals, registry, resilient,
};
use tokio::time::Instant;
use tower::{Layer, ServiceExt};

use super::{Failed, Probe, SECOND, Step};

/// What the calls ended with, when, and what was counted.
type Ends = (Vec<Result<u32, Failed>>, Duration, Totals, breaker::Snapshot);

fn built() -> Policy {
    let breaker = Breaker::builder("same")
        .window(Window::consecutive(3))
        .open_for(5 * SECOND)
        .probes(1)
        .build()
        .unwrap();
    let backoff = Backoff::constant(Duration::from_millis(10)).jitter(Jitter::None);
    Policy::builder("same")
        .deadline(4 * SECOND)
        .retry(Retry::attempts(3).backoff(backoff))
        .breaker(breaker)
        .bulkhead(Bulkhead::builder("same").concurrent(8).build().unwrap())
        .timeout(SECOND)
        .build()
        .unwrap()
}

/// The attempts of all calls of a script, one after the other.
async fn attempt(script: &RefCell<VecDeque<Step>>) -> Result<u32, Failed> {
    let step = script.borrow_mut().pop_front();
    match step.unwrap_or(Step::Answer(7)) {
        Step::Answer(answer) => Ok(answer),
        Step::AnswerAfter(wait, answer) => {
            tokio::time::sleep(wait).await;
            Ok(answer)
        }
        Step::Fail(class) => Err(Failed::As(class)),
        _ => std::future::pending().await,
    }
}

#[resilient(
    key = key,
    deadline = "4s",
    retry(attempts = 3, backoff = constant("10ms"), jitter = none),
    breaker(window = consecutive(3), open_for = "5s", probes = 1),
    bulkhead(concurrent = 8),
    timeout = "1s",
    idempotent,
)]
async fn declared(key: &str, script: &RefCell<VecDeque<Step>>) -> Result<u32, Failed> {
    assert!(!key.is_empty());
    attempt(script).await
}

async fn run<F: Future<Output = Result<u32, Failed>>>(
    calls: usize,
    policy: impl FnOnce() -> Policy,
    call: impl Fn() -> F,
) -> Ends {
    let begin = Instant::now();
    let mut ends = Vec::new();
    for _ in 0..calls {
        ends.push(call().await.map_err(unnamed));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let policy = policy();
    let mut snapshot = policy.breaker().unwrap().snapshot();
    snapshot.name = "same".into();
    (ends, begin.elapsed(), policy.totals(), snapshot)
}

/// Refusals carry the name of their policy, which here is all that may differ.
fn unnamed(error: Failed) -> Failed {
    match error {
        Failed::Refused(rejected) => {
            let same = reliability::error::Rejected::new(rejected.reason(), "same");
            Failed::Refused(match rejected.retry_after() {
                Some(after) => same.with_retry_after(after),
                None => same,
            })
        }
        error => error,
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Answer(1)),
        2 => Just(Step::AnswerAfter(Duration::from_millis(300), 2)),
        1 => Just(Step::AnswerAfter(3 * SECOND, 3)),
        3 => Just(Step::Fail(Class::Transient)),
        1 => Just(Step::Fail(Class::Overloaded)),
        1 => Just(Step::Fail(Class::Permanent)),
        1 => Just(Step::Fail(Class::Cancelled)),
        1 => Just(Step::Hang),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn all_three_end_alike(script in prop::collection::vec(step(), 0..60), key in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let calls = script.len() / 2 + 4;
        let key = key.to_string();
        let by_macro = runtime.block_on(async {
            let script = RefCell::new(VecDeque::from(script.clone()));
            let policy = || {
                let name = format!("declared/{key}");
                let entries = registry::entries();
                let entry = entries.iter().find(|entry| entry.policy().name().ends_with(&name));
                entry.unwrap().policy().clone()
            };
            run(calls, policy, || declared(&key, &script)).await
        });
        let by_hand = runtime.block_on(async {
            let script = RefCell::new(VecDeque::from(script.clone()));
            let policy = built();
            run(calls, || policy.clone(), || policy.call(|| attempt(&script))).await
        });
        let by_tower = runtime.block_on(async {
            let policy = built();
            let service = PolicyLayer::new(policy.clone()).idempotent();
            let service = service.layer(Probe::new(script.clone()));
            run(calls, || policy.clone(), || service.clone().oneshot(())).await
        });
        prop_assert_eq!(format!("{by_hand:?}"), format!("{by_tower:?}"));
        prop_assert_eq!(format!("{by_macro:?}"), format!("{by_tower:?}"));
    }
}
