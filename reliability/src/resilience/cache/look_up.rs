use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use tokio::time::Sleep;

use super::asking::{Asking, Begun, Found, Led};
use super::inner::Glance;
use super::{Key, Lead, Value};
use crate::error::{Failure, Reason};
use crate::time::{Clock, Instant, Scope, timer_at};

/// Looks a key up, and waits for whoever works on it; made by
/// [`Cache::look_up`](super::Cache::look_up).
///
/// # Cancel safety
///
/// Dropping it leaves the flight.
///
/// # Examples
///
/// See [`Cache::look_up`](super::Cache::look_up).
#[must_use = "futures do nothing unless polled"]
pub struct LookUp<'c, K, T, E> {
    asking: Asking<'c, K, T, E>,
    // Armed once the lookup has to wait; before that nobody needs to know the time. In a box, because
    // it is larger than all else, and who does not wait should not have to carry it.
    timer: Option<Pin<Box<Sleep>>>,
    reason: Reason,
}

// Nothing of the key is ever pinned.
impl<K, T, E> Unpin for LookUp<'_, K, T, E> {}

impl<'c, K, T, E> LookUp<'c, K, T, E> {
    #[inline]
    pub(super) fn new(asking: Asking<'c, K, T, E>) -> Self {
        Self { asking, timer: None, reason: Reason::TimedOut }
    }
}

impl<K: Key, T: Value, E> LookUp<'_, K, T, E> {
    /// The answer, if there is a fresh one; or what is there, to go on with.
    #[inline(always)]
    pub(super) fn begin(&self) -> Begun<T, E> {
        self.asking.begin()
    }

    /// What comes after [`begin`](LookUp::begin) where there was nothing: see
    /// [`lead_at_once`](Asking::lead_at_once).
    #[inline(always)]
    pub(super) fn lead_at_once(&self, turn: u64, lead: &mut Lead<T>) -> Led<T, E> {
        self.asking.lead_at_once(turn, lead)
    }

    /// What comes after [`begin`](LookUp::begin).
    #[inline]
    pub(super) fn go_on(
        &mut self,
        glance: Option<Glance>,
        cx: &mut Context<'_>,
    ) -> Poll<Found<T, E>> {
        if let Poll::Ready(found) = self.asking.go_on(glance, cx) {
            return Poll::Ready(found);
        }
        ready!(self.poll_timer(cx));
        let rejected = self.asking.give_up(self.reason);
        Poll::Ready(Found::Answer(Err(Failure::Rejected(rejected))))
    }

    #[cold]
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| {
            let (at, reason) = ends_at(self.asking.cache().settings().wait);
            self.reason = reason;
            Box::pin(tokio::time::sleep_until(timer_at(at)))
        });
        timer.as_mut().poll(cx)
    }
}

impl<K: Key, T: Value, E> Future for LookUp<'_, K, T, E> {
    type Output = Found<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        match this.begin().or_glance() {
            Ok(answer) => Poll::Ready(Found::Answer(answer)),
            Err(glance) => this.go_on(glance, cx),
        }
    }
}

/// When a wait that begins now is over, and why.
fn ends_at(wait: core::time::Duration) -> (Instant, Reason) {
    let now = Clock::precise().now();
    let own = now.saturating_add(wait);
    match Scope::current_at(|| now) {
        Some(deadline) if deadline < own => (deadline, Reason::DeadlineExceeded),
        _ => (own, Reason::TimedOut),
    }
}

impl<K, T, E> fmt::Debug for LookUp<'_, K, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookUp").field("waits", &self.timer.is_some()).finish_non_exhaustive()
    }
}
