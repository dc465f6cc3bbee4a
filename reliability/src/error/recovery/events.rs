//! What recovery tells while it works.

use super::Escalation;
use crate::error::Name;

#[cfg(feature = "telemetry")]
pub(super) fn restarted(component: &Name, generation: u64, error: &str) {
    tracing::event!(
        name: "reliability.recovery.restarted",
        target: "reliability",
        tracing::Level::WARN,
        reliability.component.name = component.as_str(),
        reliability.component.generation = generation,
        reliability.error = error,
        "the component was made anew",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn restart_failed(component: &Name, why: &str) {
    tracing::event!(
        name: "reliability.recovery.restart_failed",
        target: "reliability",
        tracing::Level::WARN,
        reliability.component.name = component.as_str(),
        reliability.error = why,
        "the component could not be made anew; the old one stays",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn escalated(escalation: &Escalation) {
    tracing::event!(
        name: "reliability.recovery.escalated",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.component.name = escalation.component.as_str(),
        reliability.action = escalation.action.as_str(),
        reliability.error = escalation.error.as_str(),
        reliability.suppressed = escalation.suppressed,
        "a person is needed",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn degraded(name: &Name, level: u8) {
    tracing::event!(
        name: "reliability.recovery.degraded",
        target: "reliability",
        tracing::Level::WARN,
        reliability.degradation.name = name.as_str(),
        reliability.degradation.level = level,
        "doing less for a while",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn restored(name: &Name, why: &'static str) {
    tracing::event!(
        name: "reliability.recovery.restored",
        target: "reliability",
        tracing::Level::INFO,
        reliability.degradation.name = name.as_str(),
        reliability.degradation.why = why,
        "back to normal",
    );
}

#[cfg(not(feature = "telemetry"))]
mod silent {
    use super::{Escalation, Name};

    pub(in super::super) fn restarted(_: &Name, _: u64, _: &str) {}
    pub(in super::super) fn restart_failed(_: &Name, _: &str) {}
    pub(in super::super) fn escalated(_: &Escalation) {}
    pub(in super::super) fn degraded(_: &Name, _: u8) {}
    pub(in super::super) fn restored(_: &Name, _: &'static str) {}
}
#[cfg(not(feature = "telemetry"))]
pub(super) use silent::{degraded, escalated, restart_failed, restarted, restored};
