extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::super::buckets::{PARTS, RANGE_END_NANOS};
use super::*;

/// The definition, on a sorted list.
fn exact_quantile(sorted: &[u64], q: f64) -> u64 {
    let rank = (q * sorted.len() as f64).ceil().clamp(1.0, sorted.len() as f64);
    sorted[rank as usize - 1]
}

fn assert_within_bound(reported: Duration, exact_nanos: u64) {
    let exact = Duration::from_nanos(exact_nanos);
    let allowed = (exact / 16).max(Duration::from_nanos(RANGE_START_NANOS));
    let error = reported.abs_diff(exact);
    assert!(error <= allowed, "reported {reported:?} for {exact:?}: off by {error:?}");
}

#[test]
fn buckets_tile_the_range_without_gap_or_overlap() {
    for index in 0..BUCKETS {
        let middle = middle_nanos(index);
        let half = (1_u64 << middle.ilog2()) / PARTS as u64 / 2;
        assert_eq!(Bucket::of(middle - half), Bucket::At(index), "start of {index}");
        assert_eq!(Bucket::of(middle + half - 1), Bucket::At(index), "end of {index}");
    }
    assert_eq!(Bucket::of(RANGE_START_NANOS - 1), Bucket::Below);
    assert_eq!(Bucket::of(RANGE_START_NANOS), Bucket::At(0));
    assert_eq!(Bucket::of(RANGE_END_NANOS - 1), Bucket::At(BUCKETS - 1));
    assert_eq!(Bucket::of(RANGE_END_NANOS), Bucket::Above);
}

#[test]
fn a_histogram_without_entries_answers_nothing() {
    let snapshot = Histogram::new().snapshot();
    assert_eq!((snapshot.count(), snapshot.max(), snapshot.quantile(0.5)), (0, None, None));
}

#[test]
fn calls_that_took_no_time_are_reported_as_none() {
    let histogram = Histogram::new();
    histogram.record_many(Duration::ZERO, 1_000);
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.quantile(0.99), Some(Duration::ZERO));
    assert_eq!(snapshot.count(), 1_000);
}

#[test]
fn the_sum_is_exact() {
    let histogram = Histogram::new();
    histogram.record(Duration::from_nanos(1_023));
    histogram.record_many(Duration::from_nanos(123_456_789), 3);
    histogram.record(Duration::from_secs(100_000));
    let expected = Duration::from_nanos(1_023 + 3 * 123_456_789 + 100_000_000_000_000);
    assert_eq!(histogram.snapshot().sum(), expected);
}

#[test]
fn recording_no_calls_leaves_no_trace() {
    let histogram = Histogram::new();
    histogram.record_many(Duration::from_secs(1), 0);
    assert_eq!(histogram.snapshot().max_nanos, 0);
    assert_eq!(histogram.snapshot().count(), 0);
}

#[test]
fn beyond_the_range_the_answer_is_the_longest_seen() {
    let histogram = Histogram::new();
    histogram.record(Duration::from_secs(5_000));
    histogram.record(Duration::from_secs(50_000));
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.quantile(0.1), Some(Duration::from_secs(50_000)));
    histogram.record(Duration::MAX);
    assert_eq!(histogram.snapshot().max(), Some(Duration::from_nanos(u64::MAX)));
}

#[test]
fn a_share_outside_zero_to_one_counts_as_the_nearer_end() {
    let histogram = Histogram::new();
    histogram.record(Duration::from_millis(1));
    histogram.record(Duration::from_millis(100));
    let snapshot = histogram.snapshot();
    for (outside, inside) in
        [(-1.0, 0.0), (f64::NEG_INFINITY, 0.0), (1.5, 1.0), (f64::INFINITY, 1.0), (f64::NAN, 1.0)]
    {
        assert_eq!(snapshot.quantile(outside), snapshot.quantile(inside), "{outside}");
    }
    assert_ne!(snapshot.quantile(0.0), snapshot.quantile(1.0));
}

#[test]
fn threads_lose_no_entry() {
    let histogram = Histogram::new();
    std::thread::scope(|scope| {
        for thread in 1..=4_u64 {
            let histogram = &histogram;
            scope.spawn(move || {
                for call in 0..10_000 {
                    histogram.record(Duration::from_micros(call * thread));
                }
            });
        }
    });
    assert_eq!(histogram.snapshot().count(), 40_000);
    assert_eq!(histogram.snapshot().max(), Some(Duration::from_micros(4 * 9_999)));
}

proptest! {
    #[test]
    fn quantiles_are_within_the_stated_error(
        // Exponents first, so that every order of magnitude of the range is met.
        entries in prop::collection::vec((0_u32..42, any::<u64>()), 1..300),
        shares in prop::collection::vec(0.0..=1.0_f64, 1..20),
    ) {
        let histogram = Histogram::new();
        let mut sorted: Vec<u64> =
            entries.iter().map(|(exponent, noise)| (1 << exponent) + noise % (1 << exponent)).collect();
        for nanos in &sorted {
            histogram.record(Duration::from_nanos(*nanos));
        }
        sorted.sort_unstable();

        let snapshot = histogram.snapshot();
        prop_assert_eq!(snapshot.count(), sorted.len() as u64);
        prop_assert_eq!(snapshot.max(), sorted.last().map(|nanos| Duration::from_nanos(*nanos)));
        for q in shares.into_iter().chain([0.0, 0.5, 0.9, 0.99, 1.0]) {
            let reported = snapshot.quantile(q).unwrap();
            assert_within_bound(reported, exact_quantile(&sorted, q));
        }
    }

    #[test]
    fn quantiles_never_fall_as_the_share_grows(
        nanos in prop::collection::vec(0_u64..1 << 44, 1..100),
        a in 0.0..=1.0_f64,
        b in 0.0..=1.0_f64,
    ) {
        let histogram = Histogram::new();
        nanos.iter().for_each(|n| histogram.record(Duration::from_nanos(*n)));
        let snapshot = histogram.snapshot();
        prop_assert!(snapshot.quantile(a.min(b)) <= snapshot.quantile(a.max(b)));
    }

    #[test]
    fn recording_many_equals_recording_each(nanos in any::<u64>(), calls in 1_u64..50) {
        let (at_once, each) = (Histogram::new(), Histogram::new());
        at_once.record_many(Duration::from_nanos(nanos), calls);
        (0..calls).for_each(|_| each.record(Duration::from_nanos(nanos)));
        let (at_once, each) = (at_once.snapshot(), each.snapshot());
        prop_assert_eq!(at_once.buckets, each.buckets);
        prop_assert_eq!(
            (at_once.below, at_once.above, at_once.max_nanos),
            (each.below, each.above, each.max_nanos)
        );
    }
}
