use core::fmt;
use core::str::FromStr;

use crate::resilience::{Breaker, Invalid, Policy};

/// What an operator can force upon policies with [`registry::force`](super::force).
///
/// Its text is what an admin page or a command line would send: `"breaker_open"`.
///
/// # Examples
///
/// ```
/// use reliability::resilience::registry::Force;
///
/// let force: Force = "breaker_open".parse()?;
/// assert_eq!(force, Force::BreakerOpen);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Force {
    /// The breaker refuses all calls: the dependency is being repaired.
    BreakerOpen,
    /// The breaker lets all calls pass and counts nothing.
    BreakerDisabled,
    /// The breaker counts and judges, but never refuses.
    BreakerMetricsOnly,
    /// The breaker decides by itself again, closed at first.
    BreakerReset,
}

impl Force {
    /// All there are.
    pub const ALL: [Force; 4] = [
        Force::BreakerOpen,
        Force::BreakerDisabled,
        Force::BreakerMetricsOnly,
        Force::BreakerReset,
    ];

    /// The name in lower case, with underscores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Force::BreakerOpen => "breaker_open",
            Force::BreakerDisabled => "breaker_disabled",
            Force::BreakerMetricsOnly => "breaker_metrics_only",
            Force::BreakerReset => "breaker_reset",
        }
    }

    pub(super) fn check(self, policy: &Policy) -> Result<(), Invalid> {
        match policy.breaker() {
            Some(_) => Ok(()),
            None => Err(Invalid::new(policy.name().clone(), "breaker", "present", "absent")
                .with_advice("only a policy that has a breaker can be forced so")),
        }
    }

    pub(super) fn apply(self, policy: &Policy) {
        let order = match self {
            Force::BreakerOpen => Breaker::force_open,
            Force::BreakerDisabled => Breaker::disable,
            Force::BreakerMetricsOnly => Breaker::metrics_only,
            Force::BreakerReset => Breaker::reset,
        };
        policy.breaker().into_iter().for_each(order);
    }
}

impl fmt::Display for Force {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Force {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|force| force.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Invalid::new("registry", "force", alloc::format!("one of {names}"), text)
        })
    }
}
