//! What buses over brokers do, in numbers and events.

use core::fmt;

use super::super::bus::BusError;

#[cfg(feature = "telemetry")]
use crate::telemetry::metrics::{Counter, Family};

#[cfg(feature = "telemetry")]
crate::metrics! {
    /// Events that were published, by what became of them.
    static PUBLISHED: Family<Counter, 2> = Counter::builder("reliability.bus.published")
        .unit("{event}")
        .by(["messaging.system", "reliability.bus.outcome"])
        .series(16);
    /// Events that came.
    static DELIVERED: Family<Counter, 1> = Counter::builder("reliability.bus.delivered")
        .unit("{event}")
        .by(["messaging.system"])
        .series(4);
    /// Events that were settled, by how.
    static SETTLED: Family<Counter, 2> = Counter::builder("reliability.bus.settled")
        .unit("{event}")
        .by(["messaging.system", "reliability.bus.outcome"])
        .series(16);
    /// Messages that came and are no envelopes.
    static SET_ASIDE: Family<Counter, 1> = Counter::builder("reliability.bus.set_aside")
        .unit("{message}")
        .by(["messaging.system"])
        .series(4);
    /// Connections that were lost.
    static LOST: Family<Counter, 1> = Counter::builder("reliability.bus.lost")
        .unit("{connection}")
        .by(["messaging.system"])
        .series(4);
}

/// An event was published, or not.
pub(in super::super) fn published(system: &'static str, published: &Result<(), BusError>) {
    #[cfg(feature = "telemetry")]
    {
        let outcome = match published {
            Ok(()) => "confirmed",
            Err(BusError::Unknown { .. }) => "unknown",
            Err(BusError::Full { .. }) => "full",
            Err(BusError::Nobody { .. }) => "nobody",
            Err(_) => "failed",
        };
        PUBLISHED.with([system, outcome]).add(1);
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (system, published);
}

/// An event came.
pub(in super::super) fn delivered(system: &'static str) {
    #[cfg(feature = "telemetry")]
    DELIVERED.with([system]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = system;
}

/// An event was `acked`, `nacked`, or `dropped`; or the broker could not be told: `failed`.
pub(in super::super) fn settled(system: &'static str, how: &'static str) {
    #[cfg(feature = "telemetry")]
    SETTLED.with([system, how]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = (system, how);
}

/// Something came that is no envelope.
pub(in super::super) fn set_aside(system: &'static str, group: &dyn fmt::Display, why: &BusError) {
    #[cfg(feature = "telemetry")]
    {
        SET_ASIDE.with([system]).add(1);
        tracing::event!(
            name: "reliability.bus.set_aside",
            target: "reliability",
            tracing::Level::ERROR,
            messaging.system = system,
            reliability.bus.group = %group,
            reliability.error = %why,
            "what came is no envelope, and is set aside",
        );
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (system, group, why);
}

/// The connection to the broker is gone.
pub(super) fn lost(system: &'static str, why: &dyn fmt::Display) {
    #[cfg(feature = "telemetry")]
    {
        LOST.with([system]).add(1);
        tracing::event!(
            name: "reliability.bus.lost",
            target: "reliability",
            tracing::Level::WARN,
            messaging.system = system,
            reliability.error = %why,
            "the connection to the broker was lost, and is made again",
        );
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (system, why);
}

/// The broker is of a version that does not keep all that it has confirmed.
#[cfg(feature = "nats")]
pub(super) fn forgets(system: &'static str, what: &dyn fmt::Display) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.bus.forgets",
        target: "reliability",
        tracing::Level::ERROR,
        messaging.system = system,
        reliability.error = %what,
        "the broker forgets events when it is started again",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (system, what);
}

/// There is a connection again.
pub(super) fn restored(system: &'static str) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.bus.restored",
        target: "reliability",
        tracing::Level::INFO,
        messaging.system = system,
        "there is a connection to the broker again",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = system;
}
