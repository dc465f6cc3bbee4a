//! A shared policy with a hedge, around functions that an attribute names it on.

use std::sync::atomic::AtomicU32;
use std::sync::{LazyLock, Mutex};

use reliability::resilience::{Hedge, IdempotencyKey, resilient};
use tokio::time::Instant;

use super::*;

const MILLI: Duration = Duration::from_millis(1);

static SHARED: LazyLock<Policy> = LazyLock::new(|| shared(Hedge::after(10 * MILLI)));

fn shared(hedge: Hedge) -> Policy {
    let retry = Retry::attempts(2).backoff(Backoff::constant(MILLI).jitter(Jitter::None));
    Policy::builder("shared").retry(retry).hedge(hedge).timeout(50 * MILLI).build().unwrap()
}

/// What each request takes, in milliseconds, and how it ends.
#[derive(Default)]
struct Requests {
    script: Vec<(u32, Result<usize, Class>)>,
    made: AtomicU32,
}

impl Requests {
    fn new(script: &[(u32, Result<usize, Class>)]) -> Self {
        Self { script: script.to_vec(), made: AtomicU32::new(0) }
    }

    async fn ask(&self) -> Result<usize, Failed> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let (millis, ends) = self.script[number as usize];
        tokio::time::sleep(millis * MILLI).await;
        ends.map_err(Failed::As)
    }

    fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }
}

/// A text that counts how often it was cloned.
struct Sku<'c>(&'c AtomicU32);

impl Clone for Sku<'_> {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

#[resilient(policy = policy, idempotent)]
async fn price(policy: &Policy, requests: &Requests, sku: Sku<'_>) -> Result<usize, Failed> {
    let _sku = sku;
    requests.ask().await
}

#[resilient(policy = SHARED, idempotency_key = order)]
async fn pay(order: String, keys: &Mutex<Vec<String>>) -> Result<usize, Failed> {
    let key = IdempotencyKey::current().map(|key| key.as_str().to_owned());
    let late = {
        let mut keys = keys.lock().unwrap();
        keys.extend(key);
        keys.len() == 1
    };
    tokio::time::sleep(if late { 40 * MILLI } else { 5 * MILLI }).await;
    Ok(order.len())
}

#[resilient(policy = SHARED)]
async fn once(requests: &Requests) -> Result<usize, Failed> {
    requests.ask().await
}

#[resilient(policy = SHARED, idempotent)]
async fn exclusive(requests: &Requests, tries: &mut u32) -> Result<usize, Failed> {
    *tries += 1;
    requests.ask().await
}

fn none(_: &Policy, _: &Requests, _: Sku<'_>, _: Failed) -> Result<usize, Failed> {
    Ok(0)
}

#[resilient(policy = policy, fallback = none, idempotent)]
async fn or_none(policy: &Policy, requests: &Requests, sku: Sku<'_>) -> Result<usize, Failed> {
    let _sku = sku;
    requests.ask().await
}

#[tokio::test(start_paused = true)]
async fn hedges_what_says_that_it_may_be_repeated() {
    let (policy, clones) = (shared(Hedge::after(10 * MILLI)), AtomicU32::new(0));
    let requests = Requests::new(&[(40, Ok(1)), (5, Ok(2))]);
    let begin = Instant::now();
    assert_eq!(price(&policy, &requests, Sku(&clones)).await, Ok(2));
    assert_eq!((begin.elapsed(), requests.made()), (15 * MILLI, 2));
    assert_eq!((policy.totals().hedges(), policy.totals().hedges_won()), (1, 1));
    assert_eq!(clones.load(Ordering::Relaxed), 2, "each request has its own");

    let late = (20, Err(Class::Transient));
    let requests = Requests::new(&[late, late, (40, Ok(1)), (5, Ok(2))]);
    assert_eq!(price(&policy, &requests, Sku(&clones)).await, Ok(2));
    assert_eq!((policy.totals().hedges(), policy.totals().retries()), (3, 1));
    assert_eq!(clones.load(Ordering::Relaxed), 6);
}

#[tokio::test(start_paused = true)]
async fn takes_arguments_along_where_nothing_follows() {
    let clones = AtomicU32::new(0);
    let plain = Policy::builder("plain").timeout(50 * MILLI).build().unwrap();
    let requests = Requests::new(&[(40, Ok(1))]);
    assert_eq!(price(&plain, &requests, Sku(&clones)).await, Ok(1));
    assert_eq!((requests.made(), clones.load(Ordering::Relaxed)), (1, 0));
    let requests = Requests::new(&[(60, Ok(1))]);
    let timed_out = price(&plain, &requests, Sku(&clones)).await;
    assert!(
        matches!(timed_out, Err(Failed::Refused(rejected)) if rejected.reason() == Reason::TimedOut)
    );
}

#[tokio::test(start_paused = true)]
async fn gives_all_requests_the_same_key() {
    let keys = Mutex::new(Vec::new());
    let hedges = SHARED.totals().hedges();
    assert_eq!(pay("order-7".into(), &keys).await, Ok(7));
    assert_eq!(*keys.lock().unwrap(), ["order-7", "order-7"]);
    assert!(SHARED.totals().hedges() > hedges);
}

#[tokio::test(start_paused = true)]
async fn asks_the_fallback_when_all_requests_have_failed() {
    let (policy, clones) = (shared(Hedge::after(10 * MILLI)), AtomicU32::new(0));
    let fails = (30, Err(Class::Permanent));
    let requests = Requests::new(&[fails, fails]);
    assert_eq!(or_none(&policy, &requests, Sku(&clones)).await, Ok(0));
    assert_eq!((requests.made(), policy.totals().fallbacks()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn makes_one_request_without_the_word_and_of_what_is_exclusive() {
    let requests = Requests::new(&[(40, Ok(1))]);
    assert_eq!(once(&requests).await, Ok(1));
    assert_eq!(requests.made(), 1);
    // One after the other is well possible, two at a time are not.
    let requests = Requests::new(&[(40, Err(Class::Transient)), (40, Ok(2))]);
    let mut tries = 0;
    assert_eq!(exclusive(&requests, &mut tries).await, Ok(2));
    assert_eq!((tries, requests.made()), (2, 2));
}
