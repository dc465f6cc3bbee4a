//! What aggregates and projections do, in numbers and events.

use super::{Aggregate, CommandError, Executed};

#[cfg(feature = "telemetry")]
crate::metrics! {
    /// Commands, by what became of them.
    static COMMANDS: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 2> =
        crate::telemetry::metrics::Counter::builder("reliability.event_sourcing.commands")
            .unit("{command}")
            .by(["reliability.event_sourcing.kind", "reliability.event_sourcing.outcome"])
            .series(512);
    /// Decisions that were made for nothing, because somebody else was quicker.
    static CONFLICTS: crate::telemetry::metrics::Counter =
        crate::telemetry::metrics::Counter::builder("reliability.event_sourcing.conflicts")
            .unit("{conflict}");
    /// Events that were read to load aggregates.
    static LOADED: crate::telemetry::metrics::Counter =
        crate::telemetry::metrics::Counter::builder("reliability.event_sourcing.loaded")
            .unit("{event}");
    /// Snapshots that were used, ignored, missing or written.
    static SNAPSHOTS: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 1> =
        crate::telemetry::metrics::Counter::builder("reliability.event_sourcing.snapshots")
            .unit("{snapshot}")
            .by(["reliability.event_sourcing.snapshot"])
            .series(8);
}

/// A command has come to its end.
pub(super) fn executed<A: Aggregate>(
    executed: &Result<Executed<A>, CommandError<A::Refused>>,
    kind: &'static str,
) {
    #[cfg(feature = "telemetry")]
    {
        let outcome = match executed {
            Ok(executed) if executed.was_repeated => "repeated",
            Ok(_) => "executed",
            Err(CommandError::Refused(_)) => "refused",
            Err(CommandError::Contended { .. }) => "contended",
            Err(CommandError::Uncertain { .. }) => "uncertain",
            Err(_) => "failed",
        };
        COMMANDS.with([kind, outcome]).add(1);
        if let Err(CommandError::Contended { attempts }) = executed {
            tracing::event!(
                name: "reliability.event_sourcing.contended",
                target: "reliability",
                tracing::Level::WARN,
                reliability.event_sourcing.kind = kind,
                reliability.event_sourcing.attempts = attempts,
                "others were quicker, again and again",
            );
        }
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (executed, kind);
}

/// Somebody else was quicker.
pub(super) fn conflict() {
    #[cfg(feature = "telemetry")]
    CONFLICTS.add(1);
}

/// So many events were read for an aggregate.
pub(super) fn loaded(events: usize) {
    #[cfg(feature = "telemetry")]
    LOADED.add(events as u64);
    #[cfg(not(feature = "telemetry"))]
    let _ = events;
}

/// A snapshot was `used`, `ignored`, `written`, or there was `none`.
pub(super) fn snapshot(what: &'static str) {
    #[cfg(feature = "telemetry")]
    SNAPSHOTS.with([what]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = what;
}
