//! What the metrics of policies are called: here once, so that who tells them and who reads them mean
//! the same. The guide's chapter `telemetry` has the table for people; a test holds the two together.

use super::Descriptor;

macro_rules! catalogue {
    ($($name:ident = $metric:literal in $unit:literal: $description:literal;)*) => {
        $(
            #[doc = $description]
            pub(crate) const $name: Descriptor = Descriptor::new($metric, $unit, $description);
        )*
    };
}

#[cfg(feature = "resilience")]
catalogue! {
    CALLS = "reliability.policy.calls" in "{call}":
        "Calls that ended, by how they ended.";
    DURATION = "reliability.policy.duration" in "s":
        "How long calls took, from the moment when they first had to wait.";
    RETRIES = "reliability.policy.retries" in "{retry}":
        "Attempts after the first one.";
    DENIED_RETRIES = "reliability.policy.denied_retries" in "{retry}":
        "Retries that the budget denied.";
    HEDGES = "reliability.policy.hedges" in "{request}":
        "Requests that were sent because an earlier one was late.";
    WON_HEDGES = "reliability.policy.won_hedges" in "{request}":
        "Hedges that answered first.";
    DENIED_HEDGES = "reliability.policy.denied_hedges" in "{request}":
        "Hedges that the budget denied.";
    FALLBACKS = "reliability.policy.fallbacks" in "{call}":
        "Calls that asked their fallback.";
    TIMEOUT = "reliability.policy.timeout" in "s":
        "How long an attempt is waited for as of now; an adaptive timeout changes by itself.";
    HEDGE_DELAY = "reliability.policy.hedge_delay" in "s":
        "After how long a hedge is sent as of now.";
    RECENT_DURATION = "reliability.policy.attempt.recent_duration" in "s":
        "A quantile of how long attempts took lately, of those that had to wait.";

    BUDGET_TOKENS = "reliability.retry_budget.tokens" in "{token}":
        "What retries and hedges can be taken from.";
    BUDGET_CAPACITY = "reliability.retry_budget.capacity" in "{token}":
        "What the budget holds when it is full.";

    DEGRADED = "reliability.degradation.level" in "{level}":
        "How far things are degraded; 0 is normal.";
    DEGRADED_TIMES = "reliability.degradation.times" in "{degradation}":
        "How often things went from normal to degraded.";
    DEGRADED_DURATION = "reliability.degradation.duration" in "s":
        "How long things were degraded.";
    DEGRADE_SHED = "reliability.degrade.shed" in "{call}":
        "Calls that were shed while things were degraded, by priority.";
    DEGRADE_CROWDED = "reliability.degrade.crowded" in "{call}":
        "Calls kept out because the part of the limit was full that may be filled while degraded.";
    DEGRADE_ANSWERED = "reliability.degrade.answered" in "{call}":
        "Calls that were kept out and got an answer nevertheless.";
    DEGRADE_NOT_RETRIED = "reliability.degrade.not_retried" in "{attempt}":
        "Attempts that would have been followed by another one.";

    BREAKER_STATE = "reliability.breaker.state" in "{breaker}":
        "1 for the state that the breaker is in, and 0 for the others.";
    BREAKER_TRANSITIONS = "reliability.breaker.transitions" in "{transition}":
        "How often the breaker went from one state to another.";
    BREAKER_REJECTIONS = "reliability.breaker.rejections" in "{call}":
        "Calls that the breaker refused.";
    BREAKER_TRIPS = "reliability.breaker.trips_in_a_row" in "{trip}":
        "Open periods since the breaker was last closed.";

    BULKHEAD_LIMIT = "reliability.bulkhead.limit" in "{call}":
        "How many calls may run at once.";
    BULKHEAD_IN_USE = "reliability.bulkhead.in_use" in "{call}":
        "How many calls run now.";
    BULKHEAD_QUEUED = "reliability.bulkhead.queued" in "{call}":
        "How many calls wait for a place.";
    BULKHEAD_REJECTIONS = "reliability.bulkhead.rejections" in "{call}":
        "Calls that the bulkhead refused.";

    CONCURRENCY_LIMIT = "reliability.concurrency_limit.limit" in "{call}":
        "How many calls may run at once as of now.";
    CONCURRENCY_IN_USE = "reliability.concurrency_limit.in_use" in "{call}":
        "How many calls run now.";
    CONCURRENCY_REJECTIONS = "reliability.concurrency_limit.rejections" in "{call}":
        "Calls that the adaptive limit refused, by priority.";
    CONCURRENCY_WINDOWS = "reliability.concurrency_limit.windows" in "{window}":
        "Windows of calls that the limit was found by.";
    CONCURRENCY_LATENCY = "reliability.concurrency_limit.latency" in "s":
        "The mean latency of the last window.";

    RATE_LIMIT = "reliability.rate_limit.limit" in "{permit}":
        "How many permits may be used at once.";
    RATE_LIMIT_RATE = "reliability.rate_limit.rate" in "{permit}/s":
        "How many permits come back in a second.";
    RATE_LIMIT_REMAINING = "reliability.rate_limit.remaining" in "{permit}":
        "How many permits could be had now; by a new key, where they are counted per key.";
    RATE_LIMIT_REJECTIONS = "reliability.rate_limit.rejections" in "{call}":
        "Calls that the rate limit refused.";
    RATE_LIMIT_KEYS = "reliability.rate_limit.keys" in "{key}":
        "How many keys are remembered.";
    RATE_LIMIT_KEYS_LIMIT = "reliability.rate_limit.keys_limit" in "{key}":
        "How many keys are remembered at most.";
    RATE_LIMIT_FORGOTTEN = "reliability.rate_limit.forgotten_keys" in "{key}":
        "Keys that were forgotten before all of their permits had come back.";
    RATE_LIMIT_AWAY = "reliability.rate_limit.store_away" in "{store}":
        "1 while the store that processes share does not answer, and 0 while it does.";
    RATE_LIMIT_AWAY_CALLS = "reliability.rate_limit.away_calls" in "{call}":
        "Calls that were decided without the store.";
}

#[cfg(feature = "cache")]
catalogue! {
    CACHE_LOOKUPS = "reliability.cache.lookups" in "{lookup}":
        "Lookups, by what became of them.";
    CACHE_EVICTIONS = "reliability.cache.evictions" in "{entry}":
        "Entries thrown out because there was no room for them.";
    CACHE_ENTRIES = "reliability.cache.entries" in "{entry}":
        "How many entries there are.";
    CACHE_IN_FLIGHT = "reliability.cache.in_flight" in "{key}":
        "How many keys are being worked on now.";
}

#[cfg(feature = "chaos")]
catalogue! {
    CHAOS_ON = "reliability.chaos.on" in "{chaos}":
        "1 while faults are injected on purpose, and 0 while they are not.";
    CHAOS_INJECTIONS = "reliability.chaos.injections" in "{attempt}":
        "Attempts to which something was done on purpose, by what it was.";
}

catalogue! {
    OPERATION_CALLS = "reliability.operation.calls" in "{call}":
        "Calls of an operation that ended, by how they ended.";
    OPERATION_DURATION = "reliability.operation.duration" in "s":
        "How long calls of an operation took, by how they ended.";

    ERRORS = "reliability.errors.recorded" in "{error}":
        "Errors that a monitor was shown.";
    ERROR_GROUPS = "reliability.errors.groups" in "{group}":
        "Kinds of error that a monitor keeps apart now.";
    ERROR_EVICTIONS = "reliability.errors.evicted_groups" in "{group}":
        "Kinds of error that gave way to others.";
}
