//! The layer of `tracing_subscriber`: spans of other libraries and events, with their traces.

use std::sync::{Arc, Mutex, OnceLock};

use reliability::telemetry::log::{self, Level, Record, Sink};
use reliability::telemetry::subscriber::Layer;
use reliability::telemetry::trace::{self, Kind, Sampler, Span, SpanId, Status};
use reliability::telemetry::traced;
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::recorded::Recording;

#[derive(Default)]
struct Said(Mutex<Vec<Record>>);

impl Sink for Said {
    fn take(&self, record: &Record) {
        self.0.lock().unwrap().push(record.clone());
    }
}

/// What was said with that message.
fn said(message: &str) -> Vec<Record> {
    let all = sink().0.lock().unwrap();
    all.iter().filter(|record| record.body == message).cloned().collect()
}

fn sink() -> &'static Arc<Said> {
    static SINK: OnceLock<Arc<Said>> = OnceLock::new();
    SINK.get_or_init(|| {
        let sink = Arc::new(Said::default());
        log::add_sink(sink.clone()).forget();
        sink
    })
}

/// Runs where the layer hears.
fn heard<R>(work: impl FnOnce() -> R) -> R {
    sink();
    let subscriber = tracing_subscriber::registry().with(Layer::new());
    tracing::subscriber::with_default(subscriber, work)
}

fn parents(spans: &[Span]) -> Vec<(&str, Option<&str>)> {
    let name = |id: SpanId| {
        let of = spans.iter().find(|span| span.id == id);
        of.map(|span| span.name.as_ref())
    };
    spans.iter().map(|span| (span.name.as_ref(), span.parent.and_then(name))).collect()
}

#[traced]
async fn outermost() {
    async { inside().await }
        .instrument(tracing::info_span!("query", otel.kind = "client", rows = 3))
        .await;
}

#[traced]
async fn inside() {
    tracing::info!(shelf = 7, "looked");
    tokio::task::yield_now().await;
}

#[test]
fn spans_of_other_libraries_stand_between_ours() {
    let recording = Recording::all();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    heard(|| runtime.block_on(outermost()));
    let trace = recording.trace("outermost");
    assert_eq!(
        parents(&trace.spans),
        [("outermost", None), ("query", Some("outermost")), ("inside", Some("query"))],
    );
    let query = &trace.spans[1];
    assert_eq!(query.kind, Kind::Client);
    let attributes: Vec<String> = query.attributes.iter().map(ToString::to_string).collect();
    assert_eq!(attributes, ["rows=3"]);
    assert_eq!(trace::current(), None, "nobody is left inside");

    let records = said("looked");
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0].trace_id, Some(trace.id));
    assert_eq!(records[0].span_id, Some(trace.spans[2].id));
    assert_eq!(records[0].level, Level::Info);
    assert_eq!(records[0].attributes[0].to_string(), "shelf=7");
    assert!(records[0].scope.ends_with("subscriber"), "{}", records[0].scope);
}

#[test]
fn what_is_recorded_later_and_an_error_are_of_the_span() {
    let recording = Recording::all();
    heard(|| {
        let span = tracing::info_span!(
            "late",
            rows = tracing::field::Empty,
            otel.name = "other",
            error = tracing::field::Empty
        );
        span.record("rows", 4_u64);
        span.record("error", "gone");
    });
    let trace = recording.trace("other");
    assert_eq!(trace.spans[0].status, Status::Error("gone".into()));
    assert!(trace.spans[0].attributes.iter().any(|it| it.to_string() == "rows=4"));
}

#[test]
fn spans_are_left_in_any_order() {
    let recording = Recording::all();
    heard(|| {
        let root = tracing::info_span!("left-in-any-order");
        let _root = root.enter();
        let (a, b) = (tracing::info_span!("a"), tracing::info_span!("b"));
        let in_a = a.enter();
        let in_b = b.enter();
        drop(in_a);
        tracing::info_span!("in b").in_scope(|| {});
        drop(in_b);
        tracing::info_span!("in root").in_scope(|| {});
        tracing::info_span!(parent: &a, "in a").in_scope(|| {});
        tracing::info_span!(parent: None, "of its own").in_scope(|| {});
    });
    let trace = recording.trace("left-in-any-order");
    let mut all = parents(&trace.spans);
    all.sort_unstable();
    let root = Some("left-in-any-order");
    assert_eq!(
        all,
        [
            ("a", root),
            ("b", root),
            ("in a", Some("a")),
            ("in b", Some("b")),
            ("in root", root),
            ("left-in-any-order", None),
        ],
    );
    assert_ne!(recording.trace("of its own").id, trace.id);
}

#[test]
fn what_is_not_recorded_still_tells_its_trace() {
    let _recording = Recording::with(Sampler::always_off(), None);
    heard(|| {
        tracing::info_span!("unsampled").in_scope(|| tracing::warn!("in the dark"));
        tracing::warn!("outside");
    });
    let dark = said("in the dark");
    assert!(dark[0].trace_id.is_some() && !dark[0].sampled, "{dark:?}");
    assert_eq!(said("outside")[0].trace_id, None);
}
