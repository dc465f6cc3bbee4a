//! How the policies tell `telemetry` what they have counted.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::breaker::State;
use super::registry::{self, Entry};
use super::{Breaker, Bulkhead, Layer};
use crate::error::{Class, Reason};
use crate::telemetry::{BreakerSnapshot, BulkheadSnapshot, Latency, PolicySnapshot, Source};

inventory::submit! {
    Source { policies: || registry::entries().iter().map(Entry::observe).collect() }
}

impl Entry {
    fn observe(&self) -> PolicySnapshot {
        let policy = self.policy();
        let totals = policy.totals();
        let latency = policy.latency();
        let mut snapshot = PolicySnapshot::default();
        snapshot.name = policy.name().to_string();
        snapshot.site = self.site().map(|site| site.to_string());
        snapshot.layers = policy.layers().iter().map(|layer| Layer::as_str(*layer)).collect();
        snapshot.ok = totals.ok();
        snapshot.failed = counts(Class::ALL.map(|class| (class.as_str(), totals.failed(class))));
        snapshot.rejected =
            counts(Reason::ALL.map(|reason| (reason.as_str(), totals.rejected(reason))));
        snapshot.cancelled = totals.cancelled();
        snapshot.panicked = totals.panicked();
        snapshot.retries = totals.retries();
        snapshot.retries_denied = totals.retries_denied();
        snapshot.fallbacks = totals.fallbacks();
        snapshot.latency = Latency::default();
        snapshot.latency.p50 = latency.quantile(0.5);
        snapshot.latency.p90 = latency.quantile(0.9);
        snapshot.latency.p99 = latency.quantile(0.99);
        snapshot.latency.max = latency.max();
        snapshot.breaker = policy.breaker().map(observe_breaker);
        snapshot.bulkhead = policy.bulkhead().map(observe_bulkhead);
        snapshot
    }
}

fn counts<const N: usize>(all: [(&'static str, u64); N]) -> Vec<(&'static str, u64)> {
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

fn observe_breaker(breaker: &Breaker) -> BreakerSnapshot {
    let now = breaker.snapshot();
    let mut snapshot = BreakerSnapshot::default();
    snapshot.name = now.name.to_string();
    snapshot.state = now.state.as_str();
    let edges = State::ALL.iter().flat_map(|from| State::ALL.iter().map(move |to| (*from, *to)));
    snapshot.transitions = edges
        .map(|(from, to)| (from.as_str(), to.as_str(), now.transitions(from, to)))
        .filter(|(_, _, times)| *times > 0)
        .collect();
    snapshot
}

fn observe_bulkhead(bulkhead: &Bulkhead) -> BulkheadSnapshot {
    let mut snapshot = BulkheadSnapshot::default();
    snapshot.name = bulkhead.name().to_string();
    snapshot.concurrent = bulkhead.concurrent().into();
    snapshot.in_use = bulkhead.in_use().into();
    snapshot.queued = bulkhead.queued().into();
    snapshot
}
