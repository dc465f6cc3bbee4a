use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::BTreeMap;
use std::time::SystemTime;

use super::event::told;
use super::kept::{failed, kept};
use crate::telemetry::dashboard::{
    EventView, Panel, SpanView, Standing, Submitted, TraceView, View, Widget, words,
};
use crate::telemetry::trace::{Recorder, Span, SpanId, Status, Trace};
use crate::telemetry::{Attribute, Value};
use crate::time::wall_clock;

inventory::submit! {
    Submitted { place: 30, panel: &Traces }
}

/// The traces that were kept, span by span.
struct Traces;

impl Panel for Traces {
    fn id(&self) -> &'static str {
        "traces"
    }

    fn title(&self) -> &'static str {
        "Traces"
    }

    fn view(&self) -> View {
        let kept = kept();
        let (standing, summary) = summary(&kept, wall_clock());
        if kept.is_empty() && Recorder::running().is_none() {
            let told = "Nothing records: start a recorder with `Recorder::builder().start()`.";
            return View::new(standing, "no recorder is running").with(Widget::Note(told.into()));
        }
        // Failures first, each by time: who looks here looks for them.
        let of = |fails: bool| kept.iter().filter(move |trace| failed(trace) == fails);
        let traces = of(true).chain(of(false)).map(|trace| shown(trace)).collect();
        View::new(standing, summary).with(Widget::Traces(traces))
    }
}

/// For how long a failure wants a look: it is held until others push it out, which may be days.
const RECENT: Duration = Duration::from_secs(600);

fn summary(kept: &[Arc<Trace>], now: SystemTime) -> (Standing, String) {
    let failures: Vec<&Arc<Trace>> = kept.iter().filter(|trace| failed(trace)).collect();
    let roots = failures.iter().filter_map(|trace| trace.spans.first());
    let last = roots.map(|root| since(now, root.start)).min();
    match (kept.len(), last) {
        (0, _) => (Standing::None, "none was kept yet".into()),
        (all, None) => (Standing::Ok, format!("{all} kept last; none of them failed")),
        (all, Some(ago)) => {
            let standing = if ago <= RECENT { Standing::Warn } else { Standing::Ok };
            let latest = match ago.as_secs() {
                0 => "just now".into(),
                seconds => format!("{} ago", words::duration(Duration::from_secs(seconds))),
            };
            (
                standing,
                format!("{all} kept last; {} of them failed, the latest {latest}", failures.len()),
            )
        }
    }
}

fn shown(trace: &Trace) -> TraceView {
    let root = trace.spans.first();
    let start = trace.spans.iter().map(|span| span.start).min().unwrap_or(SystemTime::UNIX_EPOCH);
    let end = trace.spans.iter().map(|span| span.start + span.duration).max().unwrap_or(start);
    let (state, standing) = ending(trace);
    let dropped = trace.spans_dropped;
    TraceView {
        id: format!("{}", trace.id),
        title: root.map_or_else(|| "without spans".into(), |root| root.name.clone()),
        state: state.into(),
        standing,
        at: since(start, SystemTime::UNIX_EPOCH).as_secs_f64(),
        duration: since(end, start),
        kept_by: match dropped {
            0 => kept_by(trace),
            _ => format!("{}; {dropped} more spans", kept_by(trace)).into(),
        },
        spans: in_order(&trace.spans, start),
    }
}

/// How it ended for who called: what failed inside may have been mended by another try or a
/// fallback, and a call that nobody waited for any more did not end well.
fn ending(trace: &Trace) -> (&'static str, Standing) {
    let Some(root) = trace.spans.first() else {
        return ("ended well", Standing::Ok);
    };
    let ended = root.attributes.iter().find(|it| it.key == "reliability.ended");
    match ended.map(|it| &it.value) {
        _ if root.status.is_error() => ("failed", Standing::Bad),
        Some(Value::Text(ended)) if ended == "panicked" => ("panicked", Standing::Bad),
        Some(Value::Text(ended)) if ended == "cancelled" => ("given up", Standing::Warn),
        _ if failed(trace) => ("failed inside", Standing::Warn),
        _ => ("ended well", Standing::Ok),
    }
}

/// The rule. What no rule is for has a name that only the code knows.
fn kept_by(trace: &Trace) -> Cow<'static, str> {
    match &*trace.kept_by {
        "head" => "the sampler".into(),
        "caller" => "what the caller decided".into(),
        "default" => "a sample of all others".into(),
        "earlier" => "an earlier part of it".into(),
        _ => trace.kept_by.clone(),
    }
}

fn since(at: SystemTime, start: SystemTime) -> Duration {
    at.duration_since(start).unwrap_or_default()
}

/// Each span behind its parent, those of one parent by the time they began. A span whose parent is
/// not here stands at the left.
fn in_order(spans: &[Span], start: SystemTime) -> Vec<SpanView> {
    let here: BTreeMap<SpanId, usize> =
        spans.iter().enumerate().map(|(at, span)| (span.id, at)).collect();
    let mut children: BTreeMap<Option<SpanId>, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        let parent = span.parent.filter(|parent| here.contains_key(parent) && *parent != span.id);
        children.entry(parent).or_default().push(span);
    }
    children.values_mut().for_each(|spans| spans.sort_by_key(|span| span.start));
    let mut ordered = Vec::with_capacity(spans.len());
    let mut next: Vec<(&Span, u32)> = Vec::new();
    let push = |next: &mut Vec<_>, parent, depth| {
        let of = children.get(&parent).map(Vec::as_slice).unwrap_or_default();
        next.extend(of.iter().rev().map(|span| (*span, depth)));
    };
    push(&mut next, None, 0);
    while let Some((span, depth)) = next.pop() {
        ordered.push(one(span, depth, start));
        push(&mut next, Some(span.id), depth + 1);
    }
    ordered
}

fn one(span: &Span, depth: u32, start: SystemTime) -> SpanView {
    let mut attributes = span.attributes.clone();
    if let Status::Error(message) = &span.status {
        attributes.insert(0, Attribute::new("error", Value::Text(message.clone())));
    }
    let happened = span.events.iter();
    let happened = happened
        .map(|event| EventView { at: since(event.at, start), title: told(event).into() })
        .collect();
    SpanView {
        title: span.name.clone(),
        depth,
        start: since(span.start, start),
        duration: span.duration,
        failed: span.status.is_error(),
        attributes,
        events: happened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::trace::TraceId;

    fn span(id: u64, parent: u64, name: &'static str, millis: u64) -> Span {
        let id = SpanId::new(id).expect("is not zero");
        let start = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let mut span = Span::new(id, name, start, Duration::from_millis(10));
        span.parent = SpanId::new(parent);
        span
    }

    #[test]
    fn spans_stand_behind_their_parents() {
        let spans = [
            span(1, 99, "root", 100),
            span(4, 2, "d", 103),
            span(3, 1, "c", 105),
            span(2, 1, "b", 101),
        ];
        let trace = Trace::new(TraceId::new(7).expect("is not zero"), spans.into());
        let view = shown(&trace);
        let names: Vec<(&str, u32)> =
            view.spans.iter().map(|span| (span.title.as_ref(), span.depth)).collect();
        assert_eq!(names, [("root", 0), ("b", 1), ("d", 2), ("c", 1)]);
        assert_eq!(view.duration, Duration::from_millis(15));
        assert_eq!(view.spans[3].start, Duration::from_millis(5));
        assert_eq!(view.standing, Standing::Ok);
    }

    #[test]
    fn a_call_ended_as_its_caller_saw_it() {
        let ended = |root: Status, inner: Status, attribute: Option<&'static str>| {
            let mut spans = [span(1, 0, "root", 0), span(2, 1, "inner", 1)];
            spans[0].status = root;
            spans[1].status = inner;
            let text =
                |it: &'static str| Attribute::new("reliability.ended", Value::Text(it.into()));
            spans[0].attributes.extend(attribute.map(text));
            let trace = Trace::new(TraceId::new(7).expect("is not zero"), spans.into());
            shown(&trace).state
        };
        let broken = || Status::Error("broken".into());
        assert_eq!(ended(Status::Unset, Status::Unset, None), "ended well");
        assert_eq!(ended(broken(), broken(), None), "failed");
        assert_eq!(ended(Status::Unset, broken(), None), "failed inside");
        assert_eq!(ended(Status::Unset, Status::Unset, Some("cancelled")), "given up");
        assert_eq!(ended(Status::Unset, broken(), Some("cancelled")), "given up");
        assert_eq!(ended(broken(), Status::Unset, Some("panicked")), "failed");
    }

    #[test]
    fn a_failure_wants_a_look_for_a_while() {
        let trace = |fails| {
            let mut root = span(1, 0, "root", 0);
            if fails {
                root.status = Status::Error("broken".into());
            }
            Arc::new(Trace::new(TraceId::new(7).expect("is not zero"), [root].into()))
        };
        let standing = |kept: &[Arc<Trace>], after| {
            summary(kept, SystemTime::UNIX_EPOCH + Duration::from_secs(after)).0
        };
        assert_eq!(standing(&[], 0), Standing::None);
        assert_eq!(standing(&[trace(false)], 0), Standing::Ok);
        assert_eq!(standing(&[trace(false), trace(true)], 600), Standing::Warn);
        let (standing, told) = summary(&[trace(true)], SystemTime::UNIX_EPOCH + 2 * RECENT);
        assert_eq!(standing, Standing::Ok);
        assert_eq!(told, "1 kept last; 1 of them failed, the latest 20 min ago");
    }

    #[test]
    fn spans_that_are_their_own_ancestors_do_not_hang_the_page() {
        let trace = Trace::new(
            TraceId::new(7).expect("is not zero"),
            [span(1, 1, "self", 0), span(2, 3, "a", 0), span(3, 2, "b", 0)].into(),
        );
        assert_eq!(shown(&trace).spans.len(), 1, "a circle hangs on no root");
    }
}
