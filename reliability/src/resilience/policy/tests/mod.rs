//! The driver under fire: one policy, many ways to end.
#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

mod attempts;
#[cfg(feature = "cache")]
mod cache;
mod deadline;
mod degrade;
mod endings;
mod fallback;
mod guards;
mod hedge;
mod keyed_rate_limit;
mod order;
mod rate_limit;
mod settings;
mod timeout;
mod written_out;

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::{Future, pending, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Mutex;

use super::*;
use crate::error::{Class, Failure, Fault, Reason, Rejected};
use crate::resilience::{Backoff, Breaker, Bulkhead, Jitter, Retry, RetryBudget, breaker};
use crate::time::{Clock, Deadline, Instant};

const MS: Duration = Duration::from_millis(1);

/// An error of a chosen class, or a refusal.
#[derive(Debug, Clone, PartialEq)]
enum E {
    Of(Class),
    After(Duration),
    Refused(Reason),
}

impl Fault for E {
    fn class(&self) -> Class {
        match self {
            E::Of(class) => *class,
            E::After(_) => Class::Overloaded,
            E::Refused(reason) => reason.class(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            E::After(after) => Some(*after),
            E::Of(_) | E::Refused(_) => None,
        }
    }
}

impl From<Rejected> for E {
    fn from(rejected: Rejected) -> Self {
        E::Refused(rejected.reason())
    }
}

const TRANSIENT: E = E::Of(Class::Transient);
const PERMANENT: E = E::Of(Class::Permanent);

fn retrying(attempts: u32, pause: Duration) -> Retry {
    Retry::attempts(attempts).backoff(Backoff::constant(pause).jitter(Jitter::None))
}

/// Work that ends as the script says, one entry per attempt.
async fn scripted(policy: &Policy, script: &[Result<u32, E>]) -> (Result<u32, E>, usize) {
    let attempt = Cell::new(0);
    let result = policy
        .call(|| {
            let outcome = script[attempt.get()].clone();
            attempt.set(attempt.get() + 1);
            async { outcome }
        })
        .await;
    (result, attempt.get())
}

fn full_policy() -> Policy {
    Policy::builder("full")
        .fallback()
        .deadline(Duration::from_secs(3))
        .retry(retrying(3, 10 * MS))
        .breaker(Breaker::builder("full").probes(1).build().unwrap())
        .bulkhead(Bulkhead::builder("full").concurrent(1).queue(4).wait(500 * MS).build().unwrap())
        .timeout(800 * MS)
        .build()
        .unwrap()
}

/// The time that has passed on tokio's clock.
fn since(start: Instant) -> Duration {
    Clock::precise().now().saturating_duration_since(start)
}

/// Nothing is held, and one more call goes through.
async fn assert_whole(policy: &Policy) {
    assert_eq!(policy.bulkhead().map(Bulkhead::in_use), Some(0));
    assert_eq!(policy.bulkhead().map(Bulkhead::queued), Some(0));
    assert_eq!(policy.call(|| async { Ok::<_, E>(7) }).await, Ok(7));
}

/// Polls `future` that many times, letting timers fire between, and drops it.
async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx)));
        if let Poll::Ready(output) = once.await {
            return Some(output);
        }
        tokio::time::advance(7 * MS).await;
    }
    None
}

/// Polls once: whether it is ready, and with what.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx)));
    match once.await {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
