//! What people know settings by from elsewhere.

use crate::settings::Known;

/// Names of other libraries and of other settings, and what they are here. A word may have several
/// meanings: it is the one that the owner has.
const ELSEWHERE: [(&str, &str); 39] = [
    ("adaptive_limit", "concurrency_limit"),
    ("circuit_breaker", "breaker"),
    ("circuitbreaker", "breaker"),
    ("coalesce", "cache"),
    ("limit", "rate_limit"),
    ("load_shed", "bulkhead"),
    ("max_concurrent", "bulkhead"),
    ("rate_limiter", "rate_limit"),
    ("ratelimit", "rate_limit"),
    ("retries", "retry"),
    ("semaphore", "bulkhead"),
    ("single_flight", "cache"),
    ("throttle", "rate_limit"),
    ("tries", "retry"),
    // retry
    ("base_delay", "backoff"),
    ("count", "attempts"),
    ("delay", "backoff"),
    ("initial_delay", "backoff"),
    ("max_attempts", "attempts"),
    ("max_retries", "attempts"),
    ("retries", "attempts"),
    ("times", "attempts"),
    ("tries", "attempts"),
    // breaker
    ("cooldown", "open_for"),
    ("failure_threshold", "failure_rate"),
    ("reset_timeout", "open_for"),
    ("threshold", "failure_rate"),
    // bulkhead
    ("limit", "concurrent"),
    ("max", "concurrent"),
    ("max_concurrent", "concurrent"),
    ("permits", "concurrent"),
    ("size", "concurrent"),
    // hedge
    ("delay", "after"),
    ("quantile", "after"),
    // cache, rate_limit
    ("max_entries", "capacity"),
    ("max_size", "capacity"),
    ("size", "capacity"),
    ("per", "key"),
    ("by", "key"),
];

/// What the owner of those settings calls it.
pub(crate) fn known_elsewhere_as(written: &str, known: Known) -> Option<&'static str> {
    let names = ELSEWHERE.iter().filter(|(other, _)| *other == written).map(|(_, name)| *name);
    names.into_iter().find(|name| known.iter().any(|(known, _)| known == name))
}
