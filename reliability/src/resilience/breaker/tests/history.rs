//! Sequential histories against naive, exact models.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::super::Window;
use super::*;

/// The last `n` outcomes, as one would write it down first.
struct Model {
    settings: Settings,
    last: VecDeque<(bool, bool)>,
    calls: usize,
}

impl Model {
    fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone(), last: VecDeque::new(), calls: 0 }
    }

    fn window(&self) -> usize {
        match self.settings.window {
            Window::Count(calls) => calls as usize,
            _ => unreachable!("the model is of a window of calls"),
        }
    }

    /// Whether the breaker has to be open after this call.
    fn opens(&mut self, failed: bool, slow: bool) -> bool {
        self.last.push_back((failed, slow));
        self.calls += 1;
        if self.last.len() > self.window() {
            self.last.pop_front();
        }
        if self.calls < self.window().min(self.settings.min_calls as usize) {
            return false;
        }
        let failed = self.last.iter().filter(|call| call.0).count();
        let slow = self.last.iter().filter(|call| call.1).count();
        let reaches = |count: usize, rate: f64| {
            count as u64 * 1_000_000 >= (rate * 1e6).round() as u64 * self.last.len() as u64
        };
        let slow_rate = self.settings.slow_calls.map(|(_, rate)| rate);
        reaches(failed, self.settings.failure_rate)
            || slow_rate.is_some_and(|rate| reaches(slow, rate))
    }
}

/// Stretches of traffic: how many calls, and how many of a hundred fail and are slow.
fn traffic() -> impl Strategy<Value = Vec<(bool, bool)>> {
    let percent = || prop_oneof![Just(0_u32), Just(100), 0..=100_u32];
    let stretch = (1..150_usize, percent(), percent(), any::<u64>());
    let stretches = prop::collection::vec(stretch, 1..12);
    stretches.prop_map(|stretches| {
        let mut calls = Vec::new();
        for (length, failing, slow, mut seed) in stretches {
            let mut happens = |percent: u32| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((seed >> 33) % 100) < u64::from(percent)
            };
            calls.extend((0..length).map(|_| (happens(failing), happens(slow))));
        }
        calls
    })
}

fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.5),
        Just(1.0),
        Just(0.07),
        Just(0.000_001),
        (1..=100_u32).prop_map(|percent| f64::from(percent) / 100.0)
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let window = prop_oneof![Just(1_u32), Just(2), Just(100), 1..=130_u32];
    let min_calls = prop_oneof![Just(1_u32), 1..=150_u32];
    (window, rate(), min_calls, prop::option::of(rate())).prop_map(|(n, rate, min_calls, slow)| {
        let settings = standard().window(Window::count(n)).failure_rate(rate).min_calls(min_calls);
        match slow {
            Some(rate) => settings.slow_calls(Duration::from_millis(1), rate),
            None => settings,
        }
    })
}

fn counted(failed: bool) -> Counted {
    if failed { Counted::Failure } else { Counted::Success }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// It opens at the very call at which the model says so, never earlier and never later; and
    /// after a reset, when nothing of the past may count, again.
    #[test]
    fn a_count_window_agrees_with_a_list_of_outcomes(settings in settings(), calls in traffic()) {
        let rig = Rig::new(settings.clone());
        let mut model = Model::new(&settings);
        for (i, (failed, slow)) in calls.into_iter().enumerate() {
            let slow = slow && settings.slow_calls.is_some();
            let generation = rig.admit().unwrap();
            rig.record(generation, counted(failed), slow);
            let opens = model.opens(failed, slow);
            prop_assert_eq!(rig.state() == State::Open, opens, "call {}", i);
            if opens {
                rig.advance(rig.retry_after());
                while rig.state() != State::Closed {
                    rig.call(Counted::Success);
                }
                model = Model::new(&settings);
            }
        }
    }

    /// The two bounds that are promised, in their own words.
    #[test]
    fn it_opens_soon_after_the_rate_is_reached_and_not_far_below_it(
        settings in settings(),
        calls in traffic(),
    ) {
        let settings = settings.no_slow_calls();
        let Window::Count(n) = settings.window else { unreachable!() };
        let n = n as usize;
        let rig = Rig::new(settings.clone());
        let mut history: Vec<bool> = Vec::new();
        let mut calls_above = 0;
        for (failed, _) in calls {
            rig.call(counted(failed));
            history.push(failed);
            let open = rig.state() == State::Open;
            let failed_of_last = |calls: usize| {
                let last = &history[history.len().saturating_sub(calls)..];
                last.iter().filter(|failed| **failed).count() as f64
            };
            let reached = failed_of_last(n) >= settings.failure_rate * n as f64;
            calls_above = if reached && history.len() >= n { calls_above + 1 } else { 0 };
            prop_assert!(open || calls_above <= n.div_ceil(10));
            if open {
                let longer = (1.1 * n as f64) as usize;
                if history.len() >= longer.max(n) {
                    let least = (settings.failure_rate - 0.1) * longer as f64;
                    prop_assert!(failed_of_last(longer) >= least);
                }
                break;
            }
        }
    }

    /// So many failures in a row, and nothing else.
    #[test]
    fn consecutive_failures_open(n in 1..10_u32, calls in traffic()) {
        let rig = Rig::new(Settings::consecutive().window(Window::consecutive(n)));
        let mut streak = 0;
        for (failed, _) in calls {
            rig.call(counted(failed));
            streak = if failed { streak + 1 } else { 0 };
            prop_assert_eq!(rig.state() == State::Open, streak == n);
            if streak == n {
                break;
            }
        }
    }

    /// The window of time judges by the buckets that it shows, from the least number of calls on.
    #[test]
    fn a_time_window_opens_when_its_counts_reach_a_rate(
        calls in traffic(),
        waits in prop::collection::vec(0..300_u64, 50),
        min_calls in 1..60_u32,
        rate in rate(),
        slow_rate in rate(),
    ) {
        let settings = standard()
            .window(Window::time(Duration::from_secs(1)))
            .min_calls(min_calls)
            .failure_rate(rate)
            .slow_calls(Duration::from_millis(1), slow_rate);
        let rig = Rig::new(settings);
        let mut past: VecDeque<(u64, bool, bool)> = VecDeque::new();
        for ((failed, slow), wait) in calls.into_iter().zip(waits.iter().cycle()) {
            rig.advance(Duration::from_millis(*wait / 10));
            let generation = rig.admit().unwrap();
            rig.record(generation, counted(failed), slow);
            let bucket = rig.now.get().as_nanos() / 100_000_000;
            past.push_back((bucket, failed, slow));
            past.retain(|call| bucket - call.0 < 10);
            let reaches = |count: usize, rate: f64| {
                count as u64 * 1_000_000 >= (rate * 1e6).round() as u64 * past.len() as u64
            };
            let failures = past.iter().filter(|call| call.1).count();
            let slow = past.iter().filter(|call| call.2).count();
            let opens = past.len() >= min_calls as usize
                && (reaches(failures, rate) || reaches(slow, slow_rate));
            prop_assert_eq!(rig.state() == State::Open, opens);
            if opens {
                break;
            }
        }
    }
}

#[test]
fn after_a_long_good_time_an_outage_opens_at_once() {
    let rig = Rig::new(standard());
    for _ in 0..100_000 {
        rig.call(Counted::Success);
    }
    let mut failures = 0;
    while rig.state() == State::Closed {
        rig.call(Counted::Failure);
        failures += 1;
    }
    assert_eq!(failures, 50);
}

#[test]
fn judging_starts_with_the_least_number_of_calls_or_a_full_window() {
    for (window, min_calls, first) in [(100, 20, 20), (10, 20, 10), (1, 20, 1), (100, 1, 1)] {
        let rig = Rig::new(standard().window(Window::count(window)).min_calls(min_calls));
        let mut failures = 0;
        while rig.state() == State::Closed {
            rig.call(Counted::Failure);
            failures += 1;
        }
        assert_eq!(failures, first, "window {window}, least {min_calls}");
    }
}

#[test]
fn a_success_opens_when_it_is_the_call_that_was_missing() {
    for window in [Window::count(100), Window::time(Duration::from_secs(10))] {
        let rig = Rig::new(standard().window(window).min_calls(20));
        for _ in 0..19 {
            rig.call(Counted::Failure);
        }
        assert_eq!(rig.state(), State::Closed);
        rig.call(Counted::Success);
        assert_eq!(rig.state(), State::Open, "{window:?}");
    }
}

#[test]
fn what_counts_as_nothing_is_not_in_the_window() {
    let rig = Rig::new(standard().min_calls(1));
    for _ in 0..1000 {
        rig.call(Counted::Nothing);
    }
    assert_eq!(rig.engine.memory.counts(0, &rig.engine.settings.rule(), || rig.now.get()).calls, 0);
    rig.call(Counted::Failure);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn the_largest_window_works() {
    let n = super::super::settings::CALLS_MAX;
    let rig = Rig::new(standard().window(Window::count(n)).min_calls(n).failure_rate(1.0));
    for _ in 0..n - 1 {
        rig.call(Counted::Failure);
    }
    assert_eq!(rig.state(), State::Closed);
    rig.call(Counted::Failure);
    assert_eq!(rig.state(), State::Open);
}
