use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::error::recovery::Degradation;
#[cfg(feature = "cache")]
use crate::resilience::Cache;
#[cfg(feature = "chaos")]
use crate::resilience::Chaos;
use crate::resilience::{Breaker, Invalid, Layer, Policy};

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
    /// One level less is done, for the time that the degradation lasts.
    DegradeRaise,
    /// All is done again.
    DegradeLift,
    /// The cache forgets all answers: what it was told was wrong.
    #[cfg(feature = "cache")]
    CacheClear,
    /// Chaos does what it is set to.
    #[cfg(feature = "chaos")]
    ChaosOn,
    /// Chaos does nothing.
    #[cfg(feature = "chaos")]
    ChaosOff,
}

impl Force {
    /// All there are.
    pub const ALL: &[Force] = &[
        Force::BreakerOpen,
        Force::BreakerDisabled,
        Force::BreakerMetricsOnly,
        Force::BreakerReset,
        Force::DegradeRaise,
        Force::DegradeLift,
        #[cfg(feature = "cache")]
        Force::CacheClear,
        #[cfg(feature = "chaos")]
        Force::ChaosOn,
        #[cfg(feature = "chaos")]
        Force::ChaosOff,
    ];

    /// The name in lower case, with underscores.
    pub const fn as_str(self) -> &'static str {
        match self {
            Force::BreakerOpen => "breaker_open",
            Force::BreakerDisabled => "breaker_disabled",
            Force::BreakerMetricsOnly => "breaker_metrics_only",
            Force::BreakerReset => "breaker_reset",
            Force::DegradeRaise => "degrade_raise",
            Force::DegradeLift => "degrade_lift",
            #[cfg(feature = "cache")]
            Force::CacheClear => "cache_clear",
            #[cfg(feature = "chaos")]
            Force::ChaosOn => "chaos_on",
            #[cfg(feature = "chaos")]
            Force::ChaosOff => "chaos_off",
        }
    }

    /// The layer that it is about.
    const fn layer(self) -> Layer {
        match self {
            #[cfg(feature = "cache")]
            Force::CacheClear => Layer::Cache,
            #[cfg(feature = "chaos")]
            Force::ChaosOn | Force::ChaosOff => Layer::Chaos,
            Force::DegradeRaise | Force::DegradeLift => Layer::Degrade,
            _ => Layer::Breaker,
        }
    }

    pub(in crate::resilience) fn check(self, policy: &Policy) -> Result<(), Invalid> {
        let layer = self.layer();
        if policy.layers().contains(&layer) {
            return Ok(());
        }
        Err(Invalid::new(policy.name().clone(), layer.as_str(), "present", "absent")
            .with_advice("only a policy that has this layer can be forced so"))
    }

    pub(in crate::resilience) fn apply(self, policy: &Policy) {
        let breaker = |order: fn(&Breaker)| policy.breaker().into_iter().for_each(order);
        #[cfg(feature = "chaos")]
        let chaos = |order: fn(&Chaos)| policy.chaos().into_iter().for_each(order);
        match self {
            Force::BreakerOpen => breaker(Breaker::force_open),
            Force::BreakerDisabled => breaker(Breaker::disable),
            Force::BreakerMetricsOnly => breaker(Breaker::metrics_only),
            Force::BreakerReset => breaker(Breaker::reset),
            Force::DegradeRaise => {
                policy.degradation().into_iter().for_each(|degradation| {
                    degradation.raise();
                });
            }
            Force::DegradeLift => policy.degradation().into_iter().for_each(Degradation::lift),
            #[cfg(feature = "cache")]
            Force::CacheClear => policy.cache().into_iter().for_each(Cache::clear),
            #[cfg(feature = "chaos")]
            Force::ChaosOn => chaos(Chaos::switch_on),
            #[cfg(feature = "chaos")]
            Force::ChaosOff => chaos(Chaos::switch_off),
        }
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
        Self::ALL.iter().copied().find(|force| force.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|force| force.as_str()).collect();
            let names = names.join(", ");
            Invalid::new("registry", "force", alloc::format!("one of {names}"), text)
        })
    }
}
