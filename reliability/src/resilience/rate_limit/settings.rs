use core::time::Duration;

use super::{Algorithm, Quota};
use crate::error::Name;
use crate::resilience::Invalid;

/// What a [`RateLimitBuilder`](super::RateLimitBuilder) fills in, what
/// [`RateLimit::settings`](super::RateLimit::settings) shows, and what
/// [`RateLimit::reconfigure`](super::RateLimit::reconfigure) changes while calls are running.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{Quota, RateLimit, Settings};
///
/// let limit = RateLimit::standard("api");
/// assert_eq!(limit.settings(), Settings::standard());
/// assert_eq!(limit.settings().quota, Quota::per_second(100));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// How many permits there are. Default: 100 per second, all of which may be used at once; the
    /// right number is in the contract with the other side.
    pub quota: Quota,
    /// How long a call in a [`Policy`](crate::resilience::Policy) may wait for its permit: up to
    /// [`WAIT_MAX`](super::RateLimit::WAIT_MAX), an hour. Default: `None`, which is no wait at all,
    /// and in a leaky bucket, whose purpose it is, as long as its line.
    pub wait: Option<Duration>,
}

impl Settings {
    /// The standard settings.
    pub const fn standard() -> Self {
        Self { quota: Quota::per_second(100), wait: None }
    }

    pub(super) fn check(&self, name: &Name, algorithm: Algorithm) -> Result<(), Invalid> {
        self.quota.check(name, algorithm)?;
        let longest = super::RateLimit::WAIT_MAX;
        if self.wait.is_some_and(|wait| wait > longest) {
            let got = alloc::format!("{:?}", self.wait.unwrap_or_default());
            let expected = alloc::format!("at most {longest:?}");
            return Err(Invalid::new(name.clone(), "wait", expected, got)
                .with_advice("who comes later than that is better told at once"));
        }
        Ok(())
    }

    /// How long a call waits at most where nobody says otherwise.
    pub(super) fn longest_wait(&self, algorithm: Algorithm) -> Duration {
        match (self.wait, algorithm) {
            (Some(wait), _) => wait,
            (None, Algorithm::LeakyBucket) => super::RateLimit::WAIT_MAX,
            (None, _) => Duration::ZERO,
        }
    }
}

impl Default for Settings {
    /// The standard settings.
    fn default() -> Self {
        Self::standard()
    }
}
