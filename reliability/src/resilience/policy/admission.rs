//! How a call is let in: it passes its steps one by one, outermost first, and waits where it must.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::call::{Call, More};
use super::step::{Caller, Step};
use super::timer::Timer;
use super::wait::{nothing_known_bounds_the_call, poll_fired};
use crate::error::Rejected;
use crate::resilience::Bulkhead;
use crate::resilience::rate_limit::KeyHash;

/// Passes what is left of the first so many steps. Ready with the refusal of one, or when all have let
/// the call in.
#[cold]
pub(super) fn poll_admission<E>(
    call: &mut Call<'_, E>,
    steps: usize,
    mut timer: Pin<&mut Timer>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Rejected>> {
    if !timer.is_armed() {
        call.check_inherited_deadline()?;
        if let Some(bulkhead) = call.refuse_at_once() {
            return Poll::Ready(Err(bulkhead.full()));
        }
    }
    while call.step() < steps {
        let step = call.step();
        let passed = match call.poll_step(cx) {
            Poll::Ready(passed) => passed,
            Poll::Pending => {
                ready!(poll_fired(call, timer.as_mut(), cx));
                call.give_up_waiting().map(|()| true)
            }
        };
        // Each wait has a bound of its own.
        if timer.is_armed() {
            timer.as_mut().disarm();
            call.end_queue(step);
        }
        if !passed? {
            break;
        }
    }
    Poll::Ready(Ok(()))
}

impl<'a, E> Call<'a, E> {
    /// Passes the admission steps that are left as long as they let the call through at once; true
    /// if those were all. Otherwise nothing has happened at the step that did not.
    #[inline]
    pub(super) fn pass_at_once(&mut self) -> bool {
        nothing_known_bounds_the_call()
            && (self.policy.is_plain
                || self.step() == self.policy.steps.len()
                || self.pass_steps_at_once())
    }

    // Out of line, so that a call without steps does not save registers for them.
    #[inline(never)]
    fn pass_steps_at_once(&mut self) -> bool {
        let policy = self.policy;
        if self
            .more
            .as_ref()
            .is_some_and(|more| more.waiting.is_some() || !more.degraded.is_normal())
        {
            return false;
        }
        let caller = self.caller();
        // Counted beside the call: read back from where it is a part of a word it would be waited for.
        let mut passed = self.step;
        while let Some(step) = policy.steps.get(usize::from(passed)) {
            if !step.pass_at_once(|| &mut self.more().held, caller) {
                break;
            }
            passed += 1;
        }
        self.step = passed;
        usize::from(passed) == policy.steps.len()
    }

    fn waits(&self) -> bool {
        self.more.as_ref().is_some_and(|more| more.waiting.is_some())
    }

    /// Whether there is more to a step than whether it lets the call through: of a degraded call, and
    /// of one that is gone through again, whose recording knows what was degraded.
    pub(super) fn is_gone_through_slowly(&self) -> bool {
        self.policy.is_degradable && self.takes_turns()
    }

    /// Whoever refuses the call at its next step, where that takes neither a wait nor a lock.
    #[inline]
    fn refuse_at_once(&self) -> Option<&'a Bulkhead> {
        match self.policy.steps.get(self.step()) {
            Some(Step::Bulkhead(bulkhead)) if !self.waits() && bulkhead.refuse_at_once() => {
                Some(bulkhead)
            }
            _ => None,
        }
    }

    /// Refuses and ends the call where the next step does so at once, and there is nothing else to it:
    /// nothing to give back, nothing to write down, and no deadline that would be the reason instead.
    ///
    /// For who makes no further attempt, and makes the refusal where it is wanted: it is much larger
    /// than most answers, and copying it from step to step is most of what it costs.
    #[cfg(feature = "tower")]
    #[inline]
    pub(super) fn end_refused(&mut self) -> Option<&'a Bulkhead> {
        if self.takes_turns() || self.more.is_some() || !nothing_known_bounds_the_call() {
            return None;
        }
        let bulkhead = self.refuse_at_once()?;
        self.fail_at_once(bulkhead);
        Some(bulkhead)
    }

    /// Passes the next admission step, outermost first; false if there is none left.
    pub(super) fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Rejected>> {
        let policy = self.policy;
        let Some(step) = policy.steps.get(self.step()) else {
            return Poll::Ready(Ok(false));
        };
        #[cfg(feature = "chaos")]
        if let Step::Chaos(_) = step {
            self.meet_chaos();
        }
        if let Step::Degrade(degrading) = step {
            self.meet_degradation(degrading)?;
        }
        if !self.waits()
            && let Some(passed) = self.pass_degraded(self.step())
        {
            self.step += u16::from(passed.is_ok());
            return Poll::Ready(passed.map(|()| true));
        }
        #[cfg(all(feature = "redis", not(reliability_loom)))]
        if let Step::SharedRateLimit(limit) = step {
            return self.poll_shared_rate_limit(limit, cx);
        }
        let caller = self.caller();
        let More { held, waiting: place, .. } = self.more();
        if place.is_none() {
            *place = step.pass(held, caller)?;
        }
        if let Some(waiting) = place {
            let passed = ready!(waiting.poll(cx, held));
            *place = None;
            passed?;
        }
        self.step += 1;
        Poll::Ready(Ok(true))
    }

    /// Who asks to be let in.
    #[inline]
    fn caller(&self) -> Caller {
        let key = self.more.as_ref().map(|more| more.whose.hash());
        Caller {
            attempts: self.attempts,
            priority: self.priority,
            rate_limit_key: key.unwrap_or(KeyHash::NONE),
        }
    }
}
