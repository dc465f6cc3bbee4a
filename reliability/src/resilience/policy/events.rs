//! What a policy tells while it works: `tracing` events, off the path of calls that go well.
//!
//! Names follow OpenTelemetry's conventions: lower case, dots between namespaces, snake case
//! within, and all in this crate's namespace. Without the `telemetry` feature nothing is emitted.

use core::time::Duration;

use super::inner::Inner;
use crate::error::{Class, Rejected};

/// One for each call that is refused, which under an open breaker is all of them: below the levels
/// that people keep. What wakes somebody is the breaker's transition.
#[cfg(feature = "telemetry")]
pub(super) fn rejected(policy: &Inner, rejected: &Rejected) {
    tracing::event!(
        name: "reliability.policy.rejected",
        target: "reliability",
        tracing::Level::DEBUG,
        reliability.policy.name = policy.name.as_str(),
        reliability.reason = rejected.reason().as_str(),
        reliability.rejected_by = rejected.policy().as_str(),
        reliability.retry_after_ms = rejected.retry_after().map(|after| after.as_millis() as u64),
        "rejected",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn retried(policy: &Inner, attempts: u32, pause: Duration) {
    tracing::event!(
        name: "reliability.policy.retried",
        target: "reliability",
        tracing::Level::INFO,
        reliability.policy.name = policy.name.as_str(),
        reliability.attempts = attempts,
        reliability.pause_ms = pause.as_millis() as u64,
        "trying again",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn retry_denied(policy: &Inner, attempts: u32) {
    tracing::event!(
        name: "reliability.policy.retry_denied",
        target: "reliability",
        tracing::Level::WARN,
        reliability.policy.name = policy.name.as_str(),
        reliability.attempts = attempts,
        "the retry budget is used up",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn fell_back(policy: &Inner, class: Class) {
    tracing::event!(
        name: "reliability.policy.fell_back",
        target: "reliability",
        tracing::Level::INFO,
        reliability.policy.name = policy.name.as_str(),
        reliability.class = class.as_str(),
        "asking the fallback",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn hedged(policy: &Inner, hedge: u32, after: Duration) {
    tracing::event!(
        name: "reliability.policy.hedged",
        target: "reliability",
        tracing::Level::DEBUG,
        reliability.policy.name = policy.name.as_str(),
        reliability.hedge = hedge,
        reliability.after_ms = after.as_millis() as u64,
        "asking a second time",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn hedge_won(policy: &Inner, hedge: u32) {
    tracing::event!(
        name: "reliability.policy.hedge_won",
        target: "reliability",
        tracing::Level::DEBUG,
        reliability.policy.name = policy.name.as_str(),
        reliability.hedge = hedge,
        "the hedge answered first",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn hedge_denied(policy: &Inner) {
    tracing::event!(
        name: "reliability.policy.hedge_denied",
        target: "reliability",
        tracing::Level::INFO,
        reliability.policy.name = policy.name.as_str(),
        "the retry budget is used up, so there is no hedge",
    );
}

#[cfg(not(feature = "telemetry"))]
mod silent {
    use super::{Class, Duration, Inner, Rejected};

    pub(in super::super) fn rejected(_: &Inner, _: &Rejected) {}
    pub(in super::super) fn retried(_: &Inner, _: u32, _: Duration) {}
    pub(in super::super) fn retry_denied(_: &Inner, _: u32) {}
    pub(in super::super) fn fell_back(_: &Inner, _: Class) {}
    pub(in super::super) fn hedged(_: &Inner, _: u32, _: Duration) {}
    pub(in super::super) fn hedge_won(_: &Inner, _: u32) {}
    pub(in super::super) fn hedge_denied(_: &Inner) {}
}
#[cfg(not(feature = "telemetry"))]
pub(super) use silent::{
    fell_back, hedge_denied, hedge_won, hedged, rejected, retried, retry_denied,
};
