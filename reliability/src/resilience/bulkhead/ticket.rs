use core::ops::Deref;
use core::task::{Context, Poll};

use super::gate::{Entry, Standby};
use super::handle::Shared;
use super::permit::Held;
use crate::error::{Reason, Rejected};

/// A [`Ticket`] that borrows its bulkhead.
pub(crate) type Waiting<'a> = Ticket<&'a Shared>;

/// A call on its way in, without a timer: who polls it also bounds its wait.
///
/// Dropping it leaves the queue, and hands a place on that was granted and not yet collected.
pub(crate) struct Ticket<H: Deref<Target = Shared> + Clone> {
    shared: H,
    /// The place in the queue, while there is one.
    queued: Option<u64>,
}

impl<H: Deref<Target = Shared> + Clone> Ticket<H> {
    #[inline]
    pub(super) fn new(shared: H) -> Self {
        Self { shared, queued: None }
    }

    #[inline]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Enters, queues, or is refused because it may not wait or the queue is full.
    #[inline]
    pub(crate) fn poll_enter(&mut self, cx: &mut Context<'_>) -> Poll<Result<Held<H>, Rejected>> {
        if self.queued.is_none() && self.shared.gate.try_enter() {
            return Poll::Ready(Ok(Held(self.shared.clone())));
        }
        self.poll_slowly(cx)
    }

    #[cold]
    fn poll_slowly(&mut self, cx: &mut Context<'_>) -> Poll<Result<Held<H>, Rejected>> {
        // Cloned before the lock is taken: a waker may run anything, this bulkhead included.
        let waker = cx.waker().clone();
        if let Some(ticket) = self.queued {
            let standby = self.shared.gate.poll_queued(ticket, waker);
            if standby == Standby::Waits {
                return Poll::Pending;
            }
            self.queued = None;
            return Poll::Ready(match standby {
                Standby::Shed => Err(self.shared.refuse(Reason::Shed)),
                _ => Ok(Held(self.shared.clone())),
            });
        }
        if !self.shared.may_wait() {
            return Poll::Ready(Err(self.shared.refuse(Reason::BulkheadFull)));
        }
        match self.shared.gate.enter_or_queue(waker, || self.shared.clock.now()) {
            Entry::Inside => Poll::Ready(Ok(Held(self.shared.clone()))),
            Entry::Refused => Poll::Ready(Err(self.shared.refuse(Reason::BulkheadFull))),
            Entry::Queued(ticket) => {
                self.queued = Some(ticket);
                Poll::Pending
            }
        }
    }

    /// Ends the wait: with the place, if it was granted in this very moment, or refused.
    #[cold]
    pub(crate) fn give_up(&mut self) -> Result<Held<H>, Rejected> {
        let Some(ticket) = self.queued.take() else {
            return Err(self.shared.refuse(Reason::BulkheadFull));
        };
        let shared = &self.shared;
        match shared.gate.give_up(ticket, Some(shared.clock.now())) {
            Standby::Admitted => Ok(Held(self.shared.clone())),
            Standby::Waits if !shared.gate.stands() => Err(shared.refuse(Reason::BulkheadFull)),
            Standby::Waits | Standby::Shed => Err(shared.refuse(Reason::Shed)),
        }
    }
}

impl<H: Deref<Target = Shared> + Clone> Drop for Ticket<H> {
    #[inline]
    fn drop(&mut self) {
        if let Some(ticket) = self.queued
            && self.shared.gate.give_up(ticket, None) == Standby::Admitted
        {
            self.shared.leave();
        }
    }
}
