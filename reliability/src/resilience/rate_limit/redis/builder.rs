use alloc::string::String;
use core::fmt;
use core::time::Duration;

use super::handle::RedisRateLimit;
use super::settings::{Settings, WhileAway};
use crate::error::Name;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::Quota;
use crate::time::Clock;

/// Makes a [`RedisRateLimit`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::Quota;
/// use reliability::resilience::rate_limit::redis::{RedisRateLimit, WhileAway};
/// use reliability::time::Clock;
///
/// // 500 a second of all processes together; each of ten has 50 while the server is away.
/// let limit = RedisRateLimit::builder("partner-api", "redis://127.0.0.1/")
///     .quota(Quota::per_second(500))
///     .while_away(WhileAway::Local(Quota::per_second(50)))
///     .timeout(Duration::from_millis(20))
///     .clock(Clock::precise())
///     .build()?;
/// assert_eq!(limit.name().as_str(), "partner-api");
/// assert_eq!((limit.is_away(), limit.rejected(), limit.calls_away()), (false, 0, 0));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct RedisRateLimitBuilder {
    pub(super) name: Name,
    pub(super) url: String,
    pub(super) settings: Settings,
    pub(super) timeout: Duration,
    pub(super) clock: Clock,
}

impl RedisRateLimitBuilder {
    pub(super) fn new(name: Name, url: String) -> Self {
        Self {
            name,
            url,
            settings: Settings::standard(),
            timeout: RedisRateLimit::DEFAULT_TIMEOUT,
            clock: Clock::default(),
        }
    }

    /// How many permits all processes have together. Default: 100 per second.
    ///
    /// All processes are to say the same. One that says something else applies it to its own calls,
    /// and what others have used stays used.
    pub fn quota(mut self, quota: Quota) -> Self {
        self.settings.quota = quota;
        self
    }

    /// Who decides while the server is away. See [`Settings::while_away`].
    pub fn while_away(mut self, while_away: WhileAway) -> Self {
        self.settings.while_away = while_away;
        self
    }

    /// How long a call in a policy may wait for its permit. See [`Settings::wait`].
    pub fn wait(mut self, wait: Duration) -> Self {
        self.settings.wait = Some(wait);
        self
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

    /// Makes the limit, listed in the [`registry`](crate::resilience::registry) as long as a clone of
    /// it lives. The server is not asked yet.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a quota or the wait is out of its range, the timeout is zero, or the URL is
    /// none of Redis.
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
        self.settings.check(&self.name)?;
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
            .field("settings", &self.settings)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
