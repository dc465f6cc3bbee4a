//! Chaos as a layer: what the other layers make of it, and that nobody overlooks it.

mod requests;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reliability::error::{Class, Fault, Reason, Rejected};
use reliability::resilience::breaker::State;
use reliability::resilience::chaos::ChaosBuilder;
use reliability::resilience::{
    Breaker, Bulkhead, Call, Chaos, Classifier, Hedge, Layer, Policy, PolicyBuilder, Retry,
    RetryBudget, registry, resilient,
};
use reliability::telemetry;
use tokio::time::Instant;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn all(name: &'static str, change: impl FnOnce(ChaosBuilder) -> ChaosBuilder) -> Chaos {
    change(Chaos::builder(name)).build().unwrap()
}

fn policy(chaos: &Chaos, change: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Policy {
    change(Policy::builder("disturbed")).chaos(chaos.clone()).build().unwrap()
}

async fn call(policy: &Policy) -> Result<u32, Rejected> {
    policy.call(|| async { Ok(7) }).await
}

#[tokio::test(start_paused = true)]
async fn off_changes_nothing_and_on_is_seen_by_the_next_call() {
    let chaos = all("off", |to| to.error(1.0));
    let policy = policy(&chaos, |to| to.timeout(secs(1)));
    assert_eq!(call(&policy).await, Ok(7));
    let on = chaos.while_held();
    assert_eq!(call(&policy).await.unwrap_err().reason(), Reason::Injected);
    drop(on);
    assert_eq!(call(&policy).await, Ok(7));
    assert_eq!(policy.totals().rejected(Reason::Injected), 1);
}

#[tokio::test(start_paused = true)]
async fn an_injected_error_is_retried_takes_from_the_budget_and_earns_like_a_real_one() {
    let chaos = all("retried", |to| to.error(1.0));
    let budget = RetryBudget::builder("chaos-budget").ratio(1.0).capacity(1).build().unwrap();
    let policy = policy(&chaos, |to| to.retry(Retry::attempts(3).budget(budget)));
    let _on = chaos.while_held();
    for _ in 0..3 {
        assert!(call(&policy).await.is_err());
    }
    // Each first attempt earns the one retry that it then spends.
    assert_eq!((policy.totals().retries(), policy.totals().retries_denied()), (3, 3));
    assert_eq!(chaos.snapshot().errors, 6);
}

#[tokio::test(start_paused = true)]
async fn injected_errors_and_hangs_open_the_breaker() {
    for inside_retry in [true, false] {
        for chaos in [all("error", |to| to.error(1.0)), all("hang", |to| to.hang(1.0))] {
            let breaker = Breaker::builder("disturbed").min_calls(2).build().unwrap();
            let (inner, outer) = (breaker.clone(), breaker.clone());
            let policy = policy(&chaos, |to| {
                let to = if inside_retry { to } else { to.breaker(outer) };
                let to = to.retry(Retry::attempts(2));
                let to = if inside_retry { to.breaker(inner) } else { to };
                to.timeout(secs(1))
            });
            let _on = chaos.while_held();
            assert!(call(&policy).await.is_err());
            assert!(call(&policy).await.is_err());
            assert_eq!(breaker.state(), State::Open, "{chaos:?}, inside: {inside_retry}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hang_ends_with_the_timeout_and_with_the_deadline() {
    let chaos = all("hang", |to| to.hang(1.0));
    let _on = chaos.while_held();
    let start = Instant::now();
    let under_timeout = policy(&chaos, |to| to.timeout(secs(3)));
    assert_eq!(call(&under_timeout).await.unwrap_err().reason(), Reason::TimedOut);
    assert_eq!(start.elapsed(), secs(3));
    let under_deadline = policy(&chaos, |to| to.deadline(secs(5)));
    assert_eq!(call(&under_deadline).await.unwrap_err().reason(), Reason::DeadlineExceeded);
    assert_eq!(start.elapsed(), secs(8));
}

#[tokio::test(start_paused = true)]
async fn latency_and_work_share_one_timeout() {
    let chaos = all("late", |to| to.latency(secs(2), 1.0));
    let _on = chaos.while_held();
    let policy = policy(&chaos, |to| to.timeout(secs(3)));
    let work = |took| {
        move || async move {
            tokio::time::sleep(took).await;
            Ok::<_, Rejected>(7)
        }
    };
    let start = Instant::now();
    assert_eq!(policy.call(work(Duration::from_millis(900))).await, Ok(7));
    assert_eq!(start.elapsed(), Duration::from_millis(2_900));
    let late = policy.call(work(Duration::from_millis(1_100))).await.unwrap_err();
    assert_eq!(late.reason(), Reason::TimedOut);
    assert_eq!(start.elapsed(), Duration::from_millis(5_900));
}

#[tokio::test(start_paused = true)]
async fn a_latency_that_no_hedge_is_due_in_comes_before_the_first_request() {
    let chaos = all("hedged", |to| to.latency(secs(2), 1.0));
    let _on = chaos.while_held();
    let policy = policy(&chaos, |to| to.hedge(Hedge::standard()).timeout(secs(9)));
    let begun = AtomicU32::new(0);
    let work = || async {
        begun.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Rejected>(7)
    };
    let start = Instant::now();
    let errors = Classifier::by_fault();
    let mut call = Call::new(&policy, &errors);
    let outcome = call.attempt_hedged(work).await;
    assert_eq!(call.conclude(outcome), Ok(7));
    assert_eq!((start.elapsed(), begun.load(Ordering::Relaxed)), (secs(2), 1));
    assert_eq!(chaos.snapshot().latencies, 1);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_takes_an_injected_latency_for_a_slow_call() {
    let chaos = all("slow", |to| to.latency(secs(2), 1.0));
    for timeout in [None, Some(secs(60))] {
        let breaker = Breaker::builder("slow").min_calls(1).slow_calls(secs(1), 1.0);
        let breaker = breaker.build().unwrap();
        let policy = policy(&chaos, |to| {
            let to = to.breaker(breaker.clone());
            if let Some(timeout) = timeout { to.timeout(timeout) } else { to }
        });
        let _on = chaos.while_held();
        assert_eq!(call(&policy).await, Ok(7));
        assert_eq!(breaker.state(), State::Open, "{timeout:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_chaos_has_it_gives_everything_back() {
    for chaos in [all("hang", |to| to.hang(1.0)), all("late", |to| to.latency(secs(9), 1.0))] {
        let bulkhead = Bulkhead::builder("dropped").concurrent(1).queue(0).build().unwrap();
        let breaker = Breaker::builder("dropped").min_calls(1).build().unwrap();
        let policy = policy(&chaos, |to| {
            to.breaker(breaker.clone()).bulkhead(bulkhead.clone()).timeout(secs(60))
        });
        let on = chaos.while_held();
        let begun = AtomicU32::new(0);
        let work = || async {
            begun.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Rejected>(7)
        };
        let dropped = tokio::time::timeout(secs(1), policy.call(work)).await;
        assert!(dropped.is_err());
        assert_eq!((bulkhead.in_use(), begun.load(Ordering::Relaxed)), (0, 0));
        assert_eq!(policy.totals().cancelled(), 1);
        assert_eq!(breaker.snapshot().window.calls, 0, "nobody knows how it would have ended");
        drop(on);
        assert_eq!(call(&policy).await, Ok(7));
    }
}

#[test]
fn a_hang_that_nothing_would_end_is_refused() {
    let chaos = all("endless", |to| to.hang(0.5));
    let refused = Policy::builder("endless").retry(Retry::standard()).chaos(chaos).build();
    assert_eq!(
        refused.unwrap_err().to_string(),
        "`endless`: `hang_rate` must be 0 without `timeout` and `deadline`, but is 0.5; a \
         call that hangs would hang for ever; add a timeout outside of `chaos`",
    );
    let policy = policy(&all("later", |to| to.error(0.5)), |to| to);
    let hang = policy.reconfigure(|to| {
        if let Some(chaos) = &mut to.chaos {
            chaos.hang_rate = 0.1;
        }
    });
    assert_eq!(hang.unwrap_err().setting(), "hang_rate");
    assert_eq!(policy.settings().chaos.unwrap().hang_rate, 0.0);
}

/// Each of those who share it could ask, and the one that it would be bad for is not the one asked.
#[test]
fn a_shared_chaos_does_not_hang_calls_that_nothing_would_end() {
    let chaos = all("shared", |to| to.error(0.5));
    let bounded = policy(&chaos, |to| to.timeout(secs(1)));
    chaos.reconfigure(|to| to.hang_rate = 0.1).unwrap();
    chaos.reconfigure(|to| to.hang_rate = 0.0).unwrap();
    let unbounded = policy(&chaos, |to| to);

    let asked = bounded.reconfigure(|to| {
        if let Some(chaos) = &mut to.chaos {
            chaos.hang_rate = 0.1;
        }
    });
    assert_eq!(
        asked.unwrap_err().to_string(),
        "`shared`: `hang_rate` must be 0, since a policy without `timeout` and `deadline` has \
         this chaos, but is 0.1; its calls would hang for ever; give that policy a timeout outside of \
         `chaos`, or a chaos of its own",
    );
    assert!(chaos.reconfigure(|to| to.hang_rate = 0.1).is_err());
    assert_eq!(unbounded.settings().chaos.unwrap().hang_rate, 0.0);
    chaos.reconfigure(|to| to.error_rate = 0.1).unwrap();
}

#[test]
fn settings_change_through_the_policy() {
    let chaos = all("changed", |to| to.error(0.5));
    let policy = policy(&chaos, |to| to.timeout(secs(1)));
    let change = policy.reconfigure(|to| {
        if let Some(chaos) = &mut to.chaos {
            chaos.error_rate = 0.25;
        }
    });
    assert_eq!((change, chaos.settings().error_rate), (Ok(()), 0.25));
    assert!(policy.reconfigure(|to| to.chaos = None).is_err(), "layers are fixed");
}

#[tokio::test]
async fn it_reports_itself_wherever_one_looks() {
    let chaos = all("reported", |to| to.error(1.0).seed(42));
    let policy = policy(&chaos, |to| to.timeout(secs(1)));
    assert_eq!(policy.layers(), [Layer::Timeout, Layer::Chaos]);
    let told = || {
        let snapshot = telemetry::snapshot();
        let found = snapshot.chaos.iter().find(|chaos| chaos.name == "reported").cloned();
        (found.unwrap(), snapshot.to_string())
    };
    assert!(!told().0.on && !told().1.contains("CHAOS IS ON: reported"));
    let _on = chaos.while_held();
    assert!(call(&policy).await.is_err());
    let (now, text) = told();
    assert_eq!((now.on, now.seed, now.error_rate, now.errors), (true, 42, 1.0, 1));
    let line = "CHAOS IS ON: reported (seed 42) injected 0 latencies, 1 error, 0 hangs\n";
    assert!(text.ends_with(line) || text.contains(line), "{text}");
    assert!(format!("{policy:?}").contains("on: true"));
}

#[derive(Debug, Fault, PartialEq)]
enum Failed {
    #[fault(overloaded)]
    Busy,
    #[fault(from)]
    Rejected(Rejected),
}

fn busy() -> Failed {
    Failed::Busy
}

#[resilient(
    retry(attempts = 2, backoff = constant("1ms"), jitter = none),
    timeout = "1s",
    chaos(latency("50ms".."200ms", rate = 0.000_001), error(rate = 0.999_998, make = busy), seed = 3),
    idempotent,
)]
async fn own_error() -> Result<u32, Failed> {
    Ok(7)
}

#[resilient(chaos(error(rate = 1)))]
async fn alone() -> Result<u32, Failed> {
    Ok(7)
}

#[tokio::test(start_paused = true)]
async fn the_attribute_injects_the_users_own_error() {
    assert_eq!(own_error().await, Ok(7));
    let policy = registry::find("own_error").unwrap().policy().clone();
    let chaos = policy.chaos().unwrap().clone();
    assert_eq!((chaos.name().as_str(), chaos.seed()), ("own_error", 3));
    let settings = chaos.settings();
    assert_eq!(settings.latency_from, Duration::from_millis(50));
    assert_eq!(settings.latency_to, Duration::from_millis(200));
    let _on = chaos.while_held();
    assert_eq!(own_error().await, Err(Failed::Busy));
    let totals = policy.totals();
    assert_eq!((totals.retries(), totals.failed(Class::Overloaded)), (1, 1));
}

#[tokio::test]
async fn it_may_be_the_only_layer() {
    let policy = registry::find("alone").unwrap().policy().clone();
    assert_eq!(policy.layers(), [Layer::Chaos]);
    assert_eq!(alone().await, Ok(7));
    let _on = policy.chaos().unwrap().while_held();
    let error = alone().await.unwrap_err();
    assert_eq!(error.rejection().map(Rejected::reason), Some(Reason::Injected));
}
