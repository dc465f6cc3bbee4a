use super::repeat::opaque_debug;
use crate::error::Fault;
use core::convert::Infallible;
use core::fmt;

/// What a [`PolicyLayer`](super::PolicyLayer) makes of the errors of the service; implemented by
/// what its setters leave behind.
///
/// # Examples
///
/// See [`PolicyLayer::classify_error`](super::PolicyLayer::classify_error).
#[diagnostic::on_unimplemented(
    message = "`{E}` does not say which of its errors are worth another try",
    label = "`{E}` does not implement `Fault`",
    note = "say it for this layer: `.classify_error(|error: &{E}| ..)`, which gives a `Class` or any other `Fault`"
)]
pub trait ClassifyError<E> {
    /// What is said of an error.
    type Verdict: FaultOf<E>;

    /// What the policies are to do with it.
    fn judge(&self, error: &E) -> Self::Verdict;
}

/// What is said of an error, by itself or by somebody else.
///
/// # Examples
///
/// See [`PolicyLayer::classify_error`](super::PolicyLayer::classify_error).
pub trait FaultOf<E> {
    /// Where the policies look.
    fn fault<'a>(&'a self, error: &'a E) -> &'a dyn Fault;
}

/// An error that says it itself.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct Itself;

impl<E: Fault> FaultOf<E> for Itself {
    fn fault<'a>(&'a self, error: &'a E) -> &'a dyn Fault {
        error
    }
}

/// An error of which somebody else says it.
///
/// # Examples
///
/// See [`PolicyLayer::classify_error`](super::PolicyLayer::classify_error).
#[derive(Debug, Clone, Copy)]
pub struct Told<G>(G);

impl<E, G: Fault> FaultOf<E> for Told<G> {
    fn fault<'a>(&'a self, _: &'a E) -> &'a dyn Fault {
        &self.0
    }
}

/// Errors say it themselves: what a layer does unless it is told otherwise.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct ByFault;

#[diagnostic::do_not_recommend]
impl<E: Fault> ClassifyError<E> for ByFault {
    type Verdict = Itself;

    fn judge(&self, _: &E) -> Itself {
        Itself
    }
}

/// A function says what errors are; left behind by
/// [`classify_error`](super::PolicyLayer::classify_error).
///
/// # Examples
///
/// See [`PolicyLayer::classify_error`](super::PolicyLayer::classify_error).
#[derive(Clone, Copy)]
pub struct ErrorsBy<F>(pub(super) F);

#[diagnostic::do_not_recommend]
impl<E, G: Fault, F: Fn(&E) -> G> ClassifyError<E> for ErrorsBy<F> {
    type Verdict = Told<G>;

    fn judge(&self, error: &E) -> Told<G> {
        Told((self.0)(error))
    }
}

/// Which responses a [`PolicyLayer`](super::PolicyLayer) takes for failures; implemented by what its
/// setters leave behind.
///
/// # Examples
///
/// See [`PolicyLayer::classify_response`](super::PolicyLayer::classify_response).
pub trait ClassifyResponse<Res> {
    /// What is said of a response that is a failure.
    type Verdict: Fault;

    /// What the policies are to do with it, if it is a failure.
    fn judge(&self, response: &Res) -> Option<Self::Verdict>;
}

/// A response is a success, whatever it says: what a layer does unless it is told otherwise.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct AllGood;

impl<Res> ClassifyResponse<Res> for AllGood {
    type Verdict = Infallible;

    #[inline]
    fn judge(&self, _: &Res) -> Option<Infallible> {
        None
    }
}

/// A function says which responses are failures; left behind by
/// [`classify_response`](super::PolicyLayer::classify_response).
///
/// # Examples
///
/// See [`PolicyLayer::classify_response`](super::PolicyLayer::classify_response).
#[derive(Clone, Copy)]
pub struct ResponsesBy<F>(pub(super) F);

impl<Res, G: Fault, F: Fn(&Res) -> Option<G>> ClassifyResponse<Res> for ResponsesBy<F> {
    type Verdict = G;

    #[inline]
    fn judge(&self, response: &Res) -> Option<G> {
        (self.0)(response)
    }
}

opaque_debug!(ErrorsBy, ResponsesBy);
