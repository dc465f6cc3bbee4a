use alloc::boxed::Box;
use core::error::Error;

use super::Failed;
use super::repeat::opaque_debug;
use crate::error::{Failure, Rejected};
use core::fmt;

/// How a refusal reaches the caller of the service; implemented by what the setters of a
/// [`PolicyLayer`](super::PolicyLayer) leave behind.
///
/// # Examples
///
/// See [`PolicyLayer::map_rejected`](super::PolicyLayer::map_rejected).
#[diagnostic::on_unimplemented(
    message = "a call that the policy refuses has no way to reach the caller: `{E}` is not `From<Rejected>`",
    label = "the error of the service has no place for a refusal",
    note = "answer with a response: `.map_rejected(|rejected| ..)`; over HTTP `.map_rejected(http::refuse)`",
    note = "or change the error: `.boxed_errors()` to a boxed one, `.failures()` to `Failure<{E}>`"
)]
pub trait Refuse<Res, E> {
    /// The error of the service with the policy around it.
    type Error;

    /// What the caller gets when the policy refuses.
    ///
    /// # Errors
    ///
    /// When that is no response.
    fn refuse(&self, rejected: Rejected) -> Result<Res, Self::Error>;

    /// What becomes of an error of the service itself.
    fn error(&self, error: E) -> Self::Error;
}

/// What the caller gets for a failure.
pub(super) fn reply<Res, E, X: Refuse<Res, E>>(
    refuse: &X,
    failed: Failed<Res, E>,
) -> Result<Res, X::Error> {
    match failed {
        Failed::Response(response) => Ok(response),
        Failed::Error(error) => Err(refuse.error(error)),
        Failed::Rejected(rejected) => refuse.refuse(rejected),
    }
}

/// Refusals become errors of the service's own type: what a layer does unless it is told otherwise.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct AsError;

#[diagnostic::do_not_recommend]
impl<Res, E: From<Rejected>> Refuse<Res, E> for AsError {
    type Error = E;

    fn refuse(&self, rejected: Rejected) -> Result<Res, E> {
        Err(E::from(rejected))
    }

    fn error(&self, error: E) -> E {
        error
    }
}

/// Errors become [`Failure`]s; left behind by [`failures`](super::PolicyLayer::failures).
///
/// # Examples
///
/// See [`PolicyLayer::failures`](super::PolicyLayer::failures).
#[derive(Debug, Clone, Copy, Default)]
pub struct AsFailure;

impl<Res, E> Refuse<Res, E> for AsFailure {
    type Error = Failure<E>;

    fn refuse(&self, rejected: Rejected) -> Result<Res, Failure<E>> {
        Err(Failure::Rejected(rejected))
    }

    fn error(&self, error: E) -> Failure<E> {
        Failure::Error(error)
    }
}

/// Errors are boxed; left behind by [`boxed_errors`](super::PolicyLayer::boxed_errors).
///
/// # Examples
///
/// See [`PolicyLayer::boxed_errors`](super::PolicyLayer::boxed_errors).
#[derive(Debug, Clone, Copy, Default)]
pub struct AsBoxed;

impl<Res, E: Into<Box<dyn Error + Send + Sync>>> Refuse<Res, E> for AsBoxed {
    type Error = Box<dyn Error + Send + Sync>;

    fn refuse(&self, rejected: Rejected) -> Result<Res, Self::Error> {
        Err(rejected.into())
    }

    fn error(&self, error: E) -> Self::Error {
        error.into()
    }
}

/// Refusals become responses; left behind by
/// [`map_rejected`](super::PolicyLayer::map_rejected).
///
/// # Examples
///
/// See [`PolicyLayer::map_rejected`](super::PolicyLayer::map_rejected).
#[derive(Clone, Copy)]
pub struct AsResponse<F>(pub(super) F);

impl<Res, E, F: Fn(Rejected) -> Res> Refuse<Res, E> for AsResponse<F> {
    type Error = E;

    fn refuse(&self, rejected: Rejected) -> Result<Res, E> {
        Ok((self.0)(rejected))
    }

    fn error(&self, error: E) -> E {
        error
    }
}

opaque_debug!(AsResponse);
