//! How attempts and calls end: what is counted, reported and given back.

use core::time::Duration;

use super::call::{Call, Phase, Times};
use super::events;
use super::inner::Inner;
use super::pause::Pause;
use super::recent::Took;
#[cfg(feature = "record")]
use super::record::EventKind;
use super::step::Held;
use super::totals::Total;
use super::wait::{End, inherited_deadline_has_passed};
use crate::error::{Counted, Failure, Reason};
use crate::resilience::breaker;
use crate::resilience::concurrency_limit::{self, Outcome};
use crate::time::{Clock, Instant};

impl<E> Call<'_, E> {
    /// Takes note of a call that ended well, and gives back what it held.
    #[inline]
    pub(super) fn succeed(&mut self) {
        let _turn = self.turn();
        #[cfg(feature = "record")]
        self.tell(|_| EventKind::ok());
        if self.more.is_some() {
            self.phase = Phase::Finished;
            self.policy.totals.count(Total::Ok);
            self.give_back_after_success();
        } else {
            self.phase = Phase::Over;
            self.policy.totals.count(Total::Ok);
        }
    }

    // Out of line, so that a call that holds nothing does not save registers for it.
    #[inline(never)]
    fn give_back_after_success(&mut self) {
        let Some(more) = &mut *self.more else { return };
        if let Some(since) = more.times.and_then(|times| times.waited_since) {
            count_latency(self.policy, since);
        }
        if let Some(permit) = more.held.concurrency_limit.take() {
            report_load(permit, Outcome::Success, more.times);
        }
        if let Some(permit) = more.held.breaker.take() {
            let since = more.times.and_then(|times| match self.policy.breaker_per_attempt {
                true => times.attempt_waited_since,
                false => times.waited_since,
            });
            record(permit, Counted::Success, since);
        }
        more.held.bulkhead = None;
        if more.waiting.is_none() && !more.whose.is_owned() {
            // What is left needs no drop.
            self.phase = Phase::Over;
        }
        if more.times.is_some() {
            self.count_work(Took::Exactly);
        }
    }

    /// The pause before another attempt, or the failure as the end of the call.
    ///
    /// By value: were the outcome looked at through a reference here, it could not stay in registers
    /// on the way of a call that succeeds.
    #[cold]
    pub(super) fn judge_failure(&mut self, failure: Failure<E>) -> Result<Pause, Failure<E>> {
        self.pause_after(&failure, true).map(Pause::new).ok_or(failure)
    }

    #[cold]
    pub(super) fn conclude_failure(&mut self, failure: Failure<E>) -> Failure<E> {
        self.pause_after(&failure, false);
        failure
    }

    /// How long to wait before another attempt; without that the call has ended.
    #[inline]
    pub(super) fn pause_after(
        &mut self,
        failure: &Failure<E>,
        may_repeat: bool,
    ) -> Option<Duration> {
        let _turn = self.turn();
        self.end_attempt(failure);
        let pause = if may_repeat { self.pause_before_retry(failure) } else { None };
        if pause.is_none() {
            self.fail(failure);
        }
        pause
    }

    /// Counts the failure that ends the call.
    #[inline]
    fn fail(&mut self, failure: &Failure<E>) {
        let total = match failure {
            Failure::Rejected(rejected) => {
                events::rejected(self.policy, rejected);
                Total::Rejected(rejected.reason())
            }
            Failure::Error(error) => Total::Failed(self.classifier.class(error)),
        };
        self.finish(total, |call| call.counted(failure));
    }

    /// Counts the refusal of a call that holds nothing, by a bulkhead that is full.
    #[cfg(feature = "tower")]
    #[inline]
    pub(super) fn fail_at_once(&mut self, bulkhead: &crate::resilience::Bulkhead) {
        events::full(self.policy, bulkhead);
        self.phase = Phase::Over;
        self.policy.totals.count(Total::Rejected(Reason::BulkheadFull));
    }

    /// The pause before the next attempt, if there is to be one.
    fn pause_before_retry(&mut self, failure: &Failure<E>) -> Option<Duration> {
        let retry = self.policy.retry.as_ref()?;
        let reason = match failure {
            Failure::Rejected(rejected) => Some(rejected.reason()),
            Failure::Error(_) => None,
        };
        let worth_it = self.classifier.failure_disposition(failure).retried
            || reason.is_some_and(|reason| retry.also_retries(reason));
        let refused_outside = self.step < self.policy.steps_per_call;
        if !worth_it || refused_outside || self.attempts >= self.attempts_max {
            return None;
        }
        if self.is_without_retries() {
            return None;
        }
        let settings = retry.settings();
        let previous = self.times().map_or(Duration::ZERO, |times| times.previous_pause);
        let random = self.draw();
        let backoff = settings.backoff.delay(self.attempts, previous, random);
        let asked = self.classifier.failure_retry_after(failure).unwrap_or(Duration::ZERO);
        let pause = backoff.max(asked);
        if asked > settings.retry_after_max || !self.fits_the_deadline(pause) {
            #[cfg(feature = "record")]
            self.tell(|_| EventKind::NoTime { draw: random });
            return None;
        }
        if let Some(budget) = retry.budget()
            && budget.withdraw().is_err()
        {
            self.policy.totals.count(Total::RetryDenied);
            events::retry_denied(self.policy, self.attempts);
            #[cfg(feature = "record")]
            self.tell(|_| EventKind::Denied { draw: random });
            return None;
        }
        self.times_mut().previous_pause = backoff;
        self.policy.totals.count(Total::Retried);
        events::retried(self.policy, self.attempts, pause);
        #[cfg(feature = "record")]
        self.tell(|_| EventKind::Retries { pause, draw: random });
        self.phase = Phase::Outside;
        if !pause.is_zero() {
            // The caller waits from here on, also when no attempt ever does.
            self.times_mut().waited_since.get_or_insert_with(|| Clock::precise().now());
        }
        Some(pause)
    }

    /// Takes note of how an attempt ended, and gives back what it alone held.
    #[inline]
    fn end_attempt(&mut self, failure: &Failure<E>) {
        if self.policy.monitor.is_some() {
            self.record_failure(failure);
        }
        #[cfg(feature = "record")]
        self.tell(|call| EventKind::Ended(call.outcome(failure)));
        if self.more.is_some() {
            self.give_back_after_failure(failure);
        }
    }

    #[cold]
    fn give_back_after_failure(&mut self, failure: &Failure<E>) {
        let limit = self.more.as_mut().and_then(|more| more.held.concurrency_limit.take());
        if let Some(permit) = limit {
            report_load(permit, self.load_outcome(failure), self.times().copied());
        }
        self.count_failed_work(failure);
        let policy = self.policy;
        if policy.breaker_per_attempt
            && let Some(permit) = self.more().held.breaker.take()
        {
            let since = self.times().and_then(|times| times.attempt_waited_since);
            record(permit, self.counted(failure), since);
        }
        self.release_attempt();
    }

    /// Gives back what an attempt still holds that was dropped half-way, so that the next one can
    /// pass the same steps.
    #[cold]
    pub(super) fn leave_attempt(&mut self) {
        let policy = self.policy;
        // A wait outside of `retry` is the call's: the next attempt goes on with it.
        let waits_for_call = self.step < policy.steps_per_call;
        self.step = self.step.min(policy.steps_per_call);
        self.count_work(Took::Perhaps);
        if let Some(more) = &mut *self.more {
            if !waits_for_call {
                more.waiting = None;
            }
            if let Some(times) = &mut more.times {
                times.attempt_waited_since = None;
            }
        }
        self.release_attempt();
    }

    /// Gives back what was got at the steps inside of `retry`.
    fn release_attempt(&mut self) {
        let policy = self.policy;
        if let Some(more) = &mut *self.more {
            for step in policy.steps.iter().skip(usize::from(policy.steps_per_call)) {
                more.held.release(step);
            }
        }
    }

    /// What the breaker counts this failure as.
    pub(super) fn counted(&self, failure: &Failure<E>) -> Counted {
        match failure {
            // The work never began, so nothing is known of the dependency.
            _ if self.phase == Phase::Outside => Counted::Nothing,
            Failure::Rejected(rejected)
                if rejected.reason() == Reason::DeadlineExceeded
                    && self.ended_by() == End::Inherited =>
            {
                Counted::Nothing
            }
            Failure::Error(error) if self.ended_by_inherited_deadline(error) => Counted::Nothing,
            _ => match self.policy.breaker() {
                Some(breaker) => self.classifier.counted(failure, breaker),
                None => Counted::Nothing,
            },
        }
    }

    /// What this failure says about how much there is to do at the dependency.
    fn load_outcome(&self, failure: &Failure<E>) -> Outcome {
        let (reason, class) = match failure {
            Failure::Rejected(rejected) => (Some(rejected.reason()), rejected.class()),
            Failure::Error(error) => (self.classifier.reason(error), self.classifier.class(error)),
        };
        let inherited = match failure {
            Failure::Rejected(_) => self.ended_by() == End::Inherited,
            Failure::Error(error) => self.ended_by_inherited_deadline(error),
        };
        match reason {
            Some(Reason::DeadlineExceeded) if inherited => Outcome::Ignored,
            reason => Outcome::of_parts(reason, class),
        }
    }

    /// Whether the error is what a nested policy made of a deadline that this call inherited too.
    fn ended_by_inherited_deadline(&self, error: &E) -> bool {
        self.classifier.reason(error) == Some(Reason::DeadlineExceeded)
            && inherited_deadline_has_passed()
    }

    #[inline]
    fn finish(&mut self, total: Total, counted: impl FnOnce(&Self) -> Counted) {
        // What is held is given back by what is known of the call before it has ended.
        let held = self.more.is_some().then(|| counted(self));
        self.phase = Phase::Finished;
        self.policy.totals.count(total);
        if let Some(counted) = held {
            self.give_back(counted);
        }
    }

    /// Gives back all that the call holds.
    fn give_back(&mut self, counted: Counted) {
        let Some(more) = &mut *self.more else { return };
        let since = more.times.and_then(|times| times.waited_since);
        if let Some(since) = since {
            count_latency(self.policy, since);
        }
        if let Some(permit) = more.held.breaker.take() {
            record(permit, counted, since);
        }
        more.held = Held::default();
    }

    /// Ends a call that has something left, or whose outcome was not counted.
    // Out of line, so that dropping a call is one test in the future of its caller.
    #[inline(never)]
    fn leave(&mut self) {
        let rest = Rest(self);
        if rest.0.phase != Phase::Finished {
            rest.0.abandon();
        }
    }

    #[cold]
    fn abandon(&mut self) {
        let _turn = self.turn();
        #[cfg(feature = "record")]
        self.tell(|call| match call.phase {
            Phase::Polling => EventKind::Panicked,
            _ => EventKind::Cancelled,
        });
        self.count_work(Took::Perhaps);
        if self.phase == Phase::Polling {
            self.finish(Total::Panicked, |_| Counted::Failure);
        } else if self.attempts > 0 || self.times().is_some() {
            self.finish(Total::Cancelled, |_| Counted::Nothing);
        }
        // As a part of the same step: who comes next finds the place in the queue free.
        if let Some(more) = &mut *self.more {
            more.waiting = None;
        }
    }
}

impl<E> Drop for Call<'_, E> {
    #[inline]
    fn drop(&mut self) {
        if self.phase != Phase::Over {
            self.leave();
        }
    }
}

/// Gives back what a call still holds, also when what looks at its end panics.
struct Rest<'c, 'a, E>(&'c mut Call<'a, E>);

impl<E> Drop for Rest<'_, '_, E> {
    fn drop(&mut self) {
        *self.0.more = None;
    }
}

/// Reports how long the work took to the limit, if it had to wait. Cold: it reads a clock.
#[cold]
fn report_load(permit: concurrency_limit::Permit<'_>, outcome: Outcome, times: Option<Times>) {
    let since = times.and_then(|times| times.work_since);
    permit.record(outcome, since.map(elapsed_since));
}

#[cold]
fn count_latency(policy: &Inner, since: Instant) {
    policy.totals.waited(elapsed_since(since));
}

/// Reports an outcome to the breaker; a call that never waited was not slow.
#[inline]
fn record(permit: breaker::Permit<'_>, counted: Counted, waited_since: Option<Instant>) {
    permit.record(counted, waited_since.map(elapsed_since));
}

/// Whoever had to wait does not mind a clock.
#[cold]
fn elapsed_since(since: Instant) -> Duration {
    Clock::precise().now().saturating_duration_since(since)
}
