//! Every layer of a policy, around a service.

use std::sync::Mutex;
use std::time::Duration;

use reliability::error::{Class, Reason};
use reliability::resilience::chaos::Chaos;
use reliability::resilience::concurrency_limit::Priority;
use reliability::resilience::rate_limit::{KeyHash, KeyedRateLimit, Quota};
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Cache, ConcurrencyLimit, Hedge, Policy, RateLimit};
use tokio::time::Instant;
use tower::{Layer, ServiceExt};

use super::{Failed, Probe, SECOND, Step, at_once, policy, polled};

const TENTH: Duration = Duration::from_millis(100);

fn hedged() -> Policy {
    policy(|to| to.hedge(Hedge::after(TENTH)))
}

fn reason(result: Result<u32, Failed>) -> Option<Reason> {
    match result {
        Err(Failed::Refused(rejected)) => Some(rejected.reason()),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_request_is_sent_again_and_the_loser_is_dropped() {
    let policy = hedged();
    let probe = Probe::new([Step::Hang, Step::AnswerAfter(TENTH / 2, 1)]);
    let shared = probe.shared();
    let begin = Instant::now();
    let service = PolicyLayer::new(policy.clone()).idempotent().layer(probe);
    assert_eq!(service.oneshot("tea").await, Ok(1));
    assert_eq!(begin.elapsed(), TENTH + TENTH / 2);
    assert_eq!((shared.called(), shared.readied()), (2, 2));
    assert_eq!((shared.under_way(), shared.clones()), (0, 0));
    assert_eq!((policy.totals().hedges(), policy.totals().hedges_won()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hedge_has_a_service_of_its_own_that_may_not_be_ready() {
    let probe = Probe::new([Step::NeverReady, Step::AnswerAfter(TENTH, 1)]);
    let shared = probe.shared();
    let service = PolicyLayer::new(hedged()).idempotent().layer(probe);
    assert_eq!(service.oneshot("tea").await, Ok(1));
    assert_eq!((shared.called(), shared.readied()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_twice_without_the_word() {
    let policy = hedged();
    let probe = Probe::new([Step::AnswerAfter(SECOND, 1)]);
    let shared = probe.shared();
    assert_eq!(PolicyLayer::new(policy.clone()).layer(probe).oneshot("tea").await, Ok(1));
    assert_eq!((shared.called(), policy.totals().hedges()), (1, 0));

    let probe = Probe::new([Step::AnswerAfter(SECOND, 2)]);
    let shared = probe.shared();
    let layer = PolicyLayer::new(policy.clone()).idempotent_when(|sku: &&str| *sku != "tea");
    assert_eq!(layer.layer(probe).oneshot("tea").await, Ok(2));
    assert_eq!((shared.called(), policy.totals().hedges()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_copied_again_leaves_the_answer_to_the_first() {
    // Neither `Clone` nor `Sync`.
    struct Stream(std::cell::Cell<u32>);
    let copies = std::sync::Arc::new(Mutex::new(1_u32));
    for (left, hedges) in [(0, 0), (1, 1)] {
        *copies.lock().unwrap() = left;
        let copies = std::sync::Arc::clone(&copies);
        let policy = hedged();
        let probe = Probe::new([Step::AnswerAfter(SECOND, 1)]);
        let shared = probe.shared();
        let service = PolicyLayer::new(policy.clone())
            .idempotent_with(move |request: &Stream| {
                let mut left = copies.lock().unwrap();
                *left = left.checked_sub(1)?;
                Some(Stream(request.0.clone()))
            })
            .layer(probe);
        assert_eq!(service.oneshot(Stream(7.into())).await, Ok(1), "{left} copies");
        assert_eq!((shared.called(), policy.totals().hedges()), (1, hedges), "{left} copies");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hedged_attempt_that_fails_is_tried_again() {
    let policy = policy(|to| to.retry(at_once(2)).hedge(Hedge::after(TENTH)));
    let fail = Step::Fail(Class::Transient);
    let probe = Probe::new([fail, Step::Hang, Step::Answer(3)]);
    let shared = probe.shared();
    let service = PolicyLayer::new(policy.clone()).idempotent().layer(probe);
    assert_eq!(service.oneshot("tea").await, Ok(3));
    assert_eq!((shared.called(), policy.totals().retries(), policy.totals().hedges()), (3, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hedged_call_that_is_dropped_drops_all_its_requests() {
    let policy = hedged();
    let probe = Probe::new([Step::Hang, Step::Hang]);
    let shared = probe.shared();
    let mut call = PolicyLayer::new(policy.clone()).idempotent().layer(probe).oneshot("tea");
    assert_eq!(polled(&mut call).await, None);
    tokio::time::advance(TENTH).await;
    assert_eq!(polled(&mut call).await, None);
    assert_eq!(shared.under_way(), 2);
    drop(call);
    assert_eq!((shared.under_way(), shared.clones(), policy.totals().cancelled()), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn responses_are_kept_under_the_key_of_their_request() {
    let cache = Cache::builder("stock").ttl(SECOND).stale(60 * SECOND).build().unwrap();
    let policy = policy(|to| to.cache(cache).retry(at_once(2)));
    let bad = Step::Answer(100);
    let script = [Step::Answer(1), bad, bad, bad, bad, Step::Answer(2), bad];
    let probe = Probe::new(script);
    let shared = probe.shared();
    let service = PolicyLayer::new(policy.clone())
        .idempotent()
        .cache_key(|request: &&'static str| request.strip_prefix("get "))
        .classify_response(|answer: &u32| (*answer > 9).then_some(Class::Transient))
        .layer(probe);
    let ask = |request: &'static str| service.clone().oneshot(request);

    assert_eq!((ask("get tea").await, ask("get tea").await), (Ok(1), Ok(1)));
    assert_eq!(shared.called(), 1);
    assert_eq!(ask("get coffee").await, Ok(100), "a bad response is handed over");
    assert_eq!(ask("get coffee").await, Ok(100), "and not kept");
    assert_eq!(shared.called(), 5);
    assert_eq!((ask("put tea").await, shared.called()), (Ok(2), 6));
    assert_eq!((ask("get tea").await, shared.called()), (Ok(1), 6));
    assert_eq!(policy.cache().unwrap().snapshot().hits, 2);
}

#[tokio::test(start_paused = true)]
async fn one_flight_finds_out_for_all_who_ask_and_hands_over_when_it_is_dropped() {
    let cache = Cache::builder("stock").ttl(SECOND).build().unwrap();
    let policy = policy(|to| to.cache(cache));
    let probe = Probe::new([Step::Hang, Step::AnswerAfter(TENTH, 5)]);
    let shared = probe.shared();
    let service = PolicyLayer::new(policy.clone())
        .cache_key(|request: &&'static str| Some(*request))
        .layer(probe);
    let mut calls: Vec<_> = (0..3).map(|_| service.clone().oneshot("tea")).collect();
    for call in &mut calls {
        assert_eq!(polled(call).await, None);
    }
    assert_eq!(shared.called(), 1);
    drop(calls.remove(0));
    let (first, second) = tokio::join!(calls.remove(0), calls.remove(0));
    assert_eq!((first, second, shared.called()), (Ok(5), Ok(5), 2));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_refuses_and_says_for_how_long() {
    let limit = RateLimit::builder("stock").quota(Quota::per_second(1)).build().unwrap();
    let policy = policy(|to| to.rate_limit(limit));
    let service = PolicyLayer::new(policy.clone()).layer(Probe::new([]));
    assert_eq!(service.clone().oneshot(()).await, Ok(7));
    let refused = service.oneshot(()).await;
    let Err(Failed::Refused(rejected)) = refused else { panic!("{refused:?}") };
    assert_eq!(rejected.reason(), Reason::RateLimited);
    assert_eq!(rejected.retry_after(), Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_quota_of_its_own() {
    let limit = KeyedRateLimit::builder("stock").quota(Quota::per_second(1)).build().unwrap();
    let policy = policy(|to| to.keyed_rate_limit(limit));
    let by_key = PolicyLayer::new(policy.clone())
        .priority(|_: &&str| Priority::Low)
        .rate_limit_key(|tenant: &&str| KeyHash::of(*tenant))
        .priority(|_: &&str| Priority::High)
        .layer(Probe::new([]));
    for tenant in ["a", "b"] {
        assert_eq!(by_key.clone().oneshot(tenant).await, Ok(7));
        assert_eq!(reason(by_key.clone().oneshot(tenant).await), Some(Reason::RateLimited));
    }
    let by_nothing = PolicyLayer::new(policy).layer(Probe::new([]));
    assert_eq!(by_nothing.clone().oneshot("c").await, Ok(7));
    assert_eq!(reason(by_nothing.oneshot("d").await), Some(Reason::RateLimited));
    tokio::time::advance(SECOND).await;
    assert_eq!(by_key.oneshot("a").await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn what_matters_least_is_refused_first() {
    let limit = ConcurrencyLimit::builder("stock").build().unwrap();
    let limits = limit.settings();
    let policy = policy(|to| to.concurrency_limit(limit));
    let layer = PolicyLayer::new(policy.clone()).priority(|request: &Priority| *request);
    let service = layer.layer(Probe::new(vec![Step::Hang; 1_000]));
    let mut under_way = Vec::new();
    loop {
        let mut call = service.clone().oneshot(Priority::Low);
        match polled(&mut call).await {
            None => under_way.push(call),
            Some(ended) => {
                assert_eq!(reason(ended), Some(Reason::ConcurrencyLimited), "{limits:?}");
                break;
            }
        }
    }
    let mut critical = service.oneshot(Priority::Critical);
    assert_eq!(polled(&mut critical).await, None, "there is room for what matters");
}

#[tokio::test(start_paused = true)]
async fn chaos_stands_in_for_the_service() {
    let chaos = Chaos::builder("stock").error(1.0).build().unwrap();
    let policy = policy(|to| to.chaos(chaos.clone()));
    let probe = Probe::new([]);
    let shared = probe.shared();
    let service = PolicyLayer::new(policy).layer(probe);
    assert_eq!(service.clone().oneshot(()).await, Ok(7), "off until switched on");
    let _on = chaos.while_held();
    assert_eq!(reason(service.oneshot(()).await), Some(Reason::Injected));
    assert_eq!(shared.called(), 1);
}
