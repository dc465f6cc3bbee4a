//! How one request of a call is run, apart from who keeps it: whoever does lends the call, the timer
//! and the work for each poll.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::admission::poll_admission;
use super::call::Call;
#[cfg(feature = "record")]
use super::record::EventKind;
use super::timer::Timer;
use super::wait::poll_fired;
use crate::error::Failure;

impl<E> Call<'_, E> {
    /// Lets the call in, then polls the work under timeout and deadline.
    // Always: out of line it costs as much as what it does where the work is ready at once.
    #[inline(always)]
    pub(super) fn poll_run<F, T>(
        &mut self,
        mut timer: Pin<&mut Timer>,
        work: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Failure<E>>>
    where
        F: Future<Output = Result<T, E>>,
    {
        if self.phase.is_before_work() && !self.enter_at_once(&timer) {
            ready!(self.poll_entry(timer.as_mut(), cx))?;
        }
        match self.poll_work(|| work.poll(cx)) {
            Poll::Ready(result) => Poll::Ready(result.map_err(Failure::Error)),
            Poll::Pending => self.poll_expiry(timer, cx).map(Err),
        }
    }

    /// The same, with a failure put `aside`, and answered with nothing: so what is handed on where the
    /// work succeeds is no larger than the value.
    #[inline(always)]
    pub(super) fn poll_run_or_put_aside<F, T>(
        &mut self,
        mut timer: Pin<&mut Timer>,
        work: Pin<&mut F>,
        cx: &mut Context<'_>,
        aside: &mut Option<Failure<E>>,
    ) -> Poll<Option<T>>
    where
        F: Future<Output = Result<T, E>>,
    {
        if self.phase.is_before_work()
            && !self.enter_at_once(&timer)
            && let Err(failure) = ready!(self.poll_entry(timer.as_mut(), cx))
        {
            *aside = Some(failure);
            return Poll::Ready(None);
        }
        let worked = self.poll_work(|| match ready!(work.poll(cx)) {
            Ok(value) => Poll::Ready(Some(value)),
            Err(error) => {
                *aside = Some(Failure::Error(error));
                Poll::Ready(None)
            }
        });
        if worked.is_pending() {
            *aside = Some(ready!(self.poll_expiry(timer, cx)));
            return Poll::Ready(None);
        }
        worked
    }

    /// Lets the call in if that takes neither a wait nor a refusal, and nobody writes it down.
    #[inline(always)]
    pub(super) fn enter_at_once(&mut self, timer: &Timer) -> bool {
        !self.takes_turns() && !timer.is_armed() && self.pass_at_once()
    }

    /// Lets the call in, or refuses it.
    #[cold]
    pub(super) fn poll_entry(
        &mut self,
        timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Failure<E>>> {
        let _turn = self.turn();
        #[cfg(feature = "record")]
        self.tell_begun();
        let at_once = self.takes_turns()
            && !timer.is_armed()
            && !self.is_gone_through_slowly()
            && self.pass_at_once();
        if !at_once
            && let Err(rejected) = ready!(poll_admission(self, self.policy.steps.len(), timer, cx))
        {
            #[cfg(feature = "record")]
            self.tell(|_| EventKind::refused(&rejected));
            return Poll::Ready(Err(self.refused(rejected)));
        }
        #[cfg(feature = "record")]
        self.tell(|_| EventKind::Admitted);
        Poll::Ready(Ok(()))
    }

    /// The work has to wait: ready when that has reached its bound.
    #[inline(always)]
    pub(super) fn poll_expiry(
        &mut self,
        timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> Poll<Failure<E>> {
        #[cfg(feature = "record")]
        if self.is_held() {
            return Poll::Pending;
        }
        let _turn = self.turn();
        ready!(poll_fired(self, timer, cx));
        Poll::Ready(Failure::Rejected(self.expired()))
    }
}
