use super::failed::Verdict;
use super::repeat::opaque_debug;
use crate::error::Fault;
use core::fmt;

/// What a [`PolicyLayer`](super::PolicyLayer) makes of the errors of the service; implemented by
/// what its setters leave behind.
#[diagnostic::on_unimplemented(
    message = "`{E}` does not say which of its errors are worth another try",
    label = "`{E}` does not implement `Fault`",
    note = "say it for this layer: `.classify_error(|error: &{E}| ..)`, which gives a `Class` or any other `Fault`"
)]
pub trait ClassifyError<E> {
    /// What the policies are to do with it.
    fn judge(&self, error: &E) -> Verdict;
}

/// Errors say it themselves: what a layer does unless it is told otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct ByFault;

#[diagnostic::do_not_recommend]
impl<E: Fault> ClassifyError<E> for ByFault {
    fn judge(&self, error: &E) -> Verdict {
        Verdict::of(error)
    }
}

/// A function says what errors are; left behind by
/// [`classify_error`](super::PolicyLayer::classify_error).
#[derive(Clone, Copy)]
pub struct ErrorsBy<F>(pub(super) F);

#[diagnostic::do_not_recommend]
impl<E, V: Fault, F: Fn(&E) -> V> ClassifyError<E> for ErrorsBy<F> {
    fn judge(&self, error: &E) -> Verdict {
        Verdict::of(&(self.0)(error))
    }
}

/// Which responses a [`PolicyLayer`](super::PolicyLayer) takes for failures; implemented by what its
/// setters leave behind.
pub trait ClassifyResponse<Res> {
    /// What the policies are to do with it, if it is a failure.
    fn judge(&self, response: &Res) -> Option<Verdict>;
}

/// A response is a success, whatever it says: what a layer does unless it is told otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct AllGood;

impl<Res> ClassifyResponse<Res> for AllGood {
    #[inline]
    fn judge(&self, _: &Res) -> Option<Verdict> {
        None
    }
}

/// A function says which responses are failures; left behind by
/// [`classify_response`](super::PolicyLayer::classify_response).
#[derive(Clone, Copy)]
pub struct ResponsesBy<F>(pub(super) F);

impl<Res, V: Fault, F: Fn(&Res) -> Option<V>> ClassifyResponse<Res> for ResponsesBy<F> {
    #[inline]
    fn judge(&self, response: &Res) -> Option<Verdict> {
        (self.0)(response).map(|fault| Verdict::of(&fault))
    }
}

opaque_debug!(ErrorsBy, ResponsesBy);
