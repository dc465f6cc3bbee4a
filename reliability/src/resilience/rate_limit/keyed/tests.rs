use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::future::Future;
use core::task::Poll;
use core::time::Duration;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::resilience::rate_limit::{Algorithm, Quota, RateLimit};
use crate::time::{Clock, Instant, ManualClock};

fn limit(
    change: impl FnOnce(KeyedRateLimitBuilder<u64>) -> KeyedRateLimitBuilder<u64>,
) -> (KeyedRateLimit<u64>, ManualClock) {
    let manual = ManualClock::new();
    manual.set(Instant::from_nanos(1 << 60));
    let built = change(KeyedRateLimit::builder("keyed").clock(manual.clock())).build();
    (built.unwrap_or_else(|invalid| panic!("{invalid}")), manual)
}

/// The time that has passed on tokio's clock.
fn since(start: Instant) -> Duration {
    Clock::precise().now().saturating_duration_since(start)
}

fn allowed(limit: &KeyedRateLimit<u64>, key: u64, times: u32) -> u32 {
    (0..times).map(|_| u32::from(limit.check(&key).is_allowed())).sum()
}

#[test]
fn a_million_keys_that_come_once_take_no_more_memory_than_so_many_keys() {
    let (limit, manual) = limit(|b| b.quota(Quota::per_second(10)).capacity(1_000));
    for key in 0..1_000_000 {
        assert!(limit.check(&key).is_allowed());
        manual.advance(Duration::from_micros(10));
    }
    assert!(limit.len() <= 1_000 + 64, "{} keys", limit.len());
    assert!(limit.memory() <= 4 * 1_064, "memory for {} keys", limit.memory());
}

#[test]
fn a_noisy_key_does_not_escape_behind_keys_that_come_once() {
    let (limit, _) = limit(|b| b.quota(Quota::per_hour(10)).capacity(64));
    let mut noisy = 0;
    for key in 1..20_000 {
        noisy += allowed(&limit, 0, 3);
        assert!(limit.check(&key).is_allowed(), "who is new has all of its quota");
    }
    assert_eq!(noisy, 10, "nothing has come back, and nothing was forgotten of the noisy one");
    assert_eq!(limit.len(), 64);
    assert!(limit.forgotten_early() > 19_000, "the others had each used something");
}

#[test]
fn who_has_all_permits_back_is_forgotten_before_anybody_else() {
    let (limit, manual) = limit(|b| b.quota(Quota::per_second(10)).capacity(16));
    for key in 0..8 {
        assert_eq!(allowed(&limit, key, 1), 1);
    }
    manual.advance(Duration::from_millis(100));
    for key in 8..16 {
        assert_eq!(allowed(&limit, key, 10), 10);
    }
    for key in 100..108 {
        assert_eq!(allowed(&limit, key, 10), 10);
    }
    assert_eq!((limit.forgotten_early(), limit.len()), (0, 16));
    for key in 8..16 {
        assert_eq!(allowed(&limit, key, 1), 0, "{key} is remembered");
    }
}

#[test]
fn keys_have_quotas_of_their_own_and_keep_what_they_used_when_settings_change() {
    let (limit, _) = limit(|b| {
        let gold = |key: &u64| match key {
            7 => Some(Quota::per_hour(5)),
            8 => Some(Quota::per_hour(0)),
            _ => None,
        };
        b.quota(Quota::per_hour(2)).quota_of(gold)
    });
    assert_eq!((allowed(&limit, 1, 9), allowed(&limit, 7, 9), allowed(&limit, 8, 9)), (2, 5, 2));
    limit.reconfigure(|settings| settings.quota = Quota::per_hour(3)).unwrap();
    assert_eq!((allowed(&limit, 1, 9), allowed(&limit, 7, 9), allowed(&limit, 2, 9)), (1, 0, 3));
    let refused = limit.reconfigure(|settings| settings.quota = Quota::per_hour(0));
    assert_eq!(refused.unwrap_err().setting(), "quota");
    assert_eq!(limit.settings().quota, Quota::per_hour(3));
    assert!(limit.check_n(&2, 4).is_err() && limit.check_n(&2, 0).is_err());
    assert_eq!(limit.rejected(), 7 + 4 + 7 + 8 + 9 + 6 + 1);
}

#[test]
fn what_needs_more_than_a_word_is_refused() {
    for algorithm in [Algorithm::SlidingLog, Algorithm::SlidingCounter] {
        let refused = KeyedRateLimit::<String>::builder("keyed").algorithm(algorithm).build();
        assert_eq!(refused.unwrap_err().setting(), "algorithm");
    }
    let most = KeyedRateLimit::<String>::CAPACITY_MAX;
    let refused = KeyedRateLimit::<String>::builder("keyed").capacity(most + 1).build();
    assert_eq!(refused.unwrap_err().setting(), "capacity");
}

#[test]
fn threads_that_ask_for_the_same_keys_get_no_more_than_each_has() {
    let (limit, _) = limit(|b| b.quota(Quota::per_hour(50)).capacity(1_000));
    let total: u32 = std::thread::scope(|scope| {
        let ask = || (0..400).map(|key| allowed(&limit, key, 30)).sum::<u32>();
        let asking: [_; 3] = core::array::from_fn(|_| scope.spawn(ask));
        asking.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((total, limit.len()), (400 * 50, 400));
}

proptest! {
    #[test]
    fn it_does_what_a_limit_for_each_key_does(
        steps in prop::collection::vec((0_u64..6, 0_u64..200, 1_u32..4), 0..300),
        which in 0_usize..3,
    ) {
        let algorithm = Algorithm::ALL[which];
        let quota = Quota::per_second(10).burst(if algorithm.is_window() { 10 } else { 4 });
        let (keyed, manual) = limit(|b| b.quota(quota).algorithm(algorithm).capacity(6));
        let single = |key: u64| {
            let single = RateLimit::builder(format!("{key}")).quota(quota).algorithm(algorithm);
            single.clock(manual.clock()).build().unwrap()
        };
        let singles: [_; 6] = core::array::from_fn(|key| single(key as u64));
        for (key, millis, n) in steps {
            manual.advance(Duration::from_millis(millis));
            let expected = singles[key as usize].check_n(n);
            prop_assert_eq!(keyed.check_n(&key, n).unwrap(), expected.unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_key_waits_for_that_key_and_gives_its_turn_back() {
    let limit = KeyedRateLimit::<u64>::builder("keyed").quota(Quota::per_second(10).burst(1));
    let limit = limit.build().unwrap();
    let begun = Clock::precise().now();
    for key in [1, 2, 3] {
        limit.until_ready(key).await.unwrap();
    }
    assert_eq!(since(begun), Duration::ZERO);
    {
        let mut waiting = core::pin::pin!(limit.until_ready(1));
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert!(limit.until_ready(1).within(Duration::from_millis(100)).await.is_err());
    }
    limit.until_ready(1).within(Duration::from_millis(100)).await.unwrap();
    assert_eq!(since(begun), Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn what_was_booked_under_another_quota_is_not_given_back() {
    let (limit, manual) =
        limit(|b| b.algorithm(Algorithm::FixedWindow).quota(Quota::per_second(10)));
    manual.set(Instant::from_nanos(1_000_000_000));
    assert_eq!(allowed(&limit, 7, 10), 10);
    let mut waits = Box::pin(limit.until_ready(7));
    let polled = core::future::poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending()));
    assert!(polled.await, "all of this window is used");
    let slower = Quota::new(10, Duration::from_secs(2));
    limit.reconfigure(|settings| settings.quota = slower).unwrap();
    // The same place by number, but another window.
    manual.set(Instant::from_nanos(4_000_000_000));
    assert_eq!(allowed(&limit, 7, 1), 1);
    drop(waits);
    assert_eq!(allowed(&limit, 7, 20), 9);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_forgotten_gets_nothing_back_from_who_waited_for_it() {
    let (limit, _) = limit(|b| b.quota(Quota::per_hour(1)).capacity(1));
    assert_eq!(allowed(&limit, 7, 2), 1);
    let mut waits = Box::pin(limit.until_ready(7).within(Duration::from_secs(3600)));
    let polled = core::future::poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending()));
    assert!(polled.await, "the next one comes in an hour");
    assert_eq!(allowed(&limit, 8, 1), 1, "there is no room for both");
    assert_eq!(allowed(&limit, 7, 2), 1, "it has come anew");
    drop(waits);
    assert_eq!(allowed(&limit, 7, 1), 0);
}

#[test]
fn what_finds_the_quota_of_a_key_may_ask_the_limit_and_may_panic() {
    static LIMIT: OnceLock<KeyedRateLimit<u64>> = OnceLock::new();
    let own = |key: &u64| match key {
        7 => LIMIT.get()?.check(&8).retry_after().map(|_| Quota::per_hour(1)),
        9 => panic!("nobody knows the quota of 9"),
        _ => None,
    };
    let (limit, _) = limit(|b| b.quota(Quota::per_hour(2)).quota_of(own).capacity(16));
    let limit = LIMIT.get_or_init(|| limit);
    assert_eq!(allowed(limit, 7, 3), 2);
    assert_eq!(allowed(limit, 8, 3), 1, "one was taken to find the quota of 7");
    let asked = std::thread::spawn(|| LIMIT.get().unwrap().check(&9)).join();
    assert!(asked.is_err());
    assert_eq!((limit.len(), allowed(limit, 6, 3)), (2, 2), "nothing is left of the panic");
}
