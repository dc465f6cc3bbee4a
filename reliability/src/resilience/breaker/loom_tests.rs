//! Every interleaving of calls and orders with transitions.

use core::time::Duration;

use loom::sync::Arc;
use loom::thread;

use super::circuit::Circuit;
use super::engine::Engine;
use super::live::LiveSettings;
use super::window::lanes::LaneCount;
use super::{Breaker, Settings, State, Window};
use crate::error::{Counted, Name};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::time::{Instant, ManualClock};

/// Open periods are over at `LATER`.
const NOW: Instant = Instant::from_nanos(1_000_000_000);
const LATER: Instant = Instant::from_nanos(10_000_000_000);

/// Two preemptions: three of them take the tests with three threads half a minute each.
fn model(check: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(check);
}

fn engine(window: u32, rate: f64, probes: u32) -> Arc<Engine> {
    let settings = Settings::standard()
        .window(Window::Count(window))
        .min_calls(window)
        .failure_rate(rate)
        .probes(probes);
    let name = Name::from_static("loom");
    Arc::new(Engine::new(name, &settings, window, LaneCount::Striped, 0))
}

fn admit(engine: &Engine) -> Option<u32> {
    engine.admit(|| LATER).ok()
}

fn record(engine: &Engine, generation: u32, counted: Counted) {
    if !engine.record_quickly(generation, counted, || NOW) {
        engine.record(generation, counted, false, || NOW);
    }
}

fn state(engine: &Engine) -> State {
    State::of(engine.cell.load())
}

fn went(engine: &Engine, from: State, to: State) -> u64 {
    engine.tally.transitions.read(from, to)
}

/// Closed with a window of one call, whose failure opens.
fn open(engine: &Engine) {
    let generation = admit(engine).unwrap();
    record(engine, generation, Counted::Failure);
    assert_eq!(state(engine), State::Open);
}

/// Runs all at the same time.
fn together<const N: usize, T: 'static>(
    engine: &Arc<Engine>,
    calls: [fn(&Engine) -> T; N],
) -> [T; N] {
    let spawn = |call: fn(&Engine) -> T| {
        let engine = Arc::clone(engine);
        thread::spawn(move || call(&engine))
    };
    calls.map(spawn).map(|thread| thread.join().unwrap())
}

#[test]
fn loom_of_three_calls_at_once_two_are_probes() {
    model(|| {
        let engine = engine(1, 1.0, 2);
        open(&engine);
        let admitted = together(&engine, [admit, admit, admit]);
        assert_eq!(admitted.iter().flatten().count(), 2, "{admitted:?}");
        assert_eq!(went(&engine, State::Open, State::HalfOpen), 1);
    });
}

/// One place is taken throughout, and the other goes to and fro.
#[test]
fn loom_a_place_that_is_given_back_is_free_once() {
    model(|| {
        let engine = engine(1, 1.0, 2);
        open(&engine);
        assert!(admit(&engine).is_some());
        let running = Arc::new(AtomicU32::new(0));
        let calls = [(); 2].map(|()| {
            let (engine, running) = (Arc::clone(&engine), Arc::clone(&running));
            thread::spawn(move || {
                let Some(probe) = admit(&engine) else { return };
                assert_eq!(running.fetch_add(1, Ordering::AcqRel), 0, "two at once");
                running.fetch_sub(1, Ordering::AcqRel);
                record(&engine, probe, Counted::Nothing);
            })
        });
        for call in calls {
            call.join().unwrap();
        }
        // No place is lost, and none was won.
        assert!(admit(&engine).is_some());
        assert!(admit(&engine).is_none());
    });
}

#[test]
fn loom_probes_that_end_together_decide_once() {
    model(|| {
        let engine = engine(1, 1.0, 2);
        open(&engine);
        let probes = [admit(&engine), admit(&engine)].map(Option::unwrap);
        assert_eq!(probes[0], probes[1]);
        let end: fn(&Engine) =
            |engine| record(engine, engine.cell.load().generation(), Counted::Success);
        together(&engine, [end, end]);
        assert_eq!(state(&engine), State::Closed);
        assert_eq!(went(&engine, State::HalfOpen, State::Closed), 1);
        assert_eq!(went(&engine, State::HalfOpen, State::Open), 0);
    });
}

#[test]
fn loom_failures_that_trip_together_open_once() {
    model(|| {
        let engine = engine(2, 1.0, 1);
        let fail: fn(&Engine) = |engine| record(engine, 0, Counted::Failure);
        together(&engine, [fail, fail]);
        assert_eq!(state(&engine), State::Open);
        assert_eq!(went(&engine, State::Closed, State::Open), 1);
        assert_eq!(engine.tally.trips.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn loom_a_success_that_makes_the_calls_enough_opens_or_the_failure_does() {
    model(|| {
        let engine = engine(2, 0.5, 1);
        together(
            &engine,
            [
                |engine| record(engine, 0, Counted::Success),
                |engine| record(engine, 0, Counted::Failure),
            ],
        );
        assert_eq!(state(&engine), State::Open);
    });
}

/// One failure that counted would open.
#[test]
fn loom_a_failure_from_before_a_reset_does_not_open_after_it() {
    model(|| {
        let engine = engine(1, 1.0, 1);
        together(
            &engine,
            [
                |engine| record(engine, 0, Counted::Failure),
                Engine::reset,
                |engine| {
                    // Closed, for it was either never open or is so no more; or still open.
                    if let Some(generation) = admit(engine) {
                        record(engine, generation, Counted::Success);
                    }
                },
            ],
        );
        assert_eq!(state(&engine), State::Closed);
        let generation = engine.cell.load().generation();
        let rule = engine.settings.rule();
        assert_eq!(engine.memory.counts(generation, &rule, || NOW).failures, 0);
    });
}

/// Only the outcome of a probe may end half-open.
#[test]
fn loom_a_late_outcome_does_not_decide() {
    model(|| {
        let engine = engine(1, 1.0, 1);
        open(&engine);
        let [probe, _, _] = together(
            &engine,
            [
                admit,
                |engine| {
                    record(engine, 0, Counted::Success);
                    None
                },
                |engine| {
                    record(engine, 0, Counted::Nothing);
                    None
                },
            ],
        );
        assert!(probe.is_some());
        let trial = Circuit::HalfOpen { admitted: 1, completed: 0, failed: 0, slow: 0 };
        assert_eq!(engine.cell.load().machine(), trial);
    });
}

/// The wait for a probe is over, and so is the open period after that: a second probe is on its way
/// when the first one comes back.
#[test]
fn loom_a_probe_that_was_given_up_does_not_decide_for_the_next_one() {
    model(|| {
        let engine = engine(1, 1.0, 1);
        open(&engine);
        assert_eq!(admit(&engine), Some(2));
        let hours_later = |engine: &Engine, hours: u64| {
            engine.admit(|| LATER.saturating_add(Duration::from_secs(hours * 3_600))).ok()
        };
        let first = {
            let engine = Arc::clone(&engine);
            thread::spawn(move || record(&engine, 2, Counted::Success))
        };
        let closed = hours_later(&engine, 1).is_some();
        let second = hours_later(&engine, 2);
        first.join().unwrap();
        // It closes the breaker if it comes in time, and does nothing afterwards.
        let generation = if closed { 3 } else { 4 };
        assert_eq!(second, Some(generation));
        assert_eq!(engine.cell.load().generation(), generation);
    });
}

#[test]
fn loom_orders_of_three_operators_are_carried_out_one_after_the_other() {
    model(|| {
        let engine = engine(1, 1.0, 1);
        together(&engine, [Engine::force_open, Engine::disable, Engine::reset]);
        let last = engine.cell.load();
        assert!([State::ForcedOpen, State::Disabled, State::Closed].contains(&State::of(last)));
        let all = State::ALL.iter().flat_map(|&from| State::ALL.map(|to| went(&engine, from, to)));
        assert_eq!(all.sum::<u64>(), last.generation().into());
        assert_eq!(last.generation(), 3);
    });
}

#[test]
fn loom_metrics_only_is_not_lost_to_the_end_of_the_first_calls() {
    model(|| {
        let engine = engine(1, 1.0, 1);
        together(&engine, [Engine::metrics_only, |engine| record(engine, 0, Counted::Success)]);
        let observing = Circuit::Closed { settled: true, observing: true };
        assert_eq!(engine.cell.load().machine(), observing);
    });
}

/// The quick way of a success, against the end of the generation in which it was admitted.
#[test]
fn loom_a_success_from_before_a_reset_is_not_in_the_window_after_it() {
    model(|| {
        let engine = engine(1, 1.0, 1);
        record(&engine, 0, Counted::Success);
        together(
            &engine,
            [
                |engine| record(engine, 0, Counted::Success),
                |engine| {
                    engine.reset();
                    record(engine, 1, Counted::Success);
                },
            ],
        );
        let rule = engine.settings.rule();
        assert_eq!(engine.memory.counts(1, &rule, || NOW).calls, 1);
    });
}

/// What only counts is exact, too: outcomes that come late, and trips that did not happen.
#[test]
fn loom_nothing_that_is_counted_beside_the_state_is_lost() {
    model(|| {
        let engine = engine(1, 1.0, 1);
        engine.metrics_only();
        let fail: fn(&Engine) =
            |engine| record(engine, engine.cell.load().generation(), Counted::Failure);
        together(&engine, [fail, fail]);
        let suppressed = engine.tally.suppressed.load(Ordering::Relaxed);
        assert!((1..=2).contains(&suppressed));
        assert_eq!(suppressed, u64::from(engine.cell.load().generation()));
        assert_eq!(suppressed, went(&engine, State::Closed, State::Closed));
    });
    model(|| {
        let engine = engine(1, 1.0, 2);
        engine.reset();
        record(&engine, 1, Counted::Success);
        together(&engine, [|engine| record(engine, 0, Counted::Success); 2]);
        assert_eq!(engine.tally.stale.load(Ordering::Relaxed), 2);
        assert_eq!(went(&engine, State::Closed, State::Closed), 1);
    });
}

/// A window of 10 calls with the least number of calls of one of 1000 would open at once.
#[test]
fn loom_a_rule_is_seen_whole_while_it_changes() {
    model(|| {
        let settings = |calls: u32, rate: f64| {
            let settings = Settings::standard().window(Window::Count(calls)).min_calls(calls);
            settings.failure_rate(rate)
        };
        let [before, after] = [settings(10, 0.9), settings(1_000, 0.1)];
        let live = Arc::new(LiveSettings::new(&before));
        let reader = {
            let live = Arc::clone(&live);
            thread::spawn(move || live.rule())
        };
        live.store(&after);
        let rules = [before, after].map(|settings| LiveSettings::new(&settings).rule());
        assert!(rules.contains(&reader.join().unwrap()));
        assert_eq!(live.rule(), rules[1]);
    });
}

/// Of two changes at once any may stay; but an open period that begins under what has stayed is no
/// period that nobody could have asked for, which would be taken for a clock that has jumped.
#[test]
fn loom_whatever_stays_of_two_changes_a_breaker_that_opens_refuses() {
    model(|| {
        let settings = |seconds| {
            let period = Duration::from_secs(seconds);
            Settings { open_max: period, ..Settings::standard().open_for(period) }
        };
        let engine = Arc::new(Engine::new(
            Name::from_static("loom"),
            &settings(1).window(Window::Count(1)).min_calls(1).failure_rate(1.0),
            1,
            LaneCount::Striped,
            0,
        ));
        let store = |seconds| {
            let engine = Arc::clone(&engine);
            let settings = settings(seconds).window(Window::Count(1)).min_calls(1);
            thread::spawn(move || engine.settings.store(&settings))
        };
        for operator in [store(2), store(60)] {
            operator.join().unwrap();
        }
        open(&engine);
        assert!(engine.admit(|| NOW).is_err(), "{:?}", engine.settings.settings());
    });
}

/// In buckets of the old length the failure would lie in the future, or long ago.
#[test]
fn loom_who_sees_an_emptied_window_of_time_sees_its_new_length() {
    model(|| {
        let clock = ManualClock::new();
        clock.set(LATER);
        let lengths = [1, 7].map(|seconds| Window::time(Duration::from_secs(seconds)));
        let breaker = Breaker::builder("loom").window(lengths[0]).clock(clock.clock()).build();
        let breaker = breaker.unwrap();
        let operator = {
            let breaker = breaker.clone();
            thread::spawn(move || breaker.reconfigure(|s| s.window = lengths[1]).unwrap())
        };
        breaker.acquire().unwrap().failure();
        let seen = breaker.inner().engine.cell.load().generation();
        breaker.acquire().unwrap().failure();
        operator.join().unwrap();
        let failures = breaker.snapshot().window.failures;
        let least = if seen == 1 { 1 } else { 0 };
        assert!((least..=2).contains(&failures), "{failures} after generation {seen}");
    });
}
