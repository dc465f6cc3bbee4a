//! What has to hold when a call has ended early.

use reliability::error::Class;
use reliability::resilience::breaker::State;
use reliability::resilience::{Layer, Policy, Totals};

use super::layers::{BUDGET, PERMITS};
use super::moment::{Moment, Work};
use super::stage::Case;

/// What follows from the moment and the order of the layers.
#[derive(Debug, PartialEq)]
pub(super) struct Expected {
    /// How often the work began, ended, and was dropped.
    work: (u32, u32, u32),
    /// Calls that were cancelled, panicked, and failed.
    totals: (u64, u64, u64),
    finished: u64,
    retries: u64,
    fallbacks: u64,
    hedges: u64,
    /// Places taken, and calls that wait for one.
    bulkhead: Option<(u32, u32)>,
    /// Calls inside of an adaptive limit.
    inside: Option<u32>,
    /// Permits of a rate limit that are left.
    permits: Option<u32>,
    /// State, calls and failures in the window, and probes on their way.
    breaker: Option<(State, u64, u64, Option<u32>)>,
    /// Tokens of the budget, in thousandths.
    tokens: Option<u64>,
}

impl Expected {
    pub(super) fn of(case: &Case<'_>) -> Self {
        let moment = case.moment;
        let has = |layer| case.position(layer).is_some();
        let calls = case.calls();
        let retries = u64::from(moment.retries());
        let failed = u64::from(moment.falls_back());
        let panicked = u64::from(moment.panics());
        let runs = moment.runs();
        let ended = u32::from(moment.retries() || moment.falls_back());
        Self {
            work: (runs, ended, runs - ended),
            totals: (calls - panicked - failed, panicked, failed),
            finished: calls,
            retries,
            fallbacks: failed,
            hedges: u64::from(moment.hedges()),
            bulkhead: has(Layer::Bulkhead).then_some((0, 0)),
            inside: has(Layer::ConcurrencyLimit).then_some(0),
            permits: has(Layer::RateLimit).then(|| permits(case)),
            breaker: has(Layer::Breaker).then(|| breaker(case)),
            tokens: (has(Layer::Retry) || has(Layer::Hedge)).then(|| tokens(case)),
        }
    }

    pub(super) fn seen(policy: &Policy, totals: &Totals, work: &Work) -> Self {
        let breaker = policy.breaker().map(|breaker| {
            let now = breaker.snapshot();
            let on_their_way = now.probes.map(|probes| probes.admitted - probes.completed);
            (now.state, now.window.calls, now.window.failures, on_their_way)
        });
        let thousandths = |tokens: f64| (tokens * 1_000.0).round() as u64;
        Self {
            work: work.counts(),
            totals: (totals.cancelled(), totals.panicked(), failed(totals)),
            finished: totals.finished(),
            retries: totals.retries(),
            fallbacks: totals.fallbacks(),
            hedges: totals.hedges(),
            bulkhead: policy.bulkhead().map(|bulkhead| (bulkhead.in_use(), bulkhead.queued())),
            inside: policy.concurrency_limit().map(|limit| limit.in_flight()),
            permits: policy.rate_limit().map(|limit| limit.remaining()),
            breaker,
            tokens: policy.retry_budget().map(|budget| thousandths(budget.tokens())),
        }
    }
}

fn failed(totals: &Totals) -> u64 {
    Class::ALL.iter().map(|class| totals.failed(*class)).sum()
}

/// What is left of the permits: a call that was let in has used one, whatever became of it.
fn permits(case: &Case<'_>) -> u32 {
    let (rate, bulkhead) = (case.position(Layer::RateLimit), case.position(Layer::Bulkhead));
    let retry = case.position(Layer::Retry);
    let for_each_attempt = u32::from(retry.is_some() && rate > retry);
    let before_queue = u32::from(rate < bulkhead);
    let used = match case.moment {
        Moment::BeforePoll | Moment::PanickingUnmade => 0,
        // Somebody else has used all of them.
        Moment::Limited => PERMITS,
        Moment::Queued | Moment::Granted => before_queue,
        Moment::QueuedAgain => 1 + for_each_attempt * before_queue,
        Moment::WorkingAgain | Moment::PanickingAgain => 1 + for_each_attempt,
        _ => 1,
    };
    PERMITS - used
}

/// What is left of the tokens: retries and hedges spend them.
fn tokens(case: &Case<'_>) -> u64 {
    let moment = case.moment;
    let spent = 1_000 * (u64::from(moment.retries()) + u64::from(moment.hedges()));
    if case.position(Layer::Retry).is_none() {
        // A bucket of its own, with the defaults, which is full.
        return 100_000 - spent;
    }
    // A call earns when its work begins, or what stands in for it.
    let earns = moment.runs() > 0 || moment.is_injected();
    BUDGET + 500 * u64::from(earns) - spent
}

/// The state of the breaker, the calls and failures in its window, and the probes on their way.
fn breaker(case: &Case<'_>) -> (State, u64, u64, Option<u32>) {
    let moment = case.moment;
    if case.probing {
        return match moment {
            // Nobody has asked the breaker yet, and so it does not know that its time is over.
            _ if !case.reaches_the_breaker() => (State::Open, 0, 0, None),
            _ if moment.panics() => (State::Open, 0, 0, None),
            // An error of the caller's own making: the dependency did its work.
            _ if moment.falls_back() => (State::Closed, 0, 0, None),
            _ => (State::HalfOpen, 0, 0, Some(0)),
        };
    }
    // Inside of retry it sees every attempt, outside only how the call ends.
    let failed_attempts = u64::from(moment.retries() && case.breaker_is_inside_retry());
    let panics = moment.panics() && moment != Moment::PanickingUnmade;
    let failures = failed_attempts + u64::from(panics);
    let calls = failures + u64::from(moment.falls_back());
    (State::Closed, calls, failures, None)
}
