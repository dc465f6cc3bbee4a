use alloc::format;
use core::time::Duration;
use std::sync::{PoisonError, RwLock};

use super::{Backoff, RetryBudget};
use crate::error::{Name, Reason};
use crate::resilience::Invalid;
use crate::sync::atomic::{AtomicU32, Ordering};

/// How often, after what pause, and out of which budget a call is tried again.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::{Backoff, Retry};
///
/// let usual = Retry::standard();
/// let patient = Retry::attempts(6)
///     .backoff(Backoff::exponential(Duration::from_millis(100)).max(Duration::from_secs(10)));
/// ```
#[derive(Debug, Clone)]
#[must_use = "hand it to `Policy::builder(..).retry(..)`"]
pub struct Retry {
    attempts: u32,
    backoff: Backoff,
    budget: Option<RetryBudget>,
    also: Option<Reason>,
    retry_after_max: Duration,
}

impl Retry {
    /// Three attempts with the [standard backoff](Backoff::standard) and no budget.
    pub fn standard() -> Self {
        Self::attempts(3)
    }

    /// That many attempts, the first one included; 1 to 1000.
    pub fn attempts(attempts: u32) -> Self {
        Self {
            attempts,
            backoff: Backoff::standard(),
            budget: None,
            also: None,
            retry_after_max: Duration::from_secs(60),
        }
    }

    /// The pause between attempts. A `retry_after` of the error makes it longer, never shorter; see
    /// [`retry_after_max`](Retry::retry_after_max).
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The budget that retries are taken from; clones of it share it.
    ///
    /// When it denies a retry, the call ends with the error it had. Attempts that are under way
    /// are never cut off.
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// How long the other side may ask us to stay away for a retry to make sense; a minute if not
    /// said. When it asks for more, the call ends with the error it had: coming back earlier is not
    /// welcome, and a caller should not hang as long as somebody else pleases.
    pub fn retry_after_max(mut self, longest: Duration) -> Self {
        self.retry_after_max = longest;
        self
    }

    /// Also tries again when the policy's own breaker is open, after the `retry_after` it tells.
    ///
    /// By default it does not: the breaker is open so that the dependency is left alone, and it is
    /// likely to be open still.
    pub fn also_when_breaker_open(mut self) -> Self {
        self.also = Some(Reason::BreakerOpen);
        self
    }
}

/// A [`Retry`] at work: what can be changed while calls run.
#[derive(Debug)]
pub(crate) struct Retrying {
    attempts: AtomicU32,
    /// Read only after a failure, when a lock costs nothing beside the pause.
    backoff: RwLock<Backoff>,
    budget: Option<RetryBudget>,
    also: Option<Reason>,
    pub(crate) retry_after_max: Duration,
}

/// More would be a loop, not a retry.
const ATTEMPTS_MAX: u32 = 1000;

impl Retrying {
    pub(crate) fn new(policy: &Name, retry: Retry) -> Result<Self, Invalid> {
        let Retry { attempts, backoff, budget, also, retry_after_max } = retry;
        Self::check(policy, attempts, &backoff)?;
        Ok(Self {
            attempts: AtomicU32::new(attempts),
            backoff: RwLock::new(backoff),
            budget,
            also,
            retry_after_max,
        })
    }

    pub(crate) fn check(policy: &Name, attempts: u32, backoff: &Backoff) -> Result<(), Invalid> {
        if !(1..=ATTEMPTS_MAX).contains(&attempts) {
            let expected = format!("1 to {ATTEMPTS_MAX}");
            return Err(Invalid::new(policy.clone(), "attempts", expected, attempts)
                .with_advice("`attempts` counts the first call too"));
        }
        backoff.validate(policy.clone())
    }

    pub(crate) fn reconfigure(&self, attempts: u32, backoff: Backoff) {
        self.attempts.store(attempts, Ordering::Relaxed);
        *self.backoff.write().unwrap_or_else(PoisonError::into_inner) = backoff;
    }

    #[inline]
    pub(crate) fn attempts_max(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn backoff(&self) -> Backoff {
        *self.backoff.read().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(crate) fn budget(&self) -> Option<&RetryBudget> {
        self.budget.as_ref()
    }

    pub(crate) fn also_retries(&self, reason: Reason) -> bool {
        self.also == Some(reason)
    }
}
