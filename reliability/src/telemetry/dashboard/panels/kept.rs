use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{Mutex, Once, PoisonError};

use crate::telemetry::trace::{self, Sink, Trace};

/// The traces that were kept last: those that failed, and the others, so that neither of the two
/// drives the other out.
static KEPT: Mutex<Kept> = Mutex::new(Kept::new());

/// How many of each are held.
const TRACES: usize = 25;

/// How many spans of a trace are held; the others are counted.
const SPANS: usize = 200;

struct Kept {
    failed: VecDeque<Arc<Trace>>,
    others: VecDeque<Arc<Trace>>,
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
            traces.pop_front();
        }
        traces.push_back(Arc::new(trace));
    }
}

/// Whether any of its spans failed.
pub(super) fn failed(trace: &Trace) -> bool {
    trace.spans.iter().any(|span| span.status.is_error())
}

/// Holds what is kept from now on.
pub(in crate::telemetry::dashboard) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| trace::add_sink(Arc::new(Page)).forget());
}

struct Page;

impl Sink for Page {
    fn keep(&self, trace: Trace) {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).keep(trace);
    }
}

/// What is held, the latest first.
pub(super) fn kept() -> Vec<Arc<Trace>> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let mut all: Vec<Arc<Trace>> = kept.failed.iter().chain(&kept.others).cloned().collect();
    drop(kept);
    all.sort_by_key(|trace| core::cmp::Reverse(trace.spans.first().map(|root| root.start)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::trace::{Span, SpanId, Status, TraceId};
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
    fn what_went_well_drives_no_failure_out_and_nothing_grows() {
        let mut kept = Kept::new();
        kept.keep(a_trace(1, 1, true));
        for number in 2..1_000 {
            kept.keep(a_trace(number, 300, false));
        }
        assert_eq!((kept.failed.len(), kept.others.len()), (1, TRACES));
        assert!(kept.others.iter().all(|trace| trace.spans.len() == SPANS));
        assert!(kept.others.iter().all(|trace| trace.spans_dropped == 100));
        assert_eq!(kept.others.back().map(|trace| trace.id.get()), Some(999));
    }
}
