//! How the policies tell `telemetry` what they have counted.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::breaker::State;
use super::concurrency_limit::Priority;
use super::degrade;
use super::rate_limit::{self, KeyedRateLimit};
use super::registry::{self, Entry};
use super::{Breaker, Bulkhead, ConcurrencyLimit, Policy, RateLimit};
use crate::error::{Class, Reason};
use crate::sync::Quantile;
use crate::telemetry::{
    AttemptsSnapshot, BreakerSnapshot, BulkheadSnapshot, ChaosSnapshot, ConcurrencyLimitSnapshot,
    DegradeSnapshot, Latency, PolicySnapshot, RateLimitSnapshot, Source,
};

inventory::submit! {
    Source {
        policies: || registry::entries().iter().map(Entry::observe).collect(),
        rate_limits: || rate_limit::listed::listed().iter().map(|it| it.snapshot()).collect(),
        chaos: observe_chaos,
    }
}

impl Entry {
    fn observe(&self) -> PolicySnapshot {
        let policy = self.policy();
        let totals = policy.totals();
        let latency = policy.latency();
        PolicySnapshot {
            name: policy.name().to_string(),
            site: self.site().map(|site| site.to_string()),
            layers: policy.layers().iter().map(|layer| layer.as_str()).collect(),
            ok: totals.ok(),
            failed: counts(Class::ALL.map(|class| (class.as_str(), totals.failed(class)))),
            rejected: counts(Reason::ALL.map(|reason| (reason.as_str(), totals.rejected(reason)))),
            cancelled: totals.cancelled(),
            panicked: totals.panicked(),
            retries: totals.retries(),
            retries_denied: totals.retries_denied(),
            hedges: totals.hedges(),
            hedges_won: totals.hedges_won(),
            hedges_denied: totals.hedges_denied(),
            fallbacks: totals.fallbacks(),
            latency: Latency {
                p50: latency.quantile(0.5),
                p90: latency.quantile(0.9),
                p99: latency.quantile(0.99),
                max: latency.max(),
            },
            attempts: observe_attempts(policy),
            degrade: policy.degraded().map(observe_degrade),
            breaker: policy.breaker().map(observe_breaker),
            rate_limit: policy
                .rate_limit()
                .map(observe_rate_limit)
                .or_else(|| policy.keyed_rate_limit().map(KeyedRateLimit::snapshot))
                .or_else(|| observe_shared_rate_limit(policy)),
            concurrency_limit: policy.concurrency_limit().map(observe_concurrency_limit),
            bulkhead: policy.bulkhead().map(observe_bulkhead),
            #[cfg(feature = "cache")]
            cache: policy.cache().map(super::Cache::snapshot),
            #[cfg(not(feature = "cache"))]
            cache: None,
        }
    }
}

#[cfg(all(feature = "redis", not(reliability_loom)))]
fn observe_shared_rate_limit(policy: &Policy) -> Option<RateLimitSnapshot> {
    policy.shared_rate_limit().map(|limit| limit.snapshot())
}

#[cfg(not(all(feature = "redis", not(reliability_loom))))]
fn observe_shared_rate_limit(_: &Policy) -> Option<RateLimitSnapshot> {
    None
}

#[cfg(feature = "chaos")]
fn observe_chaos() -> Vec<ChaosSnapshot> {
    let handles = super::chaos::handles();
    let mut all = Vec::with_capacity(handles.len());
    for now in handles.iter().map(super::Chaos::snapshot) {
        all.push(ChaosSnapshot {
            name: now.name.to_string(),
            on: now.on,
            seed: now.seed,
            latency_rate: now.settings.latency_rate,
            error_rate: now.settings.error_rate,
            hang_rate: now.settings.hang_rate,
            latencies: now.latencies,
            errors: now.errors,
            hangs: now.hangs,
        });
    }
    all
}

#[cfg(not(feature = "chaos"))]
fn observe_chaos() -> Vec<ChaosSnapshot> {
    Vec::new()
}

fn counts<const N: usize>(all: [(&'static str, u64); N]) -> Vec<(&'static str, u64)> {
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

fn observe_attempts(policy: &Policy) -> AttemptsSnapshot {
    let recent = policy.attempt_latency();
    AttemptsSnapshot {
        recent: recent.count(),
        p50: recent.quantile(Quantile::P50),
        p95: recent.quantile(Quantile::P95),
        p99: recent.quantile(Quantile::P99),
        timeout: policy.timeout(),
        hedge_after: policy.hedge_after(),
    }
}

fn observe_degrade(now: degrade::Snapshot) -> DegradeSnapshot {
    DegradeSnapshot {
        name: now.degradation.name.to_string(),
        level: now.degradation.level,
        remaining: now.degradation.remaining,
        times: now.degradation.times,
        lasted: now.degradation.lasted,
        shed: counts(Priority::ALL.map(|priority| (priority.as_str(), now.shed(priority)))),
        crowded: now.crowded,
        answered: now.answered,
        not_retried: now.not_retried,
    }
}

fn observe_breaker(breaker: &Breaker) -> BreakerSnapshot {
    let now = breaker.snapshot();
    let edges = State::ALL.iter().flat_map(|from| State::ALL.iter().map(move |to| (*from, *to)));
    BreakerSnapshot {
        name: now.name.to_string(),
        state: now.state.as_str(),
        rejected: now.rejected,
        trips: now.trips,
        transitions: edges
            .map(|(from, to)| (from.as_str(), to.as_str(), now.transitions(from, to)))
            .filter(|(_, _, times)| *times > 0)
            .collect(),
    }
}

pub(super) fn observe_rate_limit(limit: &RateLimit) -> RateLimitSnapshot {
    let quota = limit.settings().quota;
    RateLimitSnapshot {
        name: limit.name().to_string(),
        algorithm: limit.algorithm().as_str(),
        permits: quota.permits,
        period: quota.period,
        burst: quota.burst,
        remaining: limit.remaining(),
        rejected: limit.rejected(),
        keys: None,
        store: None,
    }
}

fn observe_concurrency_limit(limit: &ConcurrencyLimit) -> ConcurrencyLimitSnapshot {
    let now = limit.snapshot();
    ConcurrencyLimitSnapshot {
        name: now.name.to_string(),
        algorithm: now.algorithm,
        limit: now.limit.into(),
        in_flight: now.in_flight.into(),
        rejected: counts(Priority::ALL.map(|level| (level.as_str(), now.rejected(level)))),
        windows: now.windows,
        latency: now.latency,
    }
}

fn observe_bulkhead(bulkhead: &Bulkhead) -> BulkheadSnapshot {
    BulkheadSnapshot {
        name: bulkhead.name().to_string(),
        concurrent: bulkhead.concurrent().into(),
        in_use: bulkhead.in_use().into(),
        queued: bulkhead.queued().into(),
        rejected: bulkhead.rejected(),
    }
}
