//! What a choreography does, in numbers, events and spans.

use alloc::boxed::Box;
use alloc::string::String;
use core::future::Future;
use core::pin::Pin;

use super::bus::{BusError, Envelope};
use super::desk::Desk;
use super::rules::State;
use super::task::Act;
use crate::distributed::transaction::saga::{Saga, Transient};

#[cfg(feature = "telemetry")]
use crate::telemetry::metrics::{Counter, Family, Histogram};

#[cfg(feature = "telemetry")]
crate::metrics! {
    /// Transactions that were started here.
    static STARTED: Counter = Counter::builder("reliability.choreography.started").unit("{transaction}");
    /// Events that were taken in, by participant and event.
    static HEARD: Family<Counter, 2> = Counter::builder("reliability.choreography.heard")
        .unit("{event}")
        .by(["reliability.choreography.participant", "reliability.choreography.event"])
        .series(2_000);
    /// Events that came once more, and were left out; not what a participant has told itself, which the
    /// bus brings to all.
    static REPEATED: Family<Counter, 1> = Counter::builder("reliability.choreography.repeated")
        .unit("{event}")
        .by(["reliability.choreography.participant"])
        .series(200);
    /// Events that were left to programs of another version, each time they came.
    static ELSEWHERE: Family<Counter, 2> = Counter::builder("reliability.choreography.elsewhere")
        .unit("{event}")
        .by(["reliability.choreography.participant", "reliability.choreography.event"])
        .series(2_000);
    /// Events that were told to the bus, by participant and event.
    static TOLD: Family<Counter, 2> = Counter::builder("reliability.choreography.told")
        .unit("{event}")
        .by(["reliability.choreography.participant", "reliability.choreography.event"])
        .series(2_000);
    /// Attempts at handlers, probes and undos, by how they ended.
    static ATTEMPTS: Family<Histogram, 4> =
        Histogram::builder("reliability.choreography.attempt.duration")
            .unit("s")
            .by([
                "reliability.choreography.participant",
                "reliability.choreography.handler",
                "reliability.choreography.action",
                "reliability.outcome",
            ])
            .series(2_000);
    /// Handlers that nobody tries any more until somebody has looked at them.
    static PARKED: Family<Counter, 2> = Counter::builder("reliability.choreography.parked")
        .unit("{handler}")
        .by(["reliability.choreography.participant", "reliability.choreography.handler"])
        .series(2_000);
}

/// An event is left to programs of its own version; with the one that is known here, if that is news.
pub(super) fn elsewhere(participant: &str, envelope: &Envelope, known: Option<u32>) {
    #[cfg(feature = "telemetry")]
    {
        ELSEWHERE.with([participant, envelope.event().name()]).add(1);
        let Some(known) = known else { return };
        tracing::event!(
            name: "reliability.choreography.elsewhere",
            target: "reliability",
            tracing::Level::WARN,
            reliability.choreography.participant = participant,
            reliability.choreography.event = envelope.event().name(),
            reliability.choreography.version = envelope.event().version(),
            reliability.choreography.known = known,
            "events of another version are left to programs that know it; see that one runs",
        );
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (participant, envelope, known);
}

pub(super) fn started() {
    #[cfg(feature = "telemetry")]
    STARTED.add(1);
}

pub(super) fn heard(participant: &str, envelope: &Envelope) {
    #[cfg(feature = "telemetry")]
    HEARD.with([participant, envelope.event().name()]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = (participant, envelope);
}

pub(super) fn repeated(participant: &str) {
    #[cfg(feature = "telemetry")]
    REPEATED.with([participant]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = participant;
}

pub(super) fn told(participant: &str, envelope: &Envelope) {
    #[cfg(feature = "telemetry")]
    TOLD.with([participant, envelope.event().name()]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = (participant, envelope);
}

/// The bus does not take an event.
pub(super) fn untold(participant: &str, envelope: &Envelope, error: &BusError) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.choreography.untold",
        target: "reliability",
        tracing::Level::WARN,
        reliability.choreography.participant = participant,
        reliability.choreography.event = envelope.event().name(),
        reliability.choreography.transaction = %envelope.transaction(),
        reliability.error = %error,
        "the bus does not take an event; it is told again",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (participant, envelope, error);
}

/// A handler waits for somebody to look at it.
pub(super) fn parked(participant: &str, handler: &str, undo: bool, reason: &str) {
    #[cfg(feature = "telemetry")]
    {
        PARKED.with([participant, handler]).add(1);
        tracing::event!(
            name: "reliability.choreography.parked",
            target: "reliability",
            tracing::Level::ERROR,
            reliability.choreography.participant = participant,
            reliability.choreography.handler = handler,
            reliability.choreography.undo = undo,
            reliability.error = reason,
            "a handler has failed too often and is parked; put it right and `retry` it",
        );
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (participant, handler, undo, reason);
}

/// An operator has done something about a transaction.
pub(super) fn mended(choreography: &str, transaction: &str, verb: &str, by: &str) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.choreography.mended",
        target: "reliability",
        tracing::Level::WARN,
        reliability.choreography.name = choreography,
        reliability.choreography.transaction = transaction,
        reliability.choreography.verb = verb,
        reliability.choreography.by = by,
        "an operator has done something about a transaction",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (choreography, transaction, verb, by);
}

/// A transaction cannot be worked at.
pub(super) fn broken(participant: &str, stream: &str, error: &dyn core::fmt::Display) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.choreography.broken",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.choreography.participant = participant,
        reliability.choreography.stream = stream,
        reliability.error = %error,
        "a transaction cannot be carried on; it is tried again in a while",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (participant, stream, error);
}

#[cfg(feature = "telemetry")]
pub(super) fn traceparent() -> Option<String> {
    crate::telemetry::trace::Context::current().traceparent()
}

#[cfg(not(feature = "telemetry"))]
pub(super) fn traceparent() -> Option<String> {
    None
}

/// An attempt, as a span that is linked to all that it follows from.
pub(super) struct Attempt {
    #[cfg(feature = "telemetry")]
    span: crate::telemetry::trace::OpenSpan,
    #[cfg(feature = "telemetry")]
    since: crate::time::Instant,
    #[cfg(feature = "telemetry")]
    labels: [String; 2],
    #[cfg(feature = "telemetry")]
    act: Act,
}

type Attempted<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[cfg(not(feature = "telemetry"))]
impl Attempt {
    pub(super) fn begin<D: Saga>(desk: &Desk<D>, state: &State, task: usize, act: Act) -> Self {
        let _ = (desk, state, task, act);
        Self {}
    }

    pub(super) fn around<'a, T: 'a>(&self, attempted: Attempted<'a, T>) -> Attempted<'a, T> {
        attempted
    }

    pub(super) fn traceparent(&self) -> Option<String> {
        None
    }

    pub(super) fn end(self, failed: Option<&Transient>, how: &'static str) {
        let _ = (failed, how);
    }
}

#[cfg(feature = "telemetry")]
impl Attempt {
    pub(super) fn begin<D: Saga>(desk: &Desk<D>, state: &State, task: usize, act: Act) -> Self {
        use alloc::borrow::ToOwned as _;
        use alloc::vec::Vec;

        use crate::telemetry::trace::{self, Context};

        let task = &state.tasks[task];
        let heard = task.link.hears.iter().filter_map(|event| state.heard.get(event));
        let causes: Vec<&Envelope> = match act {
            Act::Undo => state.refused.iter().collect(),
            Act::Do | Act::Probe => heard.collect(),
        };
        let causes = causes.into_iter().chain(&state.started);
        let contexts: Vec<Context> = causes
            .filter_map(|envelope| Context::from_traceparent(envelope.traceparent()?).ok())
            .collect();
        // By the name under which it is parked, and which operators see.
        let (participant, handler) = (desk.name.to_owned(), task.name.clone());
        let mut builder = trace::span("choreography.handle");
        // What it follows from first is its parent, and the others of a join are links.
        for context in contexts.iter().skip(1) {
            builder = builder.link(context);
        }
        let begin = || {
            builder
                .fields(|fields| {
                    fields.add("reliability.choreography.name", desk.room.wiring.name());
                    fields.add("reliability.choreography.participant", participant.clone());
                    fields.add("reliability.choreography.handler", handler.clone());
                    fields.add("reliability.choreography.action", action(act));
                })
                .begin()
        };
        let span = match contexts.into_iter().next() {
            Some(parent) => parent.in_scope(begin),
            None => begin(),
        };
        let since = crate::time::Clock::precise().now();
        Self { span, since, labels: [participant, handler], act }
    }

    pub(super) fn around<'a, T: 'a>(&self, attempted: Attempted<'a, T>) -> Attempted<'a, T> {
        match self.span.is_recorded() {
            true => Box::pin(crate::telemetry::trace::in_context(self.span.context(), attempted)),
            false => attempted,
        }
    }

    /// What is told of it belongs to its trace.
    pub(super) fn traceparent(&self) -> Option<String> {
        self.span.is_recorded().then(|| self.span.context().traceparent()).flatten()
    }

    pub(super) fn end(self, failed: Option<&Transient>, how: &'static str) {
        use alloc::string::ToString as _;

        match failed {
            Some(why) => self.span.fail(why.to_string()),
            None => self.span.succeed(),
        }
        let took = crate::time::Clock::precise().now().saturating_duration_since(self.since);
        let [participant, handler] = &self.labels;
        ATTEMPTS.with([participant, handler, action(self.act), how]).record_duration(took);
        self.span.end();
    }
}

#[cfg(feature = "telemetry")]
const fn action(act: Act) -> &'static str {
    match act {
        Act::Do => "do",
        Act::Probe => "probe",
        Act::Undo => "undo",
    }
}
