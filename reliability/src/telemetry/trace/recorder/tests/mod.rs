#![allow(clippy::unwrap_used, reason = "all of it is tests")]

mod bounds;
mod model;

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::Mutex;

use super::super::sink::{Sink, SinkGuard, add_sink};
use super::super::{Context, Rule, Rules, Sampler, Status, Trace, TraceId};
use super::*;
use crate::time::{Instant, ManualClock};

/// A recorder of its own, whose kept traces are told apart from those of other tests by their ids.
struct Bench {
    ring: &'static Ring,
    clock: ManualClock,
    kept: Arc<Kept>,
    _sink: SinkGuard,
}

#[derive(Default)]
struct Kept(Mutex<Vec<Trace>>);

impl Sink for Kept {
    fn keep(&self, trace: Trace) {
        self.0.lock().unwrap().push(trace);
    }
}

impl Bench {
    fn new(builder: RecorderBuilder) -> Self {
        let clock = ManualClock::new();
        clock.set(Instant::from_nanos(1 << 40));
        // A recorder lives as long as its process.
        let ring: &Ring =
            alloc::boxed::Box::leak(builder.clock(clock.clock()).ring().unwrap().into());
        let kept = Arc::new(Kept::default());
        Self { ring, clock, _sink: add_sink(kept.clone()), kept }
    }

    fn with_rules(rules: Rules) -> Self {
        Self::new(Recorder::builder().rules(rules))
    }

    fn begin(&self, name: &'static str, outer: Here) -> Open {
        self.begin_with(name, outer, |_| {})
    }

    fn begin_with(&self, name: &'static str, outer: Here, fill: impl FnOnce(&mut Fields)) -> Open {
        let head = self.ring.head(outer);
        let fields = head.is_recorded().then(|| {
            let mut fields = Fields::take();
            fill(&mut fields);
            fields
        });
        match self.ring.open(name, Kind::Internal, head, fields) {
            Opened::Recorded(_, open) => open,
            Opened::Unrecorded(here) => Open::unrecorded(here),
            Opened::Nothing | Opened::Decided(..) => Open::unrecorded(outer),
        }
    }

    fn end(&self, open: &Open) {
        self.ring.close(open, Ending { state: State::Unset, message: None });
    }

    fn fail(&self, open: &Open, why: &str) {
        let message = Some(format_args!("{why}"));
        self.ring.close(open, Ending { state: State::Error, message });
    }

    fn pass(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    fn kept_of(&self, id: Option<TraceId>) -> Vec<Trace> {
        let kept = self.kept.0.lock().unwrap();
        kept.iter().filter(|trace| Some(trace.id) == id).cloned().collect()
    }

    fn counts(&self) -> RecorderCounts {
        self.ring.counts.snapshot()
    }
}

fn caller(sampled: bool) -> Here {
    Context::new(TraceId::random(), SpanId::random(), sampled).here()
}

fn names(trace: &Trace) -> Vec<&str> {
    trace.spans.iter().map(|span| span.name.as_ref()).collect()
}

#[test]
fn a_kept_trace_has_all_that_was_recorded() {
    let bench = Bench::new(Recorder::builder());
    let from = caller(true);
    let root = bench.begin_with("root", from, |fields| {
        fields.add("order.id", 7);
        fields.text("sku", "tea");
        fields.link(TraceId::new(1).unwrap(), SpanId::new(2).unwrap());
    });
    bench.pass(2);
    let child = bench.begin("child", root.here);
    bench.ring.event(child.here, "retried", |fields| fields.add("attempt", 2));
    bench.pass(3);
    bench.fail(&child, "no tea");
    let mut more = Fields::take();
    more.add("order.id", 8);
    bench.ring.add(root.here, more);
    bench.ring.rename(root.here, "GET /tea");
    bench.pass(5);
    bench.end(&root);

    let kept = bench.kept_of(from.trace_id);
    assert_eq!(kept.len(), 1);
    let trace = &kept[0];
    assert_eq!((names(trace), trace.kept_by.as_ref()), (["GET /tea", "child"].to_vec(), "head"));
    let [root_span, child_span] = &trace.spans[..] else { panic!("{trace:?}") };
    assert_eq!((root_span.parent, root_span.parent_is_remote), (from.span_id, true));
    assert_eq!((child_span.parent, child_span.parent_is_remote), (root.here.span_id, false));
    assert_eq!(root_span.duration, Duration::from_millis(10));
    assert_eq!(child_span.duration, Duration::from_millis(3));
    let between = child_span.start.duration_since(root_span.start).unwrap();
    assert_eq!(between, Duration::from_millis(2));
    assert_eq!(child_span.status, Status::Error("no tea".into()));
    let attributes: Vec<_> = root_span.attributes.iter().map(ToString::to_string).collect();
    assert_eq!(attributes, ["order.id=8", "sku=tea"]);
    assert_eq!(root_span.links[0].span_id, SpanId::new(2).unwrap());
    assert_eq!(child_span.events[0].name, "retried");
    assert_eq!(child_span.events[0].attributes[0].to_string(), "attempt=2");
    assert_eq!(child_span.events[0].at, child_span.start);
    let RecorderCounts { recorded, kept, spans, .. } = bench.counts();
    assert_eq!((recorded, kept, spans), (1, 1, 2));
}

#[test]
fn what_the_head_drops_is_passed_on_and_costs_no_slot() {
    let bench = Bench::new(Recorder::builder().sampler(Sampler::always_off()));
    let root = bench.begin("root", Here::NOWHERE);
    assert!(!root.is_recorded() && root.here.trace_id.is_some());
    let child = bench.begin("child", root.here);
    assert_eq!(child.here.span_id, root.here.span_id);
    bench.fail(&child, "lost");
    bench.fail(&root, "lost");
    assert!(bench.kept_of(root.here.trace_id).is_empty());
    assert_eq!(bench.counts(), RecorderCounts { not_sampled: 1, ..Default::default() });
    assert_eq!(bench.ring.budget.left(), bench.ring.memory);
}

#[test]
fn what_the_caller_said_comes_before_the_rules() {
    let rules = Rules::new()
        .rule(Rule::named("errors").when_error())
        .rule(Rule::named("ours").when_attribute("tenant", "acme").keep_locally())
        .otherwise(0.0);
    let undecided = Context::new(TraceId::random(), SpanId::random(), false)
        .with_state(TraceState::parse("reliability=undecided").unwrap())
        .here();
    // The caller, the tenant and whether it fails; who keeps it.
    let table = [
        (Here::NOWHERE, "x", false, None),
        (Here::NOWHERE, "x", true, Some("errors")),
        (Here::NOWHERE, "acme", false, Some("ours")),
        (caller(true), "x", false, Some("caller")),
        (caller(false), "x", true, None),
        (caller(false), "acme", false, Some("ours")),
        (undecided, "x", false, None),
        (undecided, "x", true, Some("errors")),
    ];
    let bench = Bench::with_rules(rules.clone());
    for (outer, tenant, fails, expected) in table {
        let root = bench.begin_with("root", outer, |fields| fields.text("tenant", tenant));
        if fails {
            bench.fail(&root, "why")
        } else {
            bench.end(&root)
        }
        let kept = bench.kept_of(root.here.trace_id);
        let by = kept.first().map(|trace| trace.kept_by.as_ref());
        assert_eq!(by, expected, "{outer:?} {tenant} {fails}");
    }
    // Where no rule keeps locally, what the caller drops is not even recorded.
    let bench = Bench::with_rules(Rules::standard());
    assert!(!bench.begin("root", caller(false)).is_recorded());
    // And who keeps everything can be judged like others.
    let bench = Bench::with_rules(rules.judge_kept());
    let root = bench.begin("root", caller(true));
    bench.end(&root);
    assert!(bench.kept_of(root.here.trace_id).is_empty());
}

#[test]
fn others_are_told_what_holds_where_no_rule_does() {
    let bench = Bench::with_rules(Rules::standard().otherwise(0.5));
    for _ in 0..100 {
        let root = bench.begin("root", Here::NOWHERE);
        let flags = root.here.flags;
        let half = Sampler::ratio(0.5).unwrap().keeps(root.here.trace_id.unwrap(), None);
        assert_eq!(flags.has(Flags::SAMPLED), half);
        assert_eq!(flags.has(Flags::UNDECIDED), !half);
        bench.end(&root);
        assert_eq!(bench.kept_of(root.here.trace_id).len(), usize::from(half));
    }
}

#[test]
fn rules_without_a_default_leave_it_to_the_sampler() {
    let builder = Recorder::builder().sampler(Sampler::always_off().parent_based());
    let bench = Bench::new(builder.rules(Rules::new().rule(Rule::named("e").when_error())));
    let (good, bad) = (bench.begin("good", Here::NOWHERE), bench.begin("bad", Here::NOWHERE));
    bench.end(&good);
    bench.fail(&bad, "why");
    assert!(bench.kept_of(good.here.trace_id).is_empty());
    assert_eq!(bench.kept_of(bad.here.trace_id)[0].kept_by, "e");
}

#[test]
fn rules_are_exchanged_while_spans_are_open() {
    let bench = Bench::with_rules(Rules::new().otherwise(0.0));
    let root = bench.begin("root", Here::NOWHERE);
    let wrong = Rules::new().rule(Rule::named("a")).rule(Rule::named("a"));
    assert!(wrong.check().is_err());
    bench.ring.put_into_force(Sampler::default(), Some(Rules::new().rule(Rule::named("all"))));
    bench.end(&root);
    assert_eq!(bench.kept_of(root.here.trace_id)[0].kept_by, "all");
    bench.ring.put_into_force(Sampler::always_off(), None);
    assert!(!bench.begin("root", Here::NOWHERE).is_recorded());
}

#[test]
fn an_error_that_was_logged_keeps_the_trace() {
    let bench = Bench::with_rules(Rules::new().rule(Rule::named("e").when_error()).otherwise(0.0));
    let root = bench.begin("root", Here::NOWHERE);
    let child = bench.begin("child", root.here);
    bench.ring.error_said(child.here);
    bench.end(&child);
    bench.end(&root);
    let kept = bench.kept_of(root.here.trace_id);
    assert_eq!(kept[0].kept_by, "e");
    assert!(kept[0].spans.iter().all(|span| span.status == Status::Unset));
}

#[test]
fn late_spans_follow_the_decision_or_are_counted() {
    let rules = Rules::new().rule(Rule::named("e").when_error()).otherwise(0.0);
    let bench = Bench::with_rules(rules);
    let root = bench.begin("root", Here::NOWHERE);
    let open = bench.begin_with("open", root.here, |fields| fields.add("n", 1));
    let nested = bench.begin("nested", open.here);
    bench.fail(&root, "why");
    // Still open: they are told when the last of them ends, with all that was recorded.
    bench.end(&nested);
    bench.end(&open);
    // And one that begins when all is over.
    let late = bench.begin("late", open.here);
    bench.end(&late);
    let kept = bench.kept_of(root.here.trace_id);
    let told: Vec<_> = kept.iter().map(|trace| (names(trace), &*trace.kept_by)).collect();
    let expected = [
        (["root"].to_vec(), "e"),
        (["open", "nested"].to_vec(), "e"),
        (["late"].to_vec(), "earlier"),
    ];
    assert_eq!(told, expected);
    assert_eq!(kept[1].spans[0].attributes[0].to_string(), "n=1");
    assert_eq!(kept[2].spans[0].parent, open.here.span_id);
    assert_eq!(bench.counts().spans_late, 0);

    let root = bench.begin("root", Here::NOWHERE);
    let open = bench.begin("open", root.here);
    bench.end(&root);
    bench.fail(&open, "too late");
    let late = bench.begin("late", open.here);
    bench.fail(&late, "too late");
    assert!(bench.kept_of(root.here.trace_id).is_empty());
    assert_eq!(bench.counts().spans_late, 2);
    let RecorderCounts { recorded, kept, dropped, .. } = bench.counts();
    assert_eq!((recorded, kept, dropped), (2, 1, 1));
}

#[test]
fn a_value_may_make_spans_while_it_is_formatted() {
    struct Asks<'a>(&'a Bench, Here);
    impl core::fmt::Display for Asks<'_> {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            let inner = self.0.begin_with("inner", self.1, |fields| fields.text("a", "b"));
            self.0.end(&inner);
            f.write_str("asked")
        }
    }
    let bench = Bench::new(Recorder::builder());
    let root = bench.begin("root", Here::NOWHERE);
    let child = bench.begin_with("child", root.here, |fields| {
        fields.formatted("value", format_args!("{}", Asks(&bench, root.here)));
    });
    let message = Some(format_args!("{}", Asks(&bench, root.here)));
    bench.ring.close(&child, Ending { state: State::Error, message });
    bench.end(&root);
    let kept = bench.kept_of(root.here.trace_id);
    assert_eq!(names(&kept[0]), ["root", "inner", "child", "inner"]);
    assert_eq!(kept[0].spans[2].attributes[0].to_string(), "value=asked");
    assert_eq!(kept[0].spans[2].status, Status::Error("asked".into()));
}

#[test]
fn a_sink_that_panics_or_makes_spans_does_no_harm() {
    struct Panics(TraceId);
    impl Sink for Panics {
        fn keep(&self, trace: Trace) {
            assert!(trace.id != self.0, "on purpose");
        }
    }
    struct Traces(TraceId, Arc<Bench>, Mutex<Vec<bool>>);
    impl Sink for Traces {
        fn keep(&self, trace: Trace) {
            if trace.id == self.0 {
                let span = self.1.begin("inside", Here::get());
                self.2.lock().unwrap().push(span.is_recorded());
                self.1.end(&span);
            }
        }
    }
    let from = caller(true);
    let id = from.trace_id.unwrap();
    let _panics = add_sink(Arc::new(Panics(id)));
    let bench = Arc::new(Bench::new(Recorder::builder()));
    let traces = Arc::new(Traces(id, bench.clone(), Mutex::default()));
    let _traces = add_sink(traces.clone());
    let root = bench.begin("root", from);
    bench.end(&root);
    assert_eq!(bench.kept_of(Some(id)).len(), 1);
    assert_eq!(*traces.2.lock().unwrap(), [false]);
}
