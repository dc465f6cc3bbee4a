//! No call that succeeds allocates, nor one that an open breaker refuses.
//!
//! The counter is the allocator of this test binary; it counts the allocations of one thread.

use std::future::Future;
use std::hash::Hash;
use std::num::ParseIntError;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use reliability::error::{Contextual, ErrorMonitor, Fault, Reason, Rejected, ResultExt};
use reliability::resilience::breaker::{State, Window};
use reliability::resilience::cache::{Cache, Sharing};
use reliability::resilience::rate_limit::{KeyedRateLimit, Quota};
use reliability::resilience::single_flight::SingleFlight;
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Breaker, Bulkhead, Chaos, Hedge, Invalid, Policy, Retry, resilient};
use reliability::telemetry::metrics;
use reliability::telemetry::metrics::{Counter, Family, Gauge, Histogram, UpDownCounter};
use reliability::telemetry::trace;
use reliability::time::Clock;
use reliability_benches::now_or_panic;
use reliability_benches::single::{Small, ready, with_hedge, with_retry, with_timeout};
use reliability_benches::stack::{Client, by_hand, by_macro, policy};
use tower::{Layer, Service, service_fn};

const CALLS: usize = 1_000;

/// How many allocations a thousand calls make, once the first one has set up what is set up once.
fn allocations<R>(mut call: impl FnMut() -> R) -> u64 {
    drop(call());
    measure(|| (0..CALLS).for_each(|_| drop(call()))).count_total
}

fn breaker() -> reliability::resilience::breaker::BreakerBuilder {
    Breaker::builder("price").min_calls(1).open_for(Duration::from_secs(3600))
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| Box::new(7)), CALLS as u64);
}

#[test]
fn a_closed_breaker_does_not_allocate() {
    let time = Window::time(Duration::from_secs(10));
    for window in [Window::count(100), time, Window::consecutive(5)] {
        for clock in [Clock::precise(), Clock::coarse(), Clock::ticked()] {
            let plain = breaker().window(window).clock(clock);
            let mut builders = vec![plain.clone()];
            if window != Window::consecutive(5) {
                builders.push(plain.slow_calls(Duration::from_millis(500), 0.8));
            }
            for builder in builders {
                let breaker = builder.build().expect("valid settings");
                let call = || breaker.acquire().expect("closed").success();
                assert_eq!(allocations(call), 0, "{breaker:?}");
            }
        }
    }
}

#[resilient(rate_limit("1000/ms", key = tenant))]
async fn by_number(tenant: u64) -> Result<u64, Rejected> {
    Ok(tenant)
}

#[resilient(rate_limit("1000/ms", key = (tenant, sku)))]
async fn by_text(tenant: &str, sku: &str) -> Result<usize, Rejected> {
    Ok(tenant.len() + sku.len())
}

#[test]
fn a_rate_limit_for_each_key_does_not_allocate_for_keys_that_it_knows() {
    assert_eq!(allocations(|| now_or_panic(by_number(7))), 0);
    assert_eq!(allocations(|| now_or_panic(by_text("acme", "tea"))), 0);
}

/// How many bytes each of so many keys takes.
fn bytes_per_key<K: Hash + Eq + Clone + Send + 'static>(
    keys: usize,
    key_of: impl Fn(u64) -> K,
) -> Result<f64, Invalid> {
    let limit = KeyedRateLimit::<K>::builder("tenants").quota(Quota::per_second(1)).capacity(keys);
    let limit = limit.build()?;
    let taken = measure(|| {
        (0..keys as u64).for_each(|key| assert!(limit.check(&key_of(key)).is_allowed()));
    });
    Ok(taken.bytes_current as f64 / limit.len() as f64)
}

/// As [`KeyedRateLimitBuilder::capacity`] says: the least where tables are nearly full, the most where
/// they have just doubled.
///
/// [`KeyedRateLimitBuilder::capacity`]: reliability::resilience::rate_limit::KeyedRateLimitBuilder
#[test]
fn a_key_of_a_rate_limit_takes_as_much_memory_as_is_said() {
    for keys in [1_000, 10_000, 28_000, 58_000] {
        let number = bytes_per_key(keys, |key| key).expect("valid settings");
        assert!((65.0..=131.0).contains(&number), "{number} bytes, with {keys} keys");
        let larger = bytes_per_key(keys, |key| [key; 4]).expect("valid settings");
        assert!((92.0..=186.0).contains(&larger), "{larger} bytes, with {keys} keys");
    }
}

metrics! {
    static ORDERS: Counter = Counter::builder("allocations.orders");
    static WAITING: UpDownCounter = UpDownCounter::builder("allocations.waiting");
    static LOAD: Gauge = Gauge::builder("allocations.load");
    static TAKING: Histogram = Histogram::builder("allocations.duration").unit("s");
    static ANSWERS: Family<Counter, 2> = Counter::builder("allocations.answers").by(["route", "status"]);
    static FULL: Family<Counter, 1> = Counter::builder("allocations.full").by(["user"]).series(1);
}

#[test]
fn what_is_counted_allocates_nothing() {
    assert_eq!(allocations(|| ORDERS.add(1)), 0);
    assert_eq!(allocations(|| WAITING.add(-1)), 0);
    assert_eq!(allocations(|| LOAD.set(0.5)), 0);
    // The first value sets the histogram up.
    assert_eq!(allocations(|| TAKING.record(0.03)), 0);
    assert_eq!(allocations(|| ANSWERS.with(("/orders", 200)).add(1)), 0);
    let mut user = 0_u32;
    FULL.with([user]).add(1);
    let next = || {
        user += 1;
        FULL.with([user]).add(1);
    };
    assert_eq!(allocations(next), 0);
    let caller =
        trace::Context::from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let in_a_trace =
        || caller.as_ref().map(|caller| caller.in_scope(|| TAKING.record(0.03))).is_ok();
    assert_eq!(allocations(in_a_trace), 0);
}

/// Neither does one that has to wait, as long as no hedge is sent.
#[test]
fn a_hedge_that_is_not_sent_does_not_allocate() {
    allocations(|| now_or_panic(with_hedge()));
    assert_eq!(allocations(|| now_or_panic(with_hedge())), 0);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let waits = || async {
        tokio::task::yield_now().await;
        Ok::<_, Rejected>(7)
    };
    let hedge = Hedge::after(Duration::from_secs(60));
    let hedged = Policy::builder("price").hedge(hedge).build().expect("valid settings");
    let bounded = Policy::builder("price").timeout(Duration::from_secs(60)).build();
    let bounded = bounded.expect("valid settings");
    let without = allocations(|| runtime.block_on(bounded.call(waits)));
    assert_eq!(allocations(|| runtime.block_on(hedged.call(waits))), without);
    assert_eq!(hedged.totals().hedges(), 0);
}

/// What is used now has a place in front of moka, and moka's books are not touched.
#[test]
fn a_value_from_a_cache_does_not_allocate() {
    let cache = Cache::standard("price");
    cache.insert("tea", 299_u32);
    cache.insert((&7_u64, "tea"), 299_u32);
    let work = || async { Ok::<u32, Rejected>(7) };
    assert_eq!(allocations(|| cache.get::<u32>("tea")), 0);
    assert_eq!(allocations(|| now_or_panic(cache.get_or("tea", work)).expect("a hit")), 0);
    let of_two = || now_or_panic(cache.get_or((&7_u64, "tea"), work)).expect("a hit");
    assert_eq!(allocations(of_two), 0);

    let policy = Policy::builder("price").cache(cache).retry(Retry::standard()).build();
    let policy = policy.expect("valid settings");
    let under_a_policy =
        || now_or_panic(policy.call_cached("tea", Sharing::errors(), work)).expect("a hit");
    assert_eq!(allocations(under_a_policy), 0);
    allocations(|| now_or_panic(cached_price("tea")).expect("a hit"));
    assert_eq!(allocations(|| now_or_panic(cached_price("tea")).expect("a hit")), 0);
}

#[test]
fn a_flight_of_one_does_not_allocate() {
    let flights = SingleFlight::<u64, u64>::new();
    // The table takes room once.
    allocations(|| now_or_panic(flights.run(&7, async { 7 })));
    assert_eq!(allocations(|| now_or_panic(flights.run(&7, async { 7 }))), 0);
}

#[resilient(cache(ttl = "1h", key = sku), retry, idempotent)]
async fn cached_price(sku: &str) -> Result<u32, Rejected> {
    Ok(sku.len() as u32)
}

#[test]
fn failures_trips_and_probes_do_not_allocate() {
    let breaker = breaker().build().expect("valid settings");
    let trip = || {
        breaker.acquire().expect("closed").failure();
        breaker.acquire().expect_err("open");
        breaker.reset();
    };
    assert_eq!(allocations(trip), 0);
}

#[test]
fn a_refusal_by_an_open_breaker_does_not_allocate() {
    let breaker = breaker().build().expect("valid settings");
    breaker.acquire().expect("closed").failure();
    assert_eq!(allocations(|| breaker.acquire().expect_err("open")), 0);

    let policy = Policy::builder("price").retry(Retry::standard()).breaker(breaker.clone());
    let policy = policy.build().expect("valid settings");
    let call = || now_or_panic(policy.call(ready::<Rejected>)).expect_err("open");
    assert_eq!(allocations(call), 0);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_bulkhead_does_not_allocate() {
    let bulkhead = Bulkhead::builder("price").concurrent(1).build().expect("valid settings");
    assert_eq!(allocations(|| bulkhead.try_enter().expect("room")), 0);
    assert_eq!(allocations(|| now_or_panic(bulkhead.enter()).expect("room")), 0);
    let inside = bulkhead.try_enter().expect("room");
    assert_eq!(allocations(|| bulkhead.try_enter().expect_err("full")), 0);
    drop(inside);
}

#[test]
fn waiting_for_a_place_does_not_allocate() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let _inside = runtime.enter();
    let bulkhead = Bulkhead::builder("price").concurrent(1).queue(1).build();
    let bulkhead = bulkhead.expect("valid settings");
    let wait = || {
        let first = bulkhead.try_enter().expect("room");
        let mut second = pin!(bulkhead.enter());
        let mut context = Context::from_waker(Waker::noop());
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert_eq!(bulkhead.queued(), 1);
        drop(first);
        let Poll::Ready(Ok(permit)) = second.poll(&mut context) else {
            panic!("the place was free")
        };
        drop(permit);
    };
    assert_eq!(allocations(wait), 0);
}

/// What a chain of notes and a monitor cost a function that succeeds.
#[test]
fn context_and_a_monitor_do_not_allocate_on_the_way_of_a_success() {
    fn parsed(text: &str, errors: &ErrorMonitor) -> Result<u32, impl Fault + use<>> {
        let number = text.parse::<u32>().context("reading the amount");
        let number = number.with_context(|| format!("in {text:?}"))?;
        errors.watch(Ok::<_, Contextual<Contextual<ParseIntError>>>(number))
    }
    let errors = ErrorMonitor::standard("bench");
    assert_eq!(allocations(|| parsed("7", &errors).is_ok()), 0);
    assert!(allocations(|| parsed("seven", &errors).is_ok()) > 0, "words are made for an error");
}

#[test]
fn recording_an_error_of_a_known_kind_does_not_allocate() {
    let errors = ErrorMonitor::standard("bench");
    let error = "seven".parse::<u32>().context("reading the amount").expect_err("no number");
    assert_eq!(allocations(|| errors.record(&error)), 0);
    assert_eq!(errors.snapshot().recorded, CALLS as u64 + 1);

    let policy = Policy::builder("price").timeout(Duration::from_secs(1)).monitor(&errors);
    let policy = policy.build().expect("valid settings");
    let failing = || now_or_panic(policy.call(|| async { Err::<u32, _>(Small(7)) })).is_err();
    assert_eq!(allocations(failing), 0);
}

#[test]
fn chaos_does_not_allocate_off_or_on() {
    let chaos = Chaos::builder("price").error(0.5).build().expect("valid settings");
    let policy = Policy::builder("price").timeout(Duration::from_secs(1)).chaos(chaos.clone());
    let policy = policy.build().expect("valid settings");
    let call = || now_or_panic(policy.call(ready::<Rejected>)).is_ok();
    assert_eq!(allocations(call), 0);
    let _on = chaos.while_held();
    assert_eq!(allocations(call), 0);
}

#[test]
fn a_timeout_does_not_allocate() {
    assert_eq!(allocations(|| now_or_panic(with_timeout()).expect("ready")), 0);
}

#[test]
fn a_retry_does_not_allocate_on_its_first_attempt() {
    assert_eq!(allocations(|| now_or_panic(with_retry()).expect("ready")), 0);
}

#[test]
fn the_whole_stack_does_not_allocate() {
    let client = Client { price: 7 };
    assert_eq!(allocations(|| now_or_panic(by_macro(&client, "tea")).expect("ready")), 0);
    let policy = policy().expect("valid settings");
    assert_eq!(allocations(|| now_or_panic(by_hand(&policy, &client, "tea")).expect("ready")), 0);
}

fn echo() -> impl Service<u32, Response = u32, Error = Rejected, Future: Send> + Clone + Send + Sync
{
    service_fn(|request: u32| std::future::ready(Ok::<_, Rejected>(request)))
}

fn forever(policy: Policy) -> &'static Policy {
    Box::leak(Box::new(policy))
}

/// A future that owns its policy and borrows from it has no name that can be written, so it is
/// boxed; in one piece, small enough for what allocators keep at hand.
#[test]
fn a_call_of_a_service_that_shares_its_policy_allocates_once_and_less_than_a_kilobyte() {
    let policy = policy().expect("valid settings");
    let mut service = PolicyLayer::new(policy).idempotent().layer(echo());
    assert_eq!(now_or_panic(service.call(7)), Ok(7));
    let made = measure(|| (0..CALLS).for_each(|_| drop(now_or_panic(service.call(7)))));
    assert_eq!(made.count_total, CALLS as u64);
    let bytes = made.bytes_total / CALLS as u64;
    println!("| a call of a service, boxed | {bytes} | 1024 |");
    assert!(bytes <= 1024, "{bytes} bytes");
}

#[test]
fn a_call_of_a_service_of_a_static_policy_does_not_allocate() {
    let policy = forever(policy().expect("valid settings"));
    let mut service = PolicyLayer::new(policy).idempotent().layer(echo());
    assert_eq!(allocations(|| now_or_panic(service.call(7)).expect("ready")), 0);
    assert_eq!(policy.totals().ok(), CALLS as u64 + 1);
}

#[test]
fn a_refusal_by_a_static_policy_of_a_service_does_not_allocate() {
    let full = Bulkhead::builder("price").concurrent(1).queue(0).build().expect("valid settings");
    let _inside = full.try_enter_owned().expect("room");
    let policy = Policy::builder("price").retry(Retry::standard()).bulkhead(full);
    let policy = forever(policy.build().expect("valid settings"));
    let mut service = PolicyLayer::new(policy).layer(echo());
    assert_eq!(allocations(|| now_or_panic(service.call(7)).expect_err("full")), 0);
    assert_eq!(policy.totals().rejected(Reason::BulkheadFull), CALLS as u64 + 1);
}
