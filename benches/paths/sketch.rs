//! What attempts took lately: recording one of them, and asking for a quantile.

use std::hint::black_box;
use std::sync::Mutex;
use std::time::Duration;

use criterion::Criterion;
use hdrhistogram::Histogram as Hdr;
use reliability::sync::{Histogram, Quantile, Sketch};

use super::Row;

/// Around 20 ms, over a dozen buckets.
const SPREAD: u64 = 1 << 24;

/// One thread's own series of durations and moments, the same for all paths.
fn series() -> impl FnMut() -> (u64, Duration) {
    let (mut state, mut now_nanos) = (0x5eed_u64, 1_000_000_000_u64);
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        now_nanos += 10_000;
        (now_nanos, Duration::from_nanos(10_000_000 + state % SPREAD))
    }
}

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "sketch_record");
    row.path("floor_series", || {
        let mut next = series();
        move || black_box(next())
    });
    let sketch = Sketch::new();
    let sketch = &sketch;
    // With the turn that comes every tenth of a second, and the snapshot that it is for.
    row.path("ours_recent", || {
        let mut next = series();
        move || {
            let (now_nanos, latency) = next();
            if sketch.record(now_nanos, latency) {
                black_box(sketch.snapshot(now_nanos).quantile(Quantile::P99));
            }
        }
    });
    let histogram = Histogram::new();
    let histogram = &histogram;
    row.path("ours_all_time", || {
        let mut next = series();
        move || histogram.record(next().1)
    });
    let hdr = || Hdr::<u64>::new_with_bounds(1_000, 3_600_000_000_000, 2).expect("valid bounds");
    let shared = Mutex::new(hdr());
    let shared = &shared;
    row.path("hdrhistogram_mutex", || {
        let mut next = series();
        move || {
            let nanos = next().1.as_nanos() as u64;
            let mut shared = shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            shared.record(nanos).is_ok()
        }
    });
    // What cannot be shared at all: the least that bookkeeping in a histogram costs.
    row.path("hdrhistogram_own", || {
        let (mut next, mut own) = (series(), hdr());
        move || own.record(next().1.as_nanos() as u64).is_ok()
    });
}
