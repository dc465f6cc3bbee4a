use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, Once, PoisonError};

use crate::telemetry::trace::{self, Sink, Status, Trace};

/// The traces that were kept last: those that failed, and the others, so that neither of the two
/// drives the other out; nor does what comes often drive out what comes once.
static KEPT: Mutex<Kept> = Mutex::new(Kept::new());

/// How many of each are held.
const TRACES: usize = 25;

/// How many spans of a trace are held; the others are counted.
const SPANS: usize = 100;

struct Kept {
    failed: VecDeque<Known>,
    others: VecDeque<Known>,
}

/// A trace, and what it has in common with those that are alike.
struct Known {
    kind: u64,
    trace: Arc<Trace>,
}

impl Kept {
    const fn new() -> Self {
        Self { failed: VecDeque::new(), others: VecDeque::new() }
    }

    fn keep(&mut self, mut trace: Trace) {
        let more = trace.spans.len().saturating_sub(SPANS);
        trace.spans.truncate(SPANS);
        trace.spans_dropped = trace.spans_dropped.saturating_add(more as u32);
        let traces = if failed(&trace) { &mut self.failed } else { &mut self.others };
        if traces.len() == TRACES {
            make_room(traces);
        }
        traces.push_back(Known { kind: kind(&trace), trace: Arc::new(trace) });
    }
}

/// Drops the oldest of those of which there are most.
fn make_room(traces: &mut VecDeque<Known>) {
    let alike = |known: &Known| traces.iter().filter(|other| other.kind == known.kind).count();
    // The first of the greatest: `max_by_key` would take the last.
    let most = traces.iter().map(alike).max();
    let oldest = traces.iter().position(|known| Some(alike(known)) == most);
    oldest.and_then(|at| traces.remove(at));
}

/// What the page tells traces apart by: the operation, and the first failure or else the rule.
fn kind(trace: &Trace) -> u64 {
    let mut hasher = DefaultHasher::new();
    trace.spans.first().map(|root| &root.name).hash(&mut hasher);
    match trace.spans.iter().map(|span| &span.status).find(|status| status.is_error()) {
        Some(Status::Error(message)) => message.hash(&mut hasher),
        _ => trace.kept_by.hash(&mut hasher),
    }
    hasher.finish()
}

/// Whether any of its spans failed.
pub(super) fn failed(trace: &Trace) -> bool {
    trace.spans.iter().any(|span| span.status.is_error())
}

/// Holds what is kept from now on.
fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| trace::add_sink(Arc::new(Page)).forget());
}

struct Page;

impl Sink for Page {
    fn keep(&self, trace: Trace) {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).keep(trace);
    }
}

/// What is held, the latest first. From the first time on that this is asked.
pub(super) fn kept() -> Vec<Arc<Trace>> {
    listen();
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let known = kept.failed.iter().chain(&kept.others);
    let mut all: Vec<Arc<Trace>> = known.map(|known| known.trace.clone()).collect();
    drop(kept);
    all.sort_by_key(|trace| core::cmp::Reverse(trace.spans.first().map(|root| root.start)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::trace::{Span, SpanId, TraceId};
    use core::time::Duration;
    use std::time::SystemTime;

    fn a_trace(number: u64, spans: u64, fails: bool) -> Trace {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(number);
        let span = |id| {
            let id = SpanId::new(id).expect("is not zero");
            Span::new(id, "work", start, Duration::from_millis(1))
        };
        let mut spans: Vec<Span> = (1..=spans).map(span).collect();
        if fails {
            spans[0].status = Status::Error("broken".into());
        }
        Trace::new(TraceId::new(number.into()).expect("is not zero"), spans)
    }

    #[test]
    fn a_failure_that_comes_often_drives_out_none_that_came_once() {
        let mut kept = Kept::new();
        let mut rare = a_trace(1, 1, true);
        rare.spans[0].status = Status::Error("the disk is full".into());
        kept.keep(a_trace(2, 1, true));
        kept.keep(rare);
        for number in 3..1_000 {
            kept.keep(a_trace(number, 1, true));
        }
        let ids: Vec<u128> = kept.failed.iter().map(|it| it.trace.id.get()).collect();
        assert_eq!((ids.len(), ids[0], ids[1]), (TRACES, 1, 1_000 - TRACES as u128 + 1));
    }

    #[test]
    fn what_went_well_drives_no_failure_out_and_nothing_grows() {
        let mut kept = Kept::new();
        kept.keep(a_trace(1, 1, true));
        for number in 2..1_000 {
            kept.keep(a_trace(number, 300, false));
        }
        assert_eq!((kept.failed.len(), kept.others.len()), (1, TRACES));
        assert!(kept.others.iter().all(|it| it.trace.spans.len() == SPANS));
        assert!(kept.others.iter().all(|it| it.trace.spans_dropped == 200));
        assert_eq!(kept.others.back().map(|it| it.trace.id.get()), Some(999));
    }
}
