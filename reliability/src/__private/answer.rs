//! Tells a sync fallback from an async one, without a word by the user.
//!
//! Method lookup tries a receiver as it is before it borrows it once more. [`AnswerLater`] is
//! implemented for what a future was put into, [`AnswerNow`] for a reference to anything, so that
//! `(&answer).kind()` finds the first where it applies and the second everywhere else.

use core::future::{Future, Ready, ready};
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

/// What a fallback returned: a `Result`, or a future of one.
#[derive(Debug)]
pub struct Answer<A>(pub A);

/// The fallback is async.
#[derive(Debug)]
pub struct Later;

/// The fallback has answered.
#[derive(Debug)]
pub struct Now;

/// Found for a future.
pub trait AnswerLater {
    /// The tag that settles it.
    fn kind(&self) -> Later {
        Later
    }
}

impl<F: Future> AnswerLater for Answer<F> {}

/// Found for all else.
pub trait AnswerNow {
    /// The tag that settles it.
    fn kind(&self) -> Now {
        Now
    }
}

impl<A> AnswerNow for &Answer<A> {}

impl Later {
    /// The future itself.
    pub fn settle<F>(self, answer: Answer<F>) -> Settled<F>
    where
        F: Future<Output: FallbackResult>,
    {
        Settled { future: answer.0 }
    }
}

impl Now {
    /// A future that is ready.
    pub fn settle<A: FallbackResult>(self, answer: Answer<A>) -> Ready<Result<A::Ok, A::Error>> {
        ready(answer.0.into_result())
    }
}

pin_project! {
    /// The future of an async fallback, whose output is a `Result` whatever else is wrong: so a
    /// wrong one is told of once.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Settled<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future<Output: FallbackResult>> Future for Settled<F> {
    type Output = Result<<F::Output as FallbackResult>::Ok, <F::Output as FallbackResult>::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(FallbackResult::into_result)
    }
}

/// What a fallback may return.
#[diagnostic::on_unimplemented(
    message = "a fallback must return what the function returns, but this one returns `{Self}`",
    label = "returns `{Self}`",
    note = "a fallback is a `fn` or an `async fn` with the arguments of the function and then its error, and with the same `Result`"
)]
pub trait FallbackResult {
    /// What it gives.
    type Ok;
    /// How it fails.
    type Error;
    /// The same as a `Result`.
    fn into_result(self) -> Result<Self::Ok, Self::Error>;
}

impl<T, E> FallbackResult for Result<T, E> {
    type Ok = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_and_futures_are_told_apart() {
        let now = Answer(Ok::<u8, ()>(1));
        let later = Answer(async { Ok::<u8, ()>(2) });
        let now = (&now).kind().settle(now).await;
        let later = later.kind().settle(later).await;
        assert_eq!((now, later), (Ok(1), Ok(2)));
    }
}
