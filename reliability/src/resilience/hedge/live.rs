use super::{Hedge, Settings};
use crate::error::Name;
use crate::resilience::timeout::{Adapted, Rule};
use crate::resilience::{Invalid, RetryBudget};
use crate::sync::SketchSnapshot;
use crate::sync::atomic::{AtomicU32, Ordering};

/// The hedge of a policy that works. Its delay is [worked out](Adapted) with everything else that
/// follows what attempts took.
#[derive(Debug)]
pub(crate) struct Hedging {
    max: AtomicU32,
    budget: RetryBudget,
}

impl Hedging {
    /// Takes over checked settings, and the budget of the policy.
    pub(crate) fn new(settings: &Settings, budget: RetryBudget) -> Self {
        Self { max: AtomicU32::new(settings.max), budget }
    }

    pub(crate) fn max(&self) -> u32 {
        self.max.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn budget(&self) -> &RetryBudget {
        &self.budget
    }

    pub(crate) fn settings(&self, after: &Adapted) -> Option<Settings> {
        after.rule().map(|rule| Settings::of_rule(&rule, self.max()))
    }

    /// Takes over checked settings.
    pub(crate) fn apply(&self, settings: &Settings, after: &Adapted, recent: &SketchSnapshot) {
        self.max.store(settings.max, Ordering::Relaxed);
        after.set(Some(settings.rule()), recent);
    }
}

impl Hedge {
    pub(crate) fn check(&self, policy: &Name) -> Result<(), Invalid> {
        self.settings.check(policy)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn rule(&self) -> Rule {
        self.settings.rule()
    }

    /// The budget that was written on it.
    pub(crate) fn own_budget(&self) -> Option<&RetryBudget> {
        self.budget.as_ref()
    }
}
