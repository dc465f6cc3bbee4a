use core::fmt;
use core::future::Future;
use core::hash::Hash;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::shared::{KeyBooking, Shared};
use crate::error::Rejected;
use crate::resilience::rate_limit::RateLimit;
use crate::time::Instant;

pin_project! {
    /// Waits for a permit of a key; made by
    /// [`KeyedRateLimit::until_ready`](super::KeyedRateLimit::until_ready), which says how.
    ///
    /// # Examples
    ///
    /// See [`KeyedRateLimit::until_ready`](super::KeyedRateLimit::until_ready).
    #[must_use = "futures do nothing unless polled"]
    pub struct UntilKeyReady<'a, K>
    where
        K: Hash,
        K: Eq,
    {
        turn: Turn<'a, K>,
        longest: Duration,
        #[pin]
        timer: Option<Sleep>,
    }
}

/// A place in a key's line; gives it back when it is dropped.
pub(crate) struct Turn<'a, K: Hash + Eq> {
    shared: &'a Shared<K>,
    key: K,
    booking: Option<KeyBooking>,
}

impl<'a, K: Hash + Eq> Turn<'a, K> {
    /// Not in the line yet.
    pub(super) fn new(shared: &'a Shared<K>, key: K) -> Self {
        Self { shared, key, booking: None }
    }

    /// Takes a permit that may be used within `longest`.
    pub(super) fn book(&mut self, longest: Duration) -> Result<(), Rejected>
    where
        K: Clone,
    {
        let shared = self.shared;
        match shared.book(&self.key, shared.clock().now(), longest) {
            Ok(booking) => {
                self.booking = Some(booking);
                Ok(())
            }
            Err(retry_after) => {
                shared.count_rejected();
                Err(shared.refuse(retry_after))
            }
        }
    }

    /// How long until the permit may be used, on the limit's own clock.
    pub(crate) fn delay(&self) -> Duration {
        let starts_at = self.booking.as_ref().map_or(Instant::ZERO, |booking| booking.starts_at());
        starts_at.saturating_duration_since(self.shared.clock().now())
    }

    /// The permit is used.
    pub(crate) fn commit(&mut self) {
        self.booking = None;
    }
}

impl<K: Hash + Eq> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        if let Some(booking) = self.booking.take() {
            self.shared.give_back(&self.key, &booking);
        }
    }
}

impl<'a, K: Hash + Eq> UntilKeyReady<'a, K> {
    pub(super) fn new(shared: &'a Shared<K>, key: K) -> Self {
        Self { turn: Turn::new(shared, key), longest: RateLimit::WAIT_MAX, timer: None }
    }

    /// Waits for at most so long; who would have to wait for longer is refused at once.
    pub fn within(mut self, longest: Duration) -> Self {
        self.longest = longest.min(RateLimit::WAIT_MAX);
        self
    }
}

impl<K: Hash + Eq + Clone> Future for UntilKeyReady<'_, K> {
    type Output = Result<(), Rejected>;

    /// As for a limit without keys: the limit's clock decides, and the timer only wakes the task.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.turn.booking.is_none() {
            this.turn.book(*this.longest)?;
        }
        loop {
            let left = this.turn.delay();
            if left.is_zero() {
                this.turn.commit();
                this.timer.set(None);
                return Poll::Ready(Ok(()));
            }
            match this.timer.as_mut().as_pin_mut() {
                None => this.timer.set(Some(tokio::time::sleep(left))),
                Some(timer) => {
                    ready!(timer.poll(cx));
                    this.timer.set(None);
                }
            }
        }
    }
}

impl<K: Hash + Eq + fmt::Debug> fmt::Debug for UntilKeyReady<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UntilKeyReady").field(&self.turn.key).finish()
    }
}
