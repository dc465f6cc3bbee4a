//! Calls that are dropped, and services that panic.

use std::panic::AssertUnwindSafe;

use reliability::error::Class;
use reliability::resilience::Policy;
use reliability::resilience::breaker::State;
use reliability::resilience::tower::PolicyLayer;
use tower::{Layer, ServiceExt};

use super::{Failed, Probe, SECOND, Step, after, at_once, opens_at, places, policy, polled};

fn full_policy() -> Policy {
    policy(|to| {
        to.deadline(60 * SECOND)
            .retry(after(SECOND, 3))
            .breaker(opens_at(3))
            .bulkhead(places(1))
            .timeout(10 * SECOND)
    })
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
        let service = PolicyLayer::new(policy.clone()).idempotent().layer(probe);
        let mut call = service.oneshot(());
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
    let layer = PolicyLayer::new(policy.clone());
    let mut holder = layer.layer(Probe::new([Step::Hang])).oneshot(());
    assert!(polled(&mut holder).await.is_none());
    let probe = Probe::new([]);
    let shared = probe.shared();
    let service = layer.layer(probe);
    let mut queued = service.clone().oneshot(());
    let mut next = service.oneshot(());
    assert!(polled(&mut queued).await.is_none() && polled(&mut next).await.is_none());
    assert_eq!(policy.bulkhead().unwrap().queued(), 2);
    drop(queued);
    drop(holder);
    assert_eq!(next.await, Ok(7));
    assert_eq!((shared.called(), policy.totals().cancelled()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_never_awaited_has_not_begun() {
    let policy = full_policy();
    let probe = Probe::new([]);
    let shared = probe.shared();
    drop(PolicyLayer::new(policy.clone()).layer(probe).oneshot(()));
    assert_eq!((policy.totals().finished(), shared.called(), shared.clones()), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_in_the_service_is_counted_and_gives_everything_back() {
    for step in [Step::PanicReady, Step::PanicCall, Step::PanicWork] {
        let policy = policy(|to| to.retry(at_once(3)).breaker(opens_at(1)).bulkhead(places(1)));
        let probe = Probe::new([step]);
        let shared = probe.shared();
        let service = PolicyLayer::new(policy.clone()).idempotent().layer(probe);
        let call = tokio::spawn(AssertUnwindSafe(service).0.oneshot(()));
        assert!(call.await.unwrap_err().is_panic(), "{step:?}");
        let totals = policy.totals();
        assert_eq!((totals.panicked(), totals.finished(), totals.retries()), (1, 1, 0), "{step:?}");
        assert_eq!(policy.bulkhead().unwrap().in_use(), 0, "{step:?}");
        assert_eq!(policy.breaker().unwrap().state(), State::Open, "{step:?}");
        assert_eq!((shared.clones(), shared.under_way()), (0, 0), "{step:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_become_ready_has_failed() {
    let policy = policy(|to| to.breaker(opens_at(1)));
    let service = PolicyLayer::new(policy.clone()).layer(Probe::new([Step::FailReadiness]));
    assert_eq!(service.clone().oneshot(()).await, Err(super::TRANSIENT));
    assert_eq!(policy.totals().failed(Class::Transient), 1);
    assert!(matches!(service.oneshot(()).await, Err(Failed::Refused(_))));
}
