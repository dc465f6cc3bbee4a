//! Services of a `&'static Policy`, whose calls lie where their caller wants them: they do what those
//! of a policy that is shared do.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reliability::error::{Class, Reason, Rejected};
use reliability::resilience::breaker::State;
use reliability::resilience::cache::Cache;
use reliability::resilience::tower::{HoldPolicy, PolicyLayer};
use reliability::resilience::{Bulkhead, Hedge, Policy, PolicyBuilder, Totals};
use tower::{Layer, Service, ServiceExt};

use super::{Failed, Probe, SECOND, Step, after, at_once, opens_at, places, policy, polled};

fn forever(policy: Policy) -> &'static Policy {
    Box::leak(Box::new(policy))
}

fn full_policy() -> &'static Policy {
    forever(policy(|to| {
        to.deadline(60 * SECOND)
            .retry(after(SECOND, 3))
            .breaker(opens_at(3))
            .bulkhead(places(1))
            .timeout(10 * SECOND)
    }))
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_at_any_await_gives_everything_back_and_is_counted() {
    let fail = Step::Fail(Class::Transient);
    // Where the call is when it is dropped, and the seconds until it is there.
    let table = [
        ("waiting until the service is ready", vec![Step::NeverReady], 0),
        ("waiting for the response", vec![Step::Hang], 0),
        ("pausing before another attempt", vec![fail], 0),
        ("waiting until a clone is ready", vec![fail, Step::NeverReady], 1),
        ("waiting for the second response", vec![fail, Step::Hang], 1),
        ("in the last attempt", vec![Step::Hang, fail, Step::Hang], 12),
    ];
    for (place, script, seconds) in table {
        let policy = full_policy();
        let probe = Probe::new(script);
        let shared = probe.shared();
        let mut call = Box::pin(PolicyLayer::new(policy).idempotent().layer(probe).oneshot(()));
        for _ in 0..=seconds {
            assert_eq!(polled(&mut call).await, None, "{place}");
            tokio::time::advance(SECOND).await;
        }
        if seconds > 0 {
            assert_eq!(polled(&mut call).await, None, "{place}");
        }
        drop(call);
        let (totals, bulkhead) = (policy.totals(), policy.bulkhead().unwrap());
        assert_eq!((totals.cancelled(), totals.finished()), (1, 1), "{place}");
        assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0), "{place}");
        assert_eq!((shared.clones(), shared.under_way()), (0, 0), "{place}");
        assert_eq!(policy.breaker().unwrap().state(), State::Closed, "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_in_the_queue_leaves_its_turn_to_the_next() {
    let policy = full_policy();
    let layer = PolicyLayer::new(policy);
    let mut holder = Box::pin(layer.layer(Probe::new([Step::Hang])).oneshot(()));
    assert!(polled(&mut holder).await.is_none());
    let service = layer.layer(Probe::new([]));
    let mut queued = Box::pin(service.clone().oneshot(()));
    let mut next = Box::pin(service.oneshot(()));
    assert!(polled(&mut queued).await.is_none() && polled(&mut next).await.is_none());
    drop((queued, holder));
    assert_eq!(next.await, Ok(7));
    assert_eq!(policy.totals().cancelled(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_never_awaited_has_not_begun_nor_been_refused() {
    let full = Bulkhead::builder("tower").concurrent(1).queue(0).build().unwrap();
    let _inside = full.try_enter().unwrap();
    let policy = forever(policy(|to| to.bulkhead(full.clone())));
    let probe = Probe::new([]);
    let shared = probe.shared();
    drop(PolicyLayer::new(policy).layer(probe).call(()));
    assert_eq!((policy.totals().finished(), shared.called(), full.rejected()), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_in_the_service_is_counted_and_gives_everything_back() {
    for step in [Step::PanicReady, Step::PanicCall, Step::PanicWork] {
        let retry = |to: PolicyBuilder| to.retry(at_once(3)).breaker(opens_at(1));
        let policy = forever(policy(|to| retry(to).bulkhead(places(1))));
        let probe = Probe::new([step]);
        let shared = probe.shared();
        let service = PolicyLayer::new(policy).idempotent().layer(probe);
        let call = tokio::spawn(service.oneshot(()));
        assert!(call.await.unwrap_err().is_panic(), "{step:?}");
        let totals = policy.totals();
        assert_eq!((totals.panicked(), totals.finished(), totals.retries()), (1, 1, 0), "{step:?}");
        assert_eq!(policy.bulkhead().unwrap().in_use(), 0, "{step:?}");
        assert_eq!(policy.breaker().unwrap().state(), State::Open, "{step:?}");
        assert_eq!((shared.clones(), shared.under_way()), (0, 0), "{step:?}");
    }
}

/// What is known of a policy after two calls, of which the second meets what the first has left.
async fn two_calls<P: HoldPolicy>(
    held: P,
    script: &[Step],
    falls_back: bool,
) -> (Vec<Result<u32, Failed>>, Totals, Option<u64>) {
    let mut answers = Vec::new();
    let layer = PolicyLayer::new(held.clone()).idempotent().cache_key(|(): &()| Some("tower"));
    let service = layer.layer(Probe::new(script.iter().copied()));
    let another = PolicyLayer::new(held.clone())
        .idempotent()
        .fallback(|(): &()| 8, |kept, _| async move { Ok(kept) })
        .layer(Probe::new(script.iter().copied()));
    for _ in 0..2 {
        answers.push(match falls_back {
            true => another.clone().oneshot(()).await,
            false => service.clone().oneshot(()).await,
        });
    }
    let policy: &Policy = held.borrow();
    (answers, policy.totals(), policy.bulkhead().map(Bulkhead::rejected))
}

#[tokio::test(start_paused = true)]
async fn it_ends_as_a_call_of_a_shared_policy_does() {
    type Build = fn(PolicyBuilder) -> PolicyBuilder;
    fn bulkhead(queue: u32) -> Bulkhead {
        let builder = Bulkhead::builder("tower").concurrent(1).queue(queue).wait(SECOND);
        let full = builder.build().unwrap();
        // For good.
        std::mem::forget(full.try_enter_owned().unwrap());
        full
    }
    let refused = Failed::Refused(Rejected::new(Reason::BulkheadFull, "tower"));
    let policies: [(&str, Build); 9] = [
        ("timeout", |to| to.timeout(SECOND)),
        ("retry", |to| to.retry(at_once(3))),
        ("breaker", |to| to.breaker(opens_at(1)).timeout(SECOND)),
        ("places", |to| to.bulkhead(places(1)).timeout(SECOND)),
        ("no room", |to| to.bulkhead(bulkhead(0))),
        ("no room, retried", |to| to.retry(at_once(2)).bulkhead(bulkhead(0))),
        ("no room for long", |to| to.bulkhead(bulkhead(1))),
        ("hedge", |to| to.hedge(Hedge::after(SECOND / 10))),
        ("cache", |to| to.cache(Cache::standard("tower")).retry(at_once(2))),
    ];
    let scripts = [
        vec![],
        vec![Step::Fail(Class::Transient)],
        vec![Step::Fail(Class::Permanent), Step::Answer(3)],
        vec![Step::AnswerAfter(Duration::from_millis(500), 3), Step::Answer(4)],
    ];
    for (name, build) in policies {
        for (script, falls_back) in scripts.iter().flat_map(|it| [(it, false), (it, true)]) {
            let shared = two_calls(policy(build), script, falls_back).await;
            let counted = two_calls(Arc::new(policy(build)), script, falls_back).await;
            let stands = two_calls(forever(policy(build)), script, falls_back).await;
            assert_eq!(stands, shared, "{name} {script:?}");
            assert_eq!(counted, shared, "{name} {script:?}");
            if name == "no room" && !falls_back {
                assert_eq!(shared.0, [Err(refused.clone()), Err(refused.clone())]);
                assert_eq!(shared.1.rejected(Reason::BulkheadFull), 2);
                assert_eq!(shared.2, Some(2));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "polled again")]
async fn a_call_that_has_ended_is_not_polled_again() {
    let mut service = PolicyLayer::new(full_policy()).layer(Probe::new([]));
    let mut call: Pin<Box<_>> = Box::pin(service.call(()));
    assert_eq!(polled(&mut call).await, Some(Ok(7)));
    polled(&mut call).await;
}
