//! Which trace a number came from: one example for each bucket, renewed with each collection.
//!
//! Whoever keeps the newest writes at each recording; whoever keeps a random one draws a number. Here
//! the first recording after a collection is kept, and all others cost a look at a word that rarely
//! changes.

use super::Exemplar;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::telemetry::trace::{self, Current};
use crate::time::wall_clock;

/// How many collections there were, plus one: no slot has been filled in round 0.
static ROUND: AtomicU64 = AtomicU64::new(1);

pub(super) fn next_round() {
    ROUND.fetch_add(1, Ordering::Relaxed);
}

/// Whether this thread works inside of a trace that somebody writes down.
#[inline]
pub(super) fn wanted() -> bool {
    trace::is_written_down()
}

/// Room for one exemplar.
#[derive(Debug)]
pub(super) struct Slot {
    /// How good the exemplar is: the newer round counts most.
    rank: AtomicU64,
    kept: Mutex<Option<Exemplar>>,
}

impl Slot {
    pub(super) const fn new() -> Self {
        Self { rank: AtomicU64::new(0), kept: Mutex::new(None) }
    }

    /// Keeps the value; for who has asked whether this is [`wanted`].
    #[cold]
    pub(super) fn offer(&self, value: f64) {
        if let Some(span) = trace::current() {
            self.keep(value, span, ROUND.load(Ordering::Relaxed));
        }
    }

    fn keep(&self, value: f64, span: Current, round: u64) {
        // A trace that is only recorded may be thrown away in the end.
        let rank = round << 1 | u64::from(span.is_sampled());
        if self.rank.load(Ordering::Relaxed) >= rank {
            return;
        }
        // Whoever has it is about to fill it, or reads it: one example is as good as another.
        if let Some(mut kept) = self.kept.try_lock() {
            *kept = Some(Exemplar::new(value, wall_clock(), span.trace_id(), span.span_id()));
            self.rank.store(rank, Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self) -> Option<Exemplar> {
        *self.kept.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::trace::{Context, SpanId, TraceId};

    fn span(trace: u128, sampled: bool) -> Current {
        let ids = TraceId::new(trace).zip(SpanId::new(9)).expect("not zero");
        Context::new(ids.0, ids.1, sampled).in_scope(trace::current).expect("it is in a span")
    }

    #[test]
    fn the_first_value_of_a_round_is_kept_and_stays_until_there_is_another() {
        let slot = Slot::new();
        let kept = |slot: &Slot| slot.get().map(|it| (it.value, it.trace_id.get()));
        assert_eq!(kept(&slot), None);
        slot.keep(2.0, span(1, true), 1);
        slot.keep(3.0, span(2, true), 1);
        assert_eq!(kept(&slot), Some((2.0, 1)));
        slot.keep(4.0, span(2, true), 2);
        assert_eq!(kept(&slot), Some((4.0, 2)));
        let busy = slot.kept.lock();
        slot.keep(5.0, span(3, true), 3);
        drop(busy);
        assert_eq!(kept(&slot), Some((4.0, 2)), "nobody waits");
    }

    #[test]
    fn a_trace_that_is_sampled_is_a_better_example_than_one_that_may_be_thrown_away() {
        let slot = Slot::new();
        let kept = |slot: &Slot| slot.get().map(|it| it.value);
        slot.keep(1.0, span(1, false), 1);
        slot.keep(2.0, span(2, true), 1);
        assert_eq!(kept(&slot), Some(2.0));
        slot.keep(3.0, span(3, false), 1);
        assert_eq!(kept(&slot), Some(2.0));
        slot.keep(4.0, span(4, false), 2);
        assert_eq!(kept(&slot), Some(4.0));
    }
}
