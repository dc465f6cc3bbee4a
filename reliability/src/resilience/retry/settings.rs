use alloc::format;
use core::time::Duration;

use super::{Backoff, RetryBudget};
use crate::error::{Name, Reason};
use crate::resilience::Invalid;

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
///
/// // Of a dependency that says when to come back: also after a refusal, but not later than in 2 s.
/// let polite = Retry::attempts(3)
///     .retry_after_max(Duration::from_secs(2))
///     .also_when_breaker_open();
/// # let _ = (usual, patient, polite);
/// ```
#[derive(Debug, Clone)]
#[must_use = "hand it to `Policy::builder(..).retry(..)`"]
pub struct Retry {
    pub(super) settings: Settings,
    pub(super) budget: Option<RetryBudget>,
    pub(super) also: Option<Reason>,
}

impl Retry {
    /// Three attempts with the [standard backoff](Backoff::standard) and no budget.
    pub fn standard() -> Self {
        Self::attempts(3)
    }

    /// That many attempts, the first one included; 1 to 1000.
    pub fn attempts(attempts: u32) -> Self {
        let settings = Settings { attempts, ..Settings::standard() };
        Self { settings, budget: None, also: None }
    }

    /// The pause between attempts. A `retry_after` of the error makes it longer, never shorter; see
    /// [`retry_after_max`](Retry::retry_after_max).
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.backoff = backoff;
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

    /// The budget that was given to it.
    pub(crate) fn own_budget(&self) -> Option<&RetryBudget> {
        self.budget.as_ref()
    }

    /// How long the other side may ask us to stay away for a retry to make sense; a minute if not
    /// said. When it asks for more, the call ends with the error it had: coming back earlier is not
    /// welcome, and a caller should not hang as long as somebody else pleases.
    pub fn retry_after_max(mut self, longest: Duration) -> Self {
        self.settings.retry_after_max = longest;
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

/// What can be changed of a [`Retry`] while its policy works.
///
/// # Examples
///
/// ```
/// use reliability::resilience::retry::Settings;
///
/// assert_eq!(Settings::standard().attempts, 3);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// How many attempts a call may make, the first one included: 1 to 1000.
    pub attempts: u32,
    /// How long to pause between attempts.
    pub backoff: Backoff,
    /// How long the other side may ask us to stay away for a retry to make sense.
    pub retry_after_max: Duration,
}

/// More would be a loop, not a retry.
const ATTEMPTS_MAX: u32 = 1000;

impl Settings {
    /// Three attempts with the [standard backoff](Backoff::standard), and no wait above a minute.
    pub fn standard() -> Self {
        Self { attempts: 3, backoff: Backoff::standard(), retry_after_max: Duration::from_secs(60) }
    }

    pub(super) fn validate(&self, policy: &Name) -> Result<(), Invalid> {
        if !(1..=ATTEMPTS_MAX).contains(&self.attempts) {
            let expected = format!("1 to {ATTEMPTS_MAX}");
            return Err(Invalid::new(policy.clone(), "attempts", expected, self.attempts)
                .with_advice("`attempts` counts the first call too"));
        }
        self.backoff.validate(policy.clone())
    }
}
