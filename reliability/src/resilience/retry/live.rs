use alloc::format;
use core::time::Duration;
use std::sync::{PoisonError, RwLock};

use super::{Backoff, Retry, RetryBudget};
use crate::error::{Name, Reason};
use crate::resilience::Invalid;
use crate::sync::atomic::{AtomicU32, Ordering};

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
