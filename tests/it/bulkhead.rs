//! The bulkhead as its users see it: bounds, order, and places that always come back.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use reliability::error::{Class, Reason};
use reliability::resilience::bulkhead::Bulkhead;
use reliability::time::{Clock, ManualClock};
use tokio::time::Instant;

const WAIT: Duration = Duration::from_millis(100);

fn bulkhead(concurrent: u32, queue: u32) -> Bulkhead {
    Bulkhead::builder("inventory").concurrent(concurrent).queue(queue).wait(WAIT).build().unwrap()
}

/// Lets every task that can run do so.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn handles_permits_and_futures_cross_threads() {
    fn crosses<T: Send + Sync>(_: &T) {}
    fn moves<T: Send>(_: &T) {}
    let bulkhead = bulkhead(3, 1);
    crosses(&bulkhead);
    crosses(&bulkhead.try_enter().unwrap());
    crosses(&bulkhead.try_enter_owned().unwrap());
    moves(&bulkhead.enter());
    moves(&bulkhead.enter_owned());
    assert_eq!(bulkhead.in_use(), 0);
}

#[tokio::test(start_paused = true)]
async fn of_fifty_calls_at_once_three_enter_and_the_rest_are_refused_at_once() {
    for (queue, wait) in [(0, WAIT), (100, Duration::ZERO)] {
        let bulkhead = Bulkhead::builder("inventory").concurrent(3).queue(queue).wait(wait);
        let bulkhead = bulkhead.build().unwrap();
        let begun = Instant::now();
        let mut inside = Vec::new();
        for _ in 0..50 {
            match bulkhead.enter().await {
                Ok(permit) => inside.push(permit),
                Err(rejected) => {
                    assert_eq!(rejected.reason(), Reason::BulkheadFull);
                    assert_eq!(&**rejected.policy(), "inventory");
                    assert_eq!(rejected.retry_after(), None);
                    assert_eq!(rejected.class(), Class::Overloaded);
                }
            }
        }
        assert_eq!((inside.len(), bulkhead.rejected()), (3, 47), "queue {queue}, wait {wait:?}");
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_as_long_as_it_may_and_no_longer() {
    let bulkhead = bulkhead(1, 1);
    let permit = bulkhead.enter().await.unwrap();
    let begun = Instant::now();
    assert!(bulkhead.enter().await.is_err());
    let waited = begun.elapsed();
    assert!(waited >= WAIT && waited <= WAIT + Duration::from_millis(1), "{waited:?}");
    assert_eq!((bulkhead.queued(), bulkhead.in_use(), bulkhead.rejected()), (0, 1, 1));
    drop(permit);
    assert!(bulkhead.enter().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once_while_those_in_it_still_get_in() {
    let bulkhead = bulkhead(1, 2);
    let permit = bulkhead.enter().await.unwrap();
    let waiting: Vec<_> = (0..2).map(|_| tokio::spawn(bulkhead.enter_owned())).collect();
    settle().await;
    assert_eq!(bulkhead.queued(), 2);

    let begun = Instant::now();
    assert!(bulkhead.enter().await.is_err());
    assert_eq!(begun.elapsed(), Duration::ZERO);

    drop(permit);
    for waiter in waiting {
        assert!(waiter.await.unwrap().is_ok());
    }
    assert_eq!((bulkhead.in_use(), bulkhead.queued(), bulkhead.rejected()), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn first_come_first_served() {
    let bulkhead = bulkhead(1, 10);
    let permit = bulkhead.enter().await.unwrap();
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for caller in 0..10 {
        let (bulkhead, served) = (bulkhead.clone(), Arc::clone(&served));
        tasks.push(tokio::spawn(async move {
            let _permit = bulkhead.enter().await.unwrap();
            served.lock().unwrap().push(caller);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }));
        settle().await;
    }
    drop(permit);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*served.lock().unwrap(), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn nobody_passes_a_call_that_waits() {
    let bulkhead = bulkhead(2, 1);
    let first = bulkhead.enter().await.unwrap();
    let second = bulkhead.enter().await.unwrap();
    let waiter = tokio::spawn(bulkhead.enter_owned());
    settle().await;
    drop(first);
    // The waiter's task has not run yet, and the place is its own already.
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (2, 0));
    assert!(bulkhead.try_enter().is_err());
    drop(second);
    assert!(bulkhead.try_enter().is_ok());
    assert!(waiter.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_cancelled_leaves_no_trace_wherever_it_was() {
    let bulkhead = bulkhead(1, 2);

    // Before it was polled.
    drop(bulkhead.enter());
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0));

    // While it waits: the one behind it moves up.
    let permit = bulkhead.enter().await.unwrap();
    let cancelled = tokio::spawn(bulkhead.enter_owned());
    settle().await;
    let behind = tokio::spawn(bulkhead.enter_owned());
    settle().await;
    cancelled.abort();
    settle().await;
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (1, 1));
    drop(permit);
    let behind = behind.await.unwrap().unwrap();

    // When the place was granted and not collected: the next one gets it.
    let mut granted = Box::pin(bulkhead.enter());
    let mut next = pin!(bulkhead.enter());
    let mut context = Context::from_waker(Waker::noop());
    assert!(granted.as_mut().poll(&mut context).is_pending());
    assert!(next.as_mut().poll(&mut context).is_pending());
    drop(behind);
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (1, 1));
    drop(granted);
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (1, 0));
    assert!(next.as_mut().poll(&mut context).is_ready());

    // Inside.
    let mut inside = Box::pin(async {
        let _permit = bulkhead.enter().await.unwrap();
        std::future::pending::<()>().await;
    });
    assert!(inside.as_mut().poll(&mut context).is_pending());
    assert_eq!(bulkhead.in_use(), 1);
    drop(inside);
    assert_eq!((bulkhead.in_use(), bulkhead.queued(), bulkhead.rejected()), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_inside_gives_the_place_to_the_next() {
    let bulkhead = bulkhead(1, 1);
    let calm = {
        let permit = bulkhead.enter().await.unwrap();
        let waiting = tokio::spawn(bulkhead.enter_owned());
        settle().await;
        let panicked = std::panic::catch_unwind(AssertUnwindSafe(move || {
            let _permit = permit;
            std::panic::resume_unwind(Box::new("the body panicked"));
        }));
        assert!(panicked.is_err());
        waiting.await.unwrap()
    };
    assert!(calm.is_ok());
    drop(calm);
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_raised_limit_lets_waiters_in_and_a_lowered_one_lets_the_surplus_run_out() {
    let bulkhead = bulkhead(1, 5);
    let first = bulkhead.enter().await.unwrap();
    let waiting: Vec<_> = (0..5).map(|_| tokio::spawn(bulkhead.enter_owned())).collect();
    settle().await;
    bulkhead.reconfigure(|settings| settings.concurrent = 4).unwrap();
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (4, 2));

    bulkhead.reconfigure(|settings| settings.concurrent = 2).unwrap();
    drop(first);
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (3, 2), "still one too many");
    for waiter in waiting {
        drop(waiter.await.unwrap().unwrap());
    }
    assert_eq!((bulkhead.in_use(), bulkhead.queued(), bulkhead.concurrent()), (0, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn the_clock_decides_when_the_wait_is_over_and_not_the_timer() {
    let manual = ManualClock::new();
    let bulkhead = Bulkhead::builder("inventory").concurrent(1).wait(WAIT).clock(manual.clock());
    let bulkhead = bulkhead.build().unwrap();
    let _permit = bulkhead.try_enter().unwrap();
    let waiting = tokio::spawn(bulkhead.enter_owned());

    tokio::time::sleep(WAIT * 20).await;
    assert_eq!(bulkhead.queued(), 1, "on its own clock no time has passed");
    manual.advance(WAIT);
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn every_clock_ends_a_wait() {
    for clock in [Clock::precise(), Clock::coarse(), Clock::ticked()] {
        let wait = Duration::from_millis(5);
        let bulkhead = Bulkhead::builder("inventory").concurrent(1).wait(wait).clock(clock.clone());
        let bulkhead = bulkhead.build().unwrap();
        let _permit = bulkhead.try_enter().unwrap();
        let begun = clock.now();
        assert!(bulkhead.enter().await.is_err(), "{clock:?}");
        assert!(clock.now().saturating_duration_since(begun) >= wait, "{clock:?}");
    }
}

#[test]
fn without_a_wait_no_runtime_is_needed() {
    let bulkhead = bulkhead(1, 0);
    let mut context = Context::from_waker(Waker::noop());
    let entered = pin!(bulkhead.enter()).poll(&mut context).map(|entered| entered.is_ok());
    assert!(entered.is_ready());
    let _permit = bulkhead.try_enter().unwrap();
    assert!(pin!(bulkhead.enter()).poll(&mut context).is_ready());
    assert_eq!(bulkhead.rejected(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_load_from_many_threads_the_limit_holds_and_every_call_is_accounted_for() {
    const LIMIT: u32 = 3;
    const CALLS: u32 = 2_000;
    let bulkhead = Bulkhead::builder("inventory").concurrent(LIMIT).queue(16);
    let bulkhead = bulkhead.wait(Duration::from_secs(3600)).build().unwrap();
    let (inside, most, served) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let counts = Arc::new((inside, most, served));
    let tasks: Vec<_> = (0..32_u32)
        .map(|task| {
            let (bulkhead, counts) = (bulkhead.clone(), Arc::clone(&counts));
            tokio::spawn(async move {
                let (inside, most, served) = &*counts;
                for call in 0..CALLS / 32 {
                    let Ok(_permit) = bulkhead.enter().await else { continue };
                    most.fetch_max(inside.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    if (task + call) % 3 == 0 {
                        tokio::task::yield_now().await;
                    }
                    served.fetch_add(1, Ordering::Relaxed);
                    inside.fetch_sub(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let (_, most, served) = &*counts;
    let (most, served) = (most.load(Ordering::Relaxed), served.load(Ordering::Relaxed));
    assert!((1..=LIMIT).contains(&most), "{most} at once");
    assert_eq!(u64::from(served) + bulkhead.rejected(), u64::from(CALLS / 32 * 32));
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0));
}

#[test]
fn debug_shows_what_an_operator_wants_to_know() {
    let bulkhead = bulkhead(2, 8);
    let _permit = bulkhead.try_enter().unwrap();
    assert_eq!(
        format!("{bulkhead:?}"),
        r#"Bulkhead { name: "inventory", in_use: 1, concurrent: 2, queued: 0, queue: 8, wait: 100ms, rejected: 0 }"#
    );
}
