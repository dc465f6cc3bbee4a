#![allow(clippy::expect_used, reason = "a test says by panicking that it failed")]

use alloc::string::ToString;
use alloc::vec::Vec;
use core::future::{pending, ready};
use core::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed};

use super::injection::draw;
use super::{Chaos, Injection, Settings, decide};
use crate::error::{Class, Counted, Disposition, Reason, Rejected};
use crate::time::{Clock, ManualClock};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn always_fails() -> Chaos {
    Chaos::builder("stock").error(1.0).build().expect("valid settings")
}

fn work() -> core::future::Ready<Result<u32, Rejected>> {
    ready(Ok(7))
}

fn settings(latency_rate: f64, error_rate: f64, hang_rate: f64) -> Settings {
    let (latency_from, latency_to) = (millis(50), millis(200));
    Settings { latency_from, latency_to, latency_rate, error_rate, hang_rate }
}

/// How many of `draws` decisions are latencies, errors and hangs.
fn counted(settings: &Settings, seed: u64, draws: u64) -> [u64; 3] {
    let mut counts = [0; 3];
    for index in 0..draws {
        match decide(draw(seed, index), settings) {
            Injection::Nothing => {}
            Injection::Latency(_) => counts[0] += 1,
            Injection::Error => counts[1] += 1,
            Injection::Hang => counts[2] += 1,
        }
    }
    counts
}

/// With the seed fixed nothing here is left to chance; the bound says how good the numbers are.
fn fixed_seed(cases: u32) -> Config {
    Config {
        cases,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(0x5eed),
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(fixed_seed(64))]

    /// Hoeffding: the share of n independent draws is off by t or more with a probability of at most
    /// 2 exp(-2 n t^2). With n = 100,000 and t = 0.01 that is 5e-9 for each of 192 shares.
    #[test]
    fn each_fault_has_the_share_that_was_asked_for(
        seed: u64,
        latency in 0.0..0.4_f64,
        error in 0.0..0.3_f64,
        hang in 0.0..0.3_f64,
    ) {
        const DRAWS: u64 = 100_000;
        let counts = counted(&settings(latency, error, hang), seed, DRAWS);
        for (count, rate) in counts.into_iter().zip([latency, error, hang]) {
            let share = count as f64 / DRAWS as f64;
            prop_assert!((share - rate).abs() < 0.01, "{share} instead of {rate}");
        }
    }

    #[test]
    fn a_latency_lies_between_its_bounds_and_reaches_both_halves(seed: u64, from in 0..1000_u64, span in 1..1000_u64) {
        let (from, to) = (Duration::from_nanos(from), Duration::from_nanos(from + span));
        let settings = Settings {
            latency_from: from,
            latency_to: to,
            latency_rate: 1.0,
            ..Settings::default()
        };
        let mut halves = [0; 2];
        for index in 0..200 {
            let Injection::Latency(latency) = decide(draw(seed, index), &settings) else {
                return Err(TestCaseError::fail("a rate of 1 leaves nothing out"));
            };
            prop_assert!((from..=to).contains(&latency));
            halves[usize::from(latency - from > to - latency)] += 1;
        }
        // The probability that 200 fair coins show fewer than 50 of a side is below 1e-12; spans of
        // one or two nanoseconds are less fair than a coin.
        prop_assert!(span < 3 || halves.iter().all(|half| *half >= 50), "{halves:?}");
    }

    #[test]
    fn raising_one_rate_takes_no_fault_from_the_ones_before_it(word: u64, latency in 0.0..0.5_f64) {
        let few = decide(word, &settings(0.0, 0.25, 0.25));
        let many = decide(word, &settings(latency, 0.25, 0.25));
        prop_assert!(few == many || few == Injection::Nothing);
    }
}

#[test]
fn the_ends_of_the_unit_interval_are_cut_right() {
    assert_eq!(decide(0, &settings(0.0, 0.0, 0.0)), Injection::Nothing);
    assert_eq!(decide(u64::MAX, &settings(0.0, 1.0, 0.0)), Injection::Error);
    assert_eq!(decide(0, &settings(0.0, 1.0, f64::MIN_POSITIVE)), Injection::Hang);
    assert_eq!(
        decide(u64::MAX, &settings(0.5, 0.25, 0.25)),
        decide(u64::MAX, &settings(1.0, 0.0, 0.0))
    );
    let fixed = Settings { latency_from: millis(200), ..settings(1.0, 0.0, 0.0) };
    assert_eq!(decide(draw(1, 2), &fixed), Injection::Latency(millis(200)));
}

/// Numbers of the reference implementation for the seed 1234567.
#[test]
fn the_sequence_is_splitmix64() {
    let expected = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];
    let drawn: Vec<u64> = (0..5).map(|index| draw(1_234_567, index)).collect();
    assert_eq!(drawn, expected);
}

#[test]
fn the_same_seed_gives_the_same_faults() {
    let run = |seed| {
        let chaos = Chaos::builder("stock").error(0.3).hang(0.1).seed(seed).build();
        let chaos = chaos.expect("valid settings");
        let _on = chaos.while_held();
        let first: Vec<Injection> = (0..200).map(|_| chaos.strike()).collect();
        chaos.reseed(seed);
        let second: Vec<Injection> = (0..200).map(|_| chaos.strike()).collect();
        assert_eq!(first, second, "the seed begins anew");
        first
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn off_does_not_use_up_the_sequence() {
    let chaos = Chaos::builder("stock").error(0.5).seed(3).build().expect("valid settings");
    assert!((0..100).all(|_| chaos.strike() == Injection::Nothing));
    assert_eq!(chaos.snapshot().decided, 0);
    let _on = chaos.while_held();
    let expected: Vec<Injection> =
        (0..50).map(|index| decide(draw(3, index), &chaos.settings())).collect();
    let struck: Vec<Injection> = (0..50).map(|_| chaos.strike()).collect();
    assert_eq!(struck, expected);
}

#[test]
fn it_is_off_until_it_is_switched_on_and_clones_share_the_switch() {
    let chaos = always_fails();
    let clone = chaos.clone();
    assert_eq!(chaos.strike(), Injection::Nothing);
    clone.switch_on();
    assert_eq!(chaos.strike(), Injection::Error);
    assert!(format!("{chaos:?}").contains("on: true"), "{chaos:?}");
    chaos.switch_off();
    assert_eq!(clone.strike(), Injection::Nothing);
    assert!(format!("{chaos:?}").contains("on: false"), "{chaos:?}");
}

#[test]
fn what_is_switched_on_for_a_while_ends_by_itself() {
    let manual = ManualClock::new();
    let chaos = Chaos::builder("stock").error(1.0).clock(manual.clock()).build();
    let chaos = chaos.expect("valid settings");
    chaos.switch_on_for(millis(10));
    manual.advance(millis(9));
    assert_eq!(chaos.strike(), Injection::Error);
    manual.advance(millis(1));
    assert!(!chaos.is_on(), "also before anybody strikes");
    assert_eq!(chaos.strike(), Injection::Nothing);
    manual.set(crate::time::Instant::ZERO);
    assert_eq!(chaos.strike(), Injection::Nothing, "a clock that jumps back revives nothing");
    chaos.switch_on_for(Duration::MAX);
    manual.advance(Duration::from_secs(1 << 30));
    assert_eq!(chaos.strike(), Injection::Error);
}

#[test]
fn a_wrong_setting_is_refused_with_the_way_out_and_changes_nothing() {
    let builder = || Chaos::builder("stock");
    let table = [
        (
            builder(),
            "rates",
            "`stock`: `rates` must be above 0, at least one of them, but is 0; add for example `.error(0.01)`, or leave the chaos out",
        ),
        (
            builder().error(5.0),
            "error_rate",
            "`stock`: `error_rate` must be a share from 0 to 1, but is 5; write `0.05` for 5 %",
        ),
        (
            builder().hang(f64::NAN),
            "hang_rate",
            "`stock`: `hang_rate` must be a share from 0 to 1, but is NaN; write `0.05` for 5 %",
        ),
        (
            builder().error(0.75).hang(0.5),
            "rates",
            "`stock`: `rates` must be rates that add up to at most 1, but is 1.25; an attempt gets at most one fault; lower one of them",
        ),
        (
            builder().latency(Duration::ZERO, 0.5),
            "latency_to",
            "`stock`: `latency_to` must be longer than zero, but is 0s; give a latency, or set `latency_rate` to 0",
        ),
        (
            builder().latency_between(millis(9), millis(3), 0.5),
            "latency_from",
            "`stock`: `latency_from` must be at most 3ms, the longest one, but is 9ms; write the shorter latency first",
        ),
        (
            builder().latency(Duration::from_secs(3601), 0.5),
            "latency_to",
            "`stock`: `latency_to` must be at most 3600s, but is 3601s; to make attempts hang, use `hang`",
        ),
    ];
    for (builder, setting, message) in table {
        let invalid = builder.build().expect_err(message);
        assert_eq!((invalid.setting(), invalid.to_string().as_str()), (setting, message));
    }
    let chaos = Chaos::standard("stock");
    let before = chaos.settings();
    assert_eq!(before, Settings::standard());
    assert!(
        chaos
            .reconfigure(|settings| (settings.error_rate, settings.hang_rate) = (0.9, 0.9))
            .is_err()
    );
    assert_eq!(chaos.settings(), before);
    assert!(
        chaos.reconfigure(|settings| *settings = Settings::default()).is_ok(),
        "rates may be turned down"
    );
    assert_eq!(chaos.settings(), Settings::default());
}

#[test]
fn rates_that_are_no_share_are_refused_wherever_they_are_given() {
    type Rate<'s> = (&'s str, fn(&mut Settings, f64));
    let rates: [Rate<'_>; 3] = [
        ("latency_rate", |settings, rate| settings.latency_rate = rate),
        ("error_rate", |settings, rate| settings.error_rate = rate),
        ("hang_rate", |settings, rate| settings.hang_rate = rate),
    ];
    let chaos = always_fails();
    chaos.reconfigure(|settings| *settings = Settings::default()).expect("all of them are zero");
    let wrong = [f64::NAN, -f64::MIN_POSITIVE, -1.0, f64::NEG_INFINITY, f64::INFINITY, 1.000_1];
    for (name, set) in rates {
        for rate in wrong {
            let refused = chaos.reconfigure(|settings| {
                (settings.latency_from, settings.latency_to) = (millis(1), millis(1));
                set(settings, rate);
            });
            assert_eq!(refused.expect_err(name).setting(), name, "{rate}");
            assert_eq!(chaos.settings(), Settings::default());
        }
        for rate in [0.0, -0.0, f64::MIN_POSITIVE, 1.0] {
            let taken = chaos.reconfigure(|settings| {
                (settings.latency_from, settings.latency_to) = (millis(1), millis(1));
                set(settings, rate);
            });
            assert_eq!(taken, Ok(()), "{name} {rate}");
            chaos.reconfigure(|settings| *settings = Settings::default()).expect("zero");
        }
    }
}

#[test]
fn at_rates_of_zero_and_one_no_seed_makes_a_difference() {
    for seed in [0, 1, u64::MAX / 2, u64::MAX] {
        for (rates, share) in [([1.0, 0.0, 0.0], 0), ([0.0, 1.0, 0.0], 1), ([0.0, 0.0, 1.0], 2)] {
            let counts = counted(&settings(rates[0], rates[1], rates[2]), seed, 10_000);
            let mut expected = [0; 3];
            expected[share] = 10_000;
            assert_eq!(counts, expected, "seed {seed}, rates {rates:?}");
        }
        assert_eq!(counted(&settings(0.0, 0.0, 0.0), seed, 10_000), [0; 3]);
    }
}

/// Seeds that lie next to each other are what people choose.
#[test]
fn seeds_next_to_each_other_have_nothing_in_common() {
    let fates = |seed: u64| -> Vec<bool> {
        let half = settings(0.0, 0.5, 0.0);
        (0..4_096).map(|index| decide(draw(seed, index), &half) == Injection::Error).collect()
    };
    for seed in 0..20 {
        let (one, next) = (fates(seed), fates(seed + 1));
        let same = one.iter().zip(&next).filter(|(one, next)| one == next).count();
        // Half of 4096, and five standard deviations.
        assert!((1_888..=2_208).contains(&same), "seeds {seed} and the next: {same}");
        let moved = one.iter().skip(1).zip(&next).filter(|(one, next)| one == next).count();
        assert!((1_888..=2_208).contains(&moved), "seeds {seed} and the next: {moved}");
    }
}

#[test]
fn a_switch_that_is_thrown_by_many_threads_ends_as_it_was_said_last() {
    let chaos = always_fails();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..500 {
                    chaos.switch_on();
                    let struck = chaos.strike();
                    assert!(matches!(struck, Injection::Error | Injection::Nothing));
                    if round % 2 == 0 {
                        chaos.switch_off();
                    }
                }
                chaos.switch_off();
            });
        }
    });
    assert!(!chaos.is_on());
    let now = chaos.snapshot();
    assert_eq!((now.errors, now.latencies, now.hangs), (now.decided, 0, 0));
    assert_eq!(chaos.strike(), Injection::Nothing);
}

#[test]
fn rates_in_decimals_may_add_up_to_one() {
    let chaos = Chaos::builder("stock").error(0.1).hang(0.2).latency(millis(1), 0.7).build();
    assert!(chaos.is_ok());
    let chaos = Chaos::builder("stock").error(0.7).hang(0.2).latency(millis(1), 0.1).build();
    assert!(chaos.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_latency_comes_before_the_work() {
    let chaos = Chaos::builder("stock").latency(millis(200), 1.0).build().expect("valid settings");
    let _on = chaos.while_held();
    let clock = Clock::precise();
    let start = clock.now();
    let begun = chaos.disturb(async { Ok::<_, Rejected>(clock.now()) }).await;
    assert_eq!(begun, Ok(start.saturating_add(millis(200))));
    assert_eq!(chaos.snapshot().latencies, 1);
}

#[tokio::test(start_paused = true)]
async fn work_that_hangs_has_not_begun_and_is_dropped_with_the_future() {
    struct Dropped<'a>(&'a core::cell::Cell<bool>);
    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let (begun, dropped) = (core::cell::Cell::new(false), core::cell::Cell::new(false));
    let chaos = Chaos::builder("stock").hang(1.0).build().expect("valid settings");
    let _on = chaos.while_held();
    let held = Dropped(&dropped);
    let work = {
        let begun = &begun;
        async move {
            begun.set(true);
            let result = pending::<Result<u32, Rejected>>().await;
            drop(held);
            result
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(3600), chaos.disturb(work)).await;
    assert!(ended.is_err(), "only the timeout ends it");
    assert_eq!((begun.get(), dropped.get()), (false, true));
}

#[tokio::test]
async fn an_injected_error_is_told_from_a_real_one_and_counts_like_one() {
    let chaos = always_fails();
    assert_eq!(chaos.disturb(work()).await, Ok(7));
    let _on = chaos.while_held();
    let error = chaos.disturb(work()).await.expect_err("a rate of 1");
    assert_eq!(error.to_string(), "stock: chaos injected a failure");
    assert_eq!((error.reason(), error.class()), (Reason::Injected, Class::Transient));
    let disposition = Disposition::of_reason(error.reason());
    assert_eq!((disposition.retried, disposition.breaker), (true, Counted::Failure));
}

#[test]
fn all_threads_together_get_the_faults_of_the_seed() {
    let chaos = Chaos::builder("stock").error(0.3).seed(11).build().expect("valid settings");
    let _on = chaos.while_held();
    let strike = || (0..1000).filter(|_| chaos.strike() == Injection::Error).count();
    let struck: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(strike)).collect();
        threads.into_iter().map(|thread| thread.join().expect("nothing panics")).sum()
    });
    let [_, expected, _] = counted(&chaos.settings(), 11, 4000);
    assert_eq!(struck as u64, expected);
    assert_eq!(chaos.snapshot().decided, 4000);
}
