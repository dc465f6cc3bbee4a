use core::time::Duration;

use crate::time::saturating_nanos;

/// What a limiter says to a call.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::{Decision, Quota, RateLimit};
/// use reliability::time::ManualClock;
///
/// let clock = ManualClock::new().clock();
/// let limit = RateLimit::builder("api").quota(Quota::per_second(2)).clock(clock).build()?;
/// assert_eq!(limit.check(), Decision::Allowed { remaining: 1 });
/// assert_eq!(limit.check(), Decision::Allowed { remaining: 0 });
/// let retry_after = Duration::from_millis(500);
/// assert_eq!(limit.check(), Decision::Limited { retry_after });
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a call that is limited must not be made"]
pub enum Decision {
    /// The permits are taken: go ahead.
    Allowed {
        /// How many more could be had at this moment, if nobody else came.
        remaining: u32,
    },
    /// Nothing is taken.
    Limited {
        /// After what time the same would be allowed, if nobody else came.
        retry_after: Duration,
    },
}

impl From<Result<Left, Wait>> for Decision {
    #[inline]
    fn from(taken: Result<Left, Wait>) -> Self {
        match taken {
            Ok(left) => Decision::Allowed { remaining: left.count() },
            Err(wait) => Decision::Limited { retry_after: wait.duration() },
        }
    }
}

/// Permits that are left, not divided yet: where nobody looks at them the compiler leaves the
/// division out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    nanos: u64,
    interval_nanos: u64,
}

impl Left {
    /// As many intervals as there are in that time, rounded down.
    #[inline]
    pub(super) const fn intervals(nanos: u64, interval_nanos: u64) -> Self {
        Self { nanos, interval_nanos }
    }

    #[inline]
    pub(super) fn permits(permits: u32) -> Self {
        Self { nanos: permits.into(), interval_nanos: 1 }
    }

    #[inline]
    pub(super) fn count(self) -> u32 {
        // `max`: so that the compiler knows that this cannot fail.
        (self.nanos / self.interval_nanos.max(1)).min(u32::MAX.into()) as u32
    }
}

/// How long until a permit comes back, not divided into seconds yet: nobody pays for that who only
/// asks whether a call may be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    nanos: u64,
}

impl Wait {
    #[inline]
    pub(super) const fn nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// [`Duration::MAX`] where it would be for ever.
    #[inline]
    pub(super) const fn duration(self) -> Duration {
        match self.nanos {
            u64::MAX => Duration::MAX,
            nanos => Duration::from_nanos(nanos),
        }
    }
}

impl From<Duration> for Wait {
    fn from(wait: Duration) -> Self {
        Self::nanos(saturating_nanos(wait))
    }
}

impl Decision {
    /// Whether the call may go ahead.
    #[inline]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Decision::Allowed { .. })
    }

    /// After what time the same would be allowed; `None` if it is.
    #[inline]
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Decision::Allowed { .. } => None,
            Decision::Limited { retry_after } => Some(retry_after),
        }
    }
}
