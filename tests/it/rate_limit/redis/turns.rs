//! Turns that are waited for, reserved and given back through the server; a quota that changes while
//! the server keeps its state; and a server whose clock was set back.

use std::future::IntoFuture;
use std::task::Poll;

use proptest::prelude::*;
use reliability::error::Reason;
use reliability::resilience::rate_limit::{RateLimit, ReserveError};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A permit an hour, so many at once.
fn hourly(burst: u32) -> Quota {
    Quota::per_hour(1).burst(burst)
}

/// As long as that, less what the test itself takes.
#[track_caller]
fn assert_about(delay: Duration, expected: Duration) {
    assert!(delay <= expected && delay + PATIENCE > expected, "{delay:?}, not {expected:?}");
}

async fn delay(limit: &RedisRateLimit, permits: u32) -> Duration {
    let reservation = limit.reserve(permits, HOUR).await.unwrap();
    let delay = reservation.delay();
    reservation.cancel().await;
    delay
}

#[tokio::test]
async fn who_waits_is_passed_by_nobody_in_any_process() {
    let server = Server::start();
    let (one, one_time) = limit(&server.url(), hourly(1), WhileAway::Refuse);
    let (other, _) = limit(&server.url(), hourly(1), WhileAway::Refuse);
    assert!(one.check().await.is_allowed());
    let waits = tokio::spawn({
        let one = one.clone();
        async move { one.until_ready().await }
    });
    while let Ok(first) = other.reserve(1, HOUR).await {
        first.cancel().await;
        tokio::task::yield_now().await;
    }
    let refused = other.until_ready().within(HOUR).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::RateLimited);
    assert_about(refused.retry_after().unwrap(), 2 * HOUR);
    assert!(!waits.is_finished());
    // From here on nobody asks the server, so time may pass whenever all wait.
    tokio::time::pause();
    one_time.advance(HOUR);
    assert_eq!(waits.await.unwrap(), Ok(()));
    assert_eq!((one.rejected(), one.calls_away()), (0, 0));
}

#[tokio::test]
async fn a_reservation_says_when_and_is_given_back_or_used() {
    let server = Server::start();
    let (limit, time) = limit(&server.url(), hourly(3), WhileAway::Refuse);
    let used = limit.reserve(2, Duration::ZERO).await.unwrap();
    assert_eq!((used.permits(), used.delay()), (2, Duration::ZERO));
    used.ready().await;

    let held = limit.reserve(2, HOUR).await.unwrap();
    assert_about(held.delay(), HOUR);
    let refused = limit.reserve(1, HOUR).await.unwrap_err();
    let ReserveError::Rejected(refused) = refused else { panic!("{refused:?}") };
    assert_about(refused.retry_after().unwrap(), 2 * HOUR);
    held.cancel().await;
    assert_eq!(delay(&limit, 1).await, Duration::ZERO, "one of three was left");

    limit.reserve(1, HOUR).await.unwrap().commit();
    assert_about(delay(&limit, 1).await, HOUR);
    let later = limit.reserve(1, HOUR).await.unwrap();
    time.advance(HOUR);
    assert_eq!(later.delay(), Duration::ZERO);
    later.ready().await;

    let never = limit.reserve(4, HOUR).await.unwrap_err();
    assert!(matches!(never, ReserveError::TooMany(_)), "{never:?}");
    assert_eq!(limit.until_ready_n(0).unwrap_err().setting(), "permits");
    assert_eq!((limit.rejected(), limit.calls_away()), (1, 0));
}

#[tokio::test]
async fn a_reservation_that_is_dropped_is_given_back_by_a_task() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), hourly(1), WhileAway::Refuse);
    drop(limit.reserve(1, Duration::ZERO).await.unwrap());
    let given_back = async {
        while !limit.check().await.is_allowed() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, given_back).await.unwrap();

    let mut waits = Box::pin(limit.until_ready().into_future());
    let booked = async {
        while limit.reserve(1, HOUR).await.is_ok() {
            let polled = std::future::poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx)));
            assert!(polled.await.is_pending());
        }
    };
    tokio::time::timeout(PATIENCE, booked).await.unwrap();
    drop(waits);
    let given_back = async {
        while limit.reserve(1, HOUR).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, given_back).await.unwrap();
}

#[tokio::test]
async fn nothing_is_given_back_in_front_of_others_who_wait_nor_after_the_quota_has_changed() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), Quota::per_hour(10).burst(2), WhileAway::Refuse);
    let first = limit.reserve(2, Duration::ZERO).await.unwrap();
    let second = limit.reserve(2, HOUR).await.unwrap();
    first.cancel().await;
    assert_about(delay(&limit, 1).await, 3 * HOUR / 10);
    second.cancel().await;
    assert_about(delay(&limit, 1).await, HOUR / 10);

    let held = limit.reserve(1, HOUR).await.unwrap();
    limit.reconfigure(|settings| settings.quota = Quota::per_hour(20).burst(2)).unwrap();
    assert_about(delay(&limit, 1).await, 2 * HOUR / 20);
    held.cancel().await;
    assert_about(delay(&limit, 1).await, 2 * HOUR / 20);
}

#[tokio::test]
async fn a_change_of_the_quota_keeps_what_was_used() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), Quota::per_day(20), WhileAway::Refuse);
    let (other, _) = super::limit(&server.url(), Quota::per_day(20), WhileAway::Refuse);
    assert_eq!(limit.check_n(10).await.unwrap(), Decision::Allowed { remaining: 10 });
    limit.reconfigure(|settings| settings.quota = Quota::per_day(30)).unwrap();
    assert_eq!(limit.check_n(5).await.unwrap(), Decision::Allowed { remaining: 15 });
    assert_eq!(limit.remaining(), 15);
    assert_eq!(other.check_n(1).await.unwrap(), Decision::Allowed { remaining: 4 }, "of 20, 16");
    limit.reconfigure(|settings| settings.quota = Quota::per_day(5)).unwrap();
    let refused = limit.check().await.retry_after().unwrap();
    assert_about(refused, DAY / 5);
    assert_eq!(other.check_n(15).await.unwrap(), Decision::Allowed { remaining: 0 }, "5 of 20");

    let invalid = limit.reconfigure(|settings| {
        settings.quota = Quota::per_day(7);
        settings.while_away = WhileAway::Local(Quota::per_day(0));
    });
    assert_eq!(invalid.unwrap_err().setting(), "quota");
    assert_eq!(limit.settings().quota, Quota::per_day(5));
}

#[tokio::test]
async fn what_was_booked_under_a_quota_that_has_come_back_is_not_given_back() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), Quota::per_day(24), WhileAway::Refuse);
    let held = limit.reserve(24, Duration::ZERO).await.unwrap();
    for (permits, left) in [(6, 0), (24, 18)] {
        limit.reconfigure(|settings| settings.quota = Quota::per_day(permits)).unwrap();
        let decision = limit.check_n(permits).await.unwrap();
        assert!(!decision.is_allowed(), "{left} are left");
    }
    held.cancel().await;
    assert_eq!(limit.check_n(18).await.unwrap(), Decision::Allowed { remaining: 0 });
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Check(u32),
    Reserve(u32, Duration),
    /// One of those that are held.
    Cancel(usize),
    Change(Quota),
}

fn step() -> impl Strategy<Value = Step> {
    let quotas =
        vec![Quota::per_day(24).burst(4), Quota::per_day(48).burst(6), Quota::per_day(24).burst(2)];
    let longest = vec![Duration::ZERO, HOUR / 2, HOUR];
    prop_oneof![
        3 => (1_u32..4).prop_map(Step::Check),
        4 => (1_u32..4, prop::sample::select(longest)).prop_map(|(n, at)| Step::Reserve(n, at)),
        4 => (0_usize..8).prop_map(Step::Cancel),
        1 => prop::sample::select(quotas).prop_map(Step::Change),
    ]
}

/// Hours pass between permits, and none while this runs.
#[test]
fn the_server_decides_as_a_limit_in_memory_does() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start();
    proptest!(|(steps in prop::collection::vec(step(), 0..40))| {
        runtime.block_on(async {
            server.say(&["DEL", "reliability:api"]);
            let quota = Quota::per_day(24).burst(4);
            let (stored, _) = limit(&server.url(), quota, WhileAway::Refuse);
            let memory = RateLimit::builder("api").quota(quota).clock(ManualClock::new().clock());
            let memory = memory.build().unwrap();
            let mut held = Vec::new();
            // A change reaches the server with the next call.
            let ask_after = |step: Step| match step {
                Step::Change(_) => vec![step, Step::Check(1)],
                _ => vec![step],
            };
            for step in steps.into_iter().flat_map(ask_after) {
                match step {
                    Step::Check(permits) => {
                        let answers = (stored.check_n(permits).await, memory.check_n(permits));
                        let (Ok(one), Ok(other)) = answers else {
                            prop_assert_eq!(answers.0.is_ok(), answers.1.is_ok());
                            continue;
                        };
                        prop_assert_eq!(one.is_allowed(), other.is_allowed());
                        if let Decision::Allowed { remaining } = one {
                            prop_assert_eq!(Decision::Allowed { remaining }, other);
                        }
                    }
                    Step::Reserve(permits, longest) => {
                        let one = stored.reserve(permits, longest).await;
                        let other = memory.reserve(permits, longest);
                        prop_assert_eq!(one.is_ok(), other.is_ok());
                        if let (Ok(one), Ok(other)) = (one, other) {
                            assert_about(one.delay(), other.delay());
                            held.push((one, other));
                        }
                    }
                    Step::Cancel(which) if which < held.len() => {
                        let (one, other) = held.swap_remove(which);
                        one.cancel().await;
                        other.cancel();
                    }
                    Step::Cancel(_) => {}
                    Step::Change(quota) => {
                        stored.reconfigure(|settings| settings.quota = quota).unwrap();
                        memory.reconfigure(|settings| settings.quota = quota).unwrap();
                    }
                }
            }
            prop_assert_eq!(stored.calls_away(), 0);
            held.into_iter().for_each(|(one, other)| {
                one.commit();
                other.commit();
            });
            Ok(())
        })?;
    });
}

#[tokio::test]
async fn who_decides_while_the_server_is_away_can_be_changed_then() {
    let server = Server::start();
    let (limit, time) = limit(&server.url(), hourly(5), WhileAway::Refuse);
    assert!(limit.check().await.is_allowed());
    server.kill();
    assert_eq!(allowed(&limit, 3).await, 0);
    limit.reconfigure(|settings| settings.while_away = WhileAway::Local(hourly(2))).unwrap();
    assert_eq!(allowed(&limit, 3).await, 2);
    let waiting = limit.reserve(1, HOUR).await.unwrap();
    assert_eq!((waiting.delay(), waiting.permits()), (HOUR, 1));
    assert!(limit.reserve(1, HOUR).await.is_err());
    waiting.cancel().await;
    let waiting = limit.reserve(1, HOUR).await.unwrap();
    time.advance(HOUR);
    waiting.ready().await;
    let too_many = limit.reserve(4, HOUR).await.unwrap_err();
    assert!(matches!(too_many, ReserveError::Rejected(_)), "the server may know of so many");
    limit.reconfigure(|settings| settings.while_away = WhileAway::Refuse).unwrap();
    assert!(limit.until_ready().await.is_err());
    assert_eq!(limit.rejected(), 3 + 1 + 1 + 1 + 1);
}

/// As if the server's clock had been set back by that time right after the key was written.
fn set_back(server: &Server, by: Duration, used: u32, quota: Quota) {
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
    let interval = micros(quota.period) / f64::from(quota.permits);
    let written = server.now() + micros(by);
    let full_at = written + interval * f64::from(used);
    let fill = interval * f64::from(quota.burst);
    let state = format!("{full_at} {interval} {fill} {written} {written}");
    assert_eq!(server.say(&["SET", "reliability:api", &state])[0], "+OK");
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_permits_and_stops_none() {
    let server = Server::start();
    let quota = Quota::per_day(24);
    for by in [Duration::from_secs(1), HOUR, 400 * DAY] {
        let (limit, _) = limit(&server.url(), quota, WhileAway::Refuse);
        set_back(&server, by, 20, quota);
        assert_eq!(limit.check_n(3).await.unwrap(), Decision::Allowed { remaining: 1 }, "{by:?}");

        set_back(&server, by, 24, quota);
        let first = limit.check().await.retry_after().unwrap();
        assert_about(first, HOUR);
        let second = limit.check().await.retry_after().unwrap();
        assert!(second < first, "time goes on from there: {first:?}, then {second:?}");
        assert_eq!(limit.calls_away(), 0);
    }
}

#[tokio::test]
async fn what_was_booked_before_the_clock_was_set_back_is_not_given_back() {
    let server = Server::start();
    let quota = Quota::per_day(24);
    let (limit, _) = limit(&server.url(), quota, WhileAway::Refuse);
    let held = limit.reserve(24, Duration::ZERO).await.unwrap();
    set_back(&server, DAY, 24, quota);
    held.cancel().await;
    assert_about(limit.check().await.retry_after().unwrap(), HOUR);
}

#[tokio::test]
async fn a_key_that_is_something_else_is_left_alone_and_each_decides_for_itself() {
    let server = Server::start();
    for state in [["SET", "reliability:api", "yes"], ["LPUSH", "reliability:api", "yes"]] {
        server.say(&["DEL", "reliability:api"]);
        server.say(&state);
        let local = WhileAway::Local(Quota::per_day(2));
        let (limit, _) = limit(&server.url(), Quota::per_day(9), local);
        assert_eq!((allowed(&limit, 5).await, limit.calls_away()), (2, 5), "{state:?}");
        assert_eq!(server.say(&["EXISTS", "reliability:api"])[0], ":1");
    }
}
