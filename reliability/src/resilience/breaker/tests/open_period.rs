//! How long it stays open.

use super::super::live::{LiveSettings, OpenPeriod};
use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn it_is_open_for_exactly_the_period() {
    let rig = Rig::new(standard());
    rig.trip();
    assert_eq!(rig.retry_after(), 5 * SECOND);
    rig.advance(Duration::from_millis(4_999));
    assert_eq!(rig.retry_after(), Duration::from_millis(1));
    rig.advance(Duration::from_millis(1));
    assert!(rig.admit().is_ok());
}

#[test]
fn whoever_waits_as_long_as_told_is_admitted_at_any_fraction_of_a_millisecond() {
    for start in [0, 1, 499_999, 500_000, 999_999] {
        for wait in [0, 1, 123_456, 999_999, 4_998_999_999] {
            let rig = Rig::new(standard());
            rig.advance(Duration::from_nanos(start));
            rig.trip();
            rig.advance(Duration::from_nanos(wait));
            rig.advance(rig.retry_after());
            assert!(rig.admit().is_ok(), "{start} {wait}");
        }
    }
}

#[test]
fn it_ends_at_most_a_millisecond_early() {
    let rig = Rig::new(standard());
    rig.advance(Duration::from_nanos(999_999));
    rig.trip();
    rig.advance(Duration::from_nanos(4_999_000_000));
    assert_eq!(rig.retry_after(), Duration::from_millis(1));
    rig.advance(Duration::from_nanos(1));
    assert!(rig.admit().is_ok());
}

#[test]
fn it_grows_with_each_trip_in_a_row_and_starts_again_after_closing() {
    let rig = Rig::new(standard().open_for(SECOND).open_growth(2.0, 5 * SECOND).probes(1));
    rig.trip();
    for expected in [1, 2, 4, 5, 5] {
        assert_eq!(rig.retry_after(), expected * SECOND);
        rig.advance(rig.retry_after());
        rig.call(Counted::Failure);
    }
    rig.advance(rig.retry_after());
    rig.call(Counted::Success);
    rig.trip();
    assert_eq!(rig.retry_after(), SECOND);
}

#[test]
fn jitter_lengthens_by_up_to_its_share_and_repeats_with_its_seed() {
    let periods = || {
        let rig = Rig::new(standard().open_jitter(0.5).probes(1));
        rig.trip();
        let next = |_| {
            let period = rig.retry_after();
            rig.advance(period);
            rig.call(Counted::Failure);
            period
        };
        (0..200).map(next).collect::<Vec<_>>()
    };
    let some = periods();
    assert_eq!(some, periods());
    let (least, most) = (some.iter().min().unwrap(), some.iter().max().unwrap());
    assert!(*least >= 5 * SECOND && *most <= 5 * SECOND + 5 * SECOND / 2);
    // 200 numbers cover nine tenths of the range, unless they are not random.
    assert!(*most - *least > 5 * SECOND / 2 * 9 / 10);
}

#[test]
fn the_extremes_of_periods() {
    let week = 7 * 24 * 60 * 60 * 1000;
    for (period, trips, random, millis) in [
        (
            OpenPeriod { first_ms: 1, max_ms: 1, growth: 1_000_000, jitter: 0 },
            u32::MAX,
            u64::MAX,
            1,
        ),
        (OpenPeriod { first_ms: week, max_ms: 1, growth: 1_000_000, jitter: 0 }, 9, 0, week),
        (
            OpenPeriod { first_ms: 1, max_ms: week, growth: 100_000_000, jitter: 0 },
            u32::MAX,
            0,
            week,
        ),
        (OpenPeriod { first_ms: 1, max_ms: week, growth: 100_000_000, jitter: 0 }, 2, 0, 10_000),
        // Too little to matter in whole milliseconds: it stays.
        (OpenPeriod { first_ms: 1, max_ms: week, growth: 1_500_000, jitter: 0 }, u32::MAX, 0, 1),
    ] {
        assert_eq!(period.millis(trips, random), millis, "{period:?}");
    }
    let longest = OpenPeriod { first_ms: week, max_ms: week, growth: 1_000_000, jitter: 1_000_000 };
    assert!(longest.millis(0, u64::MAX).abs_diff(2 * week) <= 1);
    assert_eq!(longest.millis(0, 0), week);
}

#[test]
fn a_clock_that_jumps_back_far_ends_the_period() {
    let rig = Rig::new(standard());
    rig.trip();
    rig.jump_back(Duration::from_secs(3600));
    assert!(rig.admit().is_ok());
}

#[test]
fn a_clock_that_jumps_back_a_little_prolongs_it_by_that() {
    let rig = Rig::new(standard().open_growth(2.0, 60 * SECOND));
    rig.trip();
    rig.jump_back(3 * SECOND);
    assert_eq!(rig.retry_after(), 8 * SECOND);
}

#[test]
fn a_clock_that_jumps_ahead_ends_the_period() {
    for weeks in [1, 52, 5200] {
        let rig = Rig::new(standard());
        rig.trip();
        rig.advance(Duration::from_secs(weeks * 7 * 24 * 60 * 60));
        assert!(rig.admit().is_ok(), "{weeks} weeks");
    }
}

#[test]
fn settings_come_back_as_they_were_stored() {
    for settings in [
        Settings::standard(),
        Settings::consecutive(),
        Settings::busy(),
        standard()
            .slow_calls(Duration::from_micros(1), 0.000_001)
            .open_growth(1.5, 7 * SECOND)
            .open_jitter(1.0)
            .probes(255)
            .min_calls(1_000_000),
    ] {
        assert_eq!(LiveSettings::new(&settings).settings(), settings);
    }
}
