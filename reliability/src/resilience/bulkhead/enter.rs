use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::handle::Shared;
use super::permit::{Held, OwnedPermit, Permit};
use super::ticket::{Ticket, Waiting};
use crate::error::Rejected;
use crate::time::Instant;

pin_project! {
    /// Waits for a place inside a [`Bulkhead`](super::Bulkhead); made by
    /// [`enter`](super::Bulkhead::enter), which says how.
    ///
    /// # Examples
    ///
    /// See [`Bulkhead::enter`](super::Bulkhead::enter).
    #[must_use = "futures do nothing unless polled"]
    pub struct Enter<'a> {
        #[pin]
        entering: Entering<&'a Shared>,
    }
}

pin_project! {
    /// Waits for a place and keeps the bulkhead alive; made by
    /// [`enter_owned`](super::Bulkhead::enter_owned).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::resilience::bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::standard("search");
    /// let permit = bulkhead.enter_owned().await?;
    ///
    /// // Unlike a borrowed permit it can go along with a task.
    /// tokio::spawn(async move { drop(permit) }).await?;
    /// assert_eq!(bulkhead.in_use(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct EnterOwned {
        #[pin]
        entering: Entering<Arc<Shared>>,
    }
}

impl<'a> Enter<'a> {
    pub(super) fn new(ticket: Waiting<'a>) -> Self {
        Self { entering: Entering::new(ticket) }
    }
}

impl EnterOwned {
    pub(super) fn new(ticket: Ticket<Arc<Shared>>) -> Self {
        Self { entering: Entering::new(ticket) }
    }
}

impl<'a> Future for Enter<'a> {
    type Output = Result<Permit<'a>, Rejected>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().entering.poll(cx).map_ok(Permit)
    }
}

impl Future for EnterOwned {
    type Output = Result<OwnedPermit, Rejected>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().entering.poll(cx).map_ok(OwnedPermit)
    }
}

impl fmt::Debug for Enter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Enter").field(&self.entering.ticket.shared().name).finish()
    }
}

impl fmt::Debug for EnterOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EnterOwned").field(&self.entering.ticket.shared().name).finish()
    }
}

pin_project! {
    struct Entering<H>
    where
        H: Deref<Target = Shared>,
        H: Clone,
    {
        ticket: Ticket<H>,
        // Read once the call has to wait; before that nobody needs to know the time.
        give_up_at: Option<Instant>,
        #[pin]
        timer: Option<Sleep>,
    }
}

impl<H: Deref<Target = Shared> + Clone> Entering<H> {
    fn new(ticket: Ticket<H>) -> Self {
        Self { ticket, give_up_at: None, timer: None }
    }

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Held<H>, Rejected>> {
        if let Poll::Ready(outcome) = self.as_mut().project().ticket.poll_enter(cx) {
            return Poll::Ready(outcome);
        }
        self.poll_timer(cx)
    }

    /// The bulkhead's clock decides when the wait is over. The timer only wakes the task, and is
    /// armed again when the two do not agree, as with a coarse or a manual clock.
    #[cold]
    fn poll_timer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Held<H>, Rejected>> {
        let mut this = self.project();
        loop {
            let shared = this.ticket.shared();
            let now = shared.clock.now();
            let longest = shared.longest_wait();
            let give_up_at = *this.give_up_at.get_or_insert(now.saturating_add(longest));
            let left = give_up_at.saturating_duration_since(now);
            if left.is_zero() {
                this.timer.set(None);
                return Poll::Ready(this.ticket.give_up());
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
