//! Policies as their users see them: many threads, calls that end in every way, and what is told.

pub(crate) mod events;
mod shared;

use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use reliability::error::{Class, Reason};
use reliability::resilience::{
    Backoff, Breaker, Bulkhead, Jitter, Policy, Retry, RetryBudget, breaker, registry,
};
use reliability::telemetry;

use crate::failed::Failed;

const TRANSIENT: Failed = Failed::As(Class::Transient);

fn at_once(attempts: u32) -> Retry {
    Retry::attempts(attempts).backoff(Backoff::constant(Duration::ZERO).jitter(Jitter::None))
}

/// A policy of all layers that refuses some of the calls and retries some of them.
fn busy_policy(name: &'static str) -> Policy {
    let settings = breaker::Settings::consecutive();
    Policy::builder(name)
        .fallback()
        .deadline(Duration::from_secs(600))
        .retry(at_once(3))
        .breaker(Breaker::builder(name).settings(settings).build().unwrap())
        .bulkhead(Bulkhead::builder(name).concurrent(3).queue(2).build().unwrap())
        .timeout(Duration::from_secs(300))
        .build()
        .unwrap()
}

/// One call; how it ends depends on its number. Says whether it ended by itself.
async fn call_of_kind(policy: &Policy, number: u64, begun: &AtomicU64) {
    begun.fetch_add(1, Ordering::Relaxed);
    let work = || async {
        for _ in 0..number % 4 {
            tokio::task::yield_now().await;
        }
        match number % 7 {
            0 => panic!("the work's own"),
            1 => Err(TRANSIENT),
            2 => Err(Failed::As(Class::Permanent)),
            3 => Err(Failed::As(Class::Cancelled)),
            _ => Ok(number),
        }
    };
    if number.is_multiple_of(2) {
        drop(policy.call(work).await);
    } else {
        drop(policy.call_or(work, |_| async { Ok(0) }).await);
    }
}

#[test]
fn every_call_of_every_kind_is_counted_once_also_beside_snapshots() {
    let policy = busy_policy("counted-once");
    let begun = Arc::new(AtomicU64::new(0));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(4).enable_time().build().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut before = telemetry::PolicySnapshot::default();
            while !done.load(Ordering::Acquire) {
                let now = telemetry::snapshot().policy("counted-once").cloned().unwrap();
                assert!(now.finished() >= before.finished() && now.retries >= before.retries);
                assert!(now.bulkhead.as_ref().unwrap().in_use <= 3);
                before = now;
            }
        });
        runtime.block_on(async {
            // One of each kind while the breaker is closed for certain.
            for number in 7..14 {
                let (policy, begun) = (policy.clone(), Arc::clone(&begun));
                drop(
                    tokio::spawn(async move { call_of_kind(&policy, number, &begun).await }).await,
                );
            }
            let mut tasks = Vec::new();
            for number in 0..4_000_u64 {
                let (policy, begun) = (policy.clone(), Arc::clone(&begun));
                let task = tokio::spawn(async move { call_of_kind(&policy, number, &begun).await });
                if number % 11 == 0 {
                    task.abort();
                }
                tasks.push(task);
                if number % 16 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            for task in tasks {
                // Panics and aborts are among the endings.
                drop(task.await);
            }
        });
        done.store(true, Ordering::Release);
    });
    let totals = policy.totals();
    assert_eq!(totals.finished(), begun.load(Ordering::Relaxed), "{totals:?}");
    assert!(totals.panicked() > 0 && totals.ok() > 0 && totals.retries() > 0, "{totals:?}");
    let latency = policy.latency();
    assert_eq!(latency.count(), totals.finished());
    let bulkhead = policy.bulkhead().unwrap();
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0));
}

#[test]
fn settings_that_change_under_traffic_lose_nothing() {
    let policy = busy_policy("reconfigured");
    let begun = AtomicU64::new(0);
    let threads = 3_u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (policy, begun) = (&policy, &begun);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
                runtime.unwrap().block_on(async {
                    for number in 0..1_000 {
                        // Every kind but the one that panics.
                        let number = (threads * number + thread) * 7 + 1 + number % 6;
                        call_of_kind(policy, number, begun).await;
                    }
                });
            });
        }
        scope.spawn(|| {
            for round in 0..300_u32 {
                let mut changed = policy.settings();
                changed.bulkhead.as_mut().unwrap().concurrent = 1 + round % 3;
                changed.retry.as_mut().unwrap().attempts = 1 + round % 4;
                changed.timeout = Some(Duration::from_secs(u64::from(60 + round)).into());
                changed.breaker.as_mut().unwrap().probes = 1 + round % 5;
                policy.reconfigure(|settings| settings.clone_from(&changed)).unwrap();
                assert_eq!(policy.settings(), changed);
            }
        });
    });
    assert_eq!(policy.totals().finished(), begun.load(Ordering::Relaxed));
    let bulkhead = policy.bulkhead().unwrap();
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0));
}

#[test]
fn a_budget_that_policies_share_pays_exactly_what_it_holds() {
    let budget = RetryBudget::builder("b").ratio(0.125).capacity(8).build().unwrap();
    let policies: Vec<_> = (0..2)
        .map(|_| Policy::builder("b").retry(at_once(4).budget(budget.clone())).build().unwrap())
        .collect();
    std::thread::scope(|scope| {
        for policy in &policies {
            scope.spawn(move || {
                let mut cx = Context::from_waker(Waker::noop());
                for _ in 0..400 {
                    let mut call = pin!(policy.call(|| async { Err::<(), _>(TRANSIENT) }));
                    assert_eq!(call.as_mut().poll(&mut cx), Poll::Ready(Err(TRANSIENT)));
                }
            });
        }
    });
    let retries: u64 = policies.iter().map(|policy| policy.totals().retries()).sum();
    let denied: u64 = policies.iter().map(|policy| policy.totals().retries_denied()).sum();
    // The bucket was full at first, so at most the first few deposits found no room.
    assert!((100 + 8 - 2..=100 + 8).contains(&retries), "{retries}");
    assert!(denied >= 800 - retries, "{denied}");
    assert!(budget.tokens() < 1.0);
}

/// Wakes by making a call of the policy that is waking it.
struct CallsAgain(Policy, AtomicU64);

impl Wake for CallsAgain {
    fn wake(self: Arc<Self>) {
        let mut call = pin!(self.0.call(|| async { Ok::<_, Failed>(()) }));
        // The place is the one's that is woken, so this call has to queue.
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_waker_may_call_the_policy_that_wakes_it() {
    let policy = busy_policy("woken");
    let waker = Arc::new(CallsAgain(policy.clone(), AtomicU64::new(0)));
    let mut holders: Vec<_> =
        (0..3).map(|_| Box::pin(policy.call(pending::<Result<(), Failed>>))).collect();
    for holder in &mut holders {
        let polled = poll_fn(|cx| Poll::Ready(holder.as_mut().poll(cx).is_ready())).await;
        assert!(!polled);
    }
    let mut waiting = Box::pin(policy.call(|| async { Ok::<_, Failed>(7) }));
    let by_hand = Waker::from(Arc::clone(&waker));
    let mut cx = Context::from_waker(&by_hand);
    assert!(waiting.as_mut().poll(&mut cx).is_pending());
    drop(holders);
    assert_eq!(waker.1.load(Ordering::Relaxed), 1);
    assert_eq!(waiting.as_mut().poll(&mut cx), Poll::Ready(Ok(7)));
    let totals = policy.totals();
    assert_eq!((totals.ok(), totals.cancelled(), totals.finished()), (1, 4, 5));
}

#[test]
fn the_registry_lists_a_policy_as_long_as_a_clone_lives() {
    let build =
        |name: String| Policy::builder(name).timeout(Duration::from_secs(1)).build().unwrap();
    let kept: Vec<_> = (0..10).map(|number| build(format!("kept-{number}"))).collect();
    for number in 0..1_000 {
        drop(build(format!("gone-{number}")));
    }
    let names: BTreeSet<_> =
        registry::entries().iter().map(|entry| entry.policy().name().to_string()).collect();
    assert!(kept.iter().all(|policy| names.contains(policy.name().as_str())));
    let clone = kept[3].clone();
    drop(kept);
    assert_eq!(registry::find("kept-3").map(|entry| entry.policy().layers().len()), Some(1));
    drop(clone);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_waited_takes_no_time_and_one_that_did_takes_its_own() {
    let policy = busy_policy("latency");
    policy.call(|| async { Ok::<_, Failed>(()) }).await.unwrap();
    let refused = policy.call(|| async { Err::<(), _>(Failed::As(Class::Permanent)) }).await;
    assert!(refused.is_err());
    assert_eq!(policy.latency().max(), Some(Duration::ZERO));
    let wait = Duration::from_millis(40);
    policy
        .call(|| async {
            tokio::time::sleep(wait).await;
            Ok::<_, Failed>(())
        })
        .await
        .unwrap();
    assert_eq!((policy.latency().count(), policy.latency().max()), (3, Some(wait)));
    let mut hung = Box::pin(policy.call(pending::<Result<(), Failed>>));
    assert!(!poll_fn(|cx| Poll::Ready(hung.as_mut().poll(cx).is_ready())).await);
    tokio::time::advance(3 * wait).await;
    drop(hung);
    assert_eq!((policy.latency().count(), policy.latency().max()), (4, Some(3 * wait)));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_tells_each_number_under_its_name() {
    let policy = busy_policy("told");
    let call = |ends: Result<(), Failed>| policy.call(move || std::future::ready(ends.clone()));
    call(Ok(())).await.unwrap();
    for class in [Class::Permanent, Class::Permanent, Class::Transient] {
        assert!(call(Err(Failed::As(class))).await.is_err());
    }
    let answer = policy.call_or(|| async { Err(TRANSIENT) }, |_| async { Ok(()) }).await;
    assert_eq!(answer, Ok(()));
    policy.breaker().unwrap().reset();
    let clone = policy.clone();
    let panics =
        async move { clone.call::<(), Failed, _, _>(|| async { panic!("its own") }).await };
    assert!(tokio::spawn(panics).await.is_err());

    let mut hung: Vec<_> =
        (0..6).map(|_| Box::pin(policy.call(pending::<Result<(), Failed>>))).collect();
    for call in &mut hung {
        let _ready_only_if_refused =
            poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await;
    }
    let told = telemetry::snapshot().policy("told").cloned().unwrap();
    assert_eq!((told.ok, told.cancelled, told.panicked), (1, 0, 1));
    assert_eq!((told.failed_as(Class::Permanent), told.failed_as(Class::Transient)), (2, 1));
    // The fifth failure in a row opened the breaker before the last attempt.
    assert_eq!(
        (told.rejected_for(Reason::BreakerOpen), told.rejected_for(Reason::BulkheadFull)),
        (1, 1)
    );
    assert_eq!((told.retries, told.retries_denied, told.fallbacks), (4, 0, 1));
    assert_eq!(told.finished(), 7);
    let bulkhead = told.bulkhead.unwrap();
    assert_eq!((bulkhead.concurrent, bulkhead.in_use, bulkhead.queued), (3, 3, 2));
    let told_breaker = told.breaker.unwrap();
    assert_eq!((told_breaker.name.as_str(), told_breaker.state), ("told", "closed"));
    assert!(told_breaker.transitions.contains(&("closed", "open", 1)));
    drop(hung);
    assert_eq!(telemetry::snapshot().policy("told").unwrap().cancelled, 5);
}
