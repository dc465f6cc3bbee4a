use core::fmt;
use core::future::Future;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::RateLimit;
use super::place::Place;
use super::shared::Shared;
use crate::error::Rejected;

pin_project! {
    /// Waits for permits; made by [`RateLimit::until_ready`], which says how.
    ///
    /// # Examples
    ///
    /// See [`RateLimit::until_ready`].
    #[must_use = "futures do nothing unless polled"]
    pub struct UntilReady<'a> {
        shared: &'a Shared,
        permits: u32,
        longest: Duration,
        #[pin]
        waiting: Option<Waiting<&'a Shared>>,
    }
}

impl<'a> UntilReady<'a> {
    pub(super) fn new(shared: &'a Shared, permits: u32) -> Self {
        Self { shared, permits, longest: RateLimit::WAIT_MAX, waiting: None }
    }

    /// Waits for at most so long; who would have to wait for longer is refused at once.
    pub fn within(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }
}

impl Future for UntilReady<'_> {
    type Output = Result<(), Rejected>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.waiting.is_none() {
            // A permit that is there, also in a lease, needs no place.
            if this.shared.take_quietly(*this.permits).is_ok() {
                return Poll::Ready(Ok(()));
            }
            let place = Place::book(*this.shared, *this.permits, *this.longest)?;
            this.waiting.set(Some(Waiting::new(place)));
        }
        match this.waiting.as_mut().as_pin_mut() {
            Some(waiting) => waiting.poll(cx).map(Ok),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl fmt::Debug for UntilReady<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UntilReady").field(self.shared.name()).finish()
    }
}

/// Waits until the permits of a place may be used, and keeps them.
pub(super) fn wait_for<H: Deref<Target = Shared>>(place: Place<H>) -> Waiting<H> {
    Waiting::new(place)
}

pin_project! {
    pub(super) struct Waiting<H>
    where
        H: Deref<Target = Shared>,
    {
        place: Place<H>,
        #[pin]
        timer: Option<Sleep>,
    }
}

impl<H: Deref<Target = Shared>> Waiting<H> {
    fn new(place: Place<H>) -> Self {
        Self { place, timer: None }
    }
}

impl<H: Deref<Target = Shared>> Future for Waiting<H> {
    type Output = ();

    /// The limit's clock decides when it is time. The timer only wakes the task, and is armed again
    /// when the two do not agree, as with a coarse or a manual clock.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            let left = this.place.delay();
            if left.is_zero() {
                this.place.commit();
                this.timer.set(None);
                return Poll::Ready(());
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
