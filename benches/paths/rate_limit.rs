//! A rate limit that has permits: one for all, and one for each of 10,000 keys.
//!
//! governor brings its clock along: the system's, quanta's, or quanta's with a thread that keeps it
//! up to date, which are compared with the clocks of ours that cost the same.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use criterion::Criterion;
use governor::clock::{Clock as _, MonotonicClock, QuantaClock, QuantaUpkeepClock};
use governor::{Quota as GovernorQuota, RateLimiter};
use reliability::error::Rejected;
use reliability::resilience::rate_limit::{Algorithm, KeyHash, KeyedRateLimit, Quota};
use reliability::resilience::{Call, Classifier, Policy, RateLimit};
use reliability::time::Clock;
use reliability_benches::spin;
use tokio::runtime::Handle;
use tower::{Service, ServiceExt as _};
use tower_resilience_ratelimiter::{RateLimiterLayer, WindowType};

use super::Row;

/// More than anybody asks for: permits never run out.
const PER_SECOND: u32 = 1_000_000;
const KEYS: u64 = 10_000;

pub(super) fn paths(criterion: &mut Criterion) {
    // Its thread runs once, for as long as this one is used.
    let upkeep = QuantaUpkeepClock::from_interval(Duration::from_millis(1)).expect("a thread");
    let _ = upkeep.now();
    direct(criterion, &upkeep);
    refused(criterion, &upkeep);
    windows(criterion);
    keyed(criterion, &upkeep);
}

/// A permit each nanosecond.
fn plenty() -> Quota {
    Quota::new(PER_SECOND, Duration::from_millis(1))
}

fn governor_plenty() -> GovernorQuota {
    let burst = NonZeroU32::new(PER_SECOND).expect("not zero");
    GovernorQuota::with_period(Duration::from_nanos(1)).expect("not zero").allow_burst(burst)
}

fn clocks() -> [(&'static str, Clock); 4] {
    [
        ("ours_precise", Clock::precise()),
        ("ours_tsc", Clock::tsc()),
        ("ours_coarse", Clock::coarse()),
        ("ours_ticked", Clock::ticked()),
    ]
}

fn direct(criterion: &mut Criterion, upkeep: &QuantaUpkeepClock) {
    let mut row = Row::new(criterion, "rate_limit");
    for (name, clock) in clocks() {
        let ours = RateLimit::builder("bench").quota(plenty()).clock(clock).build();
        let ours = &ours.expect("valid settings");
        row.path(name, || || ours.check().is_allowed());
    }
    for (name, clock) in [
        ("ours_precise_leases", Clock::precise()),
        ("ours_coarse_leases", Clock::coarse()),
        ("ours_ticked_leases", Clock::ticked()),
    ] {
        let ours = RateLimit::builder("bench").quota(plenty()).leases(8).clock(clock).build();
        let ours = &ours.expect("valid settings");
        row.path(name, || || ours.check().is_allowed());
    }
    governor_direct(&mut row, upkeep);
    let leaky = leaky_bucket::RateLimiter::builder()
        .initial(PER_SECOND as usize)
        .max(PER_SECOND as usize)
        .refill(PER_SECOND as usize)
        .interval(Duration::from_millis(1))
        .build();
    let leaky = &leaky;
    row.path("leaky_bucket", || || leaky.try_acquire(1));
}

fn governor_direct(row: &mut Row<'_>, upkeep: &QuantaUpkeepClock) {
    let system = &RateLimiter::direct_with_clock(governor_plenty(), MonotonicClock);
    row.path("governor_system", || || system.check().is_ok());
    let quanta = &RateLimiter::direct_with_clock(governor_plenty(), QuantaClock::default());
    row.path("governor_quanta", || || quanta.check().is_ok());
    let upkeep = &RateLimiter::direct_with_clock(governor_plenty(), upkeep.clone());
    row.path("governor_upkeep", || || upkeep.check().is_ok());
}

fn refused(criterion: &mut Criterion, upkeep: &QuantaUpkeepClock) {
    let mut row = Row::new(criterion, "rate_limit_refused");
    for (name, clock) in clocks() {
        let ours = RateLimit::builder("bench").quota(Quota::per_day(1)).clock(clock).build();
        let ours = &ours.expect("valid settings");
        assert!(ours.check().is_allowed() && !ours.check().is_allowed());
        row.path(name, || || ours.check().is_allowed());
    }
    let day = Duration::from_secs(24 * 3600);
    let seldom = || GovernorQuota::with_period(day).expect("not zero");
    let system = &RateLimiter::direct_with_clock(seldom(), MonotonicClock);
    assert!(system.check().is_ok() && system.check().is_err());
    row.path("governor_system", || || system.check().is_ok());
    let quanta = &RateLimiter::direct_with_clock(seldom(), QuantaClock::default());
    assert!(quanta.check().is_ok() && quanta.check().is_err());
    row.path("governor_quanta", || || quanta.check().is_ok());
    let upkeep = &RateLimiter::direct_with_clock(seldom(), upkeep.clone());
    assert!(upkeep.check().is_ok() && upkeep.check().is_err());
    row.path("governor_upkeep", || || upkeep.check().is_ok());
}

/// Fixed windows, counters and logs; those of tower and tower-resilience are services.
fn windows(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "rate_limit_window");
    let second = Quota::per_second(PER_SECOND);
    let fixed = Quota::new(PER_SECOND, Duration::from_millis(1));
    for (name, algorithm, quota) in [
        ("ours_fixed", Algorithm::FixedWindow, fixed),
        ("ours_sliding_counter", Algorithm::SlidingCounter, second),
        ("ours_sliding_log", Algorithm::SlidingLog, second),
    ] {
        let ours = RateLimit::builder("bench").quota(quota).algorithm(algorithm).build();
        let ours = &ours.expect("valid settings");
        row.path(name, || || ours.check().is_allowed());
    }
    let runtime = &Handle::current();
    let of_tower = || {
        let service = tower::service_fn(|_: u32| async { Ok::<_, u32>(7) });
        let rate = tower::limit::rate::Rate::new(1 << 40, Duration::from_millis(1));
        tower::limit::RateLimit::new(service, rate)
    };
    // Not to be cloned: each thread has its own.
    row.path("tower", || {
        let (inside, mut limited) = (runtime.enter(), of_tower());
        move || {
            let _ = &inside;
            spin(spin(limited.ready()).expect("permits").call(7)).ok()
        }
    });
    // One for all threads, as ours is: what tower's own `Buffer` would do costs more than a lock.
    let shared = &Mutex::new(of_tower());
    row.path("tower_shared", || {
        let inside = runtime.enter();
        move || {
            let _ = &inside;
            let mut limited = shared.lock().expect("nobody panics");
            let answer = spin(limited.ready()).expect("permits").call(7);
            drop(limited);
            spin(answer).ok()
        }
    });
    for (name, window) in [
        ("tower_resilience_fixed", WindowType::Fixed),
        ("tower_resilience_sliding_counter", WindowType::SlidingCounter),
    ] {
        let layer = RateLimiterLayer::builder()
            .limit_for_period(1 << 40)
            .refresh_period(Duration::from_millis(1))
            .window_type(window)
            .build()
            .expect("valid settings");
        let service = tower::service_fn(|_: u32| async { Ok::<_, u32>(7) });
        let limited = tower::Layer::layer(&layer, service);
        row.path(name, || {
            let (inside, mut limited) = (runtime.enter(), limited.clone());
            move || {
                let _ = &inside;
                spin(limited.call(7)).ok()
            }
        });
    }
}

/// The next key of a sequence that visits all of them in no order.
fn next(key: &Cell<u64>) -> u64 {
    let next = key.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    key.set(next);
    (next >> 33) % KEYS
}

/// A call whose policy counts per key; and one whose policy counts all alike, to be compared with.
fn in_a_policy(row: &mut Row<'_>) {
    let policy = |name| Policy::builder(name);
    let keyed = KeyedRateLimit::builder("bench").quota(plenty()).clock(Clock::ticked());
    let keyed = keyed.capacity(2 * KEYS as usize).build().expect("valid settings");
    let keyed = &policy("bench").keyed_rate_limit(keyed).build().expect("valid settings");
    let plain = RateLimit::builder("bench").quota(plenty()).clock(Clock::ticked()).build();
    let plain = policy("bench").rate_limit(plain.expect("valid settings")).build();
    let plain = &plain.expect("valid settings");
    for (name, policy) in [("ours_ticked_call", keyed), ("ours_ticked_call_without_key", plain)] {
        row.path(name, || {
            let key = Cell::new(1);
            let errors = const { &Classifier::by_fault() };
            move || {
                let key = KeyHash::of(&next(&key));
                let mut call = Call::new(policy, errors).with_rate_limit_key(key);
                let outcome = spin(call.attempt(async { Ok::<_, Rejected>(7) }));
                call.conclude(outcome).is_ok()
            }
        });
    }
}

fn keyed(criterion: &mut Criterion, upkeep: &QuantaUpkeepClock) {
    let mut row = Row::new(criterion, "rate_limit_keyed");
    for (name, clock) in clocks() {
        let ours = KeyedRateLimit::<u64>::builder("bench").quota(plenty()).clock(clock);
        let ours = &ours.capacity(2 * KEYS as usize).build().expect("valid settings");
        row.path(name, || {
            let key = Cell::new(1);
            move || ours.check(&next(&key)).is_allowed()
        });
        assert_eq!(ours.forgotten_early(), 0);
    }
    in_a_policy(&mut row);
    let system = Arc::new(RateLimiter::<u64, _, _, _>::dashmap_with_clock(
        governor_plenty(),
        MonotonicClock,
    ));
    let system = &system;
    row.path("governor_system", || {
        let key = Cell::new(1);
        move || system.check_key(&next(&key)).is_ok()
    });
    let quanta = Arc::new(RateLimiter::<u64, _, _, _>::dashmap_with_clock(
        governor_plenty(),
        QuantaClock::default(),
    ));
    let quanta = &quanta;
    row.path("governor_quanta", || {
        let key = Cell::new(1);
        move || quanta.check_key(&next(&key)).is_ok()
    });
    let upkeep = Arc::new(RateLimiter::<u64, _, _, _>::dashmap_with_clock(
        governor_plenty(),
        upkeep.clone(),
    ));
    let upkeep = &upkeep;
    row.path("governor_upkeep", || {
        let key = Cell::new(1);
        move || upkeep.check_key(&next(&key)).is_ok()
    });
}
