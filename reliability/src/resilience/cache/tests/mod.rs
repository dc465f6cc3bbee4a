#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

mod extremes;
mod front;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::{Future, pending, ready};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use super::*;
use crate::error::{Class, Fault, Reason, Rejected};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::time::{Clock, Deadline, Instant, ManualClock};

#[derive(Debug, Clone, PartialEq)]
enum PriceError {
    Busy,
    NoSuchArticle,
    HungUp,
    Rejected(Rejected),
}

impl Fault for PriceError {
    fn class(&self) -> Class {
        match self {
            PriceError::Busy => Class::Transient,
            PriceError::NoSuchArticle => Class::Permanent,
            PriceError::HungUp => Class::Cancelled,
            PriceError::Rejected(rejected) => rejected.class(),
        }
    }

    fn rejection(&self) -> Option<&Rejected> {
        match self {
            PriceError::Rejected(rejected) => Some(rejected),
            _ => None,
        }
    }
}

impl From<Rejected> for PriceError {
    fn from(rejected: Rejected) -> Self {
        PriceError::Rejected(rejected)
    }
}

/// The time that has passed on tokio's clock.
fn since(start: Instant) -> Duration {
    Clock::precise().now().saturating_duration_since(start)
}

type Price = Result<u32, PriceError>;

const TTL: Duration = Duration::from_secs(30);
const STALE: Duration = Duration::from_secs(300);

fn cache() -> (Cache, ManualClock) {
    with(|builder| builder)
}

fn with(change: impl FnOnce(CacheBuilder) -> CacheBuilder) -> (Cache, ManualClock) {
    let clock = ManualClock::new();
    let builder = Cache::builder("price").ttl(TTL).stale(STALE).clock(clock.clock());
    (change(builder).build().unwrap(), clock)
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The answer of a lookup that need not wait.
fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the lookup waits"),
    }
}

/// Asks for tea, where the dependency would answer so.
fn ask(cache: &Cache, answer: Price) -> Price {
    now(cache.get_or("tea", || ready(answer)))
}

fn share(cache: &Cache, answer: Price) -> Price {
    now(cache.get_or_share("tea", || ready(answer)))
}

#[test]
fn a_fresh_value_is_everybodys_and_the_work_is_not_begun() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL - Duration::from_nanos(1));
    let asked = Cell::new(false);
    let again: Price = now(cache.get_or("tea", || {
        asked.set(true);
        ready(Ok(2))
    }));
    assert_eq!((again, asked.get()), (Ok(1), false));
    assert_eq!((cache.snapshot().misses, cache.snapshot().hits), (1, 1));
}

#[test]
fn one_caller_refreshes_a_stale_value_and_all_others_have_it_at_once() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL);
    let mut refresh = Box::pin(cache.get_or("tea", pending::<Price>));
    assert!(poll(refresh.as_mut()).is_pending());
    assert_eq!(ask(&cache, Ok(2)), Ok(1), "stale, while it is refreshed");
    drop(refresh);
    assert_eq!(ask(&cache, Ok(2)), Ok(2), "the next one refreshes it");
    assert_eq!(ask(&cache, Ok(3)), Ok(2), "fresh again");
    let seen = cache.snapshot();
    assert_eq!((seen.misses, seen.refreshes, seen.stale, seen.hits), (1, 2, 1, 1));
}

#[test]
fn a_value_that_is_gone_is_waited_for() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL + STALE);
    assert_eq!(ask(&cache, Err(PriceError::Busy)), Err(PriceError::Busy));
    assert_eq!(ask(&cache, Ok(2)), Ok(2));
}

#[test]
fn a_refresh_that_fails_is_answered_by_the_stale_value_and_not_tried_again_at_once() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL);
    assert_eq!(ask(&cache, Err(PriceError::Busy)), Ok(1));
    assert_eq!(ask(&cache, Ok(2)), Ok(1), "it is left alone for a second");
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(&cache, Ok(2)), Ok(2));
    let seen = cache.snapshot();
    assert_eq!((seen.stale_if_error, seen.stale, seen.refreshes), (1, 1, 2));
}

#[test]
fn a_refresh_that_outlasts_the_stale_value_fails() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL);
    let slow = cache.get_or("tea", || async {
        clock.advance(STALE);
        Err::<u32, _>(PriceError::Busy)
    });
    assert_eq!(now(slow), Err(PriceError::Busy));
}

#[test]
fn a_refresh_that_fails_is_not_answered_by_what_was_taken_away_meanwhile() {
    type TakeAway = fn(&Cache);
    let ways: [TakeAway; 3] = [
        |cache| assert!(cache.invalidate::<u32>("tea")),
        Cache::clear,
        |cache| cache.insert("tea", 2_u32),
    ];
    for (way, take_away) in ways.into_iter().enumerate() {
        let (cache, clock) = cache();
        assert_eq!(ask(&cache, Ok(1)), Ok(1));
        clock.advance(TTL);
        let (fail, failed) = tokio::sync::oneshot::channel::<()>();
        let work = async { failed.await.map_or(Ok(3_u32), |()| Err(PriceError::Busy)) };
        let mut refresh = pin!(cache.get_or("tea", || work));
        assert!(poll(refresh.as_mut()).is_pending());
        take_away(&cache);
        assert_eq!(fail.send(()), Ok(()));
        assert_eq!(poll(refresh), Poll::Ready(Err(PriceError::Busy)), "way {way}");
        assert_eq!(cache.snapshot().stale_if_error, 0);
        assert_eq!(cache.get::<u32>("tea"), (way == 2).then_some(2));
    }
}

#[test]
fn a_permanent_error_ends_a_stale_value_and_a_cancelled_one_does_not() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL);
    assert_eq!(ask(&cache, Err(PriceError::HungUp)), Err(PriceError::HungUp));
    let mut refresh = Box::pin(cache.get_or("tea", pending::<Price>));
    assert!(poll(refresh.as_mut()).is_pending());
    assert_eq!(ask(&cache, Ok(2)), Ok(1), "still there");
    drop(refresh);
    let gone = Err(PriceError::NoSuchArticle);
    assert_eq!(ask(&cache, gone.clone()), gone, "the article was deleted");
    let (misses, errors) = (cache.snapshot().misses, cache.snapshot().stale_if_error);
    assert_eq!(ask(&cache, Ok(3)), Ok(3));
    assert_eq!((cache.snapshot().misses - misses, errors), (1, 0));
}

#[test]
fn a_refusal_leaves_the_stale_value_to_its_caller() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    for reason in [Reason::BreakerOpen, Reason::TimedOut, Reason::DeadlineExceeded] {
        clock.advance(TTL);
        let refused = PriceError::Rejected(Rejected::new(reason, "price"));
        assert_eq!(ask(&cache, Err(refused)), Ok(1), "{reason:?}");
    }
}

#[test]
fn errors_are_kept_by_class_and_only_where_they_are_shared() {
    let (cache, clock) = with(|builder| builder.negative_permanent(Duration::from_secs(10)));
    let gone = Err(PriceError::NoSuchArticle);
    assert_eq!(share(&cache, gone.clone()), gone);
    assert_eq!(share(&cache, Ok(1)), gone, "from the cache");
    assert_eq!(ask(&cache, Ok(2)), Ok(2), "whoever does not share errors does not get one");
    assert!(cache.invalidate::<u32>("tea"));

    assert_eq!(share(&cache, gone.clone()), gone);
    clock.advance(Duration::from_secs(10));
    assert_eq!(share(&cache, Err(PriceError::Busy)), Err(PriceError::Busy), "no longer kept");
    assert_eq!(share(&cache, Ok(3)), Ok(3), "a transient error was not declared");
    assert_eq!(cache.snapshot().negative_hits, 1);
}

#[test]
fn an_error_of_another_type_is_no_answer() {
    let (cache, _) = with(|builder| builder.negative_permanent(TTL));
    assert!(share(&cache, Err(PriceError::NoSuchArticle)).is_err());
    let other: Result<u32, Rejected> = now(cache.get_or_share("tea", || ready(Ok(1))));
    assert_eq!(other, Ok(1));
}

#[test]
fn who_asks_at_once_gets_the_answer_of_the_first() {
    let (cache, _) = cache();
    let (sender, receiver) = tokio::sync::oneshot::channel::<u32>();
    let mut leader =
        pin!(cache.get_or("tea", || async { receiver.await.map_err(|_| PriceError::Busy) }));
    assert!(poll(leader.as_mut()).is_pending());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let mut followers: Vec<_> =
        (0..3).map(|_| Box::pin(cache.get_or("tea", || ready(Price::Ok(9))))).collect();
    for follower in &mut followers {
        assert!(poll(follower.as_mut()).is_pending());
    }
    sender.send(7).unwrap();
    assert_eq!(poll(leader.as_mut()), Poll::Ready(Ok(7)));
    for follower in &mut followers {
        assert_eq!(poll(follower.as_mut()), Poll::Ready(Ok(7)));
    }
    let seen = cache.snapshot();
    assert_eq!((seen.misses, seen.coalesced, seen.in_flight), (1, 3, 0));
}

/// A leader that fails once it is told so, and one that follows.
async fn fails_while_another_waits(cache: &Cache, error: PriceError, shared: bool) -> Price {
    let leader = async {
        let work = || async {
            tokio::task::yield_now().await;
            Err::<u32, _>(error)
        };
        match shared {
            true => cache.get_or_share("tea", work).await,
            false => cache.get_or("tea", work).await,
        }
    };
    let follower = async {
        match shared {
            true => cache.get_or_share("tea", || ready(Price::Ok(2))).await,
            false => cache.get_or("tea", || ready(Price::Ok(2))).await,
        }
    };
    let (led, followed) = tokio::join!(leader, follower);
    assert!(led.is_err());
    followed
}

#[tokio::test]
async fn an_error_goes_to_all_who_wait_where_it_is_shared_and_else_the_next_one_works() {
    let (cache, _) = cache();
    let busy = || PriceError::Busy;
    assert_eq!(fails_while_another_waits(&cache, busy(), true).await, Err(busy()));
    assert_eq!(fails_while_another_waits(&cache, busy(), false).await, Ok(2));
    assert_eq!((cache.snapshot().coalesced, cache.snapshot().handed_over), (1, 1));
}

#[tokio::test]
async fn a_caller_that_hangs_up_takes_nobody_along() {
    let (cache, _) = cache();
    let followed = fails_while_another_waits(&cache, PriceError::HungUp, true).await;
    assert_eq!(followed, Ok(2));
}

#[tokio::test]
async fn a_leader_that_is_dropped_or_panics_hands_over() {
    let (cache, _) = cache();
    for panics in [false, true] {
        let leader = tokio::spawn({
            let cache = cache.clone();
            async move {
                let work = || async {
                    tokio::task::yield_now().await;
                    assert!(!panics, "the leader's own");
                    pending::<Price>().await
                };
                cache.get_or(&panics, work).await
            }
        });
        tokio::task::yield_now().await;
        let follower = cache.get_or(&panics, || ready(Price::Ok(2)));
        let abort = async {
            tokio::task::yield_now().await;
            leader.abort();
            leader.await.is_err()
        };
        assert_eq!(tokio::join!(follower, abort), (Ok(2), true));
    }
    assert_eq!((cache.snapshot().handed_over, cache.snapshot().in_flight), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_follower_waits_no_longer_than_it_may() {
    let (cache, _) = cache();
    let mut leader = Box::pin(cache.get_or("tea", pending::<Price>));
    assert!(poll(leader.as_mut()).is_pending());
    let follow = || cache.get_or("tea", || ready(Price::Ok(2)));

    let start = Clock::precise().now();
    let timed_out = Rejected::new(Reason::TimedOut, "price");
    assert_eq!(follow().await, Err(timed_out.into()));
    assert_eq!(since(start).as_secs(), 10);

    let deadline = Deadline::after(Duration::from_secs(1));
    let too_late = Rejected::new(Reason::DeadlineExceeded, "price");
    assert_eq!(deadline.scope(follow()).await, Err(too_late.into()));
    assert_eq!(since(start).as_secs(), 11);
    assert_eq!(cache.snapshot().waits_given_up, 2);

    drop(leader);
    assert_eq!(follow().await, Ok(2));
}

/// Every leader fails; those who wait take their turns one at a time, and no longer than they may.
#[tokio::test(start_paused = true)]
async fn a_herd_behind_a_dependency_that_fails_goes_one_at_a_time() {
    let (cache, _) = with(|builder| builder.wait(Duration::from_secs(5)));
    let (busy, calls) = (AtomicU32::new(0), AtomicU32::new(0));
    let call = || async {
        let work = || async {
            assert_eq!(busy.fetch_add(1, Ordering::Relaxed), 0, "one at a time");
            calls.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            busy.fetch_sub(1, Ordering::Relaxed);
            Err::<u32, _>(PriceError::Busy)
        };
        cache.get_or("tea", work).await
    };
    let start = Clock::precise().now();
    let herd = [0; 20].map(|_| Box::pin(call()));
    let answers = join_all(herd.into()).await;
    let failed = answers.iter().filter(|answer| **answer == Err(PriceError::Busy)).count();
    assert_eq!((failed, answers.len()), (calls.load(Ordering::Relaxed) as usize, 20));
    assert!((5..=6).contains(&failed), "{failed} had their turn within five seconds");
    assert!(since(start) <= Duration::from_secs(6));
}

async fn join_all<F: Future>(mut futures: Vec<Pin<Box<F>>>) -> Vec<F::Output> {
    let mut outputs = Vec::new();
    core::future::poll_fn(|cx| {
        futures.retain_mut(|future| match future.as_mut().poll(cx) {
            Poll::Ready(output) => {
                outputs.push(output);
                false
            }
            Poll::Pending => true,
        });
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    outputs
}

#[test]
fn a_refusal_that_the_leader_met_is_everybodys_and_a_deadline_is_its_own() {
    let classifier = crate::resilience::Classifier::<PriceError>::by_fault();
    for (reason, shared) in [(Reason::BreakerOpen, true), (Reason::DeadlineExceeded, false)] {
        let (cache, _) = cache();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _inside = runtime.enter();
        let mut leads = pin!(cache.look_up::<_, u32, PriceError>("tea", Sharing::values()));
        let Poll::Ready(Found::Lead(lead)) = poll(leads.as_mut()) else { panic!("nobody else") };
        let mut follows = pin!(cache.look_up::<_, u32, PriceError>("tea", Sharing::values()));
        assert!(poll(follows.as_mut()).is_pending());
        let refused = crate::error::Failure::Rejected(Rejected::new(reason, "price"));
        assert_eq!(
            lead.settle(Err(refused.clone()), &classifier, Sharing::values()),
            Err(refused.clone())
        );
        match poll(follows) {
            Poll::Ready(Found::Answer(answer)) if shared => assert_eq!(answer, Err(refused)),
            Poll::Ready(Found::Lead(_)) if !shared => {}
            other => panic!("{reason:?}: {other:?}"),
        }
    }
}

#[test]
fn what_is_invalidated_while_it_is_found_out_is_not_kept() {
    for all in [false, true] {
        let (cache, _) = cache();
        let answer: Price = now(cache.get_or("tea", || {
            match all {
                true => cache.clear(),
                false => assert!(!cache.invalidate::<u32>("tea")),
            }
            // Whoever comes now does not join: it would get an answer of before.
            assert_eq!(ask(&cache, Ok(2)), Ok(2));
            ready(Ok(1))
        }));
        assert_eq!(answer, Ok(1), "for its own caller it is as good as any");
        assert_eq!(ask(&cache, Ok(3)), Ok(2), "for those who come later it is not");
    }
}

#[test]
fn keys_are_looked_up_by_what_they_borrow_as() {
    let (cache, _) = cache();
    cache.insert("tea", 1_u32);
    assert_eq!(cache.get::<u32>(&String::from("tea")), Some(1));
    cache.insert(&(7_u32, String::from("tea")), 2_u32);
    assert_eq!(cache.get::<u32>((&7_u32, "tea")), Some(2));
    assert_eq!(cache.get::<u32>((&7_u64, "tea")), None, "a key of another type is another key");
    assert_eq!(cache.get::<u64>("tea"), None, "each type of value has keys of its own");
    cache.insert("tea", 3_u64);
    assert_eq!((cache.get::<u32>("tea"), cache.get::<u64>("tea")), (Some(1), Some(3)));
    assert!(cache.invalidate::<u64>("tea") && !cache.invalidate::<u64>("tea"));
    assert_eq!(cache.get::<u32>("tea"), Some(1));
}

#[test]
fn a_hundred_thousand_keys_that_come_once_take_the_room_of_the_capacity() {
    let (cache, _) = with(|builder| builder.capacity(100));
    for key in 0..100_000_u32 {
        cache.insert(&key, key.to_string());
    }
    let seen = cache.snapshot();
    assert!(seen.size <= 100, "{} entries", seen.size);
    assert!(seen.evictions >= 99_900, "{} evictions", seen.evictions);
}

#[test]
fn a_weigher_measures_the_capacity() {
    let weigh = |page: &String| page.len() as u32;
    let (cache, _) = with(|builder| builder.capacity(1_000).weigher(weigh));
    for key in 0..10_u32 {
        cache.insert(&key, "x".repeat(300));
        cache.insert(&key, key);
        cache.snapshot();
    }
    let pages = (0..10_u32).filter(|key| cache.get::<String>(key).is_some()).count();
    assert!((1..=3).contains(&pages), "{pages} pages");
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let refused = |change: fn(CacheBuilder) -> CacheBuilder| {
        change(Cache::builder("price"))
            .build()
            .map_err(|invalid| invalid.setting().to_string())
            .err()
    };
    let year = Duration::from_secs(366 * 86_400);
    for (setting, got) in [
        ("ttl", refused(|builder| builder.ttl(Duration::ZERO))),
        ("capacity", refused(|builder| builder.capacity(0))),
        ("wait", refused(|builder| builder.wait(Duration::ZERO))),
        ("stale", refused(|builder| builder.stale(Duration::MAX))),
        ("negative.permanent", refused(|builder| builder.negative_permanent(Duration::MAX))),
        ("negative.transient", refused(|builder| builder.negative_transient(Duration::MAX))),
        ("negative.overloaded", refused(|builder| builder.negative_overloaded(Duration::MAX))),
        ("refresh_pause", refused(|builder| builder.refresh_pause(Duration::MAX))),
        ("kept_max", refused(|builder| builder.kept_max(Duration::from_secs(1)))),
    ] {
        assert_eq!(got.as_deref(), Some(setting));
    }
    assert!(Cache::builder("price").ttl(year).build().is_err());
}

#[test]
fn settings_change_for_what_is_kept_already_and_a_refused_change_changes_nothing() {
    let (cache, clock) = cache();
    assert_eq!(ask(&cache, Ok(1)), Ok(1));
    clock.advance(TTL);
    cache.reconfigure(|settings| settings.ttl = 2 * TTL).unwrap();
    assert_eq!(ask(&cache, Ok(2)), Ok(1), "fresh again");

    let before = cache.settings();
    for change in [
        |settings: &mut Settings| settings.capacity += 1,
        |settings: &mut Settings| settings.ttl = Duration::from_secs(3601),
        |settings: &mut Settings| settings.wait = Duration::ZERO,
    ] {
        assert!(cache.reconfigure(change).is_err());
        assert_eq!(cache.settings(), before);
    }
}

#[test]
fn threads_that_miss_together_call_once() {
    let cache = Cache::standard("price");
    for round in 0..200_u32 {
        let calls = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_time().build();
                    let work = || async {
                        tokio::task::yield_now().await;
                        Price::Ok(calls.fetch_add(1, Ordering::Relaxed))
                    };
                    assert_eq!(runtime.unwrap().block_on(cache.get_or(&round, work)), Ok(0));
                });
            }
        });
        assert_eq!(calls.load(Ordering::Relaxed), 1, "in round {round}");
    }
    let seen = cache.snapshot();
    assert_eq!((seen.misses, seen.hits + seen.coalesced), (200, 400));
}
