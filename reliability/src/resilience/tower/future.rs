use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// The answer of a [`PolicyService`](super::PolicyService).
///
/// A call holds its policy and borrows from it, and the name of a future that does both cannot be
/// written on stable Rust: so the future is boxed. That is the one allocation that a call makes.
///
/// # Cancel safety
///
/// As [`Call`](crate::resilience::Call): dropping it gives back what the call holds, drops the
/// clones of the service, and counts the call as cancelled. One that was never polled has not begun.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<Res, E> {
    driving: Pin<Box<dyn Future<Output = Result<Res, E>> + Send>>,
}

impl<Res, E> ResponseFuture<Res, E> {
    pub(super) fn new(driving: impl Future<Output = Result<Res, E>> + Send + 'static) -> Self {
        Self { driving: Box::pin(driving) }
    }
}

impl<Res, E> Future for ResponseFuture<Res, E> {
    type Output = Result<Res, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.driving.as_mut().poll(cx)
    }
}

impl<Res, E> fmt::Debug for ResponseFuture<Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
