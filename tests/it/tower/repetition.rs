//! Who says that a request may be made twice, and what it is made of then.

use std::sync::atomic::{AtomicU32, Ordering};

use reliability::error::Class;
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{IdempotencyKey, Policy};
use tower::{Layer, ServiceExt};

use super::{Probe, Step, TRANSIENT, at_once, policy};

const FAILING: [Step; 9] = [Step::Fail(Class::Transient); 9];

/// Of a kind that cannot be cloned.
struct Stream;

fn three_attempts() -> Policy {
    policy(|to| to.retry(at_once(3)))
}

#[tokio::test(start_paused = true)]
async fn without_the_word_there_is_one_attempt_even_of_what_can_be_cloned() {
    let policy = three_attempts();
    let probe = Probe::new(FAILING);
    let shared = probe.shared();
    let service = PolicyLayer::new(policy.clone()).layer(probe);
    assert_eq!(service.clone().oneshot("clone").await, Err(TRANSIENT));
    assert_eq!(service.oneshot(Stream).await, Err(TRANSIENT));
    assert_eq!((shared.called(), policy.totals().retries()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_predicate_says_it_of_some_requests() {
    let probe = Probe::new(FAILING);
    let shared = probe.shared();
    let service = PolicyLayer::new(three_attempts())
        .idempotent_when(|request: &&str| request.starts_with("get"))
        .layer(probe);
    assert_eq!(service.clone().oneshot("post").await, Err(TRANSIENT));
    assert_eq!(shared.called(), 1);
    assert_eq!(service.oneshot("get").await, Err(TRANSIENT));
    assert_eq!(shared.called(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_clone_is_copied_while_that_is_possible() {
    for (copies, attempts) in [(0, 1), (1, 2), (2, 3), (9, 3)] {
        let policy = three_attempts();
        let left = AtomicU32::new(copies);
        let copy = move |_: &Stream| {
            let took =
                left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            took.ok().map(|_| Stream)
        };
        let probe = Probe::new(FAILING);
        let shared = probe.shared();
        let copy = std::sync::Arc::new(copy);
        let service = PolicyLayer::new(policy.clone())
            .idempotent_with(move |request: &Stream| copy(request))
            .layer(probe);
        assert_eq!(service.oneshot(Stream).await, Err(TRANSIENT));
        assert_eq!(shared.called(), attempts, "{copies} copies");
        assert_eq!(policy.totals().retries(), attempts as u64 - 1, "{copies} copies");
        assert_eq!(policy.totals().failed(Class::Transient), 1, "{copies} copies");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_the_word_and_the_same_for_all_attempts() {
    let probe = Probe::new(FAILING);
    let shared = probe.shared();
    let service = PolicyLayer::new(three_attempts())
        .idempotency_key(|order: &u32| (*order > 0).then(|| IdempotencyKey::new(order)))
        .layer(probe);
    assert_eq!(service.clone().oneshot(0).await, Err(TRANSIENT));
    assert_eq!((shared.called(), shared.keys().len()), (1, 0));
    assert_eq!(service.oneshot(17).await, Err(TRANSIENT));
    assert_eq!(shared.keys(), ["17"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_copied_only_where_another_attempt_may_follow() {
    #[derive(Debug)]
    struct Counted<'a>(&'a AtomicU32);
    impl Clone for Counted<'_> {
        fn clone(&self) -> Self {
            self.0.fetch_add(1, Ordering::Relaxed);
            Self(self.0)
        }
    }
    static CLONES: AtomicU32 = AtomicU32::new(0);
    let clones_of = async |policy: Policy, script: &[Step]| {
        CLONES.store(0, Ordering::Relaxed);
        let probe = Probe::new(script.iter().copied());
        let ended =
            PolicyLayer::new(policy).idempotent().layer(probe).oneshot(Counted(&CLONES)).await;
        (CLONES.load(Ordering::Relaxed), ended.is_ok())
    };
    let timeout = policy(|to| to.timeout(super::SECOND));
    assert_eq!(clones_of(timeout, &FAILING).await, (0, false));
    assert_eq!(clones_of(three_attempts(), &[]).await, (1, true));
    assert_eq!(clones_of(three_attempts(), &FAILING).await, (2, false));
}
