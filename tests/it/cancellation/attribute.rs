//! The same with layers that stand in the attribute. Such a policy lives as long as the process, so
//! what is compared is what has changed.

use std::future::Future;
use std::time::Duration;

use reliability::error::recovery::Degradation;
use reliability::resilience::breaker::State;
use reliability::resilience::{ConcurrencyLimit, Layer, Policy, Priority, registry, resilient};

use super::layers::Follows;
use super::moment::{Moment, Work};
use super::stage::{Case, Front, end_at};
use crate::failed::Failed;

#[resilient(timeout = "1h")]
async fn bounded(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(deadline = "2h")]
async fn due(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(retry(attempts = 3, backoff = constant("1s"), jitter = none), idempotent)]
async fn repeated(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(breaker)]
async fn guarded(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(bulkhead(concurrent = 1, queue = 5, wait = "1h"))]
async fn queued(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(fallback = instead)]
async fn replaced(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(rate_limit("10/s", wait = "1h"))]
async fn limited(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(concurrency_limit)]
async fn narrowed(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(hedge(after = "15m"), chaos(latency("30m", rate = 1.0)), idempotent)]
async fn hedged(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(cache(ttl = "1h", wait = "1h", key = work.number()))]
async fn kept(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

static DEGRADED: Degradation = Degradation::declared("cancelled-by-attribute");

#[resilient(
    degrade(when = DEGRADED, retry = off, shed(below = normal), priority = Priority::Normal),
    retry,
    idempotent,
)]
async fn lessened(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(
    fallback = instead,
    deadline = "2h",
    retry(attempts = 3, backoff = constant("1s"), jitter = none),
    breaker,
    bulkhead(concurrent = 1, queue = 5, wait = "1h"),
    timeout = "1h",
    idempotent,
)]
async fn all_of_them(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

#[resilient(
    bulkhead(concurrent = 1, queue = 5, wait = "1h"),
    breaker,
    retry(attempts = 3, backoff = constant("1s"), jitter = none),
    idempotent,
)]
async fn inside_out(work: &Work) -> Result<u32, Failed> {
    work.run().await
}

async fn instead(work: &Work, _error: Failed) -> Result<u32, Failed> {
    work.fall_back().await
}

/// What a policy that lives on has counted and holds.
#[derive(Debug, PartialEq)]
struct Seen {
    ok: u64,
    cancelled: u64,
    panicked: u64,
    finished: u64,
    retries: u64,
    hedges: u64,
    held: (u32, u32),
    inside: u32,
    failures: u64,
}

fn seen(policy: &Policy) -> Seen {
    let totals = policy.totals();
    Seen {
        ok: totals.ok(),
        cancelled: totals.cancelled(),
        panicked: totals.panicked(),
        finished: totals.finished(),
        retries: totals.retries(),
        hedges: totals.hedges(),
        held: policy.bulkhead().map_or((0, 0), |bulkhead| (bulkhead.in_use(), bulkhead.queued())),
        inside: policy.concurrency_limit().map_or(0, ConcurrencyLimit::in_flight),
        failures: policy.breaker().map_or(0, |breaker| breaker.snapshot().window.failures),
    }
}

async fn check<'a, F>(name: &str, moment: Moment, work: &'a Work, call: impl Fn(&'a Work) -> F)
where
    F: Future<Output = Result<u32, Failed>> + 'a,
{
    let entry = registry::find(&format!("it::cancellation::attribute::{name}")).unwrap();
    let policy = entry.policy();
    let (layers, front, follows) = (policy.layers(), Front::Attribute, Follows::Nothing);
    let case = Case { layers, moment, probing: false, front, follows };
    let falls_back = moment.falls_back() && policy.layers().contains(&Layer::Fallback);
    if !case.exists() && !falls_back {
        return;
    }
    let before = seen(policy);
    end_at(moment, policy, call(work)).await.unwrap_or_else(|told| panic!("{case:?}: {told}"));
    let polled = u64::from(moment != Moment::BeforePoll);
    let panicked = u64::from(moment.panics());
    let failures = u64::from(moment.retries() && case.breaker_is_inside_retry()) + panicked;
    let expected = Seen {
        ok: before.ok,
        cancelled: before.cancelled + polled - panicked - u64::from(falls_back),
        panicked: before.panicked + panicked,
        finished: before.finished + polled,
        retries: before.retries + u64::from(moment.retries()),
        hedges: before.hedges + u64::from(moment.hedges()),
        held: (0, 0),
        inside: 0,
        failures: if policy.breaker().is_some() { before.failures + failures } else { 0 },
    };
    assert_eq!(seen(policy), expected, "{case:?}");
    assert_eq!(policy.breaker().map_or(State::Closed, |breaker| breaker.state()), State::Closed);
    let (begun, ended, dropped) = work.counts();
    assert_eq!((begun, begun), (moment.runs(), ended + dropped), "{case:?}");
}

/// Brings each function to the moment, and sees that the next call finds everything.
macro_rules! check_all {
    ($moment:expr; $($function:ident)*) => {$(
        let work = Work::of($moment);
        check(stringify!($function), $moment, &work, $function).await;
        let again = tokio::time::timeout(Duration::from_secs(1), $function(&Work::good())).await;
        assert_eq!(again.unwrap().unwrap(), 7, "{} after {:?}", stringify!($function), $moment);
    )*};
}

#[tokio::test(start_paused = true)]
async fn a_function_with_layers_is_as_before() {
    // While they are degraded calls go the long way; these are of a priority that is let in.
    DEGRADED.raise();
    for moment in Moment::ALL {
        check_all!(moment;
            bounded due repeated guarded queued replaced limited narrowed hedged kept
            all_of_them inside_out);
        if !moment.retries() {
            check_all!(moment; lessened);
        }
    }
}
