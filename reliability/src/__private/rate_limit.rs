//! What `rate_limit(key = ..)` may be.

use core::hash::Hash;

use crate::resilience::rate_limit::KeyHash;

/// Anything that can be hashed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a rate limit",
    label = "it has no hash that calls could be counted by",
    note = "a key is anything that is `Hash`: derive it, or make the key of what has it, such as a `&str`, a number, or a tuple of them"
)]
pub trait RateLimitKey {
    /// What a call is counted under.
    fn rate_limit_key(&self) -> KeyHash;
}

#[diagnostic::do_not_recommend]
impl<K: Hash + ?Sized> RateLimitKey for K {
    #[inline]
    fn rate_limit_key(&self) -> KeyHash {
        KeyHash::of(self)
    }
}

/// The key that an expression of the user's stands for.
#[inline]
pub fn rate_limit_key<K: RateLimitKey + ?Sized>(key: &K) -> KeyHash {
    key.rate_limit_key()
}
