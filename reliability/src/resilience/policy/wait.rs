//! How long a call may wait, and for whom: the one timer of all layers.

use core::time::Duration;

use super::Layer;
use super::call::Call;
use crate::error::{Reason, Rejected};
use crate::resilience::bulkhead;
use crate::time::{Clock, Instant, Scope};

/// The earliest of the limits of a wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) at: Instant,
    pub(super) reason: Reason,
    /// An inherited deadline says nothing about the dependency.
    pub(super) inherited: bool,
}

impl Bound {
    pub(super) const NEVER: Bound = Bound {
        at: Instant::from_nanos(u64::MAX),
        reason: Reason::DeadlineExceeded,
        inherited: true,
    };

    fn or(self, at: Instant, reason: Reason) -> Self {
        if at < self.at { Self { at, reason, inherited: false } } else { self }
    }

    pub(super) fn exists(&self) -> bool {
        self.at < Self::NEVER.at
    }
}

/// Whether no deadline is known that could have passed already.
#[inline]
pub(super) fn nothing_known_bounds_the_call() -> bool {
    Scope::current().known().is_none()
}

/// Reads the clock only where a deadline is known.
#[inline]
pub(super) fn inherited_deadline_has_passed() -> bool {
    Scope::current().known().is_some_and(|at| Clock::precise().now() >= at)
}

impl<E> Call<'_, E> {
    /// A pause that ends after the deadline would be slept for nothing.
    pub(super) fn fits_the_deadline(&mut self, pause: Duration) -> bool {
        let own = self.policy.deadline();
        let inherited = Scope::current_at(|| Clock::precise().now());
        if own.is_none() && inherited.is_none() {
            return true;
        }
        let now = Clock::precise().now();
        let end = now.saturating_add(pause);
        let own_at = own.map(|own| self.deadline_started.get_or_insert(now).saturating_add(own));
        own_at.is_none_or(|at| end < at) && inherited.is_none_or(|at| end < at)
    }

    /// An inherited deadline that has passed already leaves nothing to attempt.
    #[inline]
    pub(super) fn check_inherited_deadline(&mut self) -> Result<(), Rejected> {
        if !inherited_deadline_has_passed() {
            return Ok(());
        }
        self.bound = Bound::NEVER;
        Err(self.rejected(Reason::DeadlineExceeded))
    }

    /// What ends the wait that begins now, and since when it counts.
    #[cold]
    pub(super) fn begin_wait(&mut self) -> Bound {
        let now = Clock::precise().now();
        self.waited_since.get_or_insert(now);
        let in_queue = self.waiting.is_some();
        let attempt_since = *self.attempt_waited_since.get_or_insert(now);
        let mut bound = Bound::NEVER;
        if let Some(at) = Scope::current_at(|| now) {
            bound = Bound { at, ..Bound::NEVER };
        }
        if let Some(own) = self.policy.deadline()
            && (!in_queue || self.policy.covers_queue(Layer::Deadline))
        {
            let started = *self.deadline_started.get_or_insert(now);
            bound = bound.or(started.saturating_add(own), Reason::DeadlineExceeded);
        }
        if let Some(timeout) = self.policy.timeout()
            && (!in_queue || self.policy.covers_queue(Layer::Timeout))
        {
            bound = bound.or(attempt_since.saturating_add(timeout), Reason::TimedOut);
        }
        if in_queue && let Some(bulkhead) = self.policy.bulkhead() {
            bound = bound.or(now.saturating_add(bulkhead.wait()), Reason::BulkheadFull);
        }
        self.bound = bound;
        bound
    }

    /// What is left of a deadline that covers the fallback.
    pub(super) fn begin_fallback(&mut self) -> Bound {
        let now = Clock::precise().now();
        let mut bound = Bound::NEVER;
        if let Some(at) = Scope::current_at(|| now) {
            bound = Bound { at, ..Bound::NEVER };
        }
        if let Some(own) = self.policy.deadline()
            && self.policy.deadline_covers_fallback()
        {
            let started = *self.deadline_started.get_or_insert(now);
            bound = bound.or(started.saturating_add(own), Reason::DeadlineExceeded);
        }
        self.bound = bound;
        bound
    }

    /// The wait for a place is over, one way or the other: what follows is timed by itself.
    pub(super) fn end_queue(&mut self) {
        if !self.policy.covers_queue(Layer::Timeout) {
            self.attempt_waited_since = None;
        }
    }

    /// The wait for a place has reached its bound. If that is the bulkhead's own, the place may
    /// have been granted in this very moment.
    #[cold]
    pub(super) fn give_up_waiting(&mut self) -> Result<(), Rejected> {
        match self.waiting.take() {
            Some(mut waiting) if self.bound.reason == Reason::BulkheadFull => {
                self.bulkhead = Some(bulkhead::Permit(waiting.give_up()?));
                self.step += 1;
                Ok(())
            }
            _ => Err(self.expired()),
        }
    }

    /// The refusal of a wait that has reached its bound.
    #[cold]
    pub(super) fn expired(&self) -> Rejected {
        self.rejected(self.bound.reason)
    }

    fn rejected(&self, reason: Reason) -> Rejected {
        Rejected::new(reason, self.policy.name.clone())
    }
}
