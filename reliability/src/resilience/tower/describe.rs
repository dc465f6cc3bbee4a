use core::fmt;

use super::priority::{AllCritical, Prioritise};
use crate::resilience::concurrency_limit::Priority;
use crate::resilience::rate_limit::KeyHash;

/// What the layers that let requests in ask about one; implemented by [`Description`].
///
/// # Examples
///
/// See [`PolicyLayer::priority`](super::PolicyLayer::priority).
pub trait Describe<Req> {
    /// How much the request matters.
    fn priority(&self, request: &Req) -> Priority;

    /// Whose it is, to a rate limit that counts per key.
    fn rate_limit_key(&self, request: &Req) -> KeyHash;
}

/// What a [`PolicyLayer`](super::PolicyLayer) was told about how much requests matter, and whose
/// they are.
///
/// # Examples
///
/// See [`PolicyLayer::priority`](super::PolicyLayer::priority).
#[derive(Debug, Clone, Copy, Default)]
pub struct Description<W = AllCritical, K = OneKey> {
    pub(super) priority: W,
    pub(super) rate_limit_key: K,
}

impl<Req, W: Prioritise<Req>, K: CountByKey<Req>> Describe<Req> for Description<W, K> {
    #[inline]
    fn priority(&self, request: &Req) -> Priority {
        self.priority.priority(request)
    }

    #[inline]
    fn rate_limit_key(&self, request: &Req) -> KeyHash {
        self.rate_limit_key.rate_limit_key(request)
    }
}

/// Whose a request is; implemented by what the setters of a [`PolicyLayer`](super::PolicyLayer)
/// leave behind.
///
/// # Examples
///
/// See [`PolicyLayer::rate_limit_key`](super::PolicyLayer::rate_limit_key).
pub trait CountByKey<Req> {
    /// The key that a rate limit counts that request under.
    fn rate_limit_key(&self, request: &Req) -> KeyHash;
}

/// All requests are of one key: what a layer does unless it is told otherwise.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct OneKey;

impl<Req> CountByKey<Req> for OneKey {
    #[inline]
    fn rate_limit_key(&self, _: &Req) -> KeyHash {
        KeyHash::NONE
    }
}

/// A function says it; left behind by [`rate_limit_key`](super::PolicyLayer::rate_limit_key).
///
/// # Examples
///
/// See [`PolicyLayer::rate_limit_key`](super::PolicyLayer::rate_limit_key).
#[derive(Clone, Copy)]
pub struct RateLimitKeyBy<F>(pub(super) F);

impl<Req, F: Fn(&Req) -> KeyHash> CountByKey<Req> for RateLimitKeyBy<F> {
    fn rate_limit_key(&self, request: &Req) -> KeyHash {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for RateLimitKeyBy<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitKeyBy").finish_non_exhaustive()
    }
}
