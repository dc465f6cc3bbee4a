//! The policies as metrics, for exporters: names and units are in `telemetry/metrics/catalogue`.
//!
//! What several policies share, such as one breaker for two of them, is told once.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

mod layers;

use super::policy::Layer;
use super::registry::{self, Entry};
use super::{Policy, rate_limit};
use crate::error::{Class, Reason};
use crate::sync::{HistogramSnapshot, Quantile};
use crate::telemetry::metrics::catalogue::{
    CALLS, DENIED_HEDGES, DENIED_RETRIES, DURATION, FALLBACKS, HEDGE_DELAY, HEDGES,
    RECENT_DURATION, RETRIES, TIMEOUT, WON_HEDGES,
};
use crate::telemetry::metrics::{Collection, Declared, HistogramPoint};
use crate::telemetry::{Attribute, Value};

inventory::submit! { Declared::new(&observe) }

/// The layers of a policy are told once for all policies that have them.
type Told = BTreeSet<usize>;

fn observe(into: &mut Collection) {
    let mut told = Told::new();
    for entry in registry::entries() {
        let (policy, naming) = (entry.policy(), Naming::of(&entry));
        calls(policy, naming, into);
        attempts(policy, naming, into);
        layers::observe(policy, naming, &mut told, into);
    }
    for limit in rate_limit::listed::listed() {
        layers::observe_rate_limit(&limit.snapshot(), None, into);
    }
    #[cfg(feature = "chaos")]
    layers::observe_chaos(into);
}

/// What a policy and its layers are called.
///
/// Of a function that has a policy for each key all are called like the function: keys come from
/// outside, and a series for each is more than any backend bears.
#[derive(Clone, Copy)]
struct Naming<'a> {
    own: &'a str,
    told: &'a str,
}

impl<'a> Naming<'a> {
    fn of(entry: &'a Entry) -> Self {
        let own = entry.policy().name().as_str();
        let item = entry.site().map(|site| site.item);
        let is_for_a_key =
            |item: &&str| own.strip_prefix(*item).is_some_and(|it| it.starts_with('/'));
        Self { own, told: item.filter(is_for_a_key).unwrap_or(own) }
    }

    /// Layers that have no name of their own have that of the policy.
    fn attribute(self, key: &'static str, name: &str) -> Attribute {
        attribute(key, String::from(if name == self.own { self.told } else { name }))
    }

    fn policy(self) -> Attribute {
        self.attribute("reliability.policy.name", self.own)
    }
}

fn attribute(key: &'static str, value: impl Into<Value>) -> Attribute {
    Attribute::new(key, value)
}

/// What a call was that ended so, beside the name of its policy.
fn ended(outcome: &'static str, error: Option<&'static str>) -> Vec<Attribute> {
    let mut attributes = Vec::from([attribute("reliability.outcome", outcome)]);
    attributes.extend(error.map(|error| attribute("error.type", error)));
    attributes
}

fn calls(policy: &Policy, naming: Naming<'_>, into: &mut Collection) {
    let totals = policy.totals();
    let of = || naming.policy();
    let mut count = |mut attributes: Vec<Attribute>, value: u64| {
        attributes.push(of());
        into.counter(&CALLS, attributes, value);
    };
    count(ended("ok", None), totals.ok());
    for class in Class::ALL {
        count(ended("failed", Some(class.as_str())), totals.failed(class));
    }
    for reason in Reason::ALL {
        let times = totals.rejected(reason);
        // A series that appears with its first call has no rate for that call.
        if times > 0 || can_reject(policy, reason) {
            count(ended("rejected", Some(reason.as_str())), times);
        }
    }
    count(ended("cancelled", None), totals.cancelled());
    count(ended("panicked", None), totals.panicked());

    let retries = policy.layers().contains(&Layer::Retry);
    let hedges = policy.layers().contains(&Layer::Hedge);
    let falls_back = policy.layers().contains(&Layer::Fallback) || totals.fallbacks() > 0;
    for (metric, value, there) in [
        (RETRIES, totals.retries(), retries),
        (DENIED_RETRIES, totals.retries_denied(), retries),
        (HEDGES, totals.hedges(), hedges),
        (WON_HEDGES, totals.hedges_won(), hedges),
        (DENIED_HEDGES, totals.hedges_denied(), hedges),
        (FALLBACKS, totals.fallbacks(), falls_back),
    ] {
        if there {
            into.counter(&metric, Vec::from([of()]), value);
        }
    }
    into.histogram(&DURATION, durations(&policy.latency(), of()));
}

fn can_reject(policy: &Policy, reason: Reason) -> bool {
    let layer = match reason {
        Reason::BreakerOpen => Layer::Breaker,
        Reason::BulkheadFull => Layer::Bulkhead,
        Reason::Degraded => Layer::Degrade,
        Reason::TimedOut => Layer::Timeout,
        Reason::DeadlineExceeded => Layer::Deadline,
        Reason::RateLimited => Layer::RateLimit,
        Reason::BudgetExhausted => Layer::Retry,
        Reason::ConcurrencyLimited => Layer::ConcurrencyLimit,
        _ => return false,
    };
    policy.layers().contains(&layer)
}

/// Where a policy's durations are cut: at powers of two of nanoseconds, because there its own
/// buckets end, so that counts are exact. From 131 us to 69 s each is twice the one before.
const EDGES: [u32; 22] = {
    let mut edges = [0; 22];
    (edges[0], edges[1]) = (10, 14);
    let mut at = 2;
    while at < edges.len() {
        edges[at] = 15 + at as u32;
        at += 1;
    }
    edges
};

/// A bound belongs to its bucket, and the edge does not: it is the last nanosecond before.
const BOUNDS: [f64; EDGES.len()] = {
    let mut bounds = [0.0; EDGES.len()];
    let mut at = 0;
    while at < bounds.len() {
        bounds[at] = ((1_u64 << EDGES[at]) - 1) as f64 / 1e9;
        at += 1;
    }
    bounds
};

fn durations(latency: &HistogramSnapshot, of: Attribute) -> HistogramPoint {
    let counts = latency.counts_between(&EDGES.map(|edge| 1 << edge));
    HistogramPoint::new(Vec::from([of]), &BOUNDS[..], counts, latency.sum().as_secs_f64())
}

fn attempts(policy: &Policy, naming: Naming<'_>, into: &mut Collection) {
    let of = || Vec::from([naming.policy()]);
    let recent = policy.attempt_latency();
    for (quantile, name) in [(Quantile::P50, 0.5), (Quantile::P95, 0.95), (Quantile::P99, 0.99)] {
        if let Some(duration) = recent.quantile(quantile) {
            let mut attributes = of();
            attributes.push(attribute("reliability.quantile", name));
            into.gauge(&RECENT_DURATION, attributes, duration.as_secs_f64());
        }
    }
    let in_force = [(TIMEOUT, policy.timeout()), (HEDGE_DELAY, policy.hedge_after())];
    for (metric, duration) in in_force {
        if let Some(duration) = duration {
            into.gauge(&metric, of(), Duration::as_secs_f64(&duration));
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use crate::sync::Histogram;

    #[test]
    fn durations_are_counted_exactly_on_both_sides_of_a_bound() {
        let latency = Histogram::new();
        let just = |bound: f64| (bound * 1e9).round() as u64;
        for bound in BOUNDS {
            latency.record(Duration::from_nanos(just(bound)));
            latency.record_many(Duration::from_nanos(just(bound) + 1), 2);
        }
        let of = attribute("reliability.policy.name", "price");
        let point = durations(&latency.snapshot(), of);
        let mut expected = [3; BOUNDS.len() + 1];
        (expected[0], expected[BOUNDS.len()]) = (1, 2);
        assert_eq!(point.counts, expected);
        let sum: u64 = BOUNDS.iter().map(|bound| 3 * just(*bound) + 2).sum();
        assert_eq!(point.sum, Duration::from_nanos(sum).as_secs_f64());
        assert!(BOUNDS.is_sorted() && BOUNDS[2] < 0.000_132 && BOUNDS[21] > 68.0);
    }
}
