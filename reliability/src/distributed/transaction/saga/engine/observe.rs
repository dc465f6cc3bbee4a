//! What sagas do, in numbers, events and spans.

use alloc::string::String;
use alloc::sync::Arc;
use core::pin::Pin;

use super::super::plan::Plan;
use super::super::rules::{Act, Ended};
use super::bodies::Attempted;
use super::drive::Put;
use crate::journal::{JournalError, StreamId};

#[cfg(feature = "telemetry")]
use crate::telemetry::metrics::{Counter, Family, Histogram, UpDownCounter};

#[cfg(feature = "telemetry")]
crate::metrics! {
    /// Sagas that were started.
    static STARTED: Family<Counter, 1> = Counter::builder("reliability.saga.started")
        .unit("{saga}")
        .by(["reliability.saga.name"])
        .series(200);
    /// Sagas that came to an end, or are stuck, by how.
    static ENDED: Family<Counter, 2> = Counter::builder("reliability.saga.ended")
        .unit("{saga}")
        .by(["reliability.saga.name", "reliability.saga.outcome"])
        .series(1_000);
    /// How long attempts at steps took, by how they ended.
    static ATTEMPTS: Family<Histogram, 4> = Histogram::builder("reliability.saga.step.duration")
        .unit("s")
        .by([
            "reliability.saga.name",
            "reliability.saga.step",
            "reliability.saga.action",
            "reliability.saga.outcome",
        ])
        .series(2_000);
    /// Sagas that this process works at.
    static ACTIVE: UpDownCounter = UpDownCounter::builder("reliability.saga.active").unit("{saga}");
    /// Sagas that a worker had to leave to another one, because it was taken for dead.
    static LOST: Counter = Counter::builder("reliability.saga.lost").unit("{saga}");
}

/// One attempt, while it is on its way.
pub(super) struct Attempt {
    #[cfg(feature = "telemetry")]
    seen: telemetry::Seen,
}

impl Attempt {
    pub(super) fn begin(plan: &Arc<Plan>, step: usize, act: Act, attempt: u32) -> Self {
        #[cfg(feature = "telemetry")]
        return Self { seen: telemetry::Seen::begin(plan, step, act, attempt) };
        #[cfg(not(feature = "telemetry"))]
        {
            let _ = (plan, step, act, attempt);
            Self {}
        }
    }

    /// The attempt, in its span.
    pub(super) fn around(&self, attempted: Attempted) -> Attempted {
        #[cfg(feature = "telemetry")]
        return self.seen.around(attempted);
        #[cfg(not(feature = "telemetry"))]
        attempted
    }

    pub(super) fn end(self, how: &Ended) {
        #[cfg(feature = "telemetry")]
        self.seen.end(how);
        #[cfg(not(feature = "telemetry"))]
        let _ = how;
    }
}

/// The start of a saga, seen: its span is what the rest of its trace hangs from, also after a crash.
pub(super) struct Starting {
    #[cfg(feature = "telemetry")]
    span: crate::telemetry::trace::OpenSpan,
}

impl Starting {
    pub(super) fn begin(saga: &'static str, key: &str) -> Self {
        #[cfg(feature = "telemetry")]
        return Self { span: telemetry::starting(saga, key) };
        #[cfg(not(feature = "telemetry"))]
        {
            let _ = (saga, key);
            Self {}
        }
    }

    /// What is written into the first record.
    pub(super) fn traceparent(&self) -> Option<String> {
        #[cfg(feature = "telemetry")]
        return self.span.context().traceparent();
        #[cfg(not(feature = "telemetry"))]
        None
    }

    pub(super) fn end<T>(self, how: &Result<T, JournalError>) {
        #[cfg(feature = "telemetry")]
        if let Err(error) = how {
            self.span.fail(error);
        }
        #[cfg(not(feature = "telemetry"))]
        let _ = how;
    }
}

/// What one worker does about a run, from when it takes it up to when it puts it down, seen.
pub(super) struct Work {
    #[cfg(feature = "telemetry")]
    work: telemetry::Work,
}

impl Work {
    /// In the trace that the saga was started in; `resumed` says that others have worked at it before.
    pub(super) fn begin(stream: &StreamId, traceparent: Option<&str>, resumed: bool) -> Self {
        #[cfg(feature = "telemetry")]
        return Self { work: telemetry::Work::begin(stream, traceparent, resumed) };
        #[cfg(not(feature = "telemetry"))]
        {
            let _ = (stream, traceparent, resumed);
            Self {}
        }
    }

    pub(super) async fn around<F: Future>(&self, work: Pin<&mut F>) -> F::Output {
        #[cfg(feature = "telemetry")]
        return self.work.around(work).await;
        #[cfg(not(feature = "telemetry"))]
        work.await
    }

    pub(super) fn end(self, how: &Result<Put, JournalError>) {
        #[cfg(feature = "telemetry")]
        self.work.end(how);
        #[cfg(not(feature = "telemetry"))]
        let _ = how;
    }
}

pub(super) fn started(saga: &'static str) {
    #[cfg(feature = "telemetry")]
    STARTED.with([saga]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = saga;
}

/// A run is worked at as long as this lives.
pub(super) struct Active(());

impl Active {
    pub(super) fn begin() -> Self {
        #[cfg(feature = "telemetry")]
        ACTIVE.add(1);
        Self(())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        #[cfg(feature = "telemetry")]
        ACTIVE.add(-1);
    }
}

pub(super) fn ended(saga: &str, stream: &StreamId, status: &'static str) {
    #[cfg(feature = "telemetry")]
    {
        ENDED.with([saga, status]).add(1);
        if status == "stuck" {
            tracing::event!(
                name: "reliability.saga.stuck",
                target: "reliability",
                tracing::Level::ERROR,
                reliability.saga.name = saga,
                reliability.saga.key = stream.key(),
                "a saga is stuck: somebody has to look at it",
            );
        }
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (saga, stream, status);
}

/// An operator has done something about a saga.
pub(in super::super) fn mended(saga: &StreamId, verb: &str, by: &str) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.saga.mended",
        target: "reliability",
        tracing::Level::WARN,
        reliability.saga.name = saga.kind(),
        reliability.saga.key = saga.key(),
        reliability.saga.verb = verb,
        reliability.saga.by = by,
        "an operator has done something about a saga",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (saga, verb, by);
}

/// A saga was changed, and its version was not.
pub(super) fn changed(plan: &Plan) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.saga.changed",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.saga.name = plan.name(),
        reliability.saga.version = plan.version(),
        "the steps of a saga were changed without a new version: runs that were started before may \
         not be readable",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = plan;
}

/// A worker has lost its run to another one.
pub(super) fn lost() {
    #[cfg(feature = "telemetry")]
    LOST.add(1);
}

/// A run cannot be worked at.
pub(super) fn broken(stream: &StreamId, error: &JournalError) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.saga.broken",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.saga.name = stream.kind(),
        reliability.saga.key = stream.key(),
        reliability.error = %error,
        "a saga cannot be carried on; it is tried again in a while",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (stream, error);
}

#[cfg(feature = "telemetry")]
mod telemetry {
    use alloc::borrow::ToOwned;
    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use core::time::Duration;

    use super::{ATTEMPTS, Act, Attempted, Ended, JournalError, Pin, Plan, Put, StreamId};
    use crate::telemetry::trace::{self, Context, Kind, OpenSpan};
    use crate::time::{Clock, Instant};

    pub(super) fn starting(saga: &'static str, key: &str) -> OpenSpan {
        let span = trace::span("saga.start").kind(Kind::Producer);
        span.fields(|fields| {
            fields.add("reliability.saga.name", saga);
            fields.add("reliability.saga.key", key.to_owned());
        })
        .begin()
    }

    pub(super) struct Work {
        span: OpenSpan,
        started: Context,
    }

    impl Work {
        pub(super) fn begin(stream: &StreamId, traceparent: Option<&str>, resumed: bool) -> Self {
            let started = traceparent.and_then(|it| Context::from_traceparent(it).ok());
            let started = started.unwrap_or_else(Context::empty);
            let mut span = trace::span("saga.run").kind(Kind::Consumer).within(&started);
            if resumed {
                span = span.attribute("reliability.saga.resumed", true).link(&started);
            }
            let span = span.fields(|fields| {
                fields.add("reliability.saga.name", stream.kind().to_owned());
                fields.add("reliability.saga.key", stream.key().to_owned());
            });
            Self { span: span.begin(), started }
        }

        pub(super) async fn around<F: Future>(&self, work: Pin<&mut F>) -> F::Output {
            // Calls that the steps make belong to the trace, also where nobody records it.
            trace::in_context(self.started.clone(), self.span.around(work)).await
        }

        pub(super) fn end(self, how: &Result<Put, JournalError>) {
            let outcome = match how {
                Ok(Put::Over(status, _)) => status,
                Ok(Put::Stuck) => "stuck",
                Ok(Put::Down) => "put_down",
                Ok(Put::Gone) => "lost",
                Err(error) => return self.span.fail(error),
            };
            self.span.set("reliability.saga.outcome", outcome);
        }
    }

    fn name(plan: &Plan, step: usize) -> &str {
        plan.steps().get(step).map_or("?", |step| step.name())
    }

    pub(super) struct Seen {
        span: OpenSpan,
        plan: Arc<Plan>,
        step: usize,
        action: &'static str,
        since: Instant,
    }

    impl Seen {
        pub(super) fn begin(plan: &Arc<Plan>, step: usize, act: Act, attempt: u32) -> Self {
            let name = name(plan, step);
            let action = match act {
                Act::Do => "do",
                Act::Probe => "probe",
                Act::Recall => "recall",
                Act::Undo { .. } => "undo",
            };
            let span = trace::span("saga.step")
                .fields(|fields| {
                    fields.add("reliability.saga.name", plan.name().to_owned());
                    fields.add("reliability.saga.step", name.to_owned());
                    fields.add("reliability.saga.action", action);
                    fields.add("reliability.saga.attempt", i64::from(attempt));
                })
                .begin();
            Self { span, plan: Arc::clone(plan), step, action, since: Clock::precise().now() }
        }

        pub(super) fn around(&self, attempted: Attempted) -> Attempted {
            match self.span.is_recorded() {
                true => Box::pin(trace::in_context(self.span.context(), attempted)),
                false => attempted,
            }
        }

        pub(super) fn end(self, how: &Ended) {
            let outcome = match how {
                Ended::Done(_) | Ended::Undone => "done",
                Ended::NotFound => "not_found",
                Ended::Rejected(_) => "rejected",
                Ended::TurnedBack(_) => "turned_back",
                Ended::Waiting(_) => "waiting",
                Ended::Lost(_) => "lost",
                Ended::Failed { unknown: false, .. } => "transient",
                Ended::Failed { unknown: true, .. } => "unknown",
            };
            match how {
                Ended::Failed { reason, .. } | Ended::Lost(reason) => self.span.fail(reason),
                _ => self.span.succeed(),
            }
            let took: Duration = Clock::precise().now().saturating_duration_since(self.since);
            let (saga, step) = (self.plan.name(), name(&self.plan, self.step));
            ATTEMPTS.with([saga, step, self.action, outcome]).record_duration(took);
            self.span.end();
        }
    }
}
