use core::time::Duration;

use proptest::prelude::*;

use super::*;

mod models;

fn millis(latency: u64, in_flight: u32) -> Sample {
    Sample::new(Duration::from_millis(latency), in_flight)
}

/// Steps by each sample, and answers the limit after each.
fn limits(mut estimator: Estimator, samples: &[Sample]) -> alloc::vec::Vec<u32> {
    samples.iter().map(|sample| estimator.step(sample, 0)).collect()
}

/// Facts of concurrency-limits' `AIMDLimitTest`.
#[test]
fn aimd_does_what_the_original_does() {
    let aimd = |max, initial| Estimator::new(Aimd::standard(), 1, max, initial);
    assert_eq!(limits(aimd(200, 20), &[millis(1, 10)]), [21]);
    assert_eq!(limits(aimd(200, 30), &[millis(0, 0).dropped()]), [27]);
    assert_eq!(limits(aimd(21, 21), &[millis(1, 10)]), [21]);
    assert_eq!(limits(aimd(200, 20), &[millis(1, 9)]), [20], "it is far below the limit");
    assert_eq!(limits(aimd(200, 20), &[millis(5_001, 20)]), [18], "too slow");
}

/// Facts of concurrency-limits' `VegasLimitTest`.
#[test]
fn vegas_does_what_the_original_does() {
    let vegas = |initial| Estimator::new(Vegas::published(), 1, 20_000, initial);
    let first = millis(10, 10);
    assert_eq!(limits(vegas(10), &[first, millis(10, 11)]), [10, 16]);
    assert_eq!(limits(vegas(10), &[first, millis(50, 11)]), [10, 9]);
    assert_eq!(limits(vegas(10), &[first, millis(14, 14)]), [10, 10]);
    let large = [millis(10_000, 5_000), millis(10_000, 6_000)];
    assert_eq!(limits(vegas(10_000), &large), [10_000, 10_024]);
}

/// A limit of 47 with shares of a tenth and a quarter: low is 4 and high 11, as whole numbers of
/// calls, and not 4.7 and 11.75.
#[test]
fn vegas_counts_whole_calls_where_a_share_of_the_limit_is_none() {
    let vegas = Vegas { alpha_share: 0.1, beta_share: 0.25, ..Vegas::published() };
    let vegas = || Estimator::new(Vegas { beta: 3, ..vegas }, 1, 200, 47);
    // The queue is 47 * (1 - 1000 / latency), rounded up.
    for (latency, queue, limit) in
        [(1_060, 3, 48), (1_075, 4, 47), (1_300, 11, 47), (1_312, 12, 46)]
    {
        let after = limits(vegas(), &[millis(1_000, 47), millis(latency, 47)]);
        assert_eq!(after, [47, limit], "a queue of {queue}");
    }
}

#[test]
fn vegas_ignores_what_was_admitted_before_its_probe() {
    let vegas = Vegas { probe_every: 10, probe_share: 0.5, ..Vegas::standard() };
    let mut estimator = Estimator::new(vegas, 4, 200, 40);
    assert_eq!(estimator.step(&millis(40, 40).calls(100), 0), 20, "the probe begins");
    assert_eq!(estimator.step(&millis(40, 40).calls(100), 0), 20, "calls from before");
    assert_eq!(estimator.step(&millis(20, 20).calls(100), 0), 40, "the old limit is back");
    // Had the 40 ms been taken for the latency without load, the limit would grow.
    assert_eq!(estimator.step(&millis(40, 40).calls(100), 0), 39);
}

#[test]
fn vegas_does_not_go_below_the_floor_to_probe_and_turns_nobody_away_while_it_is_quiet() {
    let vegas = Vegas { probe_every: 1, probe_share: 0.1, ..Vegas::standard() };
    assert_eq!(limits(Estimator::new(vegas, 30, 200, 40), &[millis(40, 40).calls(100)]), [30]);
    assert_eq!(limits(Estimator::new(vegas, 30, 200, 30), &[millis(40, 30).calls(100)]), [30]);
    assert_eq!(limits(Estimator::new(vegas, 1, 200, 40), &[millis(40, 19).calls(100)]), [40]);
}

#[test]
fn vegas_gives_a_probe_up_that_never_sees_only_its_own_calls() {
    let vegas = Vegas { probe_every: 10, probe_share: 0.5, ..Vegas::standard() };
    let mut estimator = Estimator::new(vegas, 4, 200, 40);
    let limits: alloc::vec::Vec<_> =
        (0..11).map(|_| estimator.step(&millis(40, 40).calls(100), 0)).collect();
    assert_eq!(limits, [20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 40]);
}

/// Each limit worked out by hand from the formula.
#[test]
fn gradient2_does_what_its_formula_says() {
    let gradient2 = |initial| Estimator::new(Gradient2::standard(), 1, 200, initial);
    // 20 * 1 + 4, a fifth of the way.
    assert_eq!(limits(gradient2(20), &[millis(10, 20), millis(10, 20)]), [20, 21]);
    // The long mean of 10 and 90 is 50; 1.5 * 50 / 90 = 0.833; 100 * 0.833 + 4 = 87.3.
    assert_eq!(limits(gradient2(100), &[millis(10, 10), millis(90, 100)]), [100, 97]);
    assert_eq!(limits(gradient2(100), &[millis(10, 100).dropped()]), [90]);
    assert_eq!(limits(gradient2(100), &[millis(10, 49)]), [100], "it is far below the limit");
}

#[test]
fn gradient2_forgets_an_overload_faster_than_it_learns_it() {
    let mut estimator = Estimator::new(Gradient2::standard(), 1, 1_000, 20);
    for _ in 0..100 {
        estimator.step(&millis(1_000, 1), 0);
    }
    for _ in 0..100 {
        estimator.step(&millis(10, 1), 0);
    }
    let before = estimator.limit();
    let after = estimator.step(&millis(40, before), 0);
    assert!(after <= before, "four times the usual latency is seen again: {before}, {after}");
}

#[test]
fn another_algorithm_goes_on_from_the_limit_that_the_last_one_found() {
    let mut estimator = Estimator::new(Aimd::standard(), 1, 200, 20);
    for _ in 0..30 {
        estimator.step(&millis(10, 100), 0);
    }
    estimator.reconfigure(Gradient2::standard(), 1, 200);
    assert_eq!(estimator.limit(), 50);
    estimator.reconfigure(Gradient2::standard(), 1, 40);
    assert_eq!(estimator.limit(), 40);
    estimator.reconfigure(Gradient2::standard(), 45, 60);
    assert_eq!(estimator.limit(), 45);
}

fn algorithms() -> impl Strategy<Value = Algorithm> {
    prop_oneof![
        Just(Algorithm::from(Aimd::standard())),
        Just(Algorithm::from(Vegas::standard())),
        Just(Algorithm::from(Vegas::published())),
        Just(Algorithm::from(Gradient2::standard())),
        // Nothing validates what a core is given by hand.
        any::<[f64; 5]>().prop_map(|[a, b, c, d, e]| {
            Vegas {
                alpha_share: a,
                beta_share: b,
                smoothing: c,
                no_load_smoothing: d,
                probe_share: e,
                ..Vegas::standard()
            }
            .into()
        }),
        any::<[f64; 2]>().prop_map(|[tolerance, smoothing]| {
            Gradient2 { tolerance, smoothing, ..Gradient2::standard() }.into()
        }),
        any::<f64>().prop_map(|backoff| Aimd { backoff, ..Aimd::standard() }.into()),
    ]
}

fn samples() -> impl Strategy<Value = Sample> {
    let latency = prop_oneof![any::<u64>(), 0_u64..1_000_000_000, Just(0), Just(u64::MAX)];
    (latency, any::<u32>(), any::<u32>(), any::<bool>()).prop_map(|(nanos, inside, calls, bad)| {
        let sample = Sample::new(Duration::from_nanos(nanos), inside).calls(calls);
        if bad { sample.dropped() } else { sample }
    })
}

proptest! {
    #[test]
    fn whatever_comes_the_limit_stays_within_its_bounds(
        algorithm in algorithms(),
        [min, span, initial] in any::<[u32; 3]>(),
        samples in prop::collection::vec((samples(), any::<u64>()), 1..100),
    ) {
        let (min, max) = (min.max(1), min.max(1).saturating_add(span));
        let mut estimator = Estimator::new(algorithm, min, max, initial);
        for (sample, random) in samples {
            let limit = estimator.step(&sample, random);
            prop_assert!((min..=max).contains(&limit), "{} not in {}..={}", limit, min, max);
        }
    }

    #[test]
    fn dropped_calls_bring_the_limit_down_to_its_floor(
        algorithm in prop_oneof![
            Just(Algorithm::from(Aimd::standard())),
            Just(Algorithm::from(Vegas::standard())),
            Just(Algorithm::from(Gradient2::standard())),
        ],
        before in prop::collection::vec(samples(), 0..50),
        after in prop::collection::vec(samples(), 50),
        initial in 1_u32..1_000,
    ) {
        let mut estimator = Estimator::new(algorithm, 1, 1_000, initial);
        for sample in before {
            estimator.step(&sample, 0);
        }
        for five in after.chunks(5) {
            let begin = estimator.limit();
            let mut last = begin;
            for sample in five {
                let limit = estimator.step(&sample.dropped(), 0);
                prop_assert!(limit <= last);
                last = limit;
            }
            prop_assert!(last < begin || begin == 1, "{} after five bad windows", last);
        }
    }

    #[test]
    fn the_same_history_leads_to_the_same_limits(
        algorithm in algorithms(),
        samples in prop::collection::vec((samples(), any::<u64>()), 0..100),
    ) {
        let run = || {
            let mut estimator = Estimator::new(algorithm, 1, 1_000, 20);
            samples.iter().map(|(s, r)| estimator.step(s, *r)).collect::<alloc::vec::Vec<_>>()
        };
        prop_assert_eq!(run(), run());
    }
}

#[test]
fn a_part_that_is_whole_is_not_rounded_down_because_floats_are_not_exact() {
    let bad = Sample::new(Duration::from_millis(1), 300).dropped();
    let after = |backoff, limit| {
        Estimator::new(Aimd { backoff, ..Aimd::standard() }, 1, 1 << 24, limit).step(&bad, 0)
    };
    for (tenths, backoff) in [(5, 0.5), (6, 0.6), (7, 0.7), (8, 0.8), (9, 0.9)] {
        for limit in (10..=10_000).chain([10_000_000, (1 << 24) - 6]) {
            assert_eq!(after(backoff, limit), limit * tenths / 10, "{limit} times {backoff}");
        }
    }
    assert_eq!(after(1.0 - f64::EPSILON / 2.0, 100), 99, "each bad window takes at least one");
}
