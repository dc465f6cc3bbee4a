//! The same with layers that stand in the attribute. Such a policy lives as long as the process, so
//! what is compared is what has changed.

use std::future::Future;
use std::time::Duration;

use reliability::resilience::breaker::State;
use reliability::resilience::{Layer, Policy, registry, resilient};

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
    held: (u32, u32),
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
        held: policy.bulkhead().map_or((0, 0), |bulkhead| (bulkhead.in_use(), bulkhead.queued())),
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
        held: (0, 0),
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
    for moment in Moment::ALL {
        check_all!(moment;
            bounded due repeated guarded queued replaced all_of_them inside_out);
    }
}
