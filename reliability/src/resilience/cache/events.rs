//! What a cache tells while it works: `tracing` events, off the path of hits.

use crate::error::{Class, Name};

#[cfg(feature = "telemetry")]
pub(super) fn stale_if_error(cache: &Name, class: Class) {
    tracing::event!(
        name: "reliability.cache.stale_if_error",
        target: "reliability",
        tracing::Level::WARN,
        reliability.cache.name = cache.as_str(),
        reliability.class = class.as_str(),
        "the refresh failed, answering with the stale value",
    );
    crate::telemetry::trace::event("reliability.cache.stale_if_error", |fields| {
        fields.text("reliability.cache.name", cache.as_str());
        fields.add("reliability.class", class.as_str());
    });
}

#[cfg(not(feature = "telemetry"))]
pub(super) fn stale_if_error(_: &Name, _: Class) {}
