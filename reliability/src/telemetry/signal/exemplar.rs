//! Which trace a number came from: one example for each bucket, renewed with each collection.
//!
//! Whoever keeps the newest writes at each recording; whoever keeps a random one draws a number. Here
//! the first recording after a collection is kept, and all others cost a look at a word that rarely
//! changes.

use core::cell::Cell;

use super::Exemplar;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::telemetry::trace::{SpanId, TraceId};
use crate::time::wall_clock;

/// How many collections there were, plus one: no slot has been filled in round 0.
static ROUND: AtomicU64 = AtomicU64::new(1);

std::thread_local! {
    static CURRENT: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

/// Says in which recorded span this thread works from here on; returns what it was before.
#[cfg_attr(not(test), expect(dead_code, reason = "what records traces is yet to come"))]
pub(crate) fn set_current(span: Option<(TraceId, SpanId)>) -> Option<(TraceId, SpanId)> {
    CURRENT.replace(span)
}

pub(super) fn next_round() {
    ROUND.fetch_add(1, Ordering::Relaxed);
}

/// Room for one exemplar.
#[derive(Debug)]
pub(super) struct Slot {
    /// In which round it was filled.
    filled: AtomicU64,
    kept: Mutex<Option<Exemplar>>,
}

impl Slot {
    pub(super) const fn new() -> Self {
        Self { filled: AtomicU64::new(0), kept: Mutex::new(None) }
    }

    /// Keeps the value, if it was recorded inside of a trace that is recorded.
    #[inline]
    pub(super) fn offer(&self, value: f64) {
        if let Some(span) = CURRENT.get() {
            self.keep(value, span, ROUND.load(Ordering::Relaxed));
        }
    }

    #[cold]
    fn keep(&self, value: f64, (trace_id, span_id): (TraceId, SpanId), round: u64) {
        if self.filled.load(Ordering::Relaxed) == round {
            return;
        }
        // Whoever has it is about to fill it, or reads it: one example is as good as another.
        if let Some(mut kept) = self.kept.try_lock() {
            *kept = Some(Exemplar::new(value, wall_clock(), trace_id, span_id));
            self.filled.store(round, Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self) -> Option<Exemplar> {
        *self.kept.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_value_of_a_round_is_kept_and_stays_until_there_is_another() {
        let slot = Slot::new();
        let kept = |slot: &Slot| slot.get().map(|it| (it.value, it.trace_id.get()));
        let span = |trace: u128| TraceId::new(trace).zip(SpanId::new(9)).expect("not zero");
        assert_eq!(kept(&slot), None);
        slot.keep(2.0, span(1), 1);
        slot.keep(3.0, span(2), 1);
        assert_eq!(kept(&slot), Some((2.0, 1)));
        slot.keep(4.0, span(2), 2);
        assert_eq!(kept(&slot), Some((4.0, 2)));
        let busy = slot.kept.lock();
        slot.keep(5.0, span(3), 3);
        drop(busy);
        assert_eq!(kept(&slot), Some((4.0, 2)), "nobody waits");
    }
}
