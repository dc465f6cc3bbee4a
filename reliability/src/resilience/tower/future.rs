use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

/// The answer of a [`PolicyService`](super::PolicyService) that shares its policy.
///
/// A call holds its policy and borrows from it, and the name of a future that does both cannot be
/// written on stable Rust: so the future is boxed. That is the one allocation that a call makes; one
/// of a `&'static Policy` makes none, and is [in place](InPlace).
///
/// # Cancel safety
///
/// As [`Call`](crate::resilience::Call): dropping it gives back what the call holds, drops the
/// clones of the service, and counts the call as cancelled. One that was never polled has not begun.
///
/// # Examples
///
/// See [`PolicyService`](super::PolicyService).
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

pin_project! {
    /// The answer of a [`PolicyService`](super::PolicyService) of a `&'static Policy`: nothing is
    /// allocated for a call, unless its policy has a `cache` or a `hedge`.
    ///
    /// # Cancel safety
    ///
    /// As [`ResponseFuture`].
    ///
    /// # Examples
    ///
    /// See [`HoldPolicy`](super::HoldPolicy).
    #[must_use = "futures do nothing unless polled"]
    pub struct InPlace<D: Future> {
        #[pin]
        state: State<D>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<D: Future> {
        InPlace { #[pin] driving: D },
        Boxed { driving: Pin<Box<dyn Future<Output = D::Output> + Send>> },
    }
}

impl<D: Future> InPlace<D> {
    #[inline]
    pub(super) fn new(driving: D) -> Self {
        Self { state: State::InPlace { driving } }
    }

    #[inline]
    pub(super) fn boxed<Res, E>(response: ResponseFuture<Res, E>) -> Self
    where
        D: Future<Output = Result<Res, E>>,
    {
        Self { state: State::Boxed { driving: response.driving } }
    }
}

impl<D: Future> Future for InPlace<D> {
    type Output = D::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::InPlace { driving } => driving.poll(cx),
            StateProjection::Boxed { driving } => driving.as_mut().poll(cx),
        }
    }
}

impl<D: Future> fmt::Debug for InPlace<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").finish_non_exhaustive()
    }
}
