use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use super::*;
use crate::time::{Clock, Instant, ManualClock};

mod models;

const SECOND: Duration = Duration::from_secs(1);

fn limit(change: impl FnOnce(RateLimitBuilder) -> RateLimitBuilder) -> (RateLimit, ManualClock) {
    let manual = ManualClock::new();
    manual.set(Instant::from_nanos(1 << 60));
    let built = change(RateLimit::builder("test").clock(manual.clock())).build();
    (built.unwrap_or_else(|invalid| panic!("{invalid}")), manual)
}

/// The time that has passed on tokio's clock.
fn since(start: Instant) -> Duration {
    Clock::precise().now().saturating_duration_since(start)
}

fn allowed(limit: &RateLimit, times: u32) -> u32 {
    (0..times).map(|_| u32::from(limit.check().is_allowed())).sum()
}

#[test]
fn the_standard_settings_are_valid() {
    let built = RateLimit::builder("test").build().unwrap();
    assert_eq!(built.settings(), RateLimit::standard("test").settings());
    for algorithm in Algorithm::ALL {
        assert!(RateLimit::builder("test").algorithm(algorithm).build().is_ok(), "{algorithm}");
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let refused = |builder: RateLimitBuilder| {
        let refused = builder.build().map_err(|invalid| invalid.setting().to_string());
        refused.err().unwrap_or_default()
    };
    let builder = || RateLimit::builder("test").quota(Quota::per_second(100).burst(20));
    assert_eq!(refused(builder()), "");
    assert_eq!(refused(builder().leases(10)), "");
    assert_eq!(refused(builder().wait(RateLimit::WAIT_MAX)), "");
    assert_eq!(refused(builder().leases(1)), "leases");
    assert_eq!(refused(builder().leases(11)), "leases");
    assert_eq!(refused(builder().algorithm(Algorithm::LeakyBucket).leases(2)), "leases");
    assert_eq!(refused(builder().algorithm(Algorithm::FixedWindow)), "burst");
    assert_eq!(refused(builder().wait(2 * RateLimit::WAIT_MAX)), "wait");
    assert_eq!(refused(builder().quota(Quota::per_second(0))), "quota");
}

#[test]
fn every_algorithm_lets_a_quota_pass_and_then_says_when() {
    for algorithm in Algorithm::ALL {
        let (limit, manual) = limit(|b| b.quota(Quota::per_second(10)).algorithm(algorithm));
        let at_once = if algorithm == Algorithm::LeakyBucket { 1 } else { 10 };
        assert_eq!(allowed(&limit, 30), at_once, "{algorithm}");
        assert_eq!(limit.rejected(), u64::from(30 - at_once));
        assert_eq!(limit.remaining(), 0);
        let retry_after = limit.check().retry_after().unwrap();
        manual.advance(retry_after - Duration::from_nanos(1));
        assert!(!limit.check().is_allowed(), "{algorithm}");
        manual.advance(Duration::from_nanos(1));
        assert!(limit.check().is_allowed(), "{algorithm}");
    }
}

#[test]
fn more_than_there_ever_is_at_once_is_an_error_and_takes_nothing() {
    let (limit, _) = limit(|b| b.quota(Quota::per_second(10).burst(5)));
    for permits in [0, 6, u32::MAX] {
        assert_eq!(limit.check_n(permits).unwrap_err().setting(), "permits");
        assert!(matches!(limit.reserve(permits, SECOND), Err(ReserveError::TooMany(_))));
        assert!(limit.until_ready_n(permits).is_err());
    }
    assert_eq!(limit.check_n(5), Ok(Decision::Allowed { remaining: 0 }));
}

#[test]
fn a_refusal_of_many_leaves_what_is_there_to_the_others() {
    for algorithm in Algorithm::ALL {
        let (limit, _) = limit(|b| b.quota(Quota::per_second(10)).algorithm(algorithm));
        assert!(limit.check().is_allowed());
        let left = limit.remaining();
        assert!(!limit.check_n(10).unwrap().is_allowed());
        assert_eq!(limit.remaining(), left, "{algorithm}");
    }
}

#[test]
fn a_reservation_is_given_back_by_dropping_it_and_kept_by_committing() {
    for algorithm in Algorithm::ALL {
        let (limit, _) = limit(|b| b.quota(Quota::per_second(10)).algorithm(algorithm));
        let all = limit.remaining();
        drop(limit.reserve(1, Duration::ZERO).unwrap());
        limit.reserve(1, Duration::ZERO).unwrap().cancel();
        assert_eq!(limit.remaining(), all, "{algorithm}");
        limit.reserve(1, Duration::ZERO).unwrap().commit();
        assert_eq!(limit.remaining(), all - 1, "{algorithm}");
    }
}

#[test]
fn what_was_reserved_under_another_quota_is_not_given_back() {
    let (limit, _) = limit(|b| b.quota(Quota::per_second(10)));
    let reservation = limit.reserve(4, Duration::ZERO).unwrap();
    limit.reconfigure(|settings| settings.quota = Quota::per_second(20)).unwrap();
    assert_eq!(limit.remaining(), 16);
    reservation.cancel();
    assert_eq!(limit.remaining(), 16);
}

#[test]
fn a_change_that_is_refused_changes_nothing() {
    let (limit, _) = limit(|b| b.quota(Quota::per_second(20)).leases(8));
    let before = limit.settings();
    let refused = limit.reconfigure(|settings| settings.quota = Quota::per_second(10));
    assert_eq!(refused.unwrap_err().setting(), "leases");
    let refused = limit.reconfigure(|settings| {
        settings.quota = Quota::per_second(100);
        settings.wait = Some(Duration::MAX);
    });
    assert_eq!(refused.unwrap_err().setting(), "wait");
    assert_eq!(limit.settings(), before);
}

#[test]
fn a_quota_that_changes_keeps_what_was_used() {
    for algorithm in [Algorithm::TokenBucket, Algorithm::FixedWindow, Algorithm::SlidingLog] {
        let (limit, manual) = limit(|b| b.quota(Quota::per_minute(10)).algorithm(algorithm));
        assert_eq!(allowed(&limit, 8), 8);
        limit.reconfigure(|settings| settings.quota = Quota::per_minute(20)).unwrap();
        assert_eq!(limit.remaining(), 12, "{algorithm}");
        limit.reconfigure(|settings| settings.quota = Quota::per_minute(5)).unwrap();
        assert_eq!(limit.remaining(), 0, "{algorithm}");
        manual.advance(Duration::from_secs(60));
        assert_eq!(allowed(&limit, 10), 5, "{algorithm}");
    }
}

#[test]
fn leases_hold_no_more_than_the_burst_and_bring_no_more_than_the_rate() {
    let (limit, manual) = limit(|b| b.quota(Quota::per_second(1_000).burst(64)).leases(8));
    let threads = 8;
    let mut total = 0;
    for round in 1..=50 {
        total += std::thread::scope(|scope| {
            let ask = || allowed(&limit, 40);
            let asking: Vec<_> = (0..threads).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>()
        });
        assert!(total <= 64 + (round - 1) * 10, "{total} in round {round}");
        manual.advance(Duration::from_millis(10));
    }
    // Half of the burst may lie leased from the beginning, and nothing else gets lost.
    assert!(total >= 32 + 49 * 10 - 10, "{total}");
}

#[test]
fn a_denial_looks_through_what_others_have_leased() {
    let (limit, _) = limit(|b| b.quota(Quota::per_hour(1).burst(32)).leases(16));
    let leased_elsewhere =
        std::thread::scope(|scope| scope.spawn(|| allowed(&limit, 1)).join().unwrap());
    assert_eq!(leased_elsewhere, 1);
    assert_eq!(allowed(&limit, 100), 15);
}

/// Threads that all move the clock: in no stretch of time more than a burst and the rate.
#[test]
fn threads_together_never_get_more_than_a_burst_and_the_rate() {
    let quota = Quota::per_second(1_000).burst(16);
    for leases in [0, 4] {
        let (limit, manual) = limit(|b| b.quota(quota).leases(leases));
        let end = manual.clock().now().saturating_add(Duration::from_millis(300));
        let used: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
            let ask = || {
                let clock = manual.clock();
                let mut used = Vec::new();
                // The permit was had between two readings.
                let mut before = clock.now();
                while before < end {
                    manual.advance(Duration::from_micros(20));
                    let allowed = limit.check().is_allowed();
                    let after = clock.now();
                    used.extend(allowed.then_some((before, after)));
                    before = after;
                }
                used
            };
            let asking: Vec<_> = (0..3).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(used.len() >= 200, "{} with leases of {leases}", used.len());
        for (begin, _) in &used {
            let mut within: Vec<_> = used.iter().filter(|(before, _)| before >= begin).collect();
            within.sort_unstable_by_key(|(_, after)| *after);
            for (index, (_, after)) in within.iter().enumerate() {
                let length = after.saturating_duration_since(*begin).as_nanos() as u64;
                let most = u64::from(quota.burst) + length / quota.interval_nanos();
                assert!((index as u64) < most, "{} of {most} in {length} ns", index + 1);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_served_in_turn_and_nobody_passes() {
    let limit = RateLimit::builder("test").quota(Quota::per_second(10).burst(1)).build().unwrap();
    assert!(limit.check().is_allowed());
    let begun = Clock::precise().now();
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let limit = limit.clone();
            tokio::spawn(async move {
                limit.until_ready().await.unwrap();
                since(begun).as_millis()
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(!limit.check().is_allowed(), "three are still in front");
    let mut served = Vec::new();
    for task in waiting {
        served.push(task.await.unwrap());
    }
    assert_eq!(served, [100, 200, 300, 400, 500]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_would_be_too_long_is_refused_at_once() {
    let limit = RateLimit::builder("test").quota(Quota::per_second(10).burst(1)).build().unwrap();
    limit.until_ready().await.unwrap();
    let begun = Clock::precise().now();
    let refused = limit.until_ready().within(Duration::from_millis(99)).await.unwrap_err();
    assert_eq!(refused.retry_after(), Some(Duration::from_millis(100)));
    assert_eq!((since(begun), limit.rejected()), (Duration::ZERO, 1));
    limit.until_ready().within(Duration::from_millis(100)).await.unwrap();
    assert_eq!(since(begun), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_gives_its_turn_back() {
    for algorithm in Algorithm::ALL {
        let quota = Quota::per_second(1);
        let (limit, manual) = limit(|b| b.quota(quota).algorithm(algorithm));
        if algorithm == Algorithm::FixedWindow {
            // At the beginning of a window, so that the next one is a second away.
            let into = manual.clock().now().as_nanos() % 1_000_000_000;
            manual.advance(Duration::from_nanos(1_000_000_000 - into));
        }
        assert!(limit.check().is_allowed());
        let next = || limit.reserve(1, RateLimit::WAIT_MAX).map(|place| place.delay());
        let delay = next().unwrap();
        {
            let mut waiting = core::pin::pin!(limit.until_ready());
            let mut context = core::task::Context::from_waker(core::task::Waker::noop());
            assert!(waiting.as_mut().poll(&mut context).is_pending());
            assert!(next().unwrap_or(RateLimit::WAIT_MAX) > delay, "{algorithm}");
        }
        assert_eq!(next().unwrap(), delay, "{algorithm}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reservation_waits_for_its_own_time() {
    let limit = RateLimit::builder("test").quota(Quota::per_second(10).burst(2)).build().unwrap();
    let now = limit.reserve(2, Duration::ZERO).unwrap();
    let later = limit.reserve(2, SECOND).unwrap();
    let begun = Clock::precise().now();
    later.ready().await;
    assert_eq!(since(begun), Duration::from_millis(200));
    now.ready().await;
    assert_eq!(since(begun), Duration::from_millis(200));
    assert!(!limit.check().is_allowed());
}

#[test]
fn what_was_taken_under_another_quota_is_not_given_back() {
    let (limit, manual) = limit(|b| b.quota(Quota::per_second(1).burst(4)));
    let shared = limit.shared();
    let version = shared.version();
    let booking = shared.book(shared.clock().now(), 1, Duration::ZERO).unwrap();
    manual.advance(Duration::from_millis(500));
    limit.reconfigure(|settings| settings.quota = Quota::per_second(100).burst(4)).unwrap();
    manual.advance(Duration::from_millis(5));
    // Half of it had come back before, and the other half has since.
    assert_eq!(limit.check_n(4).unwrap(), Decision::Allowed { remaining: 0 });
    shared.give_back(&booking, version);
    assert_eq!(limit.remaining(), 0);
}
