//! What aggregates and projections do, in numbers and events.

use core::future::Future;
use core::time::Duration;

use super::{Aggregate, CommandError, Executed, ProjectionError};
use crate::journal::Record;

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
    /// Events that came to read models, by what became of them.
    static PROJECTED: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 2> =
        crate::telemetry::metrics::Counter::builder("reliability.projection.events")
            .unit("{event}")
            .by(["reliability.projection.name", "reliability.projection.outcome"])
            .series(256);
    /// How old the last record was that a projection has looked at, when there were more.
    static LAG: crate::telemetry::metrics::Family<crate::telemetry::metrics::Gauge, 1> =
        crate::telemetry::metrics::Gauge::builder("reliability.projection.lag")
            .unit("s")
            .by(["reliability.projection.name"])
            .series(128);
}

/// A command, while it is carried out: a span around all of its attempts.
pub(super) struct Command {
    kind: &'static str,
    #[cfg(feature = "telemetry")]
    span: crate::telemetry::trace::OpenSpan,
}

impl Command {
    pub(super) fn begin<A: Aggregate>(kind: &'static str, key: &str) -> Self {
        #[cfg(feature = "telemetry")]
        {
            let span = crate::telemetry::trace::span("event_sourcing.command")
                .fields(|fields| {
                    fields.add("reliability.event_sourcing.kind", kind);
                    fields.add("reliability.event_sourcing.key", alloc::string::String::from(key));
                    fields.add("reliability.event_sourcing.command", last_of::<A::Command>());
                })
                .begin();
            Self { kind, span }
        }
        #[cfg(not(feature = "telemetry"))]
        {
            let _ = (key, core::marker::PhantomData::<A>);
            Self { kind }
        }
    }

    pub(super) async fn around<F: Future>(&self, work: F) -> F::Output {
        #[cfg(feature = "telemetry")]
        return self.span.around(work).await;
        #[cfg(not(feature = "telemetry"))]
        work.await
    }

    /// It has come to its end, after so many decisions.
    pub(super) fn end<A: Aggregate>(
        self,
        executed: &Result<Executed<A>, CommandError<A::Refused>>,
        attempts: u32,
    ) {
        #[cfg(feature = "telemetry")]
        {
            let Self { kind, span } = self;
            let outcome = outcome(executed);
            COMMANDS.with([kind, outcome]).add(1);
            span.set("reliability.event_sourcing.attempts", i64::from(attempts));
            span.set("reliability.event_sourcing.outcome", outcome);
            match executed {
                Ok(executed) => {
                    let events = i64::try_from(executed.events.len()).unwrap_or(i64::MAX);
                    span.set("reliability.event_sourcing.events", events);
                    span.succeed();
                }
                // An aggregate that refuses has done what it is there for.
                Err(CommandError::Refused(_)) => span.succeed(),
                Err(_) => span.fail(outcome),
            }
            if let Err(CommandError::Contended { attempts }) = executed {
                span.in_scope(|| contended(kind, *attempts));
            }
            span.end();
        }
        #[cfg(not(feature = "telemetry"))]
        let _ = (self.kind, executed, attempts);
    }
}

#[cfg(feature = "telemetry")]
fn outcome<A: Aggregate>(executed: &Result<Executed<A>, CommandError<A::Refused>>) -> &'static str {
    match executed {
        Ok(executed) if executed.was_repeated => "repeated",
        Ok(_) => "executed",
        Err(CommandError::Refused(_)) => "refused",
        Err(CommandError::Contended { .. }) => "contended",
        Err(CommandError::Uncertain { .. }) => "uncertain",
        Err(_) => "failed",
    }
}

#[cfg(feature = "telemetry")]
fn contended(kind: &'static str, attempts: u32) {
    tracing::event!(
        name: "reliability.event_sourcing.contended",
        target: "reliability",
        tracing::Level::WARN,
        reliability.event_sourcing.kind = kind,
        reliability.event_sourcing.attempts = attempts,
        "others were quicker, again and again",
    );
}

/// The name of a type, without where it is and what it is made with.
#[cfg(feature = "telemetry")]
fn last_of<T>() -> &'static str {
    let name = core::any::type_name::<T>();
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
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

/// So many events were taken into a read model, and so many parked.
pub(super) fn projected(projection: &'static str, applied: u64, parked: usize) {
    #[cfg(feature = "telemetry")]
    for (outcome, events) in [("applied", applied), ("parked", parked as u64)] {
        if events > 0 {
            PROJECTED.with([projection, outcome]).add(events);
        }
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (projection, applied, parked);
}

/// An event could not be taken in, and what comes behind it in its stream waits with it.
pub(super) fn parked(projection: &'static str, record: &Record, error: &str) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.projection.parked",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.projection.name = projection,
        reliability.journal.stream = %record.stream,
        reliability.journal.sequence = record.sequence.get(),
        reliability.error = error,
        "an event could not be taken into a read model, and is parked",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (projection, record, error);
}

/// The journal or the database does not work; the projection goes on when it does.
pub(super) fn failed(projection: &'static str, error: &ProjectionError) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.projection.failed",
        target: "reliability",
        tracing::Level::WARN,
        reliability.projection.name = projection,
        reliability.error = %error,
        "a projection waits for its journal or its database",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (projection, error);
}

/// A projection is so far behind.
pub(super) fn lag(projection: &'static str, lag: Duration) {
    #[cfg(feature = "telemetry")]
    LAG.with([projection]).set(lag.as_secs_f64());
    #[cfg(not(feature = "telemetry"))]
    let _ = (projection, lag);
}
