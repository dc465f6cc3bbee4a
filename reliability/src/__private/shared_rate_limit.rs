//! What `rate_limit(shared = ..)` may be, and its `key`.

use alloc::string::{String, ToString};
use core::fmt::Display;
use core::ops::Deref;

use crate::resilience::rate_limit::redis::RedisRateLimit;

/// A limit that several processes share, or what leads to one.
#[diagnostic::on_unimplemented(
    message = "`shared = ..` wants a `RedisRateLimit`, but this is a `{Self}`",
    label = "neither a `RedisRateLimit` nor a reference, `Arc` or `LazyLock` of one",
    note = "what `build()` returns is a `Result`: unwrap it where the limit is made, for example in a `static LIMIT: LazyLock<RedisRateLimit>`, and write `shared = LIMIT`; a limit of this process alone is written as `rate_limit(\"100/s\")`"
)]
pub trait SharedRateLimit {
    /// The limit.
    fn shared_rate_limit(&self) -> &RedisRateLimit;
}

impl SharedRateLimit for RedisRateLimit {
    fn shared_rate_limit(&self) -> &RedisRateLimit {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<P: Deref<Target: SharedRateLimit> + ?Sized> SharedRateLimit for P {
    fn shared_rate_limit(&self) -> &RedisRateLimit {
        (**self).shared_rate_limit()
    }
}

/// The limit that an expression of the user's stands for.
pub fn shared_rate_limit<P: SharedRateLimit + ?Sized>(limit: &P) -> RedisRateLimit {
    limit.shared_rate_limit().clone()
}

/// Anything that can be said as text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a rate limit that several processes share",
    label = "it has no text that other processes would understand",
    note = "the key stands in the server, so it is anything that is `Display`: a `&str`, a number, or `format_args!(\"{{a}}:{{b}}\")` of several"
)]
pub trait SharedRateLimitKey {
    /// What a call is counted under.
    fn text(&self) -> String;
}

#[diagnostic::do_not_recommend]
impl<K: Display + ?Sized> SharedRateLimitKey for K {
    fn text(&self) -> String {
        self.to_string()
    }
}

/// The key that an expression of the user's stands for.
pub fn shared_rate_limit_key<K: SharedRateLimitKey + ?Sized>(key: &K) -> String {
    key.text()
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use std::sync::{Arc, LazyLock};

    use super::*;
    use crate::resilience::Invalid;

    #[test]
    fn references_and_owners_lead_to_the_limit() -> Result<(), Invalid> {
        let owner = Arc::new(RedisRateLimit::builder("api", "redis://127.0.0.1:1/").build()?);
        let lazy = LazyLock::new(|| Arc::clone(&owner));
        for found in
            [shared_rate_limit(&*owner), shared_rate_limit(&&owner), shared_rate_limit(&lazy)]
        {
            assert_eq!(found.address(), owner.address());
        }
        Ok(())
    }
}
