//! What the machine charges for the things that the paths are made of.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use criterion::Criterion;
use reliability::sync::Counter;
use reliability::time::Clock;

use super::Row;

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "floor");
    let word = AtomicU64::new(7);
    let word = &word;
    row.path("load", || || word.load(Ordering::Relaxed));
    row.path("compare_exchange", || {
        || {
            let mut seen = word.load(Ordering::Relaxed);
            while let Err(found) = word.compare_exchange_weak(
                seen,
                seen.wrapping_add(1),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                seen = found;
            }
        }
    });
    let counter = Counter::new();
    let counter = &counter;
    row.path("striped_counter", || || counter.add(1));
    row.path("instant_now", || Instant::now);
    for (name, clock) in [
        ("clock_precise", Clock::precise()),
        ("clock_coarse", Clock::coarse()),
        ("clock_ticked", Clock::ticked()),
        ("clock_tsc", Clock::tsc()),
    ] {
        let clock = &clock;
        row.path(name, || || clock.now());
    }
}
