//! Rate limits as their users see them, and beside governor, an independent implementation of the
//! same algorithm, on the same time line.

mod keyed;
mod redis;

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, FakeRelativeClock};
use proptest::prelude::*;
use reliability::resilience::rate_limit::{Decision, KeyedRateLimit, Quota, RateLimit};
use reliability::time::ManualClock;

fn nonzero(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not zero")
}

/// A time line, in steps, and how many permits are asked for after each.
fn steps() -> impl Strategy<Value = Vec<(u64, u32)>> {
    let nanos = prop_oneof![
        4 => 0_u64..2_000_000,
        4 => 0_u64..200_000_000,
        1 => 0_u64..20_000_000_000,
        2 => Just(0),
    ];
    prop::collection::vec((nanos, 1_u32..12), 1..300)
}

proptest! {
    #[test]
    fn a_token_bucket_decides_as_governor_does(
        interval in prop::sample::select(vec![1_000_u64, 999_983, 10_000_000, 333_333_333]),
        burst in 1_u32..10,
        steps in steps(),
    ) {
        let quota = governor::Quota::with_period(Duration::from_nanos(interval)).unwrap();
        let time = FakeRelativeClock::default();
        let theirs = governor::RateLimiter::direct_with_clock(
            quota.allow_burst(nonzero(burst)),
            time.clone(),
        );
        let manual = ManualClock::new();
        // One permit in an interval: in a million of them, a million.
        let ours = RateLimit::builder("same")
            .quota(Quota::new(1_000_000, Duration::from_nanos(interval * 1_000_000)).burst(burst))
            .clock(manual.clock())
            .build()
            .unwrap();
        for (nanos, permits) in steps {
            time.advance(Duration::from_nanos(nanos));
            manual.advance(Duration::from_nanos(nanos));
            match (theirs.check_n(nonzero(permits)), ours.check_n(permits)) {
                (Ok(Ok(())), Ok(decision)) => prop_assert!(decision.is_allowed()),
                (Ok(Err(not_until)), Ok(Decision::Limited { retry_after })) => {
                    prop_assert_eq!(not_until.wait_time_from(time.now()), retry_after);
                }
                (Err(_), Err(invalid)) => prop_assert_eq!(invalid.setting(), "permits"),
                (theirs, ours) => prop_assert!(false, "{:?} but {:?}", theirs, ours),
            }
        }
    }

    #[test]
    fn a_token_bucket_for_each_key_decides_as_governor_does(
        keys in prop::collection::vec((0_u64..20_000_000, 0_u32..5), 1..200),
    ) {
        let time = FakeRelativeClock::default();
        let quota = governor::Quota::per_second(nonzero(100)).allow_burst(nonzero(2));
        let theirs = governor::RateLimiter::dashmap_with_clock(quota, time.clone());
        let manual = ManualClock::new();
        let ours = KeyedRateLimit::<u32>::builder("same")
            .quota(Quota::per_second(100).burst(2))
            .clock(manual.clock())
            .build()
            .unwrap();
        for (nanos, key) in keys {
            time.advance(Duration::from_nanos(nanos));
            manual.advance(Duration::from_nanos(nanos));
            prop_assert_eq!(theirs.check_key(&key).is_ok(), ours.check(&key).is_allowed());
        }
    }
}

#[test]
fn handles_reservations_and_futures_cross_threads() {
    fn crosses<T: Send + Sync>(_: &T) {}
    fn moves<T: Send>(_: &T) {}
    let limit = RateLimit::standard("api");
    crosses(&limit);
    crosses(&limit.reserve(1, Duration::ZERO).unwrap());
    moves(&limit.until_ready());
    moves(&limit.reserve(1, Duration::ZERO).unwrap().ready());
    let keyed = KeyedRateLimit::<String>::builder("api").build().unwrap();
    crosses(&keyed);
    moves(&keyed.until_ready("tenant".into()));
}

#[test]
fn a_limit_says_what_it_is() {
    let limit = RateLimit::builder("api").quota(Quota::per_minute(60).burst(5));
    let limit = limit.clock(ManualClock::new().clock()).build().unwrap();
    assert!(limit.check().is_allowed());
    assert_eq!(
        format!("{limit:?}"),
        "RateLimit { name: \"api\", quota: 60/m, burst 5, algorithm: TokenBucket, leases: 0, \
         wait: None, remaining: 4, rejected: 0 }",
    );
}
