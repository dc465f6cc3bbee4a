//! The layers that keep a state of their own.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Naming, Told, attribute};
use crate::error::recovery::DegradationSnapshot;
use crate::resilience::breaker::State;
use crate::resilience::concurrency_limit::Priority;
use crate::resilience::degrade;
use crate::resilience::observe::observe_rate_limit as snapshot_of;
use crate::resilience::{Breaker, Bulkhead, ConcurrencyLimit, Policy, RetryBudget};
#[cfg(any(feature = "cache", feature = "chaos"))]
use crate::telemetry::Attribute;
use crate::telemetry::RateLimitSnapshot;
use crate::telemetry::metrics::Collection;
use crate::telemetry::metrics::catalogue::{
    BREAKER_REJECTIONS, BREAKER_STATE, BREAKER_TRANSITIONS, BREAKER_TRIPS, BUDGET_CAPACITY,
    BUDGET_TOKENS, BULKHEAD_IN_USE, BULKHEAD_LIMIT, BULKHEAD_QUEUED, BULKHEAD_REJECTIONS,
    CONCURRENCY_IN_USE, CONCURRENCY_LATENCY, CONCURRENCY_LIMIT, CONCURRENCY_REJECTIONS,
    CONCURRENCY_WINDOWS, DEGRADE_ANSWERED, DEGRADE_CROWDED, DEGRADE_NOT_RETRIED, DEGRADE_SHED,
    DEGRADED, DEGRADED_DURATION, DEGRADED_TIMES, RATE_LIMIT, RATE_LIMIT_AWAY,
    RATE_LIMIT_AWAY_CALLS, RATE_LIMIT_FORGOTTEN, RATE_LIMIT_KEYS, RATE_LIMIT_KEYS_LIMIT,
    RATE_LIMIT_RATE, RATE_LIMIT_REJECTIONS, RATE_LIMIT_REMAINING,
};
#[cfg(feature = "cache")]
use crate::telemetry::metrics::catalogue::{
    CACHE_ENTRIES, CACHE_EVICTIONS, CACHE_IN_FLIGHT, CACHE_LOOKUPS,
};
#[cfg(feature = "chaos")]
use crate::telemetry::metrics::catalogue::{CHAOS_INJECTIONS, CHAOS_ON};

pub(super) fn observe(policy: &Policy, naming: Naming<'_>, told: &mut Told, into: &mut Collection) {
    if let Some(budget) = policy.retry_budget().filter(|it| told.insert(it.address())) {
        observe_budget(budget, naming, into);
    }
    if let Some(now) = policy.degraded() {
        observe_degrade(&now, naming, into);
    }
    if let Some(degradation) = policy.degradation().filter(|it| told.insert(it.address())) {
        observe_degradation(&degradation.snapshot(), into);
    }
    if let Some(breaker) = policy.breaker().filter(|it| told.insert(it.address())) {
        observe_breaker(breaker, naming, into);
    }
    if let Some(bulkhead) = policy.bulkhead().filter(|it| told.insert(it.address())) {
        observe_bulkhead(bulkhead, naming, into);
    }
    if let Some(limit) = policy.concurrency_limit().filter(|it| told.insert(it.address())) {
        observe_concurrency_limit(limit, naming, into);
    }
    // Those that count per key or are shared by processes are listed by themselves.
    if let Some(limit) = policy.rate_limit().filter(|it| told.insert(it.address())) {
        observe_rate_limit(&snapshot_of(limit), Some(naming), into);
    }
    #[cfg(feature = "cache")]
    if let Some(cache) = policy.cache().filter(|it| told.insert(it.address())) {
        observe_cache(cache, naming, into);
    }
}

fn observe_budget(budget: &RetryBudget, naming: Naming<'_>, into: &mut Collection) {
    let of = || Vec::from([naming.attribute("reliability.retry_budget.name", budget.name())]);
    into.gauge(&BUDGET_TOKENS, of(), budget.tokens());
    into.gauge(&BUDGET_CAPACITY, of(), budget.settings().capacity.into());
}

fn observe_degrade(now: &degrade::Snapshot, naming: Naming<'_>, into: &mut Collection) {
    let of = || Vec::from([naming.policy()]);
    for priority in Priority::ALL {
        let mut attributes = of();
        attributes.push(attribute("reliability.priority", priority.as_str()));
        into.counter(&DEGRADE_SHED, attributes, now.shed(priority));
    }
    into.counter(&DEGRADE_CROWDED, of(), now.crowded);
    into.counter(&DEGRADE_ANSWERED, of(), now.answered);
    into.counter(&DEGRADE_NOT_RETRIED, of(), now.not_retried);
}

fn observe_degradation(now: &DegradationSnapshot, into: &mut Collection) {
    let of = || Vec::from([attribute("reliability.degradation.name", now.name.to_string())]);
    into.up_down_counter(&DEGRADED, of(), now.level.into());
    into.counter(&DEGRADED_TIMES, of(), now.times);
    into.gauge(&DEGRADED_DURATION, of(), now.lasted.as_secs_f64());
}

fn observe_breaker(breaker: &Breaker, naming: Naming<'_>, into: &mut Collection) {
    let now = breaker.snapshot();
    let of = || naming.attribute("reliability.breaker.name", &now.name);
    for state in State::ALL {
        let attributes = Vec::from([of(), attribute("reliability.breaker.state", state.as_str())]);
        into.up_down_counter(&BREAKER_STATE, attributes, (state == now.state).into());
    }
    let edges = State::ALL.iter().flat_map(|from| State::ALL.iter().map(move |to| (*from, *to)));
    for (from, to) in edges {
        let times = now.transitions(from, to);
        // The edge that wakes somebody is there before it is first taken.
        if times > 0 || (from, to) == (State::Closed, State::Open) {
            let edge = [
                of(),
                attribute("reliability.breaker.from", from.as_str()),
                attribute("reliability.breaker.to", to.as_str()),
            ];
            into.counter(&BREAKER_TRANSITIONS, edge.into(), times);
        }
    }
    into.counter(&BREAKER_REJECTIONS, Vec::from([of()]), now.rejected);
    into.gauge(&BREAKER_TRIPS, Vec::from([of()]), now.trips.into());
}

fn observe_bulkhead(bulkhead: &Bulkhead, naming: Naming<'_>, into: &mut Collection) {
    let of = || Vec::from([naming.attribute("reliability.bulkhead.name", bulkhead.name())]);
    into.up_down_counter(&BULKHEAD_LIMIT, of(), bulkhead.concurrent().into());
    into.up_down_counter(&BULKHEAD_IN_USE, of(), bulkhead.in_use().into());
    into.up_down_counter(&BULKHEAD_QUEUED, of(), bulkhead.queued().into());
    into.counter(&BULKHEAD_REJECTIONS, of(), bulkhead.rejected());
}

fn observe_concurrency_limit(limit: &ConcurrencyLimit, naming: Naming<'_>, into: &mut Collection) {
    let now = limit.snapshot();
    let of = || naming.attribute("reliability.concurrency_limit.name", &now.name);
    into.up_down_counter(&CONCURRENCY_LIMIT, Vec::from([of()]), now.limit.into());
    into.up_down_counter(&CONCURRENCY_IN_USE, Vec::from([of()]), now.in_flight.into());
    for level in Priority::ALL {
        let attributes = Vec::from([of(), attribute("reliability.priority", level.as_str())]);
        into.counter(&CONCURRENCY_REJECTIONS, attributes, now.rejected(level));
    }
    into.counter(&CONCURRENCY_WINDOWS, Vec::from([of()]), now.windows);
    if let Some(latency) = now.latency {
        into.gauge(&CONCURRENCY_LATENCY, Vec::from([of()]), latency.as_secs_f64());
    }
}

pub(super) fn observe_rate_limit(
    now: &RateLimitSnapshot,
    naming: Option<Naming<'_>>,
    into: &mut Collection,
) {
    let key = "reliability.rate_limit.name";
    let of = || match naming {
        Some(naming) => Vec::from([naming.attribute(key, &now.name)]),
        None => Vec::from([attribute(key, now.name.clone())]),
    };
    let period = now.period.as_secs_f64();
    into.up_down_counter(&RATE_LIMIT, of(), now.burst.into());
    if period > 0.0 {
        into.gauge(&RATE_LIMIT_RATE, of(), f64::from(now.permits) / period);
    }
    into.up_down_counter(&RATE_LIMIT_REMAINING, of(), now.remaining.into());
    into.counter(&RATE_LIMIT_REJECTIONS, of(), now.rejected);
    if let Some(keys) = &now.keys {
        into.up_down_counter(&RATE_LIMIT_KEYS, of(), keys.remembered.cast_signed());
        into.up_down_counter(&RATE_LIMIT_KEYS_LIMIT, of(), keys.capacity.cast_signed());
        into.counter(&RATE_LIMIT_FORGOTTEN, of(), keys.forgotten_early);
    }
    if let Some(store) = &now.store {
        into.up_down_counter(&RATE_LIMIT_AWAY, of(), store.away.into());
        into.counter(&RATE_LIMIT_AWAY_CALLS, of(), store.calls_away);
    }
}

/// A name and what happened, of which each has a series.
#[cfg(any(feature = "cache", feature = "chaos"))]
fn by(name: Attribute, key: &'static str, what: &'static str) -> Vec<Attribute> {
    Vec::from([name, attribute(key, what)])
}

#[cfg(feature = "cache")]
fn observe_cache(cache: &crate::resilience::Cache, naming: Naming<'_>, into: &mut Collection) {
    let now = cache.snapshot();
    let of = || naming.attribute("reliability.cache.name", &now.name);
    for (result, times) in [
        ("hit", now.hits),
        ("negative_hit", now.negative_hits),
        ("stale", now.stale),
        ("miss", now.misses),
        ("refresh", now.refreshes),
        ("stale_if_error", now.stale_if_error),
        ("coalesced", now.coalesced),
        ("wait_given_up", now.waits_given_up),
        ("handed_over", now.handed_over),
    ] {
        into.counter(&CACHE_LOOKUPS, by(of(), "reliability.cache.result", result), times);
    }
    into.counter(&CACHE_EVICTIONS, Vec::from([of()]), now.evictions);
    into.up_down_counter(&CACHE_ENTRIES, Vec::from([of()]), now.size.cast_signed());
    into.up_down_counter(&CACHE_IN_FLIGHT, Vec::from([of()]), now.in_flight.cast_signed());
}

#[cfg(feature = "chaos")]
pub(super) fn observe_chaos(into: &mut Collection) {
    for now in crate::resilience::chaos::handles().iter().map(crate::resilience::Chaos::snapshot) {
        let of = || attribute("reliability.chaos.name", now.name.to_string());
        into.up_down_counter(&CHAOS_ON, Vec::from([of()]), now.on.into());
        for (what, times) in
            [("latency", now.latencies), ("error", now.errors), ("hang", now.hangs)]
        {
            into.counter(&CHAOS_INJECTIONS, by(of(), "reliability.chaos.injection", what), times);
        }
    }
}
