use core::time::Duration;

use super::{Adaptive, Rule};
use crate::error::Name;
use crate::resilience::Invalid;
use crate::sync::Quantile;

/// How long one attempt may take.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::timeout::Timeout;
/// use reliability::sync::Quantile;
///
/// let fixed = Timeout::from(Duration::from_millis(800));
/// assert_eq!(fixed.longest(), Duration::from_millis(800));
///
/// let adaptive: Timeout = Timeout::adaptive(Quantile::P99).max(Duration::from_secs(1)).into();
/// assert_eq!(adaptive.longest(), Duration::from_secs(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Timeout {
    /// Always the same.
    Fixed(Duration),
    /// What attempts took lately, times a factor.
    Adaptive(Adaptive),
}

impl Timeout {
    /// A timeout that follows this quantile of what attempts took lately; see [`Adaptive`] for the
    /// rest of it.
    pub const fn adaptive(quantile: Quantile) -> Adaptive {
        Adaptive::following(quantile)
    }

    /// What it is at most.
    pub const fn longest(&self) -> Duration {
        match self {
            Timeout::Fixed(timeout) => *timeout,
            Timeout::Adaptive(adaptive) => adaptive.max,
        }
    }

    /// Refuses what makes no sense, with the name of the setting.
    pub(crate) fn check(&self, policy: &Name) -> Result<(), Invalid> {
        match self {
            Timeout::Fixed(Duration::ZERO) => {
                Err(Invalid::new(policy.clone(), "timeout", "longer than zero", "0s"))
            }
            Timeout::Fixed(_) => Ok(()),
            Timeout::Adaptive(adaptive) => adaptive.check(policy),
        }
    }

    /// The timeout whose [`rule`](Self::rule) that is.
    pub(crate) fn of_rule(rule: &Rule) -> Self {
        match *rule {
            Rule::Fixed(timeout) => Timeout::Fixed(timeout),
            Rule::Follows { quantile, factor, min, max, .. } => {
                Timeout::Adaptive(Adaptive { quantile, factor, min, max })
            }
        }
    }

    pub(crate) fn rule(&self) -> Rule {
        match *self {
            Timeout::Fixed(timeout) => Rule::Fixed(timeout),
            Timeout::Adaptive(adaptive) => Rule::Follows {
                quantile: adaptive.quantile,
                factor: adaptive.factor,
                min: adaptive.min,
                max: adaptive.max,
                initial: Some(adaptive.max),
            },
        }
    }
}

impl From<Duration> for Timeout {
    fn from(timeout: Duration) -> Self {
        Timeout::Fixed(timeout)
    }
}

impl From<Adaptive> for Timeout {
    fn from(adaptive: Adaptive) -> Self {
        Timeout::Adaptive(adaptive)
    }
}
