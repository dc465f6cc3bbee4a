//! Less than usual, while something is degraded. What that is for a call is decided once, when it comes
//! in, and holds to its end.

use core::time::Duration;

use super::call::Call;
use super::inner::Inner;
#[cfg(feature = "record")]
use super::record::EventKind;
use super::step::{Held, Step};
use crate::error::recovery::Degradation;
use crate::error::{Failure, Reason, Rejected};
use crate::resilience::Policy;
use crate::resilience::concurrency_limit::Priority;
use crate::resilience::degrade::{Count, Degrading, Plan, Snapshot};

impl Policy {
    /// The degradation that it follows, to inspect, raise or lift.
    pub fn degradation(&self) -> Option<&Degradation> {
        self.inner().degrade().map(Degrading::degradation)
    }

    /// How far it is degraded, and what it has done less of so far.
    pub fn degraded(&self) -> Option<Snapshot> {
        self.inner().degrade().map(Degrading::snapshot)
    }
}

/// What a call was told when it came in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Degraded {
    plan: Plan,
    /// When things are to be normal again, as far as was known.
    retry_after: Option<Duration>,
}

/// How far things were degraded when a call came in, and what else decided about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) level: u8,
    pub(super) remaining: Option<Duration>,
    pub(super) priority: Priority,
    pub(super) draw: u64,
}

impl<E> Call<'_, E> {
    /// Passes `degrade` where things may be degraded, or is kept out.
    pub(super) fn meet_degradation(&mut self, degrading: &Degrading) -> Result<(), Rejected> {
        let (seen, plan) = self.look_at(degrading);
        let Seen { remaining, priority, draw, .. } = seen;
        if plan.is_normal() {
            return Ok(());
        }
        #[cfg(feature = "record")]
        self.tell(|_| EventKind::Degraded { level: seen.level, remaining, priority, draw });
        self.more().degraded = Degraded { plan, retry_after: remaining };
        if plan.sheds(priority, draw) {
            degrading.count(Count::Shed(priority));
            return Err(self.kept_out(degrading));
        }
        Ok(())
    }

    /// How far things are degraded, or were when the call was recorded.
    fn look_at(&self, degrading: &Degrading) -> (Seen, Plan) {
        if let Some(seen) = self.looked_then() {
            return (seen, degrading.plan(seen.level));
        }
        let degradation = degrading.degradation();
        let level = degradation.level();
        let plan = degrading.plan(level);
        let priority = self.priority;
        let draw = if plan.draws_for(priority) { self.policy.randomness.draw() } else { 0 };
        let remaining = degradation.remaining().filter(|_| level > 0);
        (Seen { level, remaining, priority, draw }, plan)
    }

    /// Takes a place of the part of a limit that a degraded call may fill; nothing if it may fill all
    /// of it, or the step is no limit.
    pub(super) fn pass_degraded(&mut self, step: usize) -> Option<Result<(), Rejected>> {
        let policy = self.policy;
        let part_of = self.degraded()?.plan.part_of_limit()?;
        let priority = self.priority;
        let held: &mut Held<'_> = &mut self.more().held;
        let is_in = match policy.steps.get(step)? {
            Step::ConcurrencyLimit(limit) => {
                held.concurrency_limit = limit.acquire_part(priority, part_of);
                held.concurrency_limit.is_some()
            }
            Step::Bulkhead(bulkhead) => {
                held.bulkhead = bulkhead.enter_part(part_of);
                held.bulkhead.is_some()
            }
            _ => return None,
        };
        let degrading = policy.degrade()?;
        Some(if is_in {
            Ok(())
        } else {
            degrading.count(Count::Crowded);
            Err(self.kept_out(degrading))
        })
    }

    /// Whether failed attempts of this call are not followed by others; counts it, so ask once.
    pub(super) fn is_without_retries(&self) -> bool {
        let without = self.degraded().is_some_and(|it| it.plan.is_without_retries());
        if without && let Some(degrading) = self.policy.degrade() {
            degrading.count(Count::NotRetried);
        }
        without
    }

    /// Whether this call does not send requests twice.
    pub(super) fn is_without_hedges(&self) -> bool {
        self.degraded().is_some_and(|it| it.plan.is_without_hedges())
    }

    /// What the call was told, if it came in while things were degraded.
    #[inline]
    pub(super) fn degraded(&self) -> Option<&Degraded> {
        self.more.as_ref().map(|more| &more.degraded).filter(|it| !it.plan.is_normal())
    }

    /// Whether this is a call that was kept out by the policy's own `degrade`. Counts that it is
    /// answered, so ask when it is.
    #[inline]
    pub(super) fn count_answered(&self, failure: &Failure<E>) -> bool {
        let Failure::Rejected(rejected) = failure else { return false };
        if rejected.reason() != Reason::Degraded {
            return false;
        }
        if let Some(degrading) = self.policy.degrade() {
            degrading.count(Count::Answered);
        }
        true
    }

    /// Whether the answer of `degrade` is asked for instead of this failure. Counts it, so ask once.
    #[doc(hidden)]
    pub fn wants_degraded_answer(&self, failure: &Failure<E>) -> bool {
        let wanted = self.count_answered(failure);
        if wanted {
            self.count_fallback(failure);
        }
        wanted
    }

    fn kept_out(&self, degrading: &Degrading) -> Rejected {
        let name = degrading.degradation().name().clone();
        let rejected = Rejected::new(Reason::Degraded, name);
        match self.degraded().and_then(|it| it.retry_after) {
            Some(after) => rejected.with_retry_after(after),
            None => rejected,
        }
    }
}

impl Inner {
    pub(super) fn degrade(&self) -> Option<&Degrading> {
        self.steps.iter().find_map(|step| match step {
            Step::Degrade(degrading) => Some(&**degrading),
            _ => None,
        })
    }
}

impl Degraded {
    pub(super) const NORMAL: Degraded = Degraded { plan: Plan::NORMAL, retry_after: None };

    #[inline]
    pub(super) fn is_normal(&self) -> bool {
        self.plan.is_normal()
    }
}
