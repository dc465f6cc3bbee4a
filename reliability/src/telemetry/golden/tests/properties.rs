//! Whatever is told, nothing that is computed from it is no number.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::super::*;
use super::{BOUNDS, between, everything};
use crate::telemetry::metrics::{Data, Metric};

/// What one metric is given: a count, a number, an amount, bounds, and counts between them.
type Numbers = (u64, f64, i64, Vec<f64>, Vec<u64>);

fn any_metrics() -> impl Strategy<Value = Vec<Metric>> {
    let count = prop_oneof![Just(0), 0..50_u64, Just(u64::MAX)];
    let number = prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(0.0),
        Just(-3.0),
        0.0..100.0_f64,
        Just(f64::MAX)
    ];
    let amount = prop_oneof![Just(0), -5..50_i64, Just(i64::MAX), Just(i64::MIN)];
    let bounds = prop_oneof![
        Just(vec![]),
        Just(BOUNDS.to_vec()),
        Just(vec![0.1, 5.0]),
        Just(vec![1.0, 0.5]),
        Just(vec![f64::NAN])
    ];
    let counts = proptest::collection::vec(count.clone(), 0..6);
    let point = (count, number, amount, bounds, counts);
    (proptest::collection::vec(point, everything().len()), any::<u32>()).prop_map(
        |(points, missing)| {
            let all = everything().into_iter().zip(points).enumerate();
            let here = all.filter(|(at, _)| missing >> (at % 32) & 1 == 0);
            let change = |(_, (mut metric, point)): (usize, (Metric, Numbers))| {
                let (count, number, amount, bounds, counts) = point;
                match &mut metric.data {
                    Data::Counter(points) => points.iter_mut().for_each(|it| it.value = count),
                    Data::UpDownCounter(points) => {
                        points.iter_mut().for_each(|it| it.value = amount)
                    }
                    Data::Gauge(points) => points.iter_mut().for_each(|it| it.value = number),
                    Data::Histogram(points) => points.iter_mut().for_each(|it| {
                        (it.bounds, it.counts) = (bounds.clone().into(), counts.clone());
                    }),
                }
                metric
            };
            here.map(change).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_read_there_is_no_number_that_is_none(
        earlier in any_metrics(),
        later in any_metrics(),
    ) {
        let period = between(earlier, later);
        let told = period.to_string();
        prop_assert!(!told.contains("NaN") && !told.contains("inf"), "{}", told);
        let signals = period.golden_signals();
        let ratios = period.operations.iter().map(Red::error_ratio).chain([signals.error_ratio()]);
        for ratio in ratios.flatten() {
            prop_assert!((0.0..=1.0).contains(&ratio), "{}", ratio);
        }
        for usage in &period.resources {
            prop_assert!(usage.utilization().is_none_or(|it| it >= 0.0 && it.is_finite()));
        }
        for red in period.policies.iter().chain(&period.requests) {
            let of = |share| red.durations.quantile(share).map(Estimate::duration);
            prop_assert!(of(0.5) <= of(0.9) && of(0.9) <= of(0.99));
        }
    }
}

proptest! {
    #[test]
    fn a_quantile_is_in_the_bucket_of_the_call_of_that_rank(
        counts in proptest::collection::vec(0..30_u64, 4),
        share in 0.0..=1.0_f64,
    ) {
        let durations = Durations::new(BOUNDS.to_vec(), counts.clone());
        let mut calls = Vec::new();
        for (bucket, count) in counts.iter().enumerate() {
            calls.extend(core::iter::repeat_n(bucket, *count as usize));
        }
        let Some(found) = durations.quantile(share) else {
            prop_assert!(calls.is_empty());
            return Ok(());
        };
        let rank = ((share * calls.len() as f64).ceil() as usize).max(1);
        let bucket = calls[rank - 1];
        let at_most = BOUNDS.get(bucket).map(|bound| Duration::from_secs_f64(*bound));
        prop_assert_eq!(found.is_beyond(), at_most.is_none());
        prop_assert!(at_most.is_none_or(|bound| found.duration() <= bound));
        let above = bucket.checked_sub(1).map(|below| Duration::from_secs_f64(BOUNDS[below]));
        prop_assert!(above.is_none_or(|below| found.duration() >= below));
    }
}
