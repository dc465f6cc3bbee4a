//! A closed breaker and one call that succeeds; an open one that refuses.
//!
//! recloser and failsafe are called through their synchronous side, like ours; seatbelt and
//! tower-resilience have an asynchronous side only, polled by hand.

use std::time::Duration;

use criterion::Criterion;
use failsafe::CircuitBreaker as _;
use layered::{Execute, Service as _, Stack};
use recloser::Recloser;
use reliability::resilience::Breaker;
use reliability::resilience::breaker::{State, Window};
use reliability::time::Clock;
use reliability_benches::{now_or_panic, spin};
use seatbelt::{RecoveryInfo, ResilienceContext};
use tower::Service;
use tower_resilience_circuitbreaker::{CircuitBreakerLayer, SlidingWindowType};

use super::Row;

const HOUR: Duration = Duration::from_secs(3600);
const TEN_SECONDS: Duration = Duration::from_secs(10);
const SLOW: Duration = Duration::from_millis(500);

pub(super) fn paths(criterion: &mut Criterion) {
    count_window(criterion);
    time_window(criterion);
    slow_call_rule(criterion);
    open(criterion);
}

/// The call that all breakers guard.
fn work() -> Result<u32, u32> {
    std::hint::black_box(Ok(7))
}

fn ours(window: Window, clock: Clock) -> reliability::resilience::breaker::BreakerBuilder {
    Breaker::builder("bench").window(window).clock(clock).open_for(HOUR)
}

/// One guarded call, as an application writes it.
#[inline]
fn call(breaker: &Breaker) -> Option<u32> {
    let permit = breaker.acquire().ok()?;
    match work() {
        Ok(value) => {
            permit.success();
            Some(value)
        }
        Err(_) => {
            permit.failure();
            None
        }
    }
}

fn ours_path(
    row: &mut Row<'_>,
    name: &str,
    builder: reliability::resilience::breaker::BreakerBuilder,
) {
    let breaker = builder.build().expect("valid settings");
    let breaker = &breaker;
    row.path(name, || || call(breaker));
    assert_eq!(breaker.state(), State::Closed, "the bench was to measure a closed breaker");
}

fn count_window(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "breaker_count");
    ours_path(&mut row, "ours", ours(Window::count(100), Clock::precise()));
    let compact = ours(Window::count(100), Clock::precise()).compact();
    ours_path(&mut row, "ours_compact", compact);
    let recloser = Recloser::custom().closed_len(100).error_rate(0.5).build();
    let recloser = &recloser;
    row.path("recloser", || || recloser.call(work).ok());
    let failsafe = failsafe_consecutive(5);
    let failsafe = &failsafe;
    row.path("failsafe_consecutive", || || failsafe.call(work).ok());
}

fn time_window(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "breaker_time");
    let window = Window::time(TEN_SECONDS);
    ours_path(&mut row, "ours_coarse", ours(window, Clock::coarse()));
    ours_path(&mut row, "ours_ticked", ours(window, Clock::ticked()));
    ours_path(&mut row, "ours_precise", ours(window, Clock::precise()));
    let seatbelt = seatbelt_breaker();
    let seatbelt = &seatbelt;
    row.path("seatbelt", || || now_or_panic(seatbelt.execute(7)));
    let policy = failsafe::failure_policy::success_rate_over_time_window(
        0.5,
        20,
        TEN_SECONDS,
        failsafe::backoff::constant(HOUR),
    );
    let failsafe = failsafe::Config::new().failure_policy(policy).build();
    let failsafe = &failsafe;
    row.path("failsafe_ema", || || failsafe.call(work).ok());
}

fn slow_call_rule(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "breaker_slow");
    let slow = |clock| ours(Window::count(100), clock).slow_calls(SLOW, 0.8);
    ours_path(&mut row, "ours_coarse", slow(Clock::coarse()));
    ours_path(&mut row, "ours_ticked", slow(Clock::ticked()));
    ours_path(&mut row, "ours_precise", slow(Clock::precise()));
    let layer = tower_resilience().slow_call_duration_threshold(SLOW).slow_call_rate_threshold(0.8);
    let layer = layer.build().expect("valid settings");
    let tower_resilience = layer.layer_fn(tower::service_fn(|_: u32| async { work() }));
    row.path("tower_resilience", || {
        let mut service = tower_resilience.clone();
        move || spin(service.call(7)).ok()
    });
}

fn open(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "breaker_open");
    for (name, clock) in [
        ("ours_coarse", Clock::coarse()),
        ("ours_ticked", Clock::ticked()),
        ("ours_precise", Clock::precise()),
    ] {
        let breaker = ours(Window::count(100), clock).min_calls(1).build().expect("valid settings");
        breaker.acquire().expect("closed").failure();
        assert_eq!(breaker.state(), State::Open, "the bench is to measure an open breaker");
        let breaker = &breaker;
        row.path(name, || || breaker.acquire().is_err());
        assert!(breaker.acquire().is_err(), "the bench was to measure an open breaker");
    }
    let failing = || Err::<u32, u32>(7);
    let failsafe = failsafe_consecutive(1);
    assert!(failsafe.call(failing).is_err() && !failsafe.is_call_permitted());
    let failsafe = &failsafe;
    row.path("failsafe", || || failsafe.call(work).is_err());
    let recloser = Recloser::custom().closed_len(1).error_rate(0.1).open_wait(HOUR).build();
    let refused = |result| matches!(result, Err(recloser::Error::Rejected));
    for _ in 0..3 {
        let _ = recloser.call(failing);
    }
    assert!(refused(recloser.call(work)), "the bench is to measure an open breaker");
    let recloser = &recloser;
    row.path("recloser", || || recloser.call(work).is_err());
    let seatbelt = seatbelt_breaker();
    for _ in 0..1_000 {
        let _ = now_or_panic(seatbelt.execute(FAILING));
    }
    assert_eq!(now_or_panic(seatbelt.execute(7)), Err(REFUSED));
    let seatbelt = &seatbelt;
    row.path("seatbelt", || || now_or_panic(seatbelt.execute(7)).is_err());
}

fn failsafe_consecutive(
    failures: u32,
) -> failsafe::StateMachine<
    failsafe::failure_policy::ConsecutiveFailures<std::iter::Repeat<Duration>>,
    (),
> {
    let policy =
        failsafe::failure_policy::consecutive_failures(failures, failsafe::backoff::constant(HOUR));
    failsafe::Config::new().failure_policy(policy).build()
}

/// What seatbelt's breaker answers when it refuses.
const REFUSED: u32 = 1;
/// What makes the work behind seatbelt's breaker fail.
const FAILING: u32 = 0;

fn seatbelt_breaker() -> impl layered::Service<u32, Out = Result<u32, u32>> {
    let context = ResilienceContext::new(tick::Clock::new_tokio());
    (
        seatbelt::breaker::Breaker::layer("bench", &context)
            .recovery_with(|result: &Result<u32, u32>, _| match result {
                Ok(_) => RecoveryInfo::never(),
                Err(_) => RecoveryInfo::retry(),
            })
            .rejected_input_error(|_, _| REFUSED)
            .failure_threshold(0.5)
            .min_throughput(20)
            .sampling_duration(TEN_SECONDS)
            .break_duration(HOUR),
        Execute::new(|input: u32| async move {
            if input == FAILING { Err(REFUSED + 1) } else { work() }
        }),
    )
        .into_service()
}

fn tower_resilience() -> tower_resilience_circuitbreaker::CircuitBreakerConfigBuilder<
    tower_resilience_circuitbreaker::DefaultClassifier,
> {
    CircuitBreakerLayer::builder()
        .sliding_window_type(SlidingWindowType::CountBased)
        .sliding_window_size(100)
        .failure_rate_threshold(0.5)
        .minimum_number_of_calls(20)
        .wait_duration_in_open(HOUR)
}
