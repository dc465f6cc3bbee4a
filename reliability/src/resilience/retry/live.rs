use std::sync::{PoisonError, RwLock};

use super::{Retry, RetryBudget, Settings};
use crate::error::{Name, Reason};
use crate::resilience::Invalid;

/// A [`Retry`] at work: what can be changed while calls run.
#[derive(Debug)]
pub(crate) struct Retrying {
    /// Read only after a failure, when a lock costs nothing beside the pause.
    settings: RwLock<Settings>,
    budget: Option<RetryBudget>,
    also: Option<Reason>,
}

impl Retrying {
    pub(crate) fn new(policy: &Name, retry: Retry) -> Result<Self, Invalid> {
        let Retry { settings, budget, also } = retry;
        settings.validate(policy)?;
        Ok(Self { settings: RwLock::new(settings), budget, also })
    }

    pub(crate) fn check(policy: &Name, settings: &Settings) -> Result<(), Invalid> {
        settings.validate(policy)
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings.clone();
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[inline]
    pub(crate) fn budget(&self) -> Option<&RetryBudget> {
        self.budget.as_ref()
    }

    pub(crate) fn also_retries(&self, reason: Reason) -> bool {
        self.also == Some(reason)
    }
}
