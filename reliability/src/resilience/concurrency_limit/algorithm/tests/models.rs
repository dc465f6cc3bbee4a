//! The algorithms against their formulas, written down as naively as can be: whole numbers where the
//! formula has them, lists where it has means.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::super::*;

const MAX: u32 = 5_000;

/// A window: latency in nanoseconds, how many were inside, and whether calls were dropped.
type Window = (u64, u32, bool);

fn windows(latency: impl Strategy<Value = u64>) -> impl Strategy<Value = Vec<Window>> {
    let dropped = prop_oneof![9 => Just(false), 1 => Just(true)];
    let inside = prop_oneof![2 => Just(MAX), 1 => 0..60_u32, 1 => 0..MAX];
    prop::collection::vec((latency, inside, dropped), 1..150)
}

fn sample((nanos, inside, dropped): Window) -> Sample {
    let sample = Sample::new(Duration::from_nanos(nanos), inside);
    if dropped { sample.dropped() } else { sample }
}

/// Latencies that divide no product of a limit and a difference of two of them, so that no queue is
/// a whole number but zero, and rounding decides nothing.
fn primes() -> impl Strategy<Value = u64> {
    prop::sample::select(alloc::vec![
        20_011_u64, 20_021, 20_101, 21_001, 22_003, 24_001, 30_011, 40_009, 80_021, 200_003,
    ])
}

/// The formula of Vegas in whole numbers. Without a probe, and each change made at once.
struct NaiveVegas {
    limit: u64,
    no_load: Option<u64>,
    /// `alpha_share` and `beta_share` in hundredths.
    percent: [u64; 2],
}

impl NaiveVegas {
    fn step(&mut self, min: u64, (latency, inside, dropped): Window) {
        let Some(no_load) = self.no_load else {
            self.no_load = Some(latency);
            if dropped {
                self.limit = self.shrunk(min);
            }
            return;
        };
        let no_load = no_load.min(latency);
        self.no_load = Some(no_load);
        let queue = (self.limit * (latency - no_load)).div_ceil(latency);
        let step = self.step_size();
        let [low, high] = self.percent.map(|percent| self.limit * percent / 100);
        let (low, high) = (low.max(3 * step), high.max(6 * step));
        self.limit = if dropped {
            self.shrunk(min)
        } else if u64::from(inside) * 2 < self.limit {
            self.limit
        } else if queue <= step {
            self.limit + 6 * step
        } else if queue < low {
            self.limit + step
        } else if queue > high {
            self.shrunk(min)
        } else {
            self.limit
        };
        self.limit = self.limit.clamp(min, MAX.into());
    }

    /// One for up to two digits, two for three of them, three for four.
    fn step_size(&self) -> u64 {
        (self.limit.to_string().len() as u64 - 1).max(1)
    }

    fn shrunk(&self, min: u64) -> u64 {
        self.limit.saturating_sub(self.step_size()).max(min)
    }
}

/// The formula of the gradient, with the list of all latencies.
struct NaiveGradient2 {
    limit: f64,
    latencies: Vec<f64>,
    long: f64,
}

impl NaiveGradient2 {
    fn step(&mut self, settings: &Gradient2, min: u32, (nanos, inside, dropped): Window) {
        let latency = nanos as f64;
        self.latencies.push(latency);
        let count = self.latencies.len() as f64;
        let long = if count <= 10.0 && self.long_is_plain() {
            self.latencies.iter().sum::<f64>() / count
        } else {
            let weight = if count <= 10.0 {
                1.0 / count
            } else {
                2.0 / (f64::from(settings.long_window) + 1.0)
            };
            self.long * (1.0 - weight) + latency * weight
        };
        self.long = if long > 2.0 * latency { long * 0.95 } else { long };
        let gradient = (settings.tolerance * long / latency).clamp(0.5, 1.0);
        let target = match (dropped, f64::from(inside) * 2.0 < self.limit) {
            (true, _) => self.limit / 2.0,
            (false, true) => self.limit,
            (false, false) => self.limit * gradient + f64::from(settings.queue),
        };
        let change = (target - self.limit) * settings.smoothing;
        self.limit = (self.limit + change).clamp(min.into(), MAX.into());
    }

    /// Whether the long mean was never brought down, so that it is the mean of the list.
    fn long_is_plain(&self) -> bool {
        let before = &self.latencies[..self.latencies.len() - 1];
        let mean = before.iter().sum::<f64>() / before.len() as f64;
        before.is_empty() || (self.long - mean).abs() < mean * 1e-9
    }
}

proptest! {
    #[test]
    fn aimd_adds_one_and_takes_a_part(
        // Not 7: what is seven tenths of a whole number is less, as a float, than a whole number.
        tenths in prop::sample::select(alloc::vec![5_u32, 6, 8, 9]),
        (min, initial) in (1_u32..30, 1_u32..MAX),
        windows in windows(1_u64..200),
    ) {
        let timeout = Duration::from_nanos(180);
        let aimd = Aimd { backoff: f64::from(tenths) / 10.0, timeout };
        let mut estimator = Estimator::new(aimd, min, MAX, initial);
        let mut naive = initial.max(min);
        for window in windows {
            let (nanos, inside, dropped) = window;
            if dropped || nanos > 180 {
                naive = (naive * tenths / 10).max(min);
            } else if inside * 2 >= naive {
                naive = (naive + 1).min(MAX);
            }
            prop_assert_eq!(estimator.step(&sample(window), 0), naive);
        }
    }

    #[test]
    fn vegas_keeps_the_queue_that_its_formula_says(
        (min, initial) in (1_u32..30, 1_u32..MAX),
        (low, high) in prop_oneof![Just((0, 0)), (0_u32..=100, 0_u32..=100)],
        windows in windows(primes()),
    ) {
        let (low, high) = (low.min(high), low.max(high));
        let [alpha_share, beta_share] = [low, high].map(|percent| f64::from(percent) / 100.0);
        let never =
            Vegas { alpha_share, beta_share, probe_every: 1_000_000, ..Vegas::published() };
        let mut estimator = Estimator::new(never, min, MAX, initial);
        let percent = [low.into(), high.into()];
        let mut naive = NaiveVegas { limit: initial.max(min).into(), no_load: None, percent };
        for window in windows {
            naive.step(min.into(), window);
            prop_assert_eq!(u64::from(estimator.step(&sample(window), 0)), naive.limit);
        }
    }

    #[test]
    fn gradient2_goes_a_part_of_the_way_to_what_its_formula_says(
        (min, initial) in (1_u32..30, 1_u32..MAX),
        (tolerance, queue, smoothing, long_window) in (1.0..3.0, 1_u32..10, 0.05..1.0, 1_u32..50),
        windows in windows(1_000_u64..100_000),
    ) {
        let settings = Gradient2 { tolerance, queue, smoothing, long_window };
        let mut estimator = Estimator::new(settings, min, MAX, initial);
        let mut naive =
            NaiveGradient2 { limit: initial.max(min).into(), latencies: Vec::new(), long: 0.0 };
        for window in windows {
            naive.step(&settings, min, window);
            let limit = estimator.step(&sample(window), 0);
            // The sums are not added up in the same order.
            let [low, high] = [naive.limit - 1e-6, naive.limit + 1e-6].map(|limit| limit as u32);
            prop_assert!((low..=high).contains(&limit), "{} and {}", limit, naive.limit);
        }
    }
}
