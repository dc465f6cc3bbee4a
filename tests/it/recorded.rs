//! `#[traced]` and policies as our own recorder sees them.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context as TaskContext, Waker};

use reliability::error::{Reason, Rejected};
use reliability::resilience::resilient;
use reliability::telemetry::trace::{
    self, Context, Current, Kind, Recorder, Rule, Rules, Sampler, Sink, Span, Status, Trace,
    TraceId,
};
use reliability::telemetry::traced;

use crate::policy::events::{heard_of, make_every_event};

#[derive(Default)]
struct Kept(Mutex<Vec<Trace>>);

impl Sink for Kept {
    fn keep(&self, trace: Trace) {
        self.0.lock().unwrap().push(trace);
    }
}

/// The recorder of the process, which one test has at a time. While nobody has it, it is off, so that
/// other tests see what a program without it sees.
pub(super) struct Recording {
    recorder: Recorder,
    kept: Arc<Kept>,
    _alone: MutexGuard<'static, ()>,
}

impl Recording {
    pub(super) fn with(sampler: Sampler, rules: Option<Rules>) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        static STARTED: OnceLock<(Recorder, Arc<Kept>)> = OnceLock::new();
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (recorder, kept) = STARTED.get_or_init(|| {
            let kept = Arc::new(Kept::default());
            trace::add_sink(kept.clone()).forget();
            (Recorder::builder().start().unwrap(), kept)
        });
        recorder.reload(sampler, rules).unwrap();
        recorder.resume();
        Self { recorder: *recorder, kept: kept.clone(), _alone: alone }
    }

    pub(super) fn all() -> Self {
        Self::with(Sampler::always_on(), None)
    }

    pub(super) fn recorder(&self) -> Recorder {
        self.recorder
    }

    /// What was kept of the trace whose local root has that name.
    pub(super) fn trace(&self, root: &str) -> Trace {
        let kept = self.kept.0.lock().unwrap();
        let found = kept.iter().rev().find(|trace| trace.spans[0].name == root);
        found.unwrap_or_else(|| panic!("no trace of `{root}` was kept: {kept:#?}")).clone()
    }

    pub(super) fn traces_of(&self, id: TraceId) -> Vec<Trace> {
        let kept = self.kept.0.lock().unwrap();
        kept.iter().filter(|trace| trace.id == id).cloned().collect()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.recorder.pause();
        self.kept.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

pub(super) fn attributes(span: &Span) -> Vec<String> {
    span.attributes.iter().map(ToString::to_string).collect()
}

fn span<'t>(trace: &'t Trace, name: &str) -> &'t Span {
    let found = trace.spans.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| panic!("no span `{name}` in {trace:#?}"))
}

struct Opaque;

#[traced(name = "recorded.ask", kind = client, skip(secret), fields(order.total = amount * 3, %note))]
async fn asked(
    sku: &str,
    amount: u32,
    list: Vec<u8>,
    opaque: Opaque,
    secret: &str,
    note: String,
) -> Result<u32, String> {
    tokio::task::yield_now().await;
    let Opaque = opaque;
    if secret.is_empty() { Err(format!("no {sku}")) } else { Ok(amount + list.len() as u32) }
}

#[tokio::test]
async fn a_span_has_the_arguments_and_the_error() {
    let recording = Recording::all();
    let ask = |secret| asked("pear", 2, vec![1], Opaque, secret, "n".into());
    assert_eq!(ask("s").await, Ok(3));
    let trace = recording.trace("recorded.ask");
    let span = &trace.spans[0];
    assert_eq!((span.kind, &span.status, span.parent), (Kind::Client, &Status::Unset, None));
    let expected = [
        "sku=pear",
        "amount=2",
        "list=[1]",
        "opaque=<it::recorded::Opaque>",
        "order.total=6",
        "note=n",
    ];
    assert_eq!(attributes(span), expected);

    assert!(ask("").await.is_err());
    assert_eq!(recording.trace("recorded.ask").spans[0].status, Status::Error("no pear".into()));
}

#[derive(Debug)]
struct OnlyDebug;

#[traced(name = "recorded.debug", err = debug)]
fn by_debug() -> Result<u32, String> {
    Err("why".into())
}

#[traced(name = "recorded.hidden", err = hidden)]
fn hidden() -> Result<u32, String> {
    Err("secret".into())
}

#[traced(name = "recorded.opaque")]
fn opaque_error() -> Result<u32, Opaque> {
    Err(Opaque)
}

#[traced(name = "recorded.only_debug", ret)]
fn only_debug(fails: bool) -> Result<Vec<u8>, OnlyDebug> {
    if fails { Err(OnlyDebug) } else { Ok(vec![1, 2]) }
}

#[traced(name = "recorded.ret", ret = display)]
fn answers() -> u32 {
    42
}

#[test]
fn errors_and_results_are_told_as_one_asks_for() {
    let recording = Recording::all();
    let status = |root: &str| recording.trace(root).spans[0].status.clone();
    assert!(by_debug().is_err());
    assert_eq!(status("recorded.debug"), Status::Error("\"why\"".into()));
    assert!(hidden().is_err());
    assert_eq!(status("recorded.hidden"), Status::Error("".into()));
    assert!(opaque_error().is_err());
    assert_eq!(status("recorded.opaque"), Status::Unset);
    assert!(only_debug(true).is_err());
    assert_eq!(status("recorded.only_debug"), Status::Error("OnlyDebug".into()));
    assert_eq!(attributes(&recording.trace("recorded.only_debug").spans[0]), ["fails=true"]);
    assert!(only_debug(false).is_ok());
    let told = attributes(&recording.trace("recorded.only_debug").spans[0]);
    assert_eq!(told, ["fails=false", "return=[1, 2]"]);
    assert_eq!(answers(), 42);
    assert_eq!(attributes(&recording.trace("recorded.ret").spans[0]), ["return=42"]);
}

#[traced(name = "recorded.consume", kind = consumer, skip_all, links = causes.iter().copied())]
async fn consume(causes: &[Current]) {}

#[traced(name = "recorded.produce", kind = producer)]
fn produce() -> Option<Current> {
    trace::current()
}

#[tokio::test]
async fn a_span_is_linked_to_those_that_caused_it() {
    let recording = Recording::all();
    let causes: Vec<Current> = [produce(), produce()].into_iter().flatten().collect();
    consume(&causes).await;
    let links = recording.trace("recorded.consume").spans[0].links.clone();
    let ids: Vec<_> = links.iter().map(|link| (link.trace_id, link.span_id)).collect();
    let expected: Vec<_> = causes.iter().map(|cause| (cause.trace_id(), cause.span_id())).collect();
    assert_eq!((ids.len(), ids), (2, expected));
}

#[traced(name = "recorded.leaf", skip_all)]
async fn leaf() -> Option<Current> {
    tokio::task::yield_now().await;
    trace::current()
}

#[traced(name = "recorded.tree")]
async fn tree() {
    let here = trace::current().unwrap();
    let (first, second) = tokio::join!(leaf(), leaf());
    assert!(first.unwrap().span_id() != second.unwrap().span_id());
    assert_eq!(trace::current(), Some(here), "the span is back after each await");
    let carried = tokio::spawn(trace::in_current(leaf()));
    assert_eq!(carried.await.unwrap().unwrap().trace_id(), here.trace_id());
    let alone = tokio::spawn(leaf()).await.unwrap().unwrap();
    assert_ne!(alone.trace_id(), here.trace_id());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_hang_together_across_tasks() {
    let recording = Recording::all();
    tree().await;
    assert_eq!(trace::current(), None);
    let trace = recording.trace("recorded.tree");
    let root = trace.spans[0].id;
    let leaves: Vec<_> = trace.spans[1..].iter().map(|span| (&*span.name, span.parent)).collect();
    assert_eq!(leaves, [("recorded.leaf", Some(root)); 3]);
}

#[traced(name = "recorded.server", kind = server)]
async fn serve() -> Option<String> {
    leaf().await;
    Context::current().traceparent()
}

#[tokio::test]
async fn a_caller_of_another_process_is_the_parent() {
    let recording = Recording::all();
    let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let context = Context::from_traceparent(caller).unwrap();
    let told = trace::in_context(context.clone(), serve()).await.unwrap();
    let trace = recording.trace("recorded.server");
    assert_eq!((Some(trace.id), trace.spans[0].parent), (context.trace_id(), context.span_id()));
    assert!(trace.spans[0].parent_is_remote);
    assert_eq!(told, format!("00-{}-{}-01", trace.id, trace.spans[0].id));
    assert_eq!(span(&trace, "recorded.leaf").parent, Some(trace.spans[0].id));
}

#[traced(name = "recorded.steps")]
async fn steps(count: usize) {
    for _ in 0..count {
        leaf().await;
    }
}

/// Drops a call at each of its awaits: every span is closed there and then, and says why.
#[test]
fn a_call_that_is_dropped_at_any_await_is_told_as_cancelled() {
    const STEPS: usize = 3;
    let recording = Recording::all();
    for polls in 1..=STEPS {
        let mut call = Box::pin(steps(STEPS));
        for _ in 0..polls {
            let poll = call.as_mut().poll(&mut TaskContext::from_waker(Waker::noop()));
            assert!(poll.is_pending());
            assert_eq!(trace::current(), None);
        }
        drop(call);
        let trace = recording.trace("recorded.steps");
        let ends: Vec<_> = trace.spans.iter().map(|span| attributes(span).join(" ")).collect();
        assert_eq!(ends.len(), 1 + polls);
        assert_eq!(ends[0], format!("count={STEPS} reliability.ended=cancelled"));
        assert_eq!(ends[polls], "reliability.ended=cancelled");
        assert!(ends[1..polls].iter().all(String::is_empty), "{ends:?}");
        assert!(trace.spans.iter().all(|span| !span.status.is_error()));
    }
    // Before its first poll a call has not begun.
    let before = recording.recorder.counts().recorded;
    drop(steps(1));
    assert_eq!(recording.recorder.counts().recorded, before);
}

#[traced(name = "recorded.panics")]
fn panics() {
    panic!("on purpose");
}

#[test]
fn a_panic_is_an_error_and_leaves_the_span() {
    let recording = Recording::all();
    assert!(std::panic::catch_unwind(panics).is_err());
    assert_eq!(trace::current(), None);
    let span = &recording.trace("recorded.panics").spans[0];
    assert_eq!(span.status, Status::Error("panicked".into()));
    assert_eq!(attributes(span), ["reliability.ended=panicked"]);
}

#[traced(name = "recorded.flaky", skip_all)]
#[resilient(
    when = always,
    retry(attempts = 3, backoff = constant("1ms")),
    timeout = "1s",
    idempotent
)]
async fn flaky(calls: &mut u32) -> Result<u32, Rejected> {
    *calls += 1;
    let attempt = *calls;
    trace::event("attempt", |fields| fields.add("number", attempt));
    let rejected = Rejected::new(Reason::RateLimited, "elsewhere");
    if *calls < 3 { Err(rejected) } else { Ok(*calls) }
}

fn always(_: &Rejected) -> bool {
    true
}

#[tokio::test(start_paused = true)]
async fn what_a_policy_decides_is_told_on_the_span() {
    let recording = Recording::all();
    assert!(matches!(flaky(&mut 0).await, Ok(3)));
    let trace = recording.trace("recorded.flaky");
    assert_eq!(trace.spans.len(), 1);
    let events: Vec<_> = trace.spans[0].events.iter().map(|event| &*event.name).collect();
    let retried = "reliability.policy.retried";
    assert_eq!(events, ["attempt", retried, "attempt", retried, "attempt"]);
    let told: Vec<_> =
        trace.spans[0].events[1].attributes.iter().map(ToString::to_string).collect();
    let name = told[0].strip_prefix("reliability.policy.name=").unwrap();
    assert!(name.contains("flaky"), "{told:?}");
    assert_eq!(told[1], "reliability.attempts=1");
    assert!(told[2].starts_with("reliability.pause_ms="), "{told:?}");
}

#[traced(name = "recorded.every_event")]
async fn every_event() {
    make_every_event().await;
}

/// Whoever looks at a trace sees what whoever reads the log does.
#[tokio::test(start_paused = true)]
async fn what_is_told_to_tracing_is_told_on_the_span_with_the_same_fields() {
    let recording = Recording::all();
    let heard = heard_of(every_event).await;
    let of_calls = |name: &str| {
        let decided = ["reliability.policy.", "reliability.breaker.", "reliability.cache."];
        decided.iter().any(|prefix| name.starts_with(prefix)) || name.ends_with(".injected")
    };
    let heard: Vec<_> = heard
        .iter()
        .filter(|(metadata, _)| of_calls(metadata.name()))
        .map(|(metadata, fields)| {
            let fields = fields.iter().filter(|(key, _)| **key != "message");
            let fields = fields.map(|(key, value)| format!("{key}={value}"));
            (metadata.name().to_owned(), fields.collect::<BTreeSet<_>>())
        })
        .collect();
    let trace = recording.trace("recorded.every_event");
    let told = trace.spans[0].events.iter().map(|event| {
        let attributes = event.attributes.iter().map(ToString::to_string);
        (event.name.to_string(), attributes.collect::<BTreeSet<_>>())
    });
    assert_eq!(told.collect::<Vec<_>>(), heard);
}

#[tokio::test]
async fn the_rules_decide_at_the_end() {
    let rules = Rules::new().rule(Rule::named("errors").when_error()).otherwise(0.0);
    let recording = Recording::with(Sampler::default(), Some(rules));
    let ask = |secret| asked("plum", 2, vec![], Opaque, secret, "n".into());
    assert!(ask("s").await.is_ok());
    assert!(ask("").await.is_err());
    let trace = recording.trace("recorded.ask");
    assert_eq!(trace.kept_by, "errors");
    assert_eq!(recording.traces_of(trace.id).len(), 1);
    assert_eq!(recording.kept.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_the_head_drops_records_nothing_and_formats_nothing() {
    struct Loud;
    impl std::fmt::Debug for Loud {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("nobody wants to know");
        }
    }
    #[traced(name = "recorded.quiet")]
    async fn quiet(loud: Loud) -> Option<Current> {
        let Loud = loud;
        trace::current()
    }

    let recording = Recording::with(Sampler::always_off(), None);
    let here = quiet(Loud).await.unwrap();
    assert!(!here.is_recorded() && !here.is_sampled());
    assert!(recording.kept.0.lock().unwrap().is_empty());
}

#[test]
fn what_was_dropped_is_a_metric() {
    use reliability::telemetry::metrics::{self, Data};

    let recording = Recording::with(Sampler::always_off(), None);
    let not_sampled = || {
        let metrics = metrics::collect();
        let roots = metrics.iter().find(|metric| metric.name == "reliability.trace.roots");
        let Some(Data::Counter(points)) = roots.map(|metric| &metric.data) else {
            panic!("no such counter in {metrics:#?}")
        };
        let of = |point: &&metrics::Point<u64>| {
            point.attributes[0].value.as_str() == Some("not_sampled")
        };
        points.iter().find(of).map_or(0, |point| point.value)
    };
    let before = not_sampled();
    assert_eq!(answers(), 42);
    assert_eq!(not_sampled(), before + 1);
    drop(recording);
}
