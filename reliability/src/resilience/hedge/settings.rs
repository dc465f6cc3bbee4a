use core::time::Duration;

use crate::error::Name;
use crate::resilience::timeout::{Rule, check_quantile};
use crate::resilience::{Invalid, RetryBudget};
use crate::sync::Quantile;

/// When a second request is sent, how many, and out of which budget.
///
/// | setting | default | range |
/// |---|---|---|
/// | [`after`](Hedge::after) | p95 in [`standard`](Hedge::standard): every twentieth call sends two | 1 ms to an hour, or p50 to p99.9 |
/// | [`max`](Hedge::max) | 1: the second request takes away most of the tail, the third hardly any more | 1 to 4 |
/// | [`initial`](Hedge::initial) | none: nothing is hedged until the quantile is known | 1 ms to an hour |
/// | [`budget`](Hedge::budget) | the one of `retry`; without `retry`, one of its own with the defaults of [`RetryBudget`] | |
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::Hedge;
/// use reliability::sync::Quantile;
///
/// let usual = Hedge::standard();
/// let fixed = Hedge::after(Duration::from_millis(80)).max(2);
/// let follows = Hedge::after(Quantile::P99).initial(Duration::from_millis(250));
/// ```
#[derive(Debug, Clone)]
#[must_use = "hand it to `Policy::builder(..).hedge(..)`"]
pub struct Hedge {
    pub(super) settings: Settings,
    pub(super) budget: Option<RetryBudget>,
}

impl Hedge {
    /// One hedge after p95 of what attempts took lately.
    pub const fn standard() -> Self {
        Self { settings: Settings::standard(), budget: None }
    }

    /// One hedge after this delay: a [`Duration`], or a [`Quantile`] of what attempts took lately.
    pub fn after(after: impl Into<After>) -> Self {
        let mut hedge = Self::standard();
        hedge.settings.after = after.into();
        hedge
    }

    /// At most so many hedges for one attempt, each of them the delay later than the one before.
    pub const fn max(mut self, hedges: u32) -> Self {
        self.settings.max = hedges;
        self
    }

    /// The delay while the quantile is not known.
    pub const fn initial(mut self, delay: Duration) -> Self {
        self.settings.initial = Some(delay);
        self
    }

    /// The budget that hedges are taken from, for a policy without `retry`; clones of it share it.
    ///
    /// With `retry` there is one budget for both, and it is written there.
    pub fn budget(mut self, budget: RetryBudget) -> Self {
        self.budget = Some(budget);
        self
    }
}

/// What the delay of a hedge is.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::hedge::After;
/// use reliability::sync::Quantile;
///
/// assert_eq!(After::from(Duration::from_millis(80)), After::Fixed(Duration::from_millis(80)));
/// assert_eq!(After::from(Quantile::P95), After::Quantile(Quantile::P95));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum After {
    /// Always the same.
    Fixed(Duration),
    /// What this share of attempts did not exceed lately.
    Quantile(Quantile),
}

impl From<Duration> for After {
    fn from(delay: Duration) -> Self {
        After::Fixed(delay)
    }
}

impl From<Quantile> for After {
    fn from(quantile: Quantile) -> Self {
        After::Quantile(quantile)
    }
}

/// What of a [`Hedge`] can change while the policy works.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::{Hedge, Policy};
///
/// let policy = Policy::builder("price").hedge(Hedge::standard()).build()?;
/// policy.reconfigure(|settings| {
///     if let Some(hedge) = &mut settings.hedge {
///         hedge.after = Duration::from_millis(80).into();
///     }
/// })?;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The delay before a hedge is sent.
    pub after: After,
    /// The delay while the quantile is not known; with a fixed delay there is no such time.
    pub initial: Option<Duration>,
    /// At most so many hedges for one attempt.
    pub max: u32,
}

/// With the first request five, as many as gRPC's proposal A6 allows.
const HEDGES_MAX: u32 = 4;
/// What timers can tell apart.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(60 * 60);

impl Settings {
    const fn standard() -> Self {
        Self { after: After::Quantile(Quantile::P95), initial: None, max: 1 }
    }

    /// Refuses what makes no sense, with the name of the setting.
    pub(crate) fn check(&self, policy: &Name) -> Result<(), Invalid> {
        match self.after {
            After::Fixed(delay) => {
                check_delay(policy, "after", delay)?;
                if let Some(initial) = self.initial {
                    let got = alloc::format!("{initial:?}");
                    let expected = "left out where the delay is fixed";
                    return Err(Invalid::new(policy.clone(), "initial", expected, got)
                        .with_advice("it holds only until a quantile is known"));
                }
            }
            After::Quantile(quantile) => check_quantile(policy, "after", quantile)?,
        }
        if let Some(initial) = self.initial {
            check_delay(policy, "initial", initial)?;
        }
        if !(1..=HEDGES_MAX).contains(&self.max) {
            let expected = alloc::format!("1 to {HEDGES_MAX}");
            return Err(Invalid::new(policy.clone(), "max", expected, self.max)
                .with_advice("`max` does not count the first request"));
        }
        Ok(())
    }

    pub(super) fn rule(&self) -> Rule {
        match self.after {
            After::Fixed(delay) => Rule::Fixed(delay),
            After::Quantile(quantile) => Rule::Follows {
                quantile,
                factor: 1.0,
                min: SHORTEST,
                max: LONGEST,
                initial: self.initial,
            },
        }
    }

    pub(super) fn of_rule(rule: &Rule, max: u32) -> Self {
        match *rule {
            Rule::Fixed(delay) => Self { after: After::Fixed(delay), initial: None, max },
            Rule::Follows { quantile, initial, .. } => {
                Self { after: After::Quantile(quantile), initial, max }
            }
        }
    }
}

fn check_delay(policy: &Name, setting: &'static str, delay: Duration) -> Result<(), Invalid> {
    if (SHORTEST..=LONGEST).contains(&delay) {
        return Ok(());
    }
    let expected = alloc::format!("{SHORTEST:?} to {LONGEST:?}");
    Err(Invalid::new(policy.clone(), setting, expected, alloc::format!("{delay:?}"))
        .with_advice("a hedge that is sent at once doubles the load of every call"))
}
