//! Every interleaving of a few calls. Each expectation holds for whatever order the calls can be
//! said to have happened in.

use loom::sync::Arc;
use loom::thread;

use super::count::CountWindow;
use super::lanes::LaneCount;
use super::ring::Ring;
use super::time::TimeWindow;
use super::*;
use crate::sync::atomic::{AtomicU32, Ordering};

const GENERATION: u32 = 1;
const CURRENT: fn() -> bool = || true;
const BOTH: Rule = Rule { window: 2, failure_rate: 1_000_000, slow_rate: 0, min_calls: 2 };
const HALF: Rule = Rule { failure_rate: 500_000, ..BOTH };

fn model(check: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

/// Runs both at the same time and returns what they returned.
fn both<T: 'static>(
    one: impl FnOnce() -> T + 'static,
    other: impl FnOnce() -> T + 'static,
) -> [T; 2] {
    let one = thread::spawn(one);
    let other = other();
    [one.join().unwrap(), other]
}

fn fail(window: &CountWindow, rule: &Rule) -> Verdict {
    window.failure(GENERATION, false, CURRENT);
    window.verdict(GENERATION, rule)
}

fn succeed(window: &CountWindow, rule: &Rule) -> Verdict {
    window.success(GENERATION, CURRENT);
    window.verdict(GENERATION, rule)
}

#[test]
fn loom_of_two_failures_that_trip_together_one_trips() {
    model(|| {
        let window = Arc::new(CountWindow::new(2, false, LaneCount::Striped));
        let other = Arc::clone(&window);
        let verdicts = both(move || fail(&window, &BOTH), move || fail(&other, &BOTH));
        assert!(verdicts.contains(&Verdict::Trip), "{verdicts:?}");
    });
}

#[test]
fn loom_a_success_and_a_failure_that_are_enough_together_are_judged() {
    model(|| {
        let window = Arc::new(CountWindow::new(2, false, LaneCount::Striped));
        let other = Arc::clone(&window);
        let verdicts = both(move || fail(&window, &HALF), move || succeed(&other, &HALF));
        assert!(verdicts.contains(&Verdict::Trip), "{verdicts:?}");
    });
}

#[test]
fn loom_of_two_slow_successes_that_trip_together_one_trips() {
    const SLOW: Rule = Rule { slow_rate: 1_000_000, ..BOTH };
    fn slow(window: &CountWindow) -> Verdict {
        window.slow_success(GENERATION, CURRENT);
        window.verdict(GENERATION, &SLOW)
    }
    model(|| {
        let window = Arc::new(CountWindow::new(2, true, LaneCount::Striped));
        let other = Arc::clone(&window);
        let verdicts = both(move || slow(&window), move || slow(&other));
        assert!(verdicts.contains(&Verdict::Trip), "{verdicts:?}");
    });
}

/// Wherever the other failure falls, a success stands among any three calls in a row.
#[test]
fn loom_three_failures_around_a_success_are_not_three_in_a_row() {
    const THREE: Rule = Rule { window: 3, failure_rate: 1_000_000, slow_rate: 0, min_calls: 3 };
    model(|| {
        let window = Arc::new(CountWindow::new(3, false, LaneCount::Striped));
        let other = Arc::clone(&window);
        let around = move || {
            let first = fail(&window, &THREE);
            window.success(GENERATION, CURRENT);
            [first, fail(&window, &THREE)]
        };
        let [around, other] = both(around, move || [fail(&other, &THREE); 2]);
        assert!(![around, other].as_flattened().contains(&Verdict::Trip), "{around:?} {other:?}");
    });
}

/// Failure, success, failure, and another failure anywhere before the last: a success stands among
/// any three in a row. In steps that make loom run the success between any two of the other failure.
#[test]
fn loom_a_failure_is_not_younger_than_its_number() {
    const THREE: Rule = Rule { window: 3, failure_rate: 1_000_000, slow_rate: 0, min_calls: 3 };
    model(|| {
        let window = Arc::new(CountWindow::new(3, false, LaneCount::Striped));
        window.open_lanes(GENERATION);
        let other = Arc::clone(&window);
        let anywhere = thread::spawn(move || other.failure(GENERATION, false, CURRENT));
        window.first_failure(GENERATION);
        window.first_success(GENERATION);
        anywhere.join().unwrap();
        assert_eq!(fail(&window, &THREE), Verdict::Keep);
    });
}

/// A writer that was overtaken by the whole ring must not bring an old position back.
#[test]
fn loom_the_last_failure_is_where_it_was() {
    model(|| {
        let ring = Arc::new(Ring::new(1));
        let other = Arc::clone(&ring);
        let place = |ring: &Ring| {
            let number = ring.claim(GENERATION, CURRENT).unwrap();
            ring.place(GENERATION, number, number + 1, CURRENT);
        };
        both(move || place(&other), {
            let ring = Arc::clone(&ring);
            move || {
                place(&ring);
                place(&ring);
            }
        });
        assert_eq!(ring.position(GENERATION, 3, 1), Some(3));
    });
}

/// A writer claimed its number before a transition and places it after one. In the generation that
/// has begun meanwhile the place is taken.
#[test]
fn loom_a_late_position_does_not_drive_out_one_of_the_next_generation() {
    model(|| {
        let ring = Arc::new(Ring::new(1));
        let current = Arc::new(AtomicU32::new(1));
        let number = ring.claim(1, CURRENT).unwrap();
        let late = {
            let (ring, current) = (Arc::clone(&ring), Arc::clone(&current));
            move || ring.place(1, number, 7, || current.load(Ordering::Acquire) == 1)
        };
        let next = {
            let ring = Arc::clone(&ring);
            move || {
                current.store(2, Ordering::Release);
                let number = ring.claim(2, CURRENT).unwrap();
                ring.place(2, number, 1, CURRENT);
            }
        };
        both(late, next);
        assert_eq!(ring.position(2, 1, 1), Some(1));
    });
}

/// Number 0 is at position 1; number 2, which takes its slot, at 3.
#[test]
fn loom_a_position_is_not_taken_for_an_earlier_one() {
    model(|| {
        let ring = Arc::new(Ring::new(1));
        let place = |ring: &Ring| {
            let number = ring.claim(GENERATION, CURRENT).unwrap();
            ring.place(GENERATION, number, number + 1, CURRENT);
        };
        place(&ring);
        let reader = Arc::clone(&ring);
        let read = move || reader.position(GENERATION, 1, 1);
        let write = move || {
            place(&ring);
            place(&ring);
            None
        };
        let [position, _] = both(read, write);
        assert!(matches!(position, Some(1) | None), "{position:?}");
    });
}

/// The late call asks whether its generation is current just before it is not any more.
#[test]
fn loom_a_late_call_does_not_count_in_the_next_generation() {
    let check = |before: u32| {
        let window = Arc::new(CountWindow::new(2, true, LaneCount::Single));
        let current = Arc::new(AtomicU32::new(1));
        window.success(before, CURRENT);
        let late = {
            let (window, current) = (Arc::clone(&window), Arc::clone(&current));
            move || {
                let is_current = || current.load(Ordering::Acquire) == 1;
                if !window.success_quickly(1) {
                    window.success(1, is_current);
                }
                window.failure(1, true, is_current);
            }
        };
        let next = {
            let (window, current) = (Arc::clone(&window), Arc::clone(&current));
            move || {
                current.store(2, Ordering::Release);
                window.success(2, || true);
            }
        };
        both(late, next);
        let counts = window.counts(2, 2);
        assert_eq!(counts, Counts { calls: 1, failures: 0, slow: 0 });
    };
    // The late call finds the lane taken by a generation before its own, or by its own.
    model(move || check(0));
    model(move || check(1));
}

#[test]
fn loom_a_late_call_does_not_count_in_the_next_generation_of_a_time_window() {
    let check = |before: u32| {
        let window = Arc::new(TimeWindow::new(Duration::from_secs(1), LaneCount::Single));
        let current = Arc::new(AtomicU32::new(1));
        let now = || Instant::ZERO;
        window.success(&Moment { generation: before, now, is_current: CURRENT });
        let late = {
            let (window, current) = (Arc::clone(&window), Arc::clone(&current));
            move || {
                let is_current = || current.load(Ordering::Acquire) == 1;
                if !window.success_quickly(1, Instant::ZERO) {
                    window.success(&Moment { generation: 1, now, is_current });
                }
            }
        };
        let next = {
            let (window, current) = (Arc::clone(&window), Arc::clone(&current));
            move || {
                current.store(2, Ordering::Release);
                window.success(&Moment { generation: 2, now, is_current: CURRENT });
            }
        };
        both(late, next);
        assert_eq!(window.counts(2, 0).calls, 1);
    };
    model(move || check(0));
    model(move || check(1));
}

#[test]
fn loom_a_success_and_a_failure_are_judged_in_a_time_window() {
    const ENOUGH: Rule = Rule { window: u32::MAX, ..HALF };
    model(|| {
        let window = Arc::new(TimeWindow::new(Duration::from_secs(1), LaneCount::Striped));
        let other = Arc::clone(&window);
        let moment = || Moment { generation: 1, now: || Instant::ZERO, is_current: CURRENT };
        let failure = move || {
            window.failure(&moment());
            window.verdict(1, 0, &ENOUGH)
        };
        let success = move || {
            other.success(&moment());
            other.verdict(1, 0, &ENOUGH)
        };
        let verdicts = both(failure, success);
        assert!(verdicts.contains(&Verdict::Trip), "{verdicts:?}");
    });
}

/// Otherwise a success and a failure could look like a window of which all calls failed. In steps
/// that touch each word once, so that loom looks between any two of them.
#[test]
fn loom_no_success_is_missed_that_came_before_a_failure() {
    const ALL: Rule = Rule { min_calls: 1, ..BOTH };
    fn check<W: Send + Sync + 'static>(
        new: impl Fn() -> W + Send + Sync + 'static,
        calls: fn(&W),
        verdict: fn(&W) -> Verdict,
    ) {
        model(move || {
            let window = Arc::new(new());
            let other = Arc::clone(&window);
            let caller = thread::spawn(move || calls(&other));
            assert_ne!(verdict(&window), Verdict::Trip);
            caller.join().unwrap();
        });
    }
    for lanes in [LaneCount::Striped, LaneCount::Single] {
        let time = move || {
            let window = TimeWindow::new(Duration::from_secs(1), lanes);
            window.open_buckets(GENERATION);
            window
        };
        let calls: fn(&TimeWindow) = |window| {
            window.first_success();
            window.first_failure();
        };
        check(time, calls, |window| window.verdict(GENERATION, 0, &ALL));
        let count = move || {
            let window = CountWindow::new(2, false, lanes);
            window.open_lanes(GENERATION);
            window
        };
        let calls: fn(&CountWindow) = |window| {
            window.first_success(GENERATION);
            window.first_failure(GENERATION);
        };
        check(count, calls, |window| window.verdict(GENERATION, &ALL));
    }
}

/// Either the failure came first, and was the second in a row, or the success did.
#[test]
fn loom_a_success_ends_a_streak_or_is_before_it() {
    model(|| {
        let window = Arc::new(ConsecutiveWindow::new());
        let other = Arc::clone(&window);
        window.failure(GENERATION, &BOTH, CURRENT);
        let failure = move || window.failure(GENERATION, &BOTH, CURRENT);
        let reader = Arc::clone(&other);
        let success = move || {
            other.success(GENERATION);
            Verdict::Keep
        };
        let [failed, _] = both(failure, success);
        let streak = reader.counts(GENERATION).failures;
        let orders = [(Verdict::Trip, 0), (Verdict::Keep, 1)];
        assert!(orders.contains(&(failed, streak)), "{failed:?} {streak}");
    });
}
