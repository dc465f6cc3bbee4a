use core::convert::Infallible;
use core::fmt;
use core::future::{Future, Pending};

use super::Failed;

/// Another answer for when the service has none; implemented by what the setters of a
/// [`PolicyLayer`](super::PolicyLayer) leave behind.
///
/// # Examples
///
/// See [`PolicyLayer::fallback`](super::PolicyLayer::fallback).
pub trait Answer<Req, Res, E> {
    /// What is kept of a request.
    type Kept;
    /// What the answer is awaited with.
    type Future: Future<Output = Result<Res, E>>;

    /// What the fallback needs of the request; `None` when there is no fallback.
    fn keep(&self, request: &Req) -> Option<Self::Kept>;

    /// The answer.
    fn answer(&self, kept: Self::Kept, failed: Failed<Res, E>) -> Self::Future;
}

/// There is no other answer: what a layer does unless it is told otherwise.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFallback;

impl<Req, Res, E> Answer<Req, Res, E> for NoFallback {
    type Kept = Infallible;
    type Future = Pending<Result<Res, E>>;

    #[inline]
    fn keep(&self, _: &Req) -> Option<Infallible> {
        None
    }

    fn answer(&self, kept: Infallible, _: Failed<Res, E>) -> Self::Future {
        match kept {}
    }
}

/// Two functions give it; left behind by [`fallback`](super::PolicyLayer::fallback).
///
/// # Examples
///
/// See [`PolicyLayer::fallback`](super::PolicyLayer::fallback).
#[derive(Clone, Copy)]
pub struct FallbackBy<K, F> {
    pub(super) keep: K,
    pub(super) answer: F,
}

impl<Req, Res, E, Kept, K, F, Fut> Answer<Req, Res, E> for FallbackBy<K, F>
where
    K: Fn(&Req) -> Kept,
    F: Fn(Kept, Failed<Res, E>) -> Fut,
    Fut: Future<Output = Result<Res, E>>,
{
    type Kept = Kept;
    type Future = Fut;

    fn keep(&self, request: &Req) -> Option<Kept> {
        Some((self.keep)(request))
    }

    fn answer(&self, kept: Kept, failed: Failed<Res, E>) -> Fut {
        (self.answer)(kept, failed)
    }
}

impl<K, F> fmt::Debug for FallbackBy<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackBy").finish_non_exhaustive()
    }
}
