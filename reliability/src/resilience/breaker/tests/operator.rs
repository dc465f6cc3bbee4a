//! What an operator can order. The calls go through the handle, the only one that has them.

use super::super::{Breaker, Window};
use super::*;
use crate::time::ManualClock;

fn breaker(settings: Settings) -> (Breaker, ManualClock) {
    let manual = ManualClock::new();
    let built = Breaker::builder("rig").settings(settings).clock(manual.clock()).build();
    (built.unwrap(), manual)
}

fn fail(breaker: &Breaker, times: u32) {
    for _ in 0..times {
        breaker.acquire().unwrap().failure();
    }
}

/// Leads a breaker into each of its states.
fn in_each_state() -> [(State, Breaker); 5] {
    State::ALL.map(|state| {
        let (breaker, manual) = breaker(standard());
        match state {
            State::Closed => {}
            State::Open => fail(&breaker, 20),
            State::HalfOpen => {
                fail(&breaker, 20);
                manual.advance(Duration::from_secs(5));
                drop(breaker.acquire().unwrap());
            }
            State::ForcedOpen => breaker.force_open(),
            State::Disabled => breaker.disable(),
        }
        assert_eq!(breaker.state(), state);
        (state, breaker)
    })
}

#[test]
fn every_order_works_in_every_state() {
    for (from, breaker) in in_each_state() {
        breaker.force_open();
        assert_eq!(breaker.state(), State::ForcedOpen, "{from}");
        assert_eq!(breaker.acquire().unwrap_err().retry_after(), None);
    }
    for (from, breaker) in in_each_state() {
        breaker.disable();
        assert_eq!(breaker.state(), State::Disabled, "{from}");
        fail(&breaker, 1000);
        assert_eq!(breaker.state(), State::Disabled);
    }
    for (from, breaker) in in_each_state() {
        breaker.reset();
        assert_eq!(breaker.state(), State::Closed, "{from}");
        assert_eq!(breaker.snapshot().trips, 0);
        fail(&breaker, 20);
        assert_eq!(breaker.state(), State::Open);
    }
    for (from, breaker) in in_each_state() {
        breaker.metrics_only();
        let now = breaker.snapshot();
        assert_eq!((now.state, now.metrics_only), (State::Closed, true), "{from}");
        fail(&breaker, 65);
        let now = breaker.snapshot();
        assert_eq!((now.suppressed, now.window.failures, now.metrics_only), (3, 5, true));
    }
}

#[test]
fn forced_open_and_disabled_stay() {
    let (breaker, manual) = breaker(standard());
    breaker.force_open();
    manual.advance(Duration::from_secs(1_000_000));
    assert!(breaker.acquire().is_err());
    breaker.disable();
    manual.advance(Duration::from_secs(1_000_000));
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.snapshot().window.calls, 0);
}

#[test]
fn the_same_order_twice_is_one() {
    let (breaker, _) = breaker(standard());
    breaker.force_open();
    breaker.force_open();
    breaker.disable();
    breaker.disable();
    let now = breaker.snapshot();
    assert_eq!(now.transitions(State::Closed, State::ForcedOpen), 1);
    assert_eq!(now.transitions(State::ForcedOpen, State::Disabled), 1);
}

#[test]
fn metrics_only_keeps_the_window_of_a_closed_breaker() {
    let (breaker, _) = breaker(standard());
    fail(&breaker, 19);
    breaker.metrics_only();
    assert_eq!(breaker.snapshot().window.failures, 19);
    fail(&breaker, 1);
    assert_eq!(breaker.snapshot().suppressed, 1);
    breaker.reset();
    assert!(!breaker.snapshot().metrics_only);
}

#[test]
fn an_outcome_from_before_an_order_does_not_count_after_it() {
    let (breaker, _) = breaker(standard().min_calls(1));
    let permits = [(); 3].map(|()| breaker.acquire().unwrap());
    breaker.reset();
    for permit in permits {
        permit.failure();
    }
    let now = breaker.snapshot();
    assert_eq!((now.state, now.window.calls, now.stale), (State::Closed, 0, 3));
}

#[test]
fn new_settings_keep_window_and_state() {
    let (breaker, manual) = breaker(standard());
    fail(&breaker, 10);
    breaker
        .reconfigure(|settings| *settings = settings.clone().failure_rate(0.9).min_calls(12))
        .unwrap();
    assert_eq!(breaker.snapshot().window.failures, 10);
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Closed);
    fail(&breaker, 1);
    assert_eq!(breaker.state(), State::Open);

    breaker.reconfigure(|settings| settings.probes = 1).unwrap();
    assert_eq!(breaker.state(), State::Open);
    manual.advance(Duration::from_secs(5));
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_larger_window_remembers_what_the_smaller_one_had() {
    let settings = standard().window(Window::count(10)).min_calls(10).failure_rate(1.0);
    let breaker = Breaker::builder("rig").settings(settings).window_capacity(100).build().unwrap();
    for _ in 0..50 {
        breaker.acquire().unwrap().success();
    }
    fail(&breaker, 5);
    breaker.reconfigure(|settings| settings.window = Window::count(100)).unwrap();
    let window = breaker.snapshot().window;
    assert_eq!((window.calls, window.failures), (55, 5));
}

#[test]
fn another_length_empties_a_window_of_time() {
    let (breaker, _) = breaker(Settings::busy());
    fail(&breaker, 10);
    breaker.reconfigure(|settings| settings.min_calls = 50).unwrap();
    assert_eq!(breaker.snapshot().window.calls, 10);
    let minute = Window::time(Duration::from_secs(60));
    breaker.reconfigure(|settings| settings.window = minute).unwrap();
    let now = breaker.snapshot();
    assert_eq!((now.state, now.window.calls), (State::Closed, 0));
    fail(&breaker, 50);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn what_it_was_not_built_for_is_refused_and_changes_nothing() {
    let (breaker, _) = breaker(standard());
    let slow = Duration::from_millis(1);
    for (change, setting) in [
        (standard().window(Window::count(101)).probes(9), "window"),
        (standard().window(Window::consecutive(5)).probes(9), "window"),
        (standard().window(Window::time(Duration::from_secs(1))).probes(9), "window"),
        (standard().slow_calls(slow, 0.5).probes(9), "slow_calls"),
        (standard().failure_rate(0.0).probes(9), "failure_rate"),
    ] {
        let refused = breaker.reconfigure(|settings| *settings = change).unwrap_err();
        assert_eq!(refused.setting(), setting);
        assert_eq!(breaker.settings(), standard());
    }
}

#[test]
fn every_number_at_its_ends() {
    let day = Duration::from_secs(24 * 60 * 60);
    let build = |settings: Settings| Breaker::builder("rig").settings(settings).build();
    let second = Duration::from_secs(1);
    for (good, settings) in [
        (true, standard().window(Window::count(1))),
        (false, standard().window(Window::count(0))),
        (false, standard().window(Window::count(1_000_001))),
        (false, standard().window(Window::count(u32::MAX))),
        (true, standard().window(Window::consecutive(1))),
        (true, standard().window(Window::consecutive(1_000_000))),
        (false, standard().window(Window::consecutive(0))),
        (true, standard().window(Window::time(Duration::from_millis(100)))),
        (true, standard().window(Window::time(day))),
        (false, standard().window(Window::time(Duration::ZERO))),
        (false, standard().window(Window::time(Duration::MAX))),
        (true, standard().failure_rate(0.000_001)),
        (true, standard().failure_rate(1.0)),
        (false, standard().failure_rate(0.0)),
        (false, standard().failure_rate(0.000_000_1)),
        (false, standard().failure_rate(1.000_001)),
        (false, standard().failure_rate(f64::NAN)),
        (false, standard().failure_rate(f64::INFINITY)),
        (false, standard().failure_rate(-1.0)),
        (true, standard().slow_calls(Duration::from_micros(1), 1.0)),
        (false, standard().slow_calls(Duration::ZERO, 1.0)),
        (false, standard().slow_calls(Duration::MAX, 1.0)),
        (false, standard().slow_calls(second, 0.0)),
        (false, Settings::consecutive().slow_calls(second, 0.5)),
        (true, standard().min_calls(1)),
        (true, standard().min_calls(1_000_000)),
        (false, standard().min_calls(0)),
        (false, standard().min_calls(u32::MAX)),
        (true, standard().open_for(Duration::from_millis(1))),
        (true, standard().open_for(7 * day)),
        (false, standard().open_for(Duration::ZERO)),
        (false, standard().open_for(Duration::MAX)),
        (true, standard().open_growth(100.0, second)),
        (false, standard().open_growth(0.9, second)),
        (false, standard().open_growth(f64::NAN, second)),
        (false, standard().open_growth(2.0, Duration::ZERO)),
        (true, standard().open_jitter(1.0)),
        (false, standard().open_jitter(1.1)),
        (false, standard().open_jitter(f64::NAN)),
        (true, standard().probes(1)),
        (true, standard().probes(255)),
        (false, standard().probes(0)),
        (false, standard().probes(256)),
        (true, standard().half_open_for(Duration::from_millis(1))),
        (false, standard().half_open_for(Duration::ZERO)),
        (false, standard().half_open_for(Duration::MAX)),
    ] {
        let built = build(settings.clone());
        assert_eq!(built.is_ok(), good, "{settings:?} {built:?}");
        if let Ok(breaker) = built {
            assert_eq!(breaker.settings(), settings);
            breaker.acquire().unwrap().success();
        }
    }
}

#[test]
fn a_percentage_is_told_apart_from_a_share() {
    let refused = Breaker::builder("stock").failure_rate(50.0).build().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`stock`: `failure_rate` must be a share above 0 and at most 1, but is 50; \
         write `0.5` for 50 %",
    );
}
