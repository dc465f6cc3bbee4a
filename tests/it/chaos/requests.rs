//! Each request of a hedged attempt meets chaos by itself.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use proptest::prelude::*;
use reliability::error::{Class, Fault, Reason, Rejected};
use reliability::resilience::breaker::Breaker;
use reliability::resilience::chaos::{Chaos, Injection};
use reliability::resilience::timeout::Timeout;
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Bulkhead, Hedge, Policy, PolicyBuilder, registry, resilient};
use reliability::sync::Quantile;
use tokio::time::Instant;
use tower::{Layer, ServiceExt, service_fn};

const MILLI: Duration = Duration::from_millis(1);
const AFTER: Duration = Duration::from_millis(10);
const LATE: Duration = Duration::from_millis(200);

/// What chaos is to do with one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Spared,
    Late,
    Failed,
    Hung,
}
use Fate::{Failed, Hung, Late, Spared};

fn fate(injection: Injection) -> Fate {
    match injection {
        Injection::Nothing => Spared,
        Injection::Latency(_) => Late,
        Injection::Error => Failed,
        Injection::Hang => Hung,
    }
}

fn chaos() -> Chaos {
    let chaos = Chaos::builder("requests").latency(LATE, 0.25).error(0.25).hang(0.25);
    chaos.build().unwrap()
}

/// A chaos that does that, one after the other, and is on.
fn doing(fates: &[Fate]) -> Chaos {
    let (found, tried) = (chaos(), chaos());
    tried.switch_on();
    let fits = |seed: &u64| {
        tried.reseed(*seed);
        fates.iter().all(|wanted| fate(tried.strike()) == *wanted)
    };
    found.reseed((0..).find(fits).unwrap());
    found.switch_on();
    found
}

fn policy(chaos: &Chaos, change: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Policy {
    change(Policy::builder("requests")).chaos(chaos.clone()).build().unwrap()
}

fn hedged(chaos: &Chaos, max: u32) -> Policy {
    policy(chaos, |to| to.hedge(Hedge::after(AFTER).max(max)).timeout(50 * MILLI))
}

/// Hedges that were sent, and that won.
fn hedges(policy: &Policy) -> (u64, u64) {
    (policy.totals().hedges(), policy.totals().hedges_won())
}

/// What requests of a call did: how many began, and how many are under way.
#[derive(Default)]
struct Requests {
    begun: Cell<u32>,
    running: Cell<u32>,
}

struct Running<'r>(&'r Requests);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}

impl Requests {
    async fn request(&self, takes: Duration) -> Result<u32, Rejected> {
        let number = self.begun.get() + 1;
        self.begun.set(number);
        self.running.set(self.running.get() + 1);
        let _running = Running(self);
        tokio::time::sleep(takes).await;
        Ok(number)
    }
}

/// How a call ends, after how long, and how many of its requests began.
async fn call(policy: &Policy, takes: Duration) -> (Result<u32, Reason>, Duration, u32) {
    let (begin, requests) = (Instant::now(), Requests::default());
    let result = policy.call(|| requests.request(takes)).await;
    assert_eq!(requests.running.get(), 0, "a request outlived its call");
    (result.map_err(|rejected| rejected.reason()), begin.elapsed(), requests.begun.get())
}

/// What chaos does, how long requests take; how the call ends, when, how many began, hedges.
type Row = (&'static [Fate], u64, Result<u32, Reason>, u64, u32, (u64, u64));

#[tokio::test(start_paused = true)]
async fn each_request_has_a_fate_of_its_own() {
    let (injected, timed_out) = (Err(Reason::Injected), Err(Reason::TimedOut));
    let rows: &[Row] = &[
        (&[Late, Spared], 5, Ok(1), 15, 1, (1, 1)),
        (&[Hung, Spared], 5, Ok(1), 15, 1, (1, 1)),
        (&[Failed], 5, injected, 0, 0, (0, 0)),
        (&[Spared, Late], 30, Ok(1), 30, 1, (1, 0)),
        (&[Spared, Hung], 30, Ok(1), 30, 1, (1, 0)),
        (&[Spared, Failed], 30, Ok(1), 30, 1, (1, 0)),
        (&[Spared], 5, Ok(1), 5, 1, (0, 0)),
        // Each has a timeout of its own, and one that is late for longer than that never begins.
        (&[Late, Late], 5, timed_out, 60, 0, (1, 0)),
        (&[Hung, Hung], 5, timed_out, 60, 0, (1, 0)),
        (&[Late, Failed], 5, timed_out, 50, 0, (1, 0)),
        (&[Late, Late, Spared], 5, Ok(1), 25, 1, (2, 1)),
        (&[Hung, Failed, Spared], 5, Ok(1), 25, 1, (2, 1)),
        (&[Spared, Failed, Spared], 15, Ok(1), 15, 1, (1, 0)),
        (&[Spared, Failed, Spared], 40, Ok(1), 40, 2, (2, 0)),
    ];
    for (fates, takes, result, millis, begun, sent) in rows {
        let max = (fates.len() as u32 - 1).clamp(1, 2);
        let chaos = doing(fates);
        let policy = hedged(&chaos, max);
        let seen = call(&policy, *takes as u32 * MILLI).await;
        assert_eq!(seen, (*result, *millis as u32 * MILLI, *begun), "{fates:?}");
        assert_eq!(hedges(&policy), *sent, "{fates:?}");
        assert_eq!(policy.totals().finished(), 1);
        let met = u64::from(sent.0 as u32 + 1);
        assert_eq!(chaos.snapshot().decided, met, "{fates:?}: one decision for each request");
    }
}

#[tokio::test(start_paused = true)]
async fn a_latency_that_is_over_before_the_hedge_lets_the_request_begin() {
    let short = Chaos::builder("short").latency(4 * MILLI, 1.0).build().unwrap();
    let _on = short.while_held();
    let policy = hedged(&short, 1);
    assert_eq!(call(&policy, 3 * MILLI).await, (Ok(1), 7 * MILLI, 1));
    assert_eq!(hedges(&policy), (0, 0));
    // The first one began after 4 ms and has 50 in all, the hedge is 14 ms late.
    assert_eq!(call(&policy, 20 * MILLI).await, (Ok(1), 24 * MILLI, 2));
    assert_eq!(hedges(&policy), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_and_a_deadline_outside_end_what_is_delayed() {
    let chaos = doing(&[Hung, Hung]);
    let outside = policy(&chaos, |to| to.timeout(30 * MILLI).hedge(Hedge::after(AFTER)));
    assert_eq!(call(&outside, MILLI).await, (Err(Reason::TimedOut), 30 * MILLI, 0));
    let chaos = doing(&[Late, Hung]);
    let deadline = policy(&chaos, |to| to.deadline(30 * MILLI).hedge(Hedge::after(AFTER)));
    assert_eq!(call(&deadline, MILLI).await, (Err(Reason::DeadlineExceeded), 30 * MILLI, 0));
}

#[tokio::test(start_paused = true)]
async fn all_fates_of_an_attempt_are_one_outcome_and_one_place() {
    for (fates, failures) in [([Late, Spared], 0), ([Hung, Hung], 1), ([Failed, Spared], 1)] {
        let chaos = doing(&fates);
        let breaker = Breaker::builder("requests").build().unwrap();
        let bulkhead = Bulkhead::builder("requests").concurrent(1).queue(0).build().unwrap();
        let policy = policy(&chaos, |to| {
            let to = to.breaker(breaker.clone()).bulkhead(bulkhead.clone());
            to.hedge(Hedge::after(AFTER)).timeout(50 * MILLI)
        });
        call(&policy, MILLI).await.0.ok();
        let window = breaker.snapshot().window;
        assert_eq!((window.calls, window.failures, bulkhead.in_use()), (1, failures, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_place_meets_chaos_behind_it() {
    let bulkhead = Bulkhead::builder("requests").concurrent(1).queue(1).build().unwrap();
    let chaos = doing(&[Late, Spared]);
    let policy = policy(&chaos, |to| {
        to.bulkhead(bulkhead.clone()).hedge(Hedge::after(AFTER)).timeout(50 * MILLI)
    });
    let place = bulkhead.try_enter().unwrap();
    let mut waiting = Box::pin(call(&policy, 5 * MILLI));
    assert!(tokio::time::timeout(7 * MILLI, waiting.as_mut()).await.is_err());
    assert_eq!(chaos.snapshot().decided, 0);
    drop(place);
    assert_eq!(waiting.await, (Ok(1), 22 * MILLI, 1));
    assert_eq!(hedges(&policy), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn off_leaves_requests_alone_and_a_switch_holds_for_the_next_one() {
    let chaos = Chaos::builder("switched").hang(1.0).build().unwrap();
    let policy = hedged(&chaos, 1);
    assert_eq!(call(&policy, 30 * MILLI).await, (Ok(1), 30 * MILLI, 2));
    assert_eq!(chaos.snapshot().decided, 0);
    // On while the first request is under way: the hedge hangs, the first one is left alone.
    let mut running = Box::pin(call(&policy, 30 * MILLI));
    assert!(tokio::time::timeout(5 * MILLI, running.as_mut()).await.is_err());
    let on = chaos.while_held();
    assert_eq!(running.await, (Ok(1), 30 * MILLI, 1));
    assert_eq!(chaos.snapshot().hangs, 1);
    // Off while the first request hangs: it goes on hanging, the hedge does not.
    let mut hanging = Box::pin(call(&policy, 5 * MILLI));
    assert!(tokio::time::timeout(5 * MILLI, hanging.as_mut()).await.is_err());
    drop(on);
    assert_eq!(hanging.await, (Ok(1), 15 * MILLI, 1));
}

#[tokio::test(start_paused = true)]
async fn injected_latencies_are_what_attempts_took() {
    let chaos = Chaos::builder("slow").latency(40 * MILLI, 1.0).build().unwrap();
    let _on = chaos.while_held();
    let builders: [fn(PolicyBuilder) -> PolicyBuilder; 2] =
        [|to| to, |to| to.hedge(Hedge::after(90 * MILLI))];
    for change in builders {
        let adaptive = Timeout::adaptive(Quantile::P90).min(MILLI).max(400 * MILLI);
        let policy = policy(&chaos, |to| change(to).timeout(adaptive));
        for _ in 0..60 {
            assert_eq!(call(&policy, 2 * MILLI).await.0, Ok(1));
        }
        assert_eq!(policy.attempt_latency().count(), 60);
        let timeout = policy.timeout().unwrap();
        assert!((80 * MILLI..100 * MILLI).contains(&timeout), "{timeout:?} is twice of 42 ms");
    }
}

/// What became of many calls under that seed.
async fn run(seed: u64) -> (Vec<(Result<u32, Reason>, Duration, u32)>, [u64; 3]) {
    let chaos = chaos();
    chaos.reseed(seed);
    let _on = chaos.while_held();
    let policy = hedged(&chaos, 2);
    let mut seen = Vec::new();
    for takes in (0..100).map(|number| number % 23) {
        seen.push(call(&policy, takes * MILLI).await);
    }
    let now = chaos.snapshot();
    (seen, [now.latencies, now.errors, now.hangs])
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_calls() {
    let first = run(7).await;
    assert_eq!(run(7).await, first);
    assert_ne!(run(8).await, first);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever chaos does, and wherever the call is dropped: nothing is under way, nothing is held, it
    /// is counted once, and each fault was that of one request.
    #[test]
    fn a_call_that_is_dropped_leaves_nothing(
        seed in any::<u64>(),
        takes in 0..60_u32,
        max in 1..4_u32,
        steps in prop::collection::vec(0..25_u32, 0..12),
        timeout_outside in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let chaos = chaos();
            chaos.reseed(seed);
            chaos.switch_on();
            let bulkhead = Bulkhead::builder("requests").concurrent(1).queue(0).build().unwrap();
            let policy = policy(&chaos, |to| {
                let (to, hedge) = (to.bulkhead(bulkhead.clone()), Hedge::after(AFTER).max(max));
                match timeout_outside {
                    true => to.timeout(50 * MILLI).hedge(hedge),
                    false => to.hedge(hedge).timeout(50 * MILLI),
                }
            });
            let requests = Requests::default();
            let mut call = Box::pin(policy.call(|| requests.request(takes * MILLI)));
            let mut ended = false;
            for step in &steps {
                let once = |cx: &mut std::task::Context<'_>| {
                    Poll::Ready(Pin::new(&mut call).poll(cx).is_ready())
                };
                ended = poll_fn(once).await;
                if ended {
                    break;
                }
                prop_assert_eq!(bulkhead.in_use(), 1);
                tokio::time::advance(*step * MILLI).await;
            }
            drop(call);
            let polled = u64::from(!steps.is_empty());
            prop_assert_eq!((requests.running.get(), bulkhead.in_use()), (0, 0));
            let totals = policy.totals();
            prop_assert_eq!(totals.finished(), polled);
            prop_assert_eq!(totals.cancelled(), polled - u64::from(ended));
            let now = chaos.snapshot();
            prop_assert_eq!(now.decided, polled + totals.hedges());
            let spared = now.decided - now.errors - now.hangs;
            prop_assert!(u64::from(requests.begun.get()) <= spared);
            Ok(())
        })?;
    }
}

#[derive(Debug, Fault, Clone, PartialEq)]
enum PriceError {
    #[fault(overloaded)]
    Busy,
    #[fault(from)]
    Rejected(Rejected),
}

fn busy() -> PriceError {
    PriceError::Busy
}

#[resilient(
    hedge(after = "10ms"),
    timeout = "50ms",
    chaos(latency("200ms", rate = 0.5), error(rate = 0.25, make = busy)),
    idempotent,
)]
async fn price(sku: &str) -> Result<usize, PriceError> {
    tokio::time::sleep(5 * MILLI).await;
    Ok(sku.len())
}

/// Seeds it so that requests are late and spared in turn, as the list says.
fn reseed(chaos: &Chaos, fates: &[Fate]) {
    let fits = |seed: &u64| {
        chaos.reseed(*seed);
        fates.iter().all(|wanted| fate(chaos.strike()) == *wanted)
    };
    let seed = (0..).find(fits).unwrap();
    chaos.reseed(seed);
}

#[tokio::test(start_paused = true)]
async fn through_the_attribute() {
    // By its path: there is another function of that name.
    let path = concat!(module_path!(), "::price");
    let policy = registry::find(path).unwrap().policy().clone();
    let chaos = policy.chaos().unwrap();
    let _on = chaos.while_held();
    reseed(chaos, &[Late, Spared]);
    let begin = Instant::now();
    assert_eq!((price("tea").await, begin.elapsed()), (Ok(3), 15 * MILLI));
    assert_eq!(hedges(&policy), (1, 1));
    // Theirs is overloaded, so that a third request would not be sent.
    reseed(chaos, &[Failed]);
    assert_eq!(price("tea").await, Err(PriceError::Busy));
    assert_eq!(policy.totals().failed(Class::Overloaded), 1);
}

#[tokio::test(start_paused = true)]
async fn through_tower() {
    let policy = hedged(&doing(&[Late, Spared, Failed, Hung, Hung]), 1);
    let answering = service_fn(|sku: &'static str| async move {
        tokio::time::sleep(5 * MILLI).await;
        Ok::<_, Rejected>(sku.len())
    });
    let service = PolicyLayer::new(policy.clone()).idempotent().layer(answering);
    let begin = Instant::now();
    assert_eq!(service.clone().oneshot("tea").await, Ok(3));
    assert_eq!(begin.elapsed(), 15 * MILLI);
    assert_eq!(hedges(&policy), (1, 1));
    let failed = service.clone().oneshot("tea").await.unwrap_err();
    assert_eq!((failed.reason(), begin.elapsed()), (Reason::Injected, 15 * MILLI));
    assert_eq!(service.oneshot("tea").await.unwrap_err().reason(), Reason::TimedOut);
    assert_eq!((begin.elapsed(), hedges(&policy)), (75 * MILLI, (2, 1)));

    // Without the word there is one request, and chaos is met once.
    let chaos = doing(&[Late]);
    let never = service_fn(|_: &'static str| pending::<Result<usize, Rejected>>());
    let once = PolicyLayer::new(hedged(&chaos, 1)).layer(never);
    assert_eq!(once.oneshot("tea").await.unwrap_err().reason(), Reason::TimedOut);
    assert_eq!(chaos.snapshot().decided, 1);
}
