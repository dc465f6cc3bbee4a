use alloc::string::String;
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

    /// Whose it is, to a rate limit that several processes share.
    #[inline]
    fn shared_rate_limit_key(&self, _: &Req) -> Option<String> {
        None
    }
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

    #[inline]
    fn shared_rate_limit_key(&self, request: &Req) -> Option<String> {
        self.rate_limit_key.shared_rate_limit_key(request)
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

    /// The key that a rate limit of several processes counts that request under.
    #[inline]
    fn shared_rate_limit_key(&self, _: &Req) -> Option<String> {
        None
    }
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

/// A function says it in words that other processes understand; left behind by
/// [`shared_rate_limit_key`](super::PolicyLayer::shared_rate_limit_key).
///
/// # Examples
///
/// See [`PolicyLayer::shared_rate_limit_key`](super::PolicyLayer::shared_rate_limit_key).
#[cfg(all(feature = "redis", not(reliability_loom)))]
#[derive(Clone, Copy)]
pub struct SharedRateLimitKeyBy<F>(pub(super) F);

#[cfg(all(feature = "redis", not(reliability_loom)))]
impl<Req, F, K> CountByKey<Req> for SharedRateLimitKeyBy<F>
where
    F: Fn(&Req) -> K,
    K: fmt::Display,
{
    fn rate_limit_key(&self, _: &Req) -> KeyHash {
        KeyHash::NONE
    }

    fn shared_rate_limit_key(&self, request: &Req) -> Option<String> {
        Some(alloc::format!("{}", (self.0)(request)))
    }
}

#[cfg(all(feature = "redis", not(reliability_loom)))]
impl<F> fmt::Debug for SharedRateLimitKeyBy<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRateLimitKeyBy").finish_non_exhaustive()
    }
}
