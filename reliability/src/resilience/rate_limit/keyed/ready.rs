use core::fmt;
use core::future::Future;
use core::hash::Hash;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::shared::Shared;
use crate::error::Rejected;
use crate::resilience::rate_limit::RateLimit;
use crate::resilience::rate_limit::algorithm::Booking;

pin_project! {
    /// Waits for a permit of a key; made by
    /// [`KeyedRateLimit::until_ready`](super::KeyedRateLimit::until_ready), which says how.
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
struct Turn<'a, K: Hash + Eq> {
    shared: &'a Shared<K>,
    key: K,
    booking: Option<Booking>,
    /// Of the quota under which it was booked.
    version: u64,
}

impl<K: Hash + Eq> Drop for Turn<'_, K> {
    fn drop(&mut self) {
        if let Some(booking) = self.booking.take() {
            self.shared.give_back(&self.key, &booking, self.version);
        }
    }
}

impl<'a, K: Hash + Eq> UntilKeyReady<'a, K> {
    pub(super) fn new(shared: &'a Shared<K>, key: K) -> Self {
        let turn = Turn { shared, key, booking: None, version: shared.version() };
        Self { turn, longest: RateLimit::WAIT_MAX, timer: None }
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
        let Turn { shared, key, booking, version } = this.turn;
        loop {
            let now = shared.clock().now();
            let starts_at = match booking {
                Some(booking) => booking.starts_at(),
                None => {
                    *version = shared.version();
                    match shared.book(&*key, now, 1, *this.longest) {
                        Ok(booked) => booking.insert(booked).starts_at(),
                        Err(retry_after) => {
                            shared.count_rejected();
                            return Poll::Ready(Err(shared.refuse(retry_after)));
                        }
                    }
                }
            };
            let left = starts_at.saturating_duration_since(now);
            if left.is_zero() {
                *booking = None;
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
