use core::time::Duration;

use crate::error::Name;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::{Algorithm, Quota, Settings as Standard};

/// What can be changed of a [`RedisRateLimit`](super::RedisRateLimit) while it works.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::Quota;
/// use reliability::resilience::rate_limit::redis::{WhileAway, RedisRateLimit};
///
/// let limit = RedisRateLimit::builder("partner-api", "redis://127.0.0.1/").build()?;
/// limit.reconfigure(|settings| settings.quota = Quota::per_second(50))?;
/// assert_eq!(limit.settings().quota, Quota::per_second(50));
/// assert_eq!(limit.settings().while_away, WhileAway::Refuse);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How many permits all processes have together. Default: 100 per second.
    pub quota: Quota,
    /// Who decides while the server is away. Default: [`WhileAway::Refuse`], because what a quota
    /// is worth only its owner knows.
    pub while_away: WhileAway,
    /// How long a call in a [`Policy`](crate::resilience::Policy) may wait for its permit: up to
    /// [`WAIT_MAX`](crate::resilience::rate_limit::RateLimit::WAIT_MAX), an hour. Default: `None`,
    /// which is no wait but that for the server's answer.
    pub wait: Option<Duration>,
}

/// Who decides while the server is away.
///
/// # Examples
///
/// See [`RedisRateLimitBuilder`](super::RedisRateLimitBuilder).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhileAway {
    /// Each process by itself, under this quota: its part of the shared one, if that must be kept.
    /// It begins with a full bucket.
    Local(Quota),
    /// Nobody: all calls are limited. For quotas that must not be exceeded at any price.
    Refuse,
}

impl Settings {
    pub(super) const fn standard() -> Self {
        Self { quota: Standard::standard().quota, while_away: WhileAway::Refuse, wait: None }
    }

    pub(super) fn check(&self, name: &Name) -> Result<(), Invalid> {
        self.in_policy().check(name, Algorithm::TokenBucket)?;
        match self.while_away {
            WhileAway::Local(local) => local.check(name, Algorithm::TokenBucket),
            WhileAway::Refuse => Ok(()),
        }
    }

    /// As a policy knows them.
    pub(super) fn in_policy(&self) -> Standard {
        let mut settings = Standard::standard();
        settings.quota = self.quota;
        settings.wait = self.wait;
        settings
    }

    /// What a process decides by that is alone.
    pub(super) const fn local(&self) -> Quota {
        match self.while_away {
            WhileAway::Local(local) => local,
            WhileAway::Refuse => self.quota,
        }
    }
}

#[cfg_attr(not(feature = "telemetry"), allow(dead_code, reason = "only events say it"))]
impl WhileAway {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            WhileAway::Local(_) => "local",
            WhileAway::Refuse => "refuse",
        }
    }
}
