//! What is played: plans of several shapes.

use std::time::Duration;

use reliability::distributed::transaction::saga::{Kind, Step};
use reliability::resilience::retry::Backoff;

const SHORT: Backoff = Backoff::constant(Duration::from_millis(20));

const fn call(name: &'static str) -> Step {
    Step::new(name, Kind::Compensable).undo().backoff(SHORT)
}

const fn pivot(name: &'static str) -> Step {
    Step::new(name, Kind::Pivot).backoff(SHORT)
}

const fn then(name: &'static str) -> Step {
    Step::new(name, Kind::Retriable).backoff(SHORT)
}

/// What each plan is, as its engine sees it.
pub(super) const PLANS: [&[Step]; 8] = [
    // A line.
    &[call("A"), call("B").after(&[0]), pivot("C").after(&[1]), then("D").after(&[2])],
    // A diamond before a pivot with a probe.
    &[
        call("A"),
        call("B").after(&[0]),
        call("C").after(&[0]),
        call("D").after(&[1, 2]),
        pivot("E").after(&[3]).probed(),
        then("F").after(&[4]),
    ],
    // All side by side, and no pivot.
    &[
        call("A"),
        call("B"),
        call("C"),
        call("D").after(&[0, 1, 2]),
        then("E").after(&[3]),
        then("F").after(&[3]),
    ],
    // A pause beside a step, and a signal that comes after another.
    &[
        call("A"),
        Step::new("B", Kind::Compensable).timer(Duration::from_millis(300)),
        Step::new("C", Kind::Compensable).after(&[0]).signal(),
        pivot("D").after(&[1, 2]),
        then("E").after(&[3]),
    ],
    // Two lines that meet.
    &[
        call("A"),
        call("B").after(&[0]),
        call("C"),
        call("D").after(&[2]),
        pivot("E").after(&[1, 3]).probed(),
    ],
    // A signal behind the pivot.
    &[
        call("A"),
        pivot("B").after(&[0]),
        Step::new("C", Kind::Retriable).after(&[1]).signal(),
        then("D").after(&[2]),
    ],
    // Pairs.
    &[
        call("A"),
        call("B"),
        call("C").after(&[0, 1]),
        call("D").after(&[0, 1]),
        pivot("E").after(&[2, 3]),
    ],
    // A step that does not wait for what it comes after: wrong on purpose.
    &[call("A"), call("B"), call("C").after(&[0, 1])],
];

/// What comes before each step, said once more and naively: all of it.
pub(super) const BEFORE: [&[&[usize]]; 8] = [
    &[&[], &[0], &[0, 1], &[0, 1, 2]],
    &[&[], &[0], &[0], &[0, 1, 2], &[0, 1, 2, 3], &[0, 1, 2, 3, 4]],
    &[&[], &[], &[], &[0, 1, 2], &[0, 1, 2, 3], &[0, 1, 2, 3]],
    &[&[], &[], &[0], &[0, 1, 2], &[0, 1, 2, 3]],
    &[&[], &[0], &[], &[2], &[0, 1, 2, 3]],
    &[&[], &[0], &[0, 1], &[0, 1, 2]],
    &[&[], &[], &[0, 1], &[0, 1], &[0, 1, 2, 3]],
    &[&[], &[0], &[0, 1]],
];

pub(super) const SIGNALS: [Option<usize>; 8] =
    [None, None, None, Some(2), None, Some(2), None, None];
pub(super) const TIMERS: [Option<usize>; 8] = [None, None, None, Some(1), None, None, None, None];
pub(super) const PIVOTS: [Option<usize>; 8] =
    [Some(2), Some(4), None, Some(3), Some(4), Some(1), Some(4), None];
/// The first step that cannot be undone or refuse.
pub(super) const THENS: [usize; 8] = [3, 5, 4, 4, 5, 2, 5, 3];
pub(super) const WRONG_PLAN: u64 = 7;
