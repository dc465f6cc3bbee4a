//! The windows by themselves: generations, overtaken writers, laps and clocks that jump.

use core::cell::Cell;
use core::time::Duration;

use proptest::prelude::*;

use super::count::CountWindow;
use super::lanes::LaneCount;
use super::time::TimeWindow;
use super::*;
use crate::sync::atomic::AtomicU64;

const RULE: Rule = Rule { window: 10, failure_rate: 500_000, slow_rate: 0, min_calls: 1 };
const CURRENT: fn() -> bool = || true;
const OVER: fn() -> bool = || false;

#[test]
fn needed_is_the_exact_ceiling() {
    // The second would be 8 in floating point.
    for (rate, calls, needed) in
        [(500_000, 100, 50), (70_000, 100, 7), (1, 5, 1), (1_000_000, 7, 7), (333_333, 3, 1)]
    {
        assert_eq!(Rule::needed(rate, calls), needed, "{rate} of {calls}");
    }
    assert_eq!(Rule::needed(1_000_000, 1 << 44), 1 << 44);
}

#[test]
fn a_call_of_a_generation_that_is_over_is_not_counted() {
    let window = CountWindow::new(10, true, LaneCount::Striped);
    window.success(2, CURRENT);
    window.failure(2, true, CURRENT);
    // Late: their generation is 1, and asked for the current one they hear that it is over.
    window.success(1, OVER);
    window.slow_success(1, OVER);
    window.failure(1, true, OVER);
    let counts = window.counts(2, 10);
    assert_eq!((counts.calls, counts.failures, counts.slow), (2, 1, 1));
    assert_eq!(window.counts(1, 10), Counts::default());
}

#[test]
fn a_new_generation_starts_empty_without_clearing_anything() {
    let window = CountWindow::new(10, false, LaneCount::Striped);
    for _ in 0..30 {
        window.failure(1, false, CURRENT);
    }
    assert_eq!(window.counts(2, 10), Counts::default());
    assert_eq!(window.verdict(2, &RULE), Verdict::TooFewCalls);
    window.success(2, CURRENT);
    assert_eq!(window.verdict(2, &RULE), Verdict::Keep);
}

#[test]
fn a_full_lane_asks_for_a_restart() {
    let word = AtomicU64::new(tagged::pack(3, tagged::LIMIT - 1));
    let count = || tagged::count_up(&word, 3, CURRENT);
    assert_eq!(count(), Some(tagged::LIMIT - 1));
    assert_eq!(count(), Some(tagged::LIMIT));
    // Sixteen full lanes and as many failures fit into a position.
    assert_eq!(tagged::unpack(tagged::pack(3, 17 * tagged::LIMIT), 3), Some(17 * tagged::LIMIT));
}

#[test]
fn a_writer_overtaken_by_the_whole_ring_changes_nothing() {
    let ring = ring::Ring::new(4);
    let numbers = 4 + 32 + 1;
    for _ in 0..numbers {
        ring.claim(1, CURRENT);
    }
    // Number 36 uses the place of number 0, and is first to write.
    ring.place(1, 36, 90, CURRENT);
    ring.place(1, 0, 1, CURRENT);
    assert_eq!(ring.position(1, numbers, 1), Some(90));
    // Who asks for number 0 learns that it is gone.
    assert_eq!(ring.position(1, numbers, numbers), None);
}

#[test]
fn a_position_that_is_not_written_yet_is_unknown() {
    let ring = ring::Ring::new(4);
    ring.claim(1, CURRENT);
    assert_eq!(ring.position(1, 1, 1), None);
    assert_eq!(ring.position(1, 1, 2), None);
    ring.place(1, 0, 5, CURRENT);
    assert_eq!(ring.position(1, 1, 1), Some(5));
}

/// A time window whose clock is a cell.
struct Timed {
    window: TimeWindow,
    nanos: Cell<u64>,
    generation: u32,
}

impl Timed {
    fn new(length: Duration) -> Self {
        let window = TimeWindow::new(length, LaneCount::Striped);
        Self { window, nanos: Cell::new(0), generation: 1 }
    }

    fn record(&self, failed: bool, slow: bool) {
        let now = || Instant::from_nanos(self.nanos.get());
        let at = Moment { generation: self.generation, now, is_current: CURRENT };
        if failed {
            self.window.failure(&at)
        } else {
            self.window.success(&at)
        };
        if slow {
            self.window.slow(&at);
        }
    }

    fn counts(&self) -> Counts {
        let lap = self.window.lap(Instant::from_nanos(self.nanos.get()));
        self.window.counts(self.generation, lap)
    }
}

const SECOND: u64 = 1_000_000_000;

#[derive(Debug, Clone, Copy)]
struct Event {
    wait_nanos: u64,
    failed: bool,
    slow: bool,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let wait = prop_oneof![
        4 => 0..SECOND / 5,
        1 => 0..2 * SECOND,
        1 => Just(0),
        1 => 0..100 * SECOND,
    ];
    let event = (wait, any::<bool>(), any::<bool>());
    let event = event.prop_map(|(wait_nanos, failed, slow)| Event { wait_nanos, failed, slow });
    prop::collection::vec(event, 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// The window holds all calls of the last 0.9 lengths, and none older than one length.
    #[test]
    fn a_time_window_agrees_with_a_list_of_calls_within_one_bucket(
        events in events(),
        start in 0..1000 * SECOND,
    ) {
        let timed = Timed::new(Duration::from_secs(1));
        timed.nanos.set(start);
        let mut calls: Vec<(u64, bool, bool)> = Vec::new();
        for event in events {
            timed.nanos.set(timed.nanos.get() + event.wait_nanos);
            timed.record(event.failed, event.slow);
            let now = timed.nanos.get();
            calls.push((now, event.failed, event.slow));
            let younger_than = |age: u64| {
                let young = calls.iter().filter(move |(at, ..)| now - at < age);
                let failures = young.clone().filter(|(_, failed, _)| *failed).count() as u64;
                let slow = young.clone().filter(|(_, _, slow)| *slow).count() as u64;
                [young.count() as u64, failures, slow]
            };
            let least = younger_than(SECOND / 10 * 9);
            let most = younger_than(SECOND);
            let counts = timed.counts();
            for (i, count) in [counts.calls, counts.failures, counts.slow].into_iter().enumerate() {
                prop_assert!((least[i]..=most[i]).contains(&count), "{least:?} {counts:?} {most:?}");
            }
        }
    }

    /// However the clock jumps, what is counted happened, and one length later the window is right.
    #[test]
    fn a_clock_that_jumps_never_sticks(
        jumps in prop::collection::vec((0..2000 * SECOND, 1..30_u64), 1..20),
        after in 1..50_u64,
    ) {
        let timed = Timed::new(Duration::from_secs(1));
        let mut total = 0;
        for (to, calls) in jumps {
            timed.nanos.set(to);
            for _ in 0..calls {
                timed.record(true, false);
                total += 1;
                prop_assert!(timed.counts().calls <= total);
                // Where it jumped to, it counts at once.
                prop_assert!(timed.counts().failures > 0);
            }
        }
        // Each bucket is written once while a length passes, whatever was in it.
        for _ in 0..10 {
            timed.nanos.set(timed.nanos.get() + SECOND / 10);
            timed.record(false, false);
        }
        let before = timed.counts().calls;
        for _ in 0..after {
            timed.record(false, false);
        }
        prop_assert_eq!(timed.counts().calls, before + after);
    }
}

#[test]
fn a_time_window_forgets_other_generations_at_once() {
    let mut timed = Timed::new(Duration::from_secs(1));
    timed.nanos.set(5 * SECOND);
    timed.record(true, true);
    timed.generation = 2;
    assert_eq!(timed.counts(), Counts::default());
    timed.record(false, false);
    assert_eq!(timed.counts(), Counts { calls: 1, failures: 0, slow: 0 });
}

#[test]
fn a_late_outcome_does_not_take_a_bucket_from_the_next_generation() {
    let timed = Timed::new(Duration::from_secs(1));
    timed.record(true, false);
    let late = Moment { generation: 0, now: || Instant::ZERO, is_current: OVER };
    assert_eq!(timed.window.failure(&late), None);
    assert_eq!(timed.counts().failures, 1);
}

#[test]
fn a_writer_that_was_suspended_asks_the_clock_again() {
    let timed = Timed::new(Duration::from_secs(1));
    timed.nanos.set(3 * SECOND);
    timed.record(true, false);
    // It read the clock a length ago; the second reading is of now.
    let readings = Cell::new(0);
    let now = || {
        readings.set(readings.get() + 1);
        Instant::from_nanos(if readings.get() == 1 { 2 * SECOND } else { 3 * SECOND })
    };
    let place = timed.window.failure(&Moment { generation: 1, now, is_current: CURRENT });
    assert_eq!(place.map(|place| place.lap), Some(30));
    assert_eq!(timed.counts().failures, 2);
}

#[test]
fn a_full_bucket_stays_full() {
    let timed = Timed::new(Duration::from_secs(1));
    timed.window.fill_failures(1, 0);
    let full = timed.counts().failures;
    timed.record(true, false);
    assert_eq!(timed.counts().failures, full);
}

#[test]
fn the_end_of_the_timeline_is_no_end() {
    let timed = Timed::new(Duration::from_millis(100));
    for nanos in [u64::MAX, 0, u64::MAX, 1] {
        timed.nanos.set(nanos);
        timed.record(true, true);
        assert!(timed.counts().failures >= 1);
    }
}
