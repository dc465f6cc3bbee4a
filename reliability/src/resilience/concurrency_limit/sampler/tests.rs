use alloc::vec::Vec;

use proptest::prelude::*;

use super::super::{Aimd, Algorithm, Estimator, Gradient2, Vegas};
use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// Latency in nanoseconds, how many were inside, and whether it was dropped.
    Call(u64, u32, bool),
    Close,
    Discard,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let latency = prop_oneof![8 => 0_u64..1_000_000, 1 => 0..u64::MAX, 1 => Just(0)];
    let call = (latency, 0_u32..50, any::<bool>());
    let step = prop_oneof![
        12 => call.prop_map(|(nanos, inside, dropped)| Step::Call(nanos, inside, dropped)),
        2 => Just(Step::Close),
        1 => Just(Step::Discard),
    ];
    prop::collection::vec(step, 0..200)
}

/// What a window says, from the list of its samples, each of which stands for so many calls.
fn naive(calls: &[(u64, u32, bool)], cut: &Cut, each: u32) -> Option<(Sample, Duration)> {
    if calls.len() < cut.samples as usize || calls.is_empty() {
        return None;
    }
    let nanos = || calls.iter().map(|(nanos, ..)| (*nanos).min(NANOS_MAX));
    let dropped = calls.iter().filter(|(.., dropped)| *dropped).count();
    let sample = Sample {
        latency: Duration::from_nanos(nanos().sum::<u64>() / calls.len() as u64),
        in_flight: calls.iter().map(|(_, inside, _)| *inside).max()?,
        calls: calls.len() as u32 * each,
        dropped: dropped as f64 / calls.len() as f64 > cut.drop_rate,
    };
    let twice_the_fastest = Duration::from_nanos(nanos().min()?.saturating_mul(2));
    Some((sample, twice_the_fastest.max(cut.shortest).min(cut.longest)))
}

proptest! {
    /// Sums that only grow, and their differences, are the list of the calls since the last window.
    #[test]
    fn a_window_says_what_the_list_of_its_calls_says(
        steps in steps(),
        samples in 0_u32..6,
        quarters in 0_u32..4,
    ) {
        let cut = Cut {
            shortest: Duration::from_micros(200),
            longest: Duration::from_micros(900),
            samples,
            drop_rate: f64::from(quarters) / 4.0,
        };
        let (sampler, mut last) = (Sampler::new(), Totals::default());
        let mut calls = Vec::new();
        let mut each = 1;
        for step in steps {
            match step {
                Step::Call(nanos, inside, dropped) => {
                    sampler.add(Duration::from_nanos(nanos), inside, dropped);
                    calls.push((nanos, inside, dropped));
                }
                Step::Close => {
                    let expected = naive(&calls, &cut, each);
                    prop_assert_eq!(sampler.close(&mut last, &cut), expected);
                    each = match expected {
                        Some((sample, _)) => {
                            (sample.calls / (16 * samples.max(1))).clamp(1, ONE_IN_MAX)
                        },
                        None => 1,
                    };
                    if expected.is_some() {
                        calls.clear();
                    }
                }
                Step::Discard => {
                    sampler.discard(&mut last);
                    calls.clear();
                    each = 1;
                }
            }
        }
    }
}

const LATENCY: Duration = Duration::from_millis(1);
const CUT: Cut = Cut {
    shortest: Duration::from_millis(100),
    longest: Duration::from_secs(1),
    samples: 100,
    drop_rate: 0.05,
};

/// A window of so many samples, closed; what it has shown.
fn window(sampler: &Sampler, totals: &mut Totals, samples: u32) -> Option<Sample> {
    (0..samples).for_each(|_| sampler.add(LATENCY, 1, false));
    sampler.close(totals, &CUT).map(|(sample, _)| sample)
}

fn picked(sampler: &Sampler, calls: u32) -> u32 {
    (0..calls).map(|_| u32::from(sampler.picks())).sum()
}

#[test]
fn where_calls_are_few_all_of_them_are_samples() {
    let (sampler, mut totals) = (Sampler::new(), Totals::default());
    assert_eq!(picked(&sampler, 10_000), 10_000, "before the first window is closed");
    for samples in [100, 1_599, 3_199] {
        assert_eq!(window(&sampler, &mut totals, samples).unwrap().calls, samples);
        assert_eq!(picked(&sampler, 10_000), 10_000, "after one of {samples}");
    }
}

#[test]
fn where_calls_are_many_as_many_are_samples_as_a_mean_needs() {
    for (calls, one_in) in [(3_200, 2), (16_000, 10), (102_400, 64), (1_000_000, 512)] {
        let (sampler, mut totals) = (Sampler::new(), Totals::default());
        window(&sampler, &mut totals, calls);
        let picked = picked(&sampler, one_in * 10_000);
        assert!((9_500..10_500).contains(&picked), "{picked} of {calls}, one in {one_in}");
        // And what is picked stands for all.
        let sample = window(&sampler, &mut totals, 1_600).unwrap();
        assert_eq!((sample.calls, sample.latency), (1_600 * one_in, LATENCY));
    }
}

#[test]
fn once_it_is_quiet_every_call_counts_again() {
    let (sampler, mut totals) = (Sampler::new(), Totals::default());
    window(&sampler, &mut totals, 1_000_000);
    assert_eq!(window(&sampler, &mut totals, 99), None, "that is too few for a window");
    assert_eq!(picked(&sampler, 1_000), 1_000);
    assert_eq!(window(&sampler, &mut totals, 1).unwrap().calls, 100);

    window(&sampler, &mut totals, 1_000_000);
    sampler.discard(&mut totals);
    assert_eq!(picked(&sampler, 1_000), 1_000);
}

/// Requests that read and write in turns, or in a round of any other length.
#[test]
fn of_calls_that_come_in_turns_no_kind_is_left_out() {
    for kinds in [2_usize, 3, 4, 8, 64, 127] {
        let (sampler, mut totals) = (Sampler::new(), Totals::default());
        window(&sampler, &mut totals, 102_400);
        let mut picked = alloc::vec![0_u32; kinds];
        for _ in 0..64 * 1_000 {
            picked.iter_mut().for_each(|picked| *picked += u32::from(sampler.picks()));
        }
        assert!(picked.iter().all(|picked| (850..1_150).contains(picked)), "{kinds}: {picked:?}");
    }
}

/// What an algorithm comes to in the end, in the mean, with a dependency of 32 workers: nine in ten
/// calls take 1 ms and one takes 20, longer where they wait, and the more are dropped the more there are.
fn found(algorithm: impl Into<Algorithm>, pick: impl Fn(&Sampler) -> bool, seed: u64) -> f64 {
    const WINDOWS: u32 = 150;
    let (sampler, mut totals) = (Sampler::new(), Totals::default());
    let mut estimator = Estimator::new(algorithm, 4, 1_000, 20);
    let mut state = seed;
    let mut sum = 0;
    for window in 0..WINDOWS {
        let limit = estimator.limit();
        for _ in 0..8_000 {
            state = state.wrapping_add(GAMMA);
            let random = mix(state);
            if pick(&sampler) {
                let micros = if random.is_multiple_of(10) { 20_000 } else { 1_000 };
                let latency = Duration::from_micros(micros) * limit.max(32) / 32;
                sampler.add(latency, limit, (random >> 32) % 800 < u64::from(limit));
            }
        }
        let Some((sample, _)) = sampler.close(&mut totals, &CUT) else { panic!("a full window") };
        // Of those who picked all the sampler thinks that they picked a part.
        let after = estimator.step(&sample.calls(8_000), mix(state));
        sum += if window >= WINDOWS / 2 { after } else { 0 };
    }
    f64::from(sum) / f64::from(WINDOWS - WINDOWS / 2)
}

#[test]
fn a_part_of_the_calls_leads_to_the_limit_that_all_of_them_lead_to() {
    let seldom_probing = Vegas { probe_every: 10_000, ..Vegas::standard() };
    let algorithms: [Algorithm; 3] =
        [Gradient2::standard().into(), seldom_probing.into(), Aimd::standard().into()];
    for algorithm in algorithms {
        for seed in [1, 2] {
            let [all, some] =
                [found(algorithm, |_| true, seed), found(algorithm, Sampler::picks, seed)];
            let name = algorithm.as_str();
            assert!((0.9..1.1).contains(&(some / all)), "{name}: {some} for {all}, seed {seed}");
        }
    }
}

#[test]
fn a_window_is_due_when_its_time_has_come_or_the_clock_has_jumped_back() {
    let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
    let due = Due::at_once();
    assert!(due.is_reached(at(0)) && due.is_reached(at(1)));
    due.set(at(1_000), Duration::from_millis(100));
    for (now, reached) in [
        (1_000, false),
        (1_099, false),
        (1_100, true),
        (1_101, true),
        (1_000_000_000, true),
        (999, false),
        (900, false),
        (899, true),
        (0, true),
    ] {
        assert_eq!(due.is_reached(at(now)), reached, "{now} ms");
    }
    due.set(Instant::from_nanos(u64::MAX - 1), Duration::from_secs(1));
    assert!(!due.is_reached(Instant::from_nanos(u64::MAX - 1)), "the end of the timeline");
    assert!(due.is_reached(Instant::from_nanos(u64::MAX)) && due.is_reached(at(1)));
}
