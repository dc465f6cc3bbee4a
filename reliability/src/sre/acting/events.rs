//! What promises tell while they are watched.

use crate::sre::Decision;

#[cfg(not(feature = "telemetry"))]
pub(in crate::sre) fn decided(_: &Decision) {}

#[cfg(not(feature = "telemetry"))]
pub(in crate::sre) fn not_written(_: &str) {}

#[cfg(feature = "telemetry")]
pub(in crate::sre) fn decided(decision: &Decision) {
    use crate::sre::DecisionKind;

    let slo = decision.slo.as_str();
    let objective = decision.objective.as_deref().unwrap_or_default();
    let told = alloc::format!("{decision}");
    match &decision.kind {
        DecisionKind::Fired(alert) => tracing::event!(
            name: "reliability.slo.alert",
            target: "reliability",
            tracing::Level::WARN,
            reliability.slo.name = slo,
            reliability.slo.objective = objective,
            reliability.slo.severity = alert.urgency.as_str(),
            "{told}",
        ),
        DecisionKind::Ended(alert) => tracing::event!(
            name: "reliability.slo.alert_over",
            target: "reliability",
            tracing::Level::INFO,
            reliability.slo.name = slo,
            reliability.slo.objective = objective,
            reliability.slo.severity = alert.urgency.as_str(),
            "{told}",
        ),
        DecisionKind::Turned { to, .. } => tracing::event!(
            name: "reliability.slo.stance",
            target: "reliability",
            tracing::Level::WARN,
            reliability.slo.name = slo,
            reliability.slo.objective = objective,
            reliability.slo.stance = to.as_str(),
            "{told}",
        ),
        DecisionKind::Exempted(why) => tracing::event!(
            name: "reliability.slo.exempted",
            target: "reliability",
            tracing::Level::WARN,
            reliability.slo.name = slo,
            reliability.slo.why = why.as_str(),
            "{told}",
        ),
        DecisionKind::Lost(why) => tracing::event!(
            name: "reliability.slo.history_lost",
            target: "reliability",
            tracing::Level::ERROR,
            reliability.slo.name = slo,
            reliability.slo.why = why.as_str(),
            "{told}",
        ),
    }
}

#[cfg(feature = "telemetry")]
pub(in crate::sre) fn not_written(error: &str) {
    tracing::event!(
        name: "reliability.slo.state_not_written",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.error = error,
        "what was counted is not on disk, and is lost if the process ends now",
    );
}
