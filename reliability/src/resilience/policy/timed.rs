use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;

use super::Policy;
use super::call::Call;
use super::fallback::poll_fall_back;
use super::pause::poll_pause;
use super::timer::Timer;
use crate::error::{Failure, Rejected};
use crate::resilience::Bulkhead;

pin_project! {
    /// A call, and the one timer of all its waits: for a driver that is one future, and lends the work
    /// for each poll.
    pub(in crate::resilience) struct Timed<'a, E> {
        #[pin]
        timer: Timer,
        call: Call<'a, E>,
    }
}

impl<'a, E> Timed<'a, E> {
    #[inline]
    pub(in crate::resilience) fn new(call: Call<'a, E>) -> Self {
        Self { timer: Timer::idle(), call }
    }

    #[inline]
    pub(in crate::resilience) fn call(self: Pin<&mut Self>) -> &mut Call<'a, E> {
        self.project().call
    }

    /// Whether the attempt, which the call has [begun](Call::begin_attempt), is let in at once, or
    /// was before.
    #[inline(always)]
    pub(in crate::resilience) fn enter_at_once(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        !this.call.phase.is_before_work() || this.call.enter_at_once(&this.timer)
    }

    /// Who refuses a call which makes no further attempt, and ends it, where nothing else is to be
    /// done.
    #[inline]
    pub(in crate::resilience) fn end_refused(self: Pin<&mut Self>) -> Option<&'a Bulkhead> {
        let this = self.project();
        if this.timer.is_armed() { None } else { this.call.end_refused() }
    }

    /// Lets the attempt in, or refuses it, if it is not let in at once.
    #[inline]
    pub(in crate::resilience) fn poll_entry(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Failure<E>>> {
        let this = self.project();
        this.call.poll_entry(this.timer, cx)
    }

    /// The work of the attempt, which has been let in. An error is put aside by `work`, and answered
    /// with nothing: so what is handed on where the work succeeds is no larger than the value.
    #[inline(always)]
    pub(in crate::resilience) fn poll_work<T>(
        self: Pin<&mut Self>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<Option<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<T>, Failure<E>>> {
        let this = self.project();
        match this.call.poll_work(|| work(cx)) {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending => this.call.poll_expiry(this.timer, cx).map(Err),
        }
    }

    /// What becomes of the call that made its attempt well. Its work has been dropped.
    #[inline(always)]
    pub(in crate::resilience) fn succeed(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.timer.is_armed() {
            this.timer.as_mut().disarm();
        }
        this.call.succeed();
    }

    /// The pause before another attempt; without one the call has ended. The work has been dropped.
    #[inline]
    pub(in crate::resilience) fn pause_after(
        self: Pin<&mut Self>,
        failure: &Failure<E>,
        may_repeat: bool,
    ) -> Option<Duration> {
        let this = self.project();
        this.timer.disarm();
        this.call.pause_after(failure, may_repeat)
    }

    /// The pause that a failure was judged to be worth.
    pub(in crate::resilience) fn poll_pause(
        self: Pin<&mut Self>,
        duration: Duration,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut timer = self.project().timer;
        ready!(poll_pause(duration, timer.as_mut(), cx));
        timer.disarm();
        Poll::Ready(())
    }

    /// The fallback, as [`Call::fall_back`].
    pub(in crate::resilience) fn poll_fall_back<T>(
        self: Pin<&mut Self>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<Result<T, E>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>>
    where
        E: From<Rejected>,
    {
        let this = self.project();
        poll_fall_back(this.call, this.timer, work, E::from, cx)
    }
}

impl Policy {
    /// Whether a call is its attempts and nothing else: no request beside another one, and no look
    /// into a cache.
    #[inline]
    pub(in crate::resilience) fn sends_one_request_at_a_time(&self) -> bool {
        #[cfg(feature = "cache")]
        if self.inner().cache.is_some() {
            return false;
        }
        self.inner().hedge.is_none()
    }
}
