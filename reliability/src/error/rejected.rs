use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::{Class, Disposition, Fault, Name};

/// Why a policy refused a call, or gave it up.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Reason};
///
/// assert_eq!(Reason::TimedOut.class(), Class::Transient);
/// assert_eq!(Reason::BreakerOpen.as_str(), "breaker_open");
/// assert!(Reason::ALL.contains(&Reason::Shed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The breaker is open: the dependency failed too often, and is left alone for a while.
    BreakerOpen,
    /// The bulkhead is full: as many calls as allowed are running, and as many as allowed wait.
    BulkheadFull,
    /// The attempt took longer than its `timeout`.
    TimedOut,
    /// The call as a whole did not end before its deadline.
    DeadlineExceeded,
    /// The rate limit is used up.
    RateLimited,
    /// The retry budget is used up.
    BudgetExhausted,
    /// The adaptive limit is reached: more calls at once would only wait for each other.
    ConcurrencyLimited,
    /// The call waited in a queue that has been slow for too long.
    Shed,
    /// Chaos was asked for, and this is some of it.
    Injected,
    /// Less is done for a while, and this call is of what is left out.
    Degraded,
}

impl Reason {
    /// All reasons, in the order in which they are declared.
    pub const ALL: [Reason; 10] = [
        Reason::BreakerOpen,
        Reason::BulkheadFull,
        Reason::TimedOut,
        Reason::DeadlineExceeded,
        Reason::RateLimited,
        Reason::BudgetExhausted,
        Reason::ConcurrencyLimited,
        Reason::Shed,
        Reason::Injected,
        Reason::Degraded,
    ];

    /// What such a refusal means for the caller.
    pub const fn class(self) -> Class {
        match self {
            Reason::TimedOut | Reason::DeadlineExceeded | Reason::Injected => Class::Transient,
            Reason::BreakerOpen
            | Reason::BulkheadFull
            | Reason::RateLimited
            | Reason::BudgetExhausted
            | Reason::ConcurrencyLimited
            | Reason::Shed
            | Reason::Degraded => Class::Overloaded,
        }
    }

    /// What policies do with such a refusal.
    pub const fn disposition(self) -> Disposition {
        Disposition::of_reason(self)
    }

    /// The name in snake case, as it stands in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::BreakerOpen => "breaker_open",
            Reason::BulkheadFull => "bulkhead_full",
            Reason::TimedOut => "timed_out",
            Reason::DeadlineExceeded => "deadline_exceeded",
            Reason::RateLimited => "rate_limited",
            Reason::BudgetExhausted => "budget_exhausted",
            Reason::ConcurrencyLimited => "concurrency_limited",
            Reason::Shed => "shed",
            Reason::Injected => "injected",
            Reason::Degraded => "degraded",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Reason::BreakerOpen => "the breaker is open",
            Reason::BulkheadFull => "the bulkhead and its queue are full",
            Reason::TimedOut => "the attempt took longer than its timeout",
            Reason::DeadlineExceeded => "the deadline of the call has passed",
            Reason::RateLimited => "the rate limit is used up",
            Reason::BudgetExhausted => "the retry budget is used up",
            Reason::ConcurrencyLimited => "the concurrency limit is reached",
            Reason::Shed => "the queue has been slow for too long",
            Reason::Injected => "chaos injected a failure",
            Reason::Degraded => "less is done for a while",
        }
    }
}

/// A call that a policy refused, or gave up: the one error type of all policies.
///
/// It is flat: whatever policies a function carries, its error type needs one
/// `From<Rejected>`. Making one does not allocate.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::{Fault, Reason, Rejected};
///
/// let rejected = Rejected::new(Reason::BreakerOpen, "inventory")
///     .with_retry_after(Duration::from_secs(5));
/// assert_eq!(rejected.to_string(), "inventory: the breaker is open, try again in 5s");
/// assert_eq!(rejected.retry_after(), Some(Duration::from_secs(5)));
/// assert_eq!((rejected.policy().as_str(), rejected.reason()), ("inventory", Reason::BreakerOpen));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    policy: Name,
    reason: Reason,
    retry_after: RetryAfter,
}

/// After what time another try makes sense.
///
/// Most refusals are dropped without anybody asking; who makes one does not divide into seconds.
#[derive(Clone, Copy)]
enum RetryAfter {
    Unknown,
    #[cfg(feature = "resilience")]
    Nanos(u64),
    Is(Duration),
}

impl RetryAfter {
    #[inline]
    const fn duration(self) -> Option<Duration> {
        match self {
            RetryAfter::Unknown => None,
            #[cfg(feature = "resilience")]
            RetryAfter::Nanos(nanos) => Some(Duration::from_nanos(nanos)),
            RetryAfter::Is(duration) => Some(duration),
        }
    }
}

impl PartialEq for RetryAfter {
    fn eq(&self, other: &Self) -> bool {
        self.duration() == other.duration()
    }
}

impl Eq for RetryAfter {}

impl fmt::Debug for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.duration().fmt(f)
    }
}

impl Rejected {
    /// A refusal by the policy of that name.
    pub fn new(reason: Reason, policy: impl Into<Name>) -> Self {
        Self { policy: policy.into(), reason, retry_after: RetryAfter::Unknown }
    }

    /// Adds after what time another try makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = RetryAfter::Is(retry_after);
        self
    }

    /// The same, of so many nanoseconds.
    #[cfg(feature = "resilience")]
    #[must_use]
    #[inline]
    pub(crate) fn with_retry_after_nanos(mut self, nanos: u64) -> Self {
        self.retry_after = RetryAfter::Nanos(nanos);
        self
    }

    /// The policy that refused.
    pub fn policy(&self) -> &Name {
        &self.policy
    }

    /// Why it refused.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What the refusal means for the caller.
    pub fn class(&self) -> Class {
        self.reason.class()
    }

    /// After what time another try makes sense, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.duration()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.policy, self.reason.sentence())?;
        match self.retry_after() {
            Some(after) => write!(f, ", try again in {after:?}"),
            None => Ok(()),
        }
    }
}

impl Error for Rejected {}

impl Fault for Rejected {
    fn class(&self) -> Class {
        self.reason.class()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after.duration()
    }

    fn rejection(&self) -> Option<&Rejected> {
        Some(self)
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How one attempt failed: refused by a policy, or by an error of the work itself.
///
/// # Examples
///
/// ```
/// use reliability::error::{Failure, Reason, Rejected};
///
/// #[derive(Debug, PartialEq)]
/// enum AppError {
///     Refused(Rejected),
/// }
/// impl From<Rejected> for AppError {
///     fn from(rejected: Rejected) -> Self {
///         AppError::Refused(rejected)
///     }
/// }
///
/// let rejected = Rejected::new(Reason::TimedOut, "quote");
/// let failure: Failure<AppError> = Failure::Rejected(rejected.clone());
/// assert_eq!(failure.into_error(), AppError::Refused(rejected));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure<E> {
    /// A policy refused the attempt, or gave it up.
    Rejected(Rejected),
    /// The work ran and returned this error.
    Error(E),
}

impl<E: From<Rejected>> Failure<E> {
    /// The error that the caller gets.
    pub fn into_error(self) -> E {
        match self {
            Failure::Rejected(rejected) => E::from(rejected),
            Failure::Error(error) => error,
        }
    }
}

impl<E: Fault> Fault for Failure<E> {
    fn class(&self) -> Class {
        match self {
            Failure::Rejected(rejected) => rejected.class(),
            Failure::Error(error) => error.class(),
        }
    }

    fn severity(&self) -> super::Severity {
        match self {
            Failure::Rejected(rejected) => rejected.severity(),
            Failure::Error(error) => error.severity(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Failure::Rejected(rejected) => rejected.retry_after(),
            Failure::Error(error) => error.retry_after(),
        }
    }

    fn rejection(&self) -> Option<&Rejected> {
        match self {
            Failure::Rejected(rejected) => Some(rejected),
            Failure::Error(error) => error.rejection(),
        }
    }

    /// Here a refusal is one of the very policy that asks, so its own row decides.
    fn disposition(&self) -> Disposition {
        match self {
            Failure::Rejected(rejected) => rejected.reason.disposition(),
            Failure::Error(error) => error.disposition(),
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Rejected(rejected) => rejected.describe(f),
            Failure::Error(error) => error.describe(f),
        }
    }

    fn fingerprint(&self) -> Option<&'static str> {
        match self {
            Failure::Rejected(_) => None,
            Failure::Error(error) => error.fingerprint(),
        }
    }

    fn recovery(&self) -> Option<super::recovery::Action> {
        match self {
            Failure::Rejected(_) => None,
            Failure::Error(error) => error.recovery(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Rejected(rejected) => rejected.fmt(f),
            Failure::Error(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for Failure<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Failure::Rejected(_) => None,
            Failure::Error(error) => error.source(),
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_asking_policy_has_its_own_row_and_one_of_another_has_its_class() {
        for reason in Reason::ALL {
            let rejected = Rejected::new(reason, "stock");
            let own = Failure::<Rejected>::Rejected(rejected.clone());
            let other = Failure::Error(rejected);
            assert_eq!(own.disposition(), Disposition::of_reason(reason));
            assert_eq!(other.disposition(), Disposition::of_class(reason.class()));
        }
    }
}
