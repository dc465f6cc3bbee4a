use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::call::Call;
use super::timer::Timer;
use crate::error::Failure;

pin_project! {
    /// One attempt of a [`Call`]; made by [`Call::attempt`].
    ///
    /// A named future, not an `async fn` per layer: the layers are steps in one `poll`, with one
    /// timer for all of them, and the future is not much larger than the work inside.
    ///
    /// What the attempt holds is given back when its outcome is judged. By then it has been
    /// dropped, and with it work that was cut off: a place is free when nobody is in it.
    ///
    /// # Cancel safety
    ///
    /// Dropping it ends the work. The call goes on: with another attempt, which takes over the
    /// places that are the call's, and begins anew those that are the attempt's, or to its own end.
    ///
    /// # Examples
    ///
    /// See [`Call`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Attempt<'c, 'a, F, E> {
        #[pin]
        work: F,
        #[pin]
        timer: Timer,
        call: &'c mut Call<'a, E>,
    }
}

impl<'c, 'a, F, E> Attempt<'c, 'a, F, E> {
    #[inline]
    pub(super) fn new(call: &'c mut Call<'a, E>, work: F) -> Self {
        Self { work, timer: Timer::idle(), call }
    }
}

impl<F, T, E> Future for Attempt<'_, '_, F, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, Failure<E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.call.poll_run(this.timer, this.work, cx)
    }
}

impl<F, E> fmt::Debug for Attempt<'_, '_, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("call", &self.call).finish_non_exhaustive()
    }
}
