//! What a limit tells when its server goes away, and when it is back: once each, however many calls
//! there are in between.

use core::fmt::Display;

use super::WhileAway;
use crate::error::Name;

#[cfg(feature = "telemetry")]
pub(super) fn store_away(name: &Name, while_away: WhileAway, error: &dyn Display) {
    tracing::event!(
        name: "reliability.rate_limit.store_away",
        target: "reliability",
        tracing::Level::WARN,
        reliability.rate_limit.name = name.as_str(),
        reliability.rate_limit.while_away = while_away.as_str(),
        reliability.error = %error,
        "the server of a rate limit is away",
    );
}

#[cfg(feature = "telemetry")]
pub(super) fn restored(name: &Name, calls: u64) {
    tracing::event!(
        name: "reliability.rate_limit.restored",
        target: "reliability",
        tracing::Level::INFO,
        reliability.rate_limit.name = name.as_str(),
        reliability.rate_limit.away_calls = calls,
        "the server of a rate limit answers again",
    );
}

#[cfg(not(feature = "telemetry"))]
pub(super) fn store_away(_: &Name, _: WhileAway, _: &dyn Display) {}

#[cfg(not(feature = "telemetry"))]
pub(super) fn restored(_: &Name, _: u64) {}
