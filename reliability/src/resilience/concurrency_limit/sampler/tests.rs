use alloc::vec::Vec;

use proptest::prelude::*;

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

/// What a window says, from the list of its calls.
fn naive(calls: &[(u64, u32, bool)], cut: &Cut) -> Option<(Sample, Duration)> {
    if calls.len() < cut.samples as usize || calls.is_empty() {
        return None;
    }
    let nanos = || calls.iter().map(|(nanos, ..)| (*nanos).min(NANOS_MAX));
    let dropped = calls.iter().filter(|(.., dropped)| *dropped).count();
    let sample = Sample {
        latency: Duration::from_nanos(nanos().sum::<u64>() / calls.len() as u64),
        in_flight: calls.iter().map(|(_, inside, _)| *inside).max()?,
        calls: calls.len() as u32,
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
        for step in steps {
            match step {
                Step::Call(nanos, inside, dropped) => {
                    sampler.add(Duration::from_nanos(nanos), inside, dropped);
                    calls.push((nanos, inside, dropped));
                }
                Step::Close => {
                    let expected = naive(&calls, &cut);
                    prop_assert_eq!(sampler.close(&mut last, &cut), expected);
                    if expected.is_some() {
                        calls.clear();
                    }
                }
                Step::Discard => {
                    sampler.discard(&mut last);
                    calls.clear();
                }
            }
        }
    }
}
