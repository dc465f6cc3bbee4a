//! The breaker as its users see it.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use reliability::error::{Class, Counted, Reason};
use reliability::resilience::breaker::{Breaker, OwnedPermit, Permit, Settings, State, Window};
use reliability::time::{Clock, Instant, ManualClock};

use crate::failed::Failed;

const SECOND: Duration = Duration::from_secs(1);

fn trip(breaker: &Breaker) {
    while let Ok(permit) = breaker.acquire() {
        permit.failure();
    }
}

fn half_open(settings: Settings) -> (Breaker, ManualClock) {
    let manual = ManualClock::new();
    let built = Breaker::builder("stock").settings(settings).clock(manual.clock()).build();
    let breaker = built.unwrap();
    trip(&breaker);
    manual.advance(breaker.settings().open_for);
    (breaker, manual)
}

#[test]
fn after_a_hundred_thousand_successes_an_outage_opens_within_sixty_failures() {
    let breaker =
        Breaker::builder("stock").window(Window::count(100)).failure_rate(0.5).build().unwrap();
    for _ in 0..100_000 {
        breaker.acquire().unwrap().success();
    }
    let mut failures = 0;
    while let Ok(permit) = breaker.acquire() {
        permit.failure();
        failures += 1;
    }
    assert!(failures <= 60, "{failures}");
}

#[test]
fn of_fifty_calls_at_once_three_are_probes() {
    for _ in 0..20 {
        let (breaker, _manual) = half_open(Settings::standard());
        let barrier = Barrier::new(50);
        let call = || {
            barrier.wait();
            let permit = breaker.acquire();
            // Nobody ends a call before all have asked.
            barrier.wait();
            permit.is_ok()
        };
        let admitted = thread::scope(|scope| {
            let calls: Vec<_> = (0..50).map(|_| scope.spawn(call)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).filter(|admitted| *admitted).count()
        });
        assert_eq!(admitted, 3);
        // They were cancelled, so their places are free again.
        assert_eq!(breaker.snapshot().probes.unwrap().admitted, 0);
    }
}

#[test]
fn a_refusal_says_who_why_and_until_when() {
    let manual = ManualClock::new();
    let breaker = Breaker::builder("stock").clock(manual.clock()).build().unwrap();
    trip(&breaker);
    manual.advance(2 * SECOND);
    let refused = breaker.acquire().unwrap_err();
    assert_eq!(refused.to_string(), "stock: the breaker is open, try again in 3s");
    assert_eq!((refused.reason(), refused.class()), (Reason::BreakerOpen, Class::Overloaded));
    assert_eq!(breaker.snapshot().retry_after, refused.retry_after());
    assert_eq!(breaker.acquire_owned().unwrap_err(), refused);
    assert_eq!(breaker.acquire_untimed().unwrap_err(), refused);
    // The one that ended `trip`, and these three.
    assert_eq!(breaker.snapshot().rejected, 4);
}

#[tokio::test(start_paused = true)]
async fn the_paused_clock_of_tokio_is_followed() {
    let breaker = Breaker::standard("stock");
    trip(&breaker);
    tokio::time::advance(Duration::from_millis(4_998)).await;
    assert!(breaker.acquire().is_err());
    tokio::time::advance(2 * Duration::from_millis(1)).await;
    assert!(breaker.acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_dropped_gives_its_place_back() {
    let breaker = Breaker::builder("stock").probes(1).build().unwrap();
    trip(&breaker);
    tokio::time::advance(5 * SECOND).await;
    let call = async {
        let permit = breaker.acquire().unwrap();
        tokio::time::sleep(10 * SECOND).await;
        permit.success();
    };
    assert!(tokio::time::timeout(SECOND, call).await.is_err());
    assert_eq!(breaker.state(), State::HalfOpen);
    breaker.acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_panic_gives_its_place_back() {
    let (breaker, _manual) = half_open(Settings::standard().probes(1));
    let call = std::panic::AssertUnwindSafe(|| {
        let _permit = breaker.acquire().unwrap();
        std::panic::resume_unwind(Box::new("the body gave up"));
    });
    assert!(std::panic::catch_unwind(call).is_err());
    assert_eq!(breaker.snapshot().probes.unwrap().admitted, 0);
}

#[test]
fn slow_calls_open_whether_they_fail_or_not() {
    for window in [Window::count(100), Window::time(60 * SECOND)] {
        let manual = ManualClock::new();
        let breaker = Breaker::builder("stock")
            .window(window)
            .slow_calls(Duration::from_millis(500), 0.8)
            .min_calls(10)
            .clock(manual.clock())
            .build()
            .unwrap();
        let call = |millis| {
            let permit = breaker.acquire().unwrap();
            manual.advance(Duration::from_millis(millis));
            permit.success();
        };
        (0..2).for_each(|_| call(499));
        (0..7).for_each(|_| call(500));
        assert_eq!(breaker.snapshot().window.slow, 7);
        assert_eq!(breaker.state(), State::Closed);
        call(500);
        assert_eq!(breaker.state(), State::Open, "{window:?}");
    }
}

#[test]
fn who_measures_the_time_passes_it_on() {
    let breaker = Breaker::builder("stock")
        .slow_calls(Duration::from_millis(500), 0.5)
        .min_calls(4)
        .build()
        .unwrap();
    assert!(breaker.times_calls());
    for elapsed in [None, Some(Duration::from_millis(499)), Some(Duration::from_millis(500))] {
        breaker.acquire_untimed().unwrap().record(Counted::Success, elapsed);
    }
    assert_eq!(breaker.snapshot().window.slow, 1);
    breaker.acquire_owned().unwrap().record(Counted::Success, Some(Duration::MAX));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn errors_count_as_the_table_says_or_as_told() {
    let counts = |breaker: &Breaker| {
        for class in [Class::Transient, Class::Overloaded, Class::Permanent, Class::Cancelled] {
            breaker.acquire().unwrap().failure_with(&Failed::As(class));
            breaker.acquire_owned().unwrap().failure_with(&Failed::As(class));
        }
        let window = breaker.snapshot().window;
        (window.calls, window.failures)
    };
    assert_eq!(counts(&Breaker::standard("stock")), (6, 4));
    let told = Breaker::builder("stock").counted_as(|fault| match fault.class() {
        Class::Permanent => Counted::Failure,
        _ => Counted::Nothing,
    });
    assert_eq!(counts(&told.build().unwrap()), (2, 2));
}

#[test]
fn errors_of_the_caller_s_making_close_a_half_open_breaker() {
    let (breaker, _manual) = half_open(Settings::standard());
    for _ in 0..3 {
        breaker.acquire().unwrap().failure_with(&Failed::As(Class::Permanent));
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn an_outcome_from_before_a_transition_does_not_count_after_it() {
    let (breaker, _manual) = half_open(Settings::standard().probes(1).min_calls(1));
    breaker.reset();
    let (success, failure) = (breaker.acquire().unwrap(), breaker.acquire().unwrap());
    trip(&breaker);
    success.success();
    assert_eq!(breaker.state(), State::Open);
    breaker.reset();
    failure.failure();
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().stale, 2);
}

#[test]
fn all_clocks_lead_through_all_states() {
    for clock in [Clock::precise(), Clock::coarse(), Clock::ticked()] {
        let breaker = Breaker::builder("stock")
            .open_for(Duration::from_millis(1))
            .probes(1)
            .clock(clock.clone())
            .build()
            .unwrap();
        trip(&breaker);
        let permit = loop {
            match breaker.acquire() {
                Ok(permit) => break permit,
                Err(_) => thread::yield_now(),
            }
        };
        permit.success();
        assert_eq!(breaker.state(), State::Closed, "{clock:?}");
    }
}

#[test]
fn a_clock_that_jumps_both_ways_never_sticks() {
    for window in [Window::count(10), Window::time(10 * SECOND), Window::consecutive(10)] {
        let manual = ManualClock::new();
        let breaker = Breaker::builder("stock")
            .window(window)
            .min_calls(10)
            .open_growth(2.0, 60 * SECOND)
            .clock(manual.clock())
            .build()
            .unwrap();
        for nanos in [u64::MAX, 0, 1 << 62, 1, u64::MAX / 2, 7_000_000_000, u64::MAX] {
            manual.set(Instant::from_nanos(nanos));
            trip(&breaker);
            // Whatever it shows now, the way out is as long as the longest period at most.
            manual.set(Instant::from_nanos(nanos.wrapping_mul(3)));
            manual.advance(120 * SECOND);
            let mut calls = 0;
            while breaker.state() != State::Closed {
                match breaker.acquire() {
                    Ok(permit) => permit.success(),
                    Err(refused) => {
                        let wait = refused.retry_after().unwrap();
                        assert!(wait <= 120 * SECOND, "{wait:?}");
                        if manual.clock().now() == Instant::from_nanos(u64::MAX) {
                            manual.set(Instant::ZERO);
                        }
                        manual.advance(wait);
                    }
                }
                calls += 1;
                assert!(calls < 10, "{breaker:?}");
            }
        }
    }
}

#[test]
fn what_is_shown_names_state_window_and_settings() {
    let breaker = Breaker::standard("stock");
    breaker.acquire().unwrap().failure();
    let shown = format!("{breaker:?}");
    for part in ["stock", "Closed", "failures: 1", "Count(100)", "trips: 0", "rejected: 0"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let permit = breaker.acquire().unwrap();
    assert!(format!("{permit:?}").contains("stock"));
}

#[test]
fn permits_are_small_and_go_anywhere() {
    fn goes_anywhere<T: Send + Sync>() {}
    goes_anywhere::<Breaker>();
    goes_anywhere::<Permit<'_>>();
    goes_anywhere::<OwnedPermit>();
    assert!(size_of::<Permit<'_>>() <= 24);
    assert_eq!(size_of::<Breaker>(), size_of::<usize>());
}
