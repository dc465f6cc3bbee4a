//! What chaos tells while it works, so that nobody takes it for the real thing.

use super::{Injection, Snapshot};
use crate::error::Name;

#[cfg(feature = "telemetry")]
pub(super) fn switched_on(now: &Snapshot) {
    tracing::event!(
        name: "reliability.chaos.switched_on",
        target: "reliability",
        tracing::Level::WARN,
        reliability.chaos.name = now.name.as_str(),
        reliability.chaos.seed = now.seed,
        reliability.chaos.latency_rate = now.settings.latency_rate,
        reliability.chaos.error_rate = now.settings.error_rate,
        reliability.chaos.hang_rate = now.settings.hang_rate,
        "chaos is switched on: faults are injected on purpose",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn still_on(now: &Snapshot) {
    tracing::event!(
        name: "reliability.chaos.still_on",
        target: "reliability",
        tracing::Level::WARN,
        reliability.chaos.name = now.name.as_str(),
        reliability.chaos.injected = now.injected(),
        "chaos is still on: faults are injected on purpose",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn switched_off(now: &Snapshot, why: &'static str) {
    tracing::event!(
        name: "reliability.chaos.switched_off",
        target: "reliability",
        tracing::Level::INFO,
        reliability.chaos.name = now.name.as_str(),
        reliability.chaos.injected = now.injected(),
        reliability.chaos.why = why,
        "chaos is switched off",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn injected(name: &Name, injection: Injection) {
    let (what, latency) = match injection {
        Injection::Nothing => return,
        Injection::Latency(latency) => ("latency", Some(latency.as_millis() as u64)),
        Injection::Error => ("error", None),
        Injection::Hang => ("hang", None),
    };
    tracing::event!(
        name: "reliability.chaos.injected",
        target: "reliability",
        tracing::Level::INFO,
        reliability.chaos.name = name.as_str(),
        reliability.chaos.injection = what,
        reliability.chaos.latency_ms = latency,
        "injected a fault",
    );
    crate::telemetry::trace::event("reliability.chaos.injected", |fields| {
        fields.text("reliability.chaos.name", name.as_str());
        fields.add("reliability.chaos.injection", what);
        fields.value("reliability.chaos.latency_ms", &latency);
    });
}

#[cfg(not(feature = "telemetry"))]
mod silent {
    use super::{Injection, Name, Snapshot};

    pub(in super::super) fn switched_on(_: &Snapshot) {}
    pub(in super::super) fn still_on(_: &Snapshot) {}
    pub(in super::super) fn switched_off(_: &Snapshot, _: &'static str) {}
    pub(in super::super) fn injected(_: &Name, _: Injection) {}
}
#[cfg(not(feature = "telemetry"))]
pub(super) use silent::{injected, still_on, switched_off, switched_on};
