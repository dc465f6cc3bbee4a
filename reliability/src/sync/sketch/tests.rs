extern crate std;

use std::collections::VecDeque;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

const MILLI: u64 = NANOS_PER_MILLI;
const SECOND: u64 = 1_000 * MILLI;
const LONGEST: u64 = Sketch::GENERATION_LONGEST.as_nanos() as u64;

/// The definition, on lists.
#[derive(Default)]
struct Model {
    /// The current generation first, and at most one more.
    generations: VecDeque<Vec<u64>>,
    begun_nanos: u64,
    due_nanos: u64,
}

impl Model {
    fn record(&mut self, now_nanos: u64, nanos: u64) -> bool {
        let turn = now_nanos >= self.due_nanos;
        if turn {
            self.due_nanos = now_nanos + REFRESH_NANOS;
            self.end_generation(now_nanos);
        }
        if self.generations.is_empty() {
            self.generations.push_front(Vec::new());
        }
        self.generations[0].push(nanos);
        turn
    }

    fn end_generation(&mut self, now_nanos: u64) {
        let age = now_nanos / MILLI - self.begun_nanos / MILLI;
        let full = self.generations.front().is_some_and(|current| current.len() >= 1_000);
        if age >= 2 * LONGEST / MILLI {
            self.generations.clear();
        } else if !(age >= LONGEST / MILLI || (age >= 1_000 && full)) {
            return;
        }
        self.generations.push_front(Vec::new());
        self.generations.truncate(2);
        self.begun_nanos = now_nanos;
    }

    fn entries(&self, now_nanos: u64) -> Vec<u64> {
        let age = now_nanos / MILLI - self.begun_nanos / MILLI;
        let kept = 2_usize.saturating_sub((age / (LONGEST / MILLI)) as usize);
        let mut entries: Vec<u64> = self.generations.iter().take(kept).flatten().copied().collect();
        entries.sort_unstable();
        entries
    }
}

fn exact_quantile(sorted: &[u64], share: f64) -> u64 {
    let rank = (share * sorted.len() as f64).ceil().clamp(1.0, sorted.len() as f64);
    sorted[rank as usize - 1]
}

fn record_many(sketch: &Sketch, now_nanos: u64, latency: Duration, calls: usize) {
    (0..calls).for_each(|_| {
        sketch.record(now_nanos, latency);
    });
}

fn p50(sketch: &Sketch, now_nanos: u64) -> Duration {
    sketch.snapshot(now_nanos).quantile(Quantile::P50).unwrap_or_default()
}

fn is_about(reported: Duration, exact: Duration) -> bool {
    reported.abs_diff(exact) <= exact / 16
}

#[test]
fn a_sketch_without_entries_answers_nothing() {
    let snapshot = Sketch::new().snapshot(SECOND);
    assert_eq!((snapshot.count(), snapshot.quantile(Quantile::P50)), (0, None));
}

#[test]
fn its_size_is_what_is_said() {
    assert!((4_096..4_200).contains(&size_of::<Sketch>()), "{}", size_of::<Sketch>());
}

#[test]
fn one_caller_in_each_interval_has_the_turn() {
    let sketch = Sketch::new();
    let turns: Vec<u64> = (0..1_000)
        .map(|call| 7 * SECOND + call * MILLI)
        .filter(|now| sketch.record(*now, Duration::ZERO))
        .map(|now| (now - 7 * SECOND) / MILLI)
        .collect();
    assert_eq!(turns, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
}

#[test]
fn a_step_in_latency_is_all_that_is_seen_after_two_generations() {
    let sketch = Sketch::new();
    let (fast, slow) = (Duration::from_millis(10), Duration::from_millis(90));
    let mut now = SECOND;
    for _ in 0..5_000 {
        sketch.record(now, fast);
        now += MILLI;
    }
    assert!(is_about(p50(&sketch, now), fast));
    let step = now;
    for _ in 0..2_300 {
        sketch.record(now, slow);
        now += MILLI;
    }
    let lowest = sketch.snapshot(now).quantile(Quantile::of(0.0)).unwrap();
    assert!(is_about(lowest, slow), "{lowest:?} after {} ms", (now - step) / MILLI);
}

#[test]
fn light_traffic_is_remembered_for_five_to_ten_minutes() {
    let sketch = Sketch::new();
    record_many(&sketch, SECOND, Duration::from_millis(5), 3);
    for (after_seconds, entries) in [(0, 3), (299, 3), (300, 0), (601, 0), (86_400 * 30, 0)] {
        let snapshot = sketch.snapshot(SECOND + after_seconds * SECOND);
        // Nobody has recorded since, so the three are the current generation, and the last.
        let expected = if after_seconds == 300 { 3 } else { entries };
        assert_eq!(snapshot.count(), expected, "after {after_seconds} s");
    }
    sketch.record(SECOND + LONGEST, Duration::from_millis(5));
    assert_eq!(sketch.snapshot(SECOND + LONGEST).count(), 4);
    sketch.record(SECOND + 2 * LONGEST, Duration::from_millis(5));
    assert_eq!(sketch.snapshot(SECOND + 2 * LONGEST).count(), 2);
}

#[test]
fn a_burst_does_not_end_a_generation_before_a_second_is_over() {
    let sketch = Sketch::new();
    for moment in 0..9 {
        record_many(&sketch, SECOND + moment * 100 * MILLI, Duration::from_millis(5), 5_000);
    }
    assert_eq!(sketch.snapshot(2 * SECOND).count(), 45_000);
}

#[test]
fn a_clock_that_jumps_back_starts_afresh_and_one_that_wavers_does_not() {
    let sketch = Sketch::new();
    record_many(&sketch, 1_000 * SECOND, Duration::from_millis(5), 10);
    record_many(&sketch, 1_000 * SECOND - MILLI, Duration::from_millis(5), 10);
    assert_eq!(sketch.snapshot(1_000 * SECOND).count(), 20);

    assert!(sketch.record(10 * SECOND, Duration::from_millis(7)));
    let snapshot = sketch.snapshot(10 * SECOND);
    assert_eq!(snapshot.count(), 1);
    assert!(is_about(p50(&sketch, 10 * SECOND), Duration::from_millis(7)));
    assert!(!sketch.record(10 * SECOND + MILLI, Duration::from_millis(7)));
}

#[test]
fn no_time_and_no_latency_is_too_long() {
    let sketch = Sketch::new();
    sketch.record(0, Duration::ZERO);
    assert_eq!(p50(&sketch, 0), Duration::from_nanos(RANGE_START_NANOS / 2));
    sketch.record(u64::MAX, Duration::MAX);
    sketch.record(u64::MAX, Duration::MAX);
    assert!(p50(&sketch, u64::MAX) >= Duration::from_secs(73 * 60));
}

#[test]
fn generation_numbers_wrap() {
    let sketch = Sketch::new();
    for number in [u32::MAX - 1, u32::MAX, 0, 1] {
        sketch.current.store(Current::new(number, SECOND).0, Ordering::Relaxed);
        sketch.due_nanos.store(2 * SECOND, Ordering::Relaxed);
        // As if the generations between had passed.
        for cell in sketch.generations.iter().flatten() {
            let old = Cell(cell.load(Ordering::Relaxed));
            if old.entries() == 0 {
                let stale = Cell::first(number.wrapping_sub(5)).0;
                cell.store(stale, Ordering::Relaxed);
            }
        }
        record_many(&sketch, SECOND, Duration::from_millis(5), 3);
        assert!(sketch.snapshot(SECOND).count() >= 3, "generation {number}");
        assert!(sketch.snapshot(SECOND).count() <= 6, "generation {number}");
    }
}

#[test]
fn threads_lose_no_entry_while_the_generation_lasts() {
    let sketch = Sketch::new();
    std::thread::scope(|scope| {
        for thread in 1..=4_u64 {
            let sketch = &sketch;
            scope.spawn(move || {
                for call in 0..10_000 {
                    sketch
                        .record(SECOND + call % 900 * MILLI, Duration::from_micros(call * thread));
                }
            });
        }
    });
    assert_eq!(sketch.snapshot(2 * SECOND).count(), 40_000);
}

proptest! {
    #[test]
    fn it_counts_what_the_definition_counts(
        // Each step: how long since the last call, how many calls, and how long they took.
        steps in prop::collection::vec(
            (
                prop_oneof![0..2 * MILLI, 0..2 * SECOND, 0..LONGEST, 0..3 * LONGEST],
                prop_oneof![Just(1_usize), 1..50_usize, 900..1_100_usize],
                (0_u32..42, any::<u64>()),
            ),
            1..40,
        ),
        share in 0.0..=1.0_f64,
    ) {
        let (sketch, mut model) = (Sketch::new(), Model::default());
        let mut now = 0;
        for (since, calls, (exponent, noise)) in steps {
            now += since;
            let nanos = (1 << exponent) + noise % (1 << exponent);
            for _ in 0..calls {
                let turn = sketch.record(now, Duration::from_nanos(nanos));
                prop_assert_eq!(turn, model.record(now, nanos));
            }
            let (snapshot, entries) = (sketch.snapshot(now), model.entries(now));
            prop_assert_eq!(snapshot.count(), entries.len() as u64);
            for quantile in [Quantile::of(share), Quantile::P50, Quantile::P95, Quantile::P99] {
                let exact = exact_quantile(&entries, quantile.share());
                let reported = snapshot.quantile(quantile).unwrap().as_nanos() as u64;
                let allowed = (exact / 16).max(RANGE_START_NANOS);
                prop_assert!(reported.abs_diff(exact) <= allowed, "{} for {}", reported, exact);
            }
        }
    }
}
