use proptest::prelude::*;

use super::*;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn shapes(first: Duration, factor: f64) -> [Backoff; 4] {
    [
        Backoff::constant(first),
        Backoff::linear(first),
        Backoff::exponential(first).factor(factor),
        Backoff::fibonacci(first),
    ]
}

/// The table in the documentation, from the code.
#[test]
fn the_documented_figures_are_those_of_the_code() {
    let table = [
        (Backoff::constant(MS(100)), [100, 100, 100, 100, 100, 100]),
        (Backoff::linear(MS(100)), [100, 200, 300, 400, 500, 600]),
        (Backoff::fibonacci(MS(100)), [100, 100, 200, 300, 500, 800]),
        (Backoff::exponential(MS(100)), [100, 200, 400, 800, 1_600, 3_200]),
    ];
    for (backoff, expected) in table {
        let backoff = backoff.jitter(Jitter::None);
        let delays = [1, 2, 3, 4, 5, 6].map(|retry| backoff.delay(retry, Duration::ZERO, u64::MAX));
        assert_eq!(delays, expected.map(MS), "{backoff:?}");
    }

    let mut longest = Duration::ZERO;
    let decorrelated = [1, 2, 3, 4, 5, 6].map(|retry| {
        longest = Backoff::decorrelated(MS(100)).delay(retry, longest, u64::MAX);
        longest
    });
    assert_eq!(decorrelated, [300, 900, 2_700, 8_100, 24_300, 30_000].map(MS));

    for (jitter, shortest, middle, longest) in
        [(Jitter::None, 800, 800, 800), (Jitter::Full, 0, 400, 800), (Jitter::Equal, 400, 600, 800)]
    {
        let backoff = Backoff::constant(MS(800)).jitter(jitter);
        let delays = [0, u64::MAX / 2 + 1, u64::MAX].map(|random| backoff.delay(1, MS(0), random));
        assert_eq!(delays, [shortest, middle, longest].map(MS), "{jitter:?}");
    }
}

#[test]
fn a_factor_that_is_no_power_of_two_is_exact_to_the_nanosecond() {
    let backoff = Backoff::exponential(MS(200)).factor(1.5).jitter(Jitter::None);
    let delays = [1, 2, 3, 4, 5].map(|retry| backoff.delay(retry, MS(0), 0).as_nanos());
    assert_eq!(delays, [200_000_000, 300_000_000, 450_000_000, 675_000_000, 1_012_500_000]);
}

#[test]
fn without_a_longest_delay_growth_stops_at_the_default() {
    for backoff in [Backoff::linear(MS(70)), Backoff::exponential(MS(1)), Backoff::fibonacci(MS(3))]
    {
        let backoff = backoff.jitter(Jitter::None);
        assert_eq!(backoff.delay(u32::MAX, MS(0), 0), Backoff::DEFAULT_MAX, "{backoff:?}");
    }
    let minute = Duration::from_secs(60);
    assert_eq!(Backoff::constant(minute).jitter(Jitter::None).delay(1, MS(0), 0), minute);
}

#[test]
fn retry_zero_is_the_first() {
    for backoff in shapes(MS(10), 3.0) {
        let backoff = backoff.jitter(Jitter::None);
        assert_eq!(backoff.delay(0, MS(0), 0), backoff.delay(1, MS(0), 0), "{backoff:?}");
    }
}

#[test]
fn no_delay_stays_none() {
    for backoff in shapes(Duration::ZERO, 2.0).into_iter().chain([Backoff::none()]) {
        for retry in [1, 2, 1_000, u32::MAX] {
            assert_eq!(backoff.delay(retry, Duration::ZERO, u64::MAX), Duration::ZERO);
        }
    }
    let decorrelated = Backoff::decorrelated(Duration::ZERO);
    assert_eq!(decorrelated.delay(9, Duration::ZERO, u64::MAX), Duration::ZERO);
}

#[test]
fn what_does_not_fit_is_the_longest_duration() {
    for backoff in shapes(Duration::MAX, f64::MAX) {
        let backoff = backoff.max(Duration::MAX).jitter(Jitter::None);
        for retry in [1, 2, 100, u32::MAX] {
            assert_eq!(backoff.delay(retry, Duration::MAX, 0), Duration::MAX, "{backoff:?}");
        }
        for jitter in [Jitter::Full, Jitter::Equal] {
            let longest = backoff.jitter(jitter).delay(7, MS(0), u64::MAX);
            assert!(longest > Duration::MAX / 100 * 99, "{jitter:?}: {longest:?}");
        }
    }
    let decorrelated = Backoff::decorrelated(MS(1)).max(Duration::MAX);
    assert!(decorrelated.delay(2, Duration::MAX, u64::MAX) > Duration::MAX / 100 * 99);
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let second = Duration::from_secs(1);
    let table = [
        (Backoff::exponential(second).factor(0.99), "factor"),
        (Backoff::exponential(second).factor(f64::NAN), "factor"),
        (Backoff::exponential(second).factor(f64::INFINITY), "factor"),
        (Backoff::linear(second).factor(2.0), "factor"),
        (Backoff::constant(second).max(MS(999)), "max"),
        (Backoff::decorrelated(second).jitter(Jitter::Full), "jitter"),
    ];
    for (backoff, setting) in table {
        let refused = backoff.validate("stock").map_err(|invalid| invalid.setting() == setting);
        assert_eq!(refused, Err(true), "{backoff:?}");
    }
    for backoff in shapes(second, 1.0).into_iter().chain([Backoff::standard(), Backoff::none()]) {
        assert_eq!(backoff.max(Duration::from_secs(10)).validate("stock"), Ok(()), "{backoff:?}");
    }
}

#[test]
fn a_factor_that_nobody_validated_counts_as_one() {
    for factor in [0.5, -2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let backoff = Backoff::exponential(MS(10)).factor(factor).jitter(Jitter::None);
        assert_eq!(backoff.delay(5, MS(0), 0), MS(10), "{factor}");
    }
}

#[test]
fn a_schedule_prints_as_one_line() {
    for (backoff, line) in [
        (Backoff::standard(), "exponential from 100ms, up to 10s, full jitter"),
        (
            Backoff::exponential(MS(5)).factor(1.5),
            "exponential from 5ms by 1.5, up to 30s, full jitter",
        ),
        (Backoff::constant(MS(5)).jitter(Jitter::None), "constant 5ms, no jitter"),
        (Backoff::linear(MS(5)).jitter(Jitter::Equal), "linear from 5ms, up to 30s, equal jitter"),
        (Backoff::decorrelated(MS(5)), "decorrelated from 5ms, up to 30s"),
    ] {
        assert_eq!(alloc::format!("{backoff}"), line);
    }
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::from_nanos(1)),
        Just(Duration::MAX),
        (0_u64..100_000).prop_map(Duration::from_millis),
        (any::<u64>(), 0_u32..1_000_000_000).prop_map(|(s, n)| Duration::new(s, n)),
    ]
}

fn retries() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..20, any::<u32>(), Just(u32::MAX)]
}

fn factors() -> impl Strategy<Value = f64> {
    prop_oneof![1.0..4.0_f64, Just(1.0), Just(1.0 + f64::EPSILON), Just(f64::MAX)]
}

proptest! {
    #[test]
    fn without_jitter_no_delay_is_shorter_than_the_one_before(
        first in durations(), factor in factors(), max in durations(), retry in retries(),
    ) {
        for backoff in shapes(first, factor) {
            let backoff = backoff.max(max).jitter(Jitter::None);
            let (this, next) =
                (backoff.delay(retry, MS(0), 0), backoff.delay(retry.saturating_add(1), MS(0), 0));
            prop_assert!(this <= next, "{:?}: {:?} then {:?}", backoff, this, next);
        }
    }

    #[test]
    fn every_delay_is_within_the_bounds_of_its_formula(
        first in durations(),
        factor in factors(),
        max in durations(),
        retry in retries(),
        previous in durations(),
        random in any::<u64>(),
    ) {
        for backoff in shapes(first, factor) {
            let backoff = backoff.max(max);
            let whole = backoff.jitter(Jitter::None).delay(retry, previous, random);
            prop_assert!(whole <= max);
            prop_assert!(whole >= first.min(max));
            prop_assert!(backoff.jitter(Jitter::Full).delay(retry, previous, random) <= whole);
            let equal = backoff.jitter(Jitter::Equal).delay(retry, previous, random);
            prop_assert!(whole / 2 <= equal && equal <= whole, "{:?} of {:?}", equal, whole);
        }
        let decorrelated = Backoff::decorrelated(first).max(max).delay(retry, previous, random);
        prop_assert!(first.min(max) <= decorrelated && decorrelated <= max);
        prop_assert!(decorrelated <= previous.max(first).saturating_mul(3));
    }

    #[test]
    fn a_greater_random_number_never_makes_a_shorter_delay(
        whole in durations(), a in any::<u64>(), b in any::<u64>(),
    ) {
        prop_assert!(share(whole, a.min(b)) <= share(whole, a.max(b)));
        prop_assert_eq!(share(whole, 0), Duration::ZERO);
    }

    /// Against the definitions, in integers.
    #[test]
    fn shapes_follow_their_definitions(first in 1_u64..1_000_000, retry in 1_u32..30) {
        let max = Duration::from_secs(60);
        let expected = |times: u128| {
            Duration::from_nanos_u128((u128::from(first) * times).min(max.as_nanos()))
        };
        let fibonacci = (1..retry).fold((1_u128, 1_u128), |(a, b), _| (b, a + b)).0;
        let first = Duration::from_nanos(first);
        for (backoff, times) in [
            (Backoff::linear(first), u128::from(retry)),
            (Backoff::exponential(first), 1 << (retry - 1)),
            (Backoff::exponential(first).factor(3.0), 3_u128.pow(retry - 1)),
            (Backoff::fibonacci(first), fibonacci),
        ] {
            let delay = backoff.max(max).jitter(Jitter::None).delay(retry, MS(0), 0);
            prop_assert_eq!(delay, expected(times), "{:?}", backoff);
        }
    }
}

/// Chi-squared would be overkill: a share that ignores some bits of its random number shows as a
/// mean far from one half.
#[test]
fn shares_are_spread_evenly() {
    for whole in [Duration::from_nanos(9), MS(1), Duration::from_secs(1 << 40)] {
        let draws = 1_u32 << 12;
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut sum = 0.0;
        for _ in 0..draws {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            sum += share(whole, random).as_secs_f64() / whole.as_secs_f64();
        }
        let mean = sum / f64::from(draws);
        assert!((0.48..0.52).contains(&mean), "{whole:?}: mean share {mean}");
    }
}

#[test]
fn what_nobody_set_is_shown_as_it_is_in_force() {
    let standard = format!("{:?}", Backoff::standard());
    let shown = "Backoff { shape: Exponential, first: 100ms, max: 10s, jitter: Full, factor: 2.0 }";
    assert_eq!(standard, shown);
    let constant = format!("{:?}", Backoff::none());
    assert_eq!(constant, "Backoff { shape: Constant, first: 0ns, jitter: Full }");
}
