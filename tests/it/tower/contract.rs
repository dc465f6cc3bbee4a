//! Readiness, clones, and what stands around and inside.

use std::time::Duration;

use reliability::error::{Class, Reason};
use reliability::resilience::tower::{PolicyLayer, PolicyService};
use reliability::resilience::{Policy, breaker};
use tokio::time::Instant;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_test::mock;

use super::{Failed, Probe, SECOND, Step, TRANSIENT, at_once, opens_at, places, policy, polled};

fn around(policy: &Policy, probe: Probe) -> PolicyService<Probe> {
    PolicyLayer::new(policy.clone()).layer(probe)
}

fn reason(result: Result<u32, Failed>) -> Option<Reason> {
    match result {
        Err(Failed::Refused(rejected)) => Some(rejected.reason()),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_ready_and_never_called_has_taken_nothing() {
    let policy = policy(|to| to.breaker(opens_at(1)).bulkhead(places(1)));
    let probe = Probe::new([]);
    let shared = probe.shared();
    let mut service = around(&policy, probe);
    let mut ready = Vec::new();
    for _ in 0..10 {
        let mut clone = service.clone();
        <_ as ServiceExt<()>>::ready(&mut clone).await.unwrap();
        ready.push(clone);
    }
    assert_eq!((shared.readied(), policy.bulkhead().unwrap().in_use()), (0, 0));
    assert_eq!(service.call(()).await, Ok(7));
    drop(ready);
    assert_eq!((shared.clones(), policy.totals().finished()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn every_attempt_calls_the_clone_that_it_made_ready() {
    let policy = policy(|to| to.retry(at_once(3)));
    let probe = Probe::new([Step::Fail(Class::Transient), Step::FailReadiness, Step::Answer(1)]);
    let shared = probe.shared();
    let service = PolicyLayer::new(policy.clone()).idempotent().layer(probe);
    assert_eq!(service.clone().oneshot(()).await, Ok(1));
    assert_eq!((shared.readied(), shared.called(), policy.totals().retries()), (2, 2, 2));
    drop(service);
    assert_eq!(shared.clones(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_service_had_reserved_before_it_was_wrapped_is_used_by_the_first_call() {
    let mut probe = Probe::new([]);
    <Probe as ServiceExt<()>>::ready(&mut probe).await.unwrap();
    let shared = probe.shared();
    let mut service = around(&policy(|to| to.timeout(SECOND)), probe);
    assert_eq!(service.call(()).await, Ok(7));
    assert_eq!((shared.readied(), shared.called()), (1, 1));
    assert_eq!(service.call(()).await, Ok(7));
    assert_eq!((shared.readied(), shared.called()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn clones_share_breaker_places_and_counters() {
    let policy = policy(|to| to.breaker(opens_at(1)).bulkhead(places(1)));
    let layer = PolicyLayer::new(policy.clone());
    let failing = layer.layer(Probe::new([Step::Fail(Class::Transient)]));
    let hanging = layer.layer(Probe::new([Step::Hang]));

    let mut first = hanging.clone().oneshot(());
    assert!(polled(&mut first).await.is_none());
    let mut second = failing.clone().oneshot(());
    assert!(polled(&mut second).await.is_none(), "the only place is taken by another service");
    drop(first);
    assert_eq!(second.await, Err(TRANSIENT));
    assert_eq!(reason(hanging.oneshot(()).await), Some(Reason::BreakerOpen));
    assert_eq!(policy.breaker().unwrap().state(), breaker::State::Open);
    let totals = policy.totals();
    assert_eq!((totals.cancelled(), totals.finished()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_become_ready_is_given_up_in_time() {
    let tenth = Duration::from_millis(100);
    let table = [
        (policy(|to| to.timeout(SECOND)), Reason::TimedOut),
        (policy(|to| to.deadline(SECOND)), Reason::DeadlineExceeded),
        (
            policy(|to| to.deadline(SECOND).retry(at_once(9)).timeout(tenth * 4)),
            Reason::DeadlineExceeded,
        ),
    ];
    for (policy, expected) in table {
        let probe = Probe::new([Step::NeverReady; 9]);
        let shared = probe.shared();
        let begin = Instant::now();
        let service = PolicyLayer::new(policy.clone()).idempotent().layer(probe);
        assert_eq!(reason(service.oneshot(()).await), Some(expected), "{policy:?}");
        assert_eq!(begin.elapsed(), SECOND, "{policy:?}");
        assert_eq!((shared.called(), shared.clones()), (0, 0), "{policy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_without_room_is_waited_for_inside_the_attempt() {
    let policy = policy(|to| to.timeout(10 * SECOND));
    let (service, mut handle) = mock::pair::<u32, u32>();
    handle.allow(0);
    let mut service = PolicyLayer::new(policy.clone()).layer(service);
    let mut call = Box::pin(async move { service.ready().await?.call(3).await });
    assert!(polled(&mut call).await.is_none());
    handle.allow(1);
    assert!(polled(&mut call).await.is_none());
    let (request, respond) = handle.next_request().await.unwrap();
    respond.send_response(request * 2);
    assert_eq!(call.await.unwrap(), 6);
    assert_eq!(policy.totals().ok(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_an_inner_limit_reserves_is_given_back_whatever_becomes_of_the_call() {
    let policy = policy(|to| to.retry(at_once(2)).timeout(SECOND));
    let probe = Probe::new([Step::Hang, Step::Fail(Class::Transient), Step::Answer(1), Step::Hang]);
    let shared = probe.shared();
    let service = ServiceBuilder::new()
        .layer(PolicyLayer::new(policy.clone()).idempotent())
        .concurrency_limit(1)
        .service(probe);
    // Timed out, tried again, failed.
    assert_eq!(service.clone().oneshot(()).await, Err(TRANSIENT));
    assert_eq!(service.clone().oneshot(()).await, Ok(1));
    let mut dropped = service.clone().oneshot(());
    assert!(polled(&mut dropped).await.is_none());
    drop(dropped);
    assert_eq!(service.oneshot(()).await, Ok(7));
    assert_eq!((shared.under_way(), shared.clones()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn it_stands_inside_and_around_a_buffer() {
    let policy = policy(|to| to.timeout(SECOND));
    let inside = ServiceBuilder::new()
        .buffer(4)
        .layer(PolicyLayer::new(policy.clone()))
        .service(Probe::new([Step::Answer(1)]));
    assert_eq!(inside.oneshot(()).await.unwrap(), 1);

    let around = ServiceBuilder::new()
        .layer(PolicyLayer::new(policy.clone()))
        .buffer(4)
        .service(Probe::new([Step::Answer(2), Step::Fail(Class::Permanent)]));
    assert_eq!(around.clone().oneshot(()).await.unwrap(), 2);
    around.oneshot(()).await.unwrap_err();
    assert_eq!((policy.totals().ok(), policy.totals().finished()), (2, 3));
}

#[tokio::test(start_paused = true)]
async fn the_order_of_the_layers_decides_who_sees_what() {
    let outer = policy(|to| to.retry(at_once(3)));
    let inner = policy(|to| to.breaker(opens_at(1)));
    let service = ServiceBuilder::new()
        .layer(PolicyLayer::new(outer.clone()).idempotent())
        .layer(PolicyLayer::new(inner.clone()))
        .service(Probe::new([Step::Fail(Class::Transient)]));
    // To the outer policy the open breaker is the refusal of another one: overloaded, so retried.
    assert_eq!(reason(service.oneshot(()).await), Some(Reason::BreakerOpen));
    assert_eq!(outer.totals().retries(), 2);
    assert_eq!(outer.totals().failed(Class::Overloaded), 1);
    assert_eq!(inner.totals().failed(Class::Transient), 1);
    assert_eq!(inner.totals().rejected(Reason::BreakerOpen), 2);
}

#[tokio::test(start_paused = true)]
async fn an_outer_deadline_bounds_the_policies_inside() {
    let outer = policy(|to| to.deadline(SECOND));
    let inner = policy(|to| to.breaker(opens_at(1)).timeout(60 * SECOND));
    let service = ServiceBuilder::new()
        .layer(PolicyLayer::new(outer.clone()))
        .layer(PolicyLayer::new(inner.clone()))
        .service(Probe::new([Step::Hang]));
    let begin = Instant::now();
    assert_eq!(reason(service.oneshot(()).await), Some(Reason::DeadlineExceeded));
    assert_eq!(begin.elapsed(), SECOND);
    assert_eq!(inner.breaker().unwrap().state(), breaker::State::Closed, "nobody's fault");
}

#[tokio::test(start_paused = true)]
async fn a_static_policy_needs_no_reference_count() {
    let policy: &'static Policy = Box::leak(Box::new(policy(|to| to.timeout(SECOND))));
    let mut service = PolicyLayer::new(policy).layer(Probe::new([]));
    assert_eq!(service.call(()).await, Ok(7));
    assert_eq!((service.policy().totals().ok(), service.inner().shared().called()), (1, 1));
}
