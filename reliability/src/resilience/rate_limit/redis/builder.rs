use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::handle::RedisRateLimit;
use crate::error::Name;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::{Algorithm, Quota, Settings};
use crate::time::Clock;

/// Who decides while the server is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Degradation {
    /// Each process by itself, under this quota: its part of the shared one, if that must be kept.
    /// It begins with a full bucket.
    Local(Quota),
    /// Nobody: all calls are limited. For quotas that must not be exceeded at any price.
    Refuse,
}

/// Makes a [`RedisRateLimit`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct RedisRateLimitBuilder {
    pub(super) name: Name,
    pub(super) url: String,
    pub(super) quota: Quota,
    pub(super) degradation: Degradation,
    pub(super) timeout: Duration,
    pub(super) clock: Clock,
}

impl RedisRateLimitBuilder {
    pub(super) fn new(name: Name, url: String) -> Self {
        Self {
            name,
            url,
            quota: Settings::standard().quota,
            degradation: Degradation::Refuse,
            timeout: RedisRateLimit::DEFAULT_TIMEOUT,
            clock: Clock::default(),
        }
    }

    /// How many permits all processes have together. Default: 100 per second.
    ///
    /// All processes are to say the same. One that says something else applies it to its own calls.
    pub fn quota(self, quota: Quota) -> Self {
        Self { quota, ..self }
    }

    /// Who decides while the server is away. Default: [`Degradation::Refuse`], because what a quota
    /// is worth only its owner knows.
    pub fn degradation(self, degradation: Degradation) -> Self {
        Self { degradation, ..self }
    }

    /// How long the server may take for an answer: above zero. Default:
    /// [`DEFAULT_TIMEOUT`](RedisRateLimit::DEFAULT_TIMEOUT), 50 ms.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The clock that decides when the server is tried again, and that a local quota comes back by.
    /// Default: [`Clock::precise`].
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Makes the limit. The server is not asked yet.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a quota is out of its range, the timeout is zero, or the URL is none of
    /// Redis.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::redis::RedisRateLimit;
    ///
    /// let invalid = RedisRateLimit::builder("api", "not a server").build().unwrap_err();
    /// assert_eq!(invalid.setting(), "url");
    /// ```
    pub fn build(self) -> Result<RedisRateLimit, Invalid> {
        self.quota.check(&self.name, Algorithm::TokenBucket)?;
        if let Degradation::Local(local) = self.degradation {
            local.check(&self.name, Algorithm::TokenBucket)?;
        }
        if self.timeout.is_zero() {
            return Err(Invalid::new(self.name, "timeout", "above zero", "0")
                .with_advice("give the server some milliseconds to answer"));
        }
        match redis::Client::open(self.url.as_str()) {
            Ok(client) => RedisRateLimit::new(self, client),
            // The URL may hold a password, so it is not shown.
            Err(error) => {
                let expected = "a URL such as `redis://host:6379/`";
                Err(Invalid::new(self.name, "url", expected, alloc::format!("refused: {error}")))
            }
        }
    }
}

impl fmt::Debug for RedisRateLimitBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimitBuilder")
            .field("name", &self.name)
            .field("quota", &self.quota)
            .field("degradation", &self.degradation)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
