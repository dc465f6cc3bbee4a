//! Real threads. What loom cannot show for its size: many calls, many threads.
//!
//! With `t` threads a breaker sees the calls in some order in which each thread's call that is on
//! its way may stand anywhere between its start and its end. So of an outage that begins for all at
//! once it may see up to `t` failures more than one thread would need, one on its way per thread,
//! and never fewer.

use std::sync::Barrier;
use std::thread;

use super::super::{Breaker, Window};
use super::*;
use crate::sync::atomic::{AtomicU64, Ordering};

const THREADS: u64 = 4;

#[test]
fn an_outage_after_good_times_opens_within_the_bound() {
    for round in 0..20 {
        let breaker = Breaker::builder("rig").build().unwrap();
        let (barrier, failures) = (Barrier::new(THREADS as usize), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        breaker.acquire().unwrap().success();
                    }
                    barrier.wait();
                    while let Ok(permit) = breaker.acquire() {
                        permit.failure();
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let failures = failures.into_inner();
        assert_eq!(breaker.state(), State::Open);
        assert!((50..=50 + THREADS).contains(&failures), "{failures} in round {round}");
        assert_eq!(breaker.snapshot().transitions(State::Closed, State::Open), 1);
    }
}

#[test]
fn a_rate_well_below_the_threshold_never_opens() {
    for window in [Window::count(100), Window::time(Duration::from_secs(10))] {
        let breaker = Breaker::builder("rig").window(window).build().unwrap();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    // A third fails, in each thread, however they interleave: of any 100 calls in
                    // a row at most 34 and one more for each thread.
                    for i in 0..50_000 {
                        let permit = breaker.acquire().unwrap();
                        if i % 3 == 2 { permit.failure() } else { permit.success() }
                    }
                });
            }
        });
        let now = breaker.snapshot();
        assert_eq!((now.state, now.rejected), (State::Closed, 0), "{window:?}");
    }
}

/// Each thread fails every second time, so of any `t + 1` calls in a row one succeeded, however
/// `t` threads interleave: between two failures of one thread lies its own success.
#[test]
fn what_cannot_have_happened_does_not_open() {
    for threads in [2, 3, 4] {
        let breaker = Breaker::builder("rig")
            .window(Window::count(threads + 1))
            .min_calls(threads + 1)
            .failure_rate(1.0)
            .build()
            .unwrap();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for i in 0..50_000 {
                        let permit = breaker.acquire().unwrap();
                        if i % 2 == 0 { permit.failure() } else { permit.success() }
                    }
                });
            }
        });
        assert_eq!(breaker.state(), State::Closed, "{threads} threads");
    }
}

#[test]
fn nothing_is_lost_between_threads() {
    let day = Window::time(Duration::from_secs(24 * 60 * 60));
    for window in [Window::count(1_000_000), day] {
        let breaker = Breaker::builder("rig").window(window).min_calls(1_000_000).build().unwrap();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for i in 0..20_000_u32 {
                        let permit = breaker.acquire().unwrap();
                        if i % 5 == 0 { permit.failure() } else { permit.success() }
                    }
                });
            }
        });
        let window = breaker.snapshot().window;
        assert_eq!(window.calls, THREADS * 20_000);
        assert_eq!(window.failures, THREADS * 4_000);
    }
}

#[test]
fn no_more_probes_than_allowed_and_no_place_lost() {
    let manual = crate::time::ManualClock::new();
    let breaker = Breaker::builder("rig").clock(manual.clock()).build().unwrap();
    for _ in 0..20 {
        breaker.acquire().unwrap().failure();
    }
    manual.advance(Duration::from_secs(5));
    let (running, most) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    if let Ok(permit) = breaker.acquire() {
                        most.fetch_max(
                            running.fetch_add(1, Ordering::SeqCst) + 1,
                            Ordering::SeqCst,
                        );
                        running.fetch_sub(1, Ordering::SeqCst);
                        drop(permit);
                    }
                }
            });
        }
    });
    assert!((1..=3).contains(&most.into_inner()));
    assert_eq!(breaker.snapshot().probes.unwrap().admitted, 0);
    for _ in 0..3 {
        breaker.acquire().unwrap().success();
    }
    assert_eq!(breaker.state(), State::Closed);
}

/// Each cycle of states is seen once, whatever the threads do.
#[test]
fn cycles_of_states_add_up() {
    let manual = crate::time::ManualClock::new();
    let breaker = Breaker::builder("rig")
        .clock(manual.clock())
        .min_calls(1)
        .failure_rate(0.1)
        .build()
        .unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (breaker, manual) = (&breaker, &manual);
            scope.spawn(move || {
                for i in 0..30_000 {
                    match breaker.acquire() {
                        Ok(permit) if (i + thread) % 7 == 0 => permit.failure(),
                        Ok(permit) if (i + thread) % 7 == 1 => drop(permit),
                        Ok(permit) => permit.success(),
                        Err(_) => manual.advance(Duration::from_millis(700)),
                    }
                }
            });
        }
    });
    let now = breaker.snapshot();
    let entered = |state| State::ALL.map(|from| now.transitions(from, state)).iter().sum::<u64>();
    let left = |state| State::ALL.map(|to| now.transitions(state, to)).iter().sum::<u64>();
    assert!(entered(State::HalfOpen) > 10);
    for state in State::ALL {
        let is_there = u64::from(now.state == state);
        let was_there = u64::from(state == State::Closed);
        assert_eq!(entered(state) + was_there, left(state) + is_there, "{state}");
    }
}
