use core::time::Duration;

use super::handle::RateLimit;
use super::leases::Leases;
use super::shared::Shared;
use super::{Algorithm, Quota, Settings};
use crate::error::Name;
use crate::resilience::Invalid;
use crate::time::Clock;

/// Makes a [`RateLimit`]; starts from [`Settings::standard`].
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{Algorithm, Quota, RateLimit};
/// use reliability::time::Clock;
///
/// let limit = RateLimit::builder("partner-api")
///     .quota(Quota::per_second(100).burst(20))
///     .algorithm(Algorithm::TokenBucket)
///     .clock(Clock::coarse())
///     .build()?;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct RateLimitBuilder {
    name: Name,
    settings: Settings,
    algorithm: Algorithm,
    leases: u32,
    clock: Clock,
}

impl RateLimitBuilder {
    pub(super) fn new(name: Name) -> Self {
        Self {
            name,
            settings: Settings::standard(),
            algorithm: Algorithm::default(),
            leases: 0,
            clock: Clock::default(),
        }
    }

    /// Takes all settings at once: those of another limit, for instance.
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// How many permits there are. See [`Settings::quota`].
    pub fn quota(mut self, quota: Quota) -> Self {
        self.settings.quota = quota;
        self
    }

    /// How permits are dealt out. Default: [`Algorithm::TokenBucket`].
    pub fn algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// How long a call in a policy may wait for its permit. See [`Settings::wait`].
    pub fn wait(mut self, wait: Duration) -> Self {
        self.settings.wait = Some(wait);
        self
    }

    /// Lets each thread take so many permits from the bucket at once, and use them up without
    /// meeting the others: 2 to half of the burst. Default: 0, which is exact.
    ///
    /// A limit that many threads ask all the time costs them a cache line that wanders between the
    /// cores, tens of nanoseconds a check; with leases of 8 only every eighth check goes there. It
    /// still never lets pass more than the quota. The price:
    ///
    /// - Permits that lie with one thread are missing in the bucket, so a burst may be smaller by up
    ///   to sixteen leases, at most half of the burst.
    /// - A check that finds the bucket empty looks through what lies with other threads.
    /// - Threads are served unequally for as long as a lease lasts.
    ///
    /// For the token bucket only.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::{Quota, RateLimit};
    ///
    /// // Each thread takes permits in tens, so that threads meet ten times less often.
    /// let limit = RateLimit::builder("requests")
    ///     .quota(Quota::per_second(1_000_000))
    ///     .leases(10)
    ///     .build()?;
    /// assert_eq!(limit.leases(), 10);
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn leases(self, permits: u32) -> Self {
        Self { leases: permits, ..self }
    }

    /// The clock that permits come back by. Default: [`Clock::precise`].
    ///
    /// Every check reads it, and with the precise clock that is most of what a check costs. With the
    /// coarse one permits come in portions of a few milliseconds, and there are never more of them.
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Makes the limit.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a setting is out of its range, when a window is given a burst of its own, or
    /// when leases are larger than half of the burst, or asked for without a token bucket.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::rate_limit::{Quota, RateLimit};
    ///
    /// let none = RateLimit::builder("api").quota(Quota::per_second(0)).build();
    /// assert_eq!(none.unwrap_err().setting(), "quota");
    /// ```
    pub fn build(self) -> Result<RateLimit, Invalid> {
        let Self { name, settings, algorithm, leases, clock } = self;
        settings.check(&name, algorithm)?;
        Leases::check(&name, algorithm, settings.quota, leases)?;
        let shared = Shared::new(name, algorithm, settings, leases, clock);
        Ok(RateLimit::new(shared))
    }
}
