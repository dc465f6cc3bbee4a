use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::call::Call;
use super::timer::Timer;
use crate::error::Rejected;

pin_project! {
    /// The fallback's future, under what is left of the call's deadline where that is written
    /// outside of the fallback; made by [`Call::fall_back`].
    ///
    /// # Cancel safety
    ///
    /// As the fallback's own.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use std::time::Duration;
    /// use reliability::error::{Failure, Reason, Rejected};
    /// use reliability::resilience::{Call, Classifier, Policy};
    ///
    /// let policy = Policy::builder("price").fallback().timeout(Duration::from_secs(1)).build()?;
    /// let errors = Classifier::by_fault();
    /// let mut call = Call::new(&policy, &errors);
    /// let down = Rejected::new(Reason::BreakerOpen, "inventory");
    /// let outcome: Result<u32, Failure<Rejected>> = call.attempt(async { Err(down) }).await;
    /// let price = match call.conclude(outcome) {
    ///     Err(failure) if call.wants_fallback(&failure) => call.fall_back(async { Ok(0) }).await,
    ///     result => result.map_err(Failure::into_error),
    /// };
    /// assert_eq!(price, Ok(0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Fallback<'c, 'a, F, E> {
        #[pin]
        work: F,
        #[pin]
        timer: Timer,
        call: &'c mut Call<'a, E>,
        // Makes the error should the deadline end the fallback.
        refuse: fn(Rejected) -> E,
    }
}

impl<'c, 'a, F, E> Fallback<'c, 'a, F, E> {
    pub(super) fn new(call: &'c mut Call<'a, E>, work: F, refuse: fn(Rejected) -> E) -> Self {
        Self { work, timer: Timer::idle(), call, refuse }
    }
}

impl<F, T, E> Future for Fallback<'_, '_, F, E>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_fall_back(this.call, this.timer, |cx| this.work.poll(cx), *this.refuse, cx)
    }
}

/// Polls the fallback, which whoever keeps it lends with the call and the timer.
pub(super) fn poll_fall_back<T, E>(
    call: &mut Call<'_, E>,
    mut timer: Pin<&mut Timer>,
    work: impl FnOnce(&mut Context<'_>) -> Poll<Result<T, E>>,
    refuse: fn(Rejected) -> E,
    cx: &mut Context<'_>,
) -> Poll<Result<T, E>> {
    if let Poll::Ready(answer) = call.poll_fallback(|| work(cx)) {
        return Poll::Ready(answer);
    }
    if !timer.is_armed() {
        let bound = call.begin_fallback();
        if bound.exists() {
            timer.as_mut().arm(bound.at);
        }
    }
    timer.poll_fired(cx).map(|()| Err(refuse(call.expired())))
}

impl<F, E> fmt::Debug for Fallback<'_, '_, F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").field("call", &self.call).finish_non_exhaustive()
    }
}
