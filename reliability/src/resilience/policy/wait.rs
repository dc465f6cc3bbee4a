//! How long a call may wait, and for whom: the one timer of all layers.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::Layer;
use super::call::Call;
#[cfg(feature = "record")]
use super::record::EventKind;
use super::timer::Timer;
use crate::error::{Reason, Rejected};
use crate::time::{Clock, Instant, Scope};

/// The earliest of the limits of a wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) at: Instant,
    pub(super) end: End,
}

/// Whose limit ends a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A deadline of the caller's, which says nothing about the dependency.
    Inherited,
    Deadline,
    Timeout,
    /// The step at which the call waits.
    Step,
}

impl Bound {
    pub(super) const NEVER: Bound =
        Bound { at: Instant::from_nanos(u64::MAX), end: End::Inherited };

    fn or(self, at: Instant, end: End) -> Self {
        if at < self.at { Self { at, end } } else { self }
    }

    pub(super) fn exists(&self) -> bool {
        self.at < Self::NEVER.at
    }
}

/// Whether no deadline is known that could have passed already.
#[inline]
pub(super) fn nothing_known_bounds_the_call() -> bool {
    Scope::known_now().is_none()
}

/// Reads the clock only where a deadline is known.
#[inline]
pub(super) fn inherited_deadline_has_passed() -> bool {
    Scope::known_now().is_some_and(|at| Clock::precise().now() >= at)
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
        let own_at =
            own.map(|own| self.times_mut().deadline_started.get_or_insert(now).saturating_add(own));
        own_at.is_none_or(|at| end < at) && inherited.is_none_or(|at| end < at)
    }

    /// An inherited deadline that has passed already leaves nothing to attempt.
    #[inline]
    pub(super) fn check_inherited_deadline(&mut self) -> Result<(), Rejected> {
        if !inherited_deadline_has_passed() {
            return Ok(());
        }
        self.times_mut().bound = Bound::NEVER;
        Err(self.rejected(Reason::DeadlineExceeded))
    }

    /// What ends the wait that begins now, and since when it counts.
    #[cold]
    pub(super) fn begin_wait(&mut self) -> Bound {
        self.begin_wait_under(self.policy.timeout())
    }

    /// The same for all requests of an attempt together.
    pub(super) fn begin_race(&mut self) -> Bound {
        self.begin_wait_under(self.policy.timeout().filter(|_| !self.policy.timeout_per_leg))
    }

    fn begin_wait_under(&mut self, timeout: Option<Duration>) -> Bound {
        let now = Clock::precise().now();
        let policy = self.policy;
        let in_queue = self.more().waiting.as_ref().map(|waiting| waiting.ends_at(now));
        let step = self.step();
        let of_chaos = self.stands_at_chaos(step);
        let covers = |limit| in_queue.is_none() || policy.covers(limit, step);
        let times = self.times_mut();
        times.waited_since.get_or_insert(now);
        let attempt_since = *times.attempt_waited_since.get_or_insert(now);
        if in_queue.is_none() || of_chaos {
            times.work_since.get_or_insert(now);
        }
        let mut bound = self.deadlines(now, covers(Layer::Deadline));
        if let Some(timeout) = timeout
            && covers(Layer::Timeout)
        {
            bound = bound.or(attempt_since.saturating_add(timeout), End::Timeout);
        }
        if let Some(at) = in_queue {
            bound = bound.or(at, End::Step);
        }
        self.times_mut().bound = bound;
        #[cfg(feature = "record")]
        self.tell_waits(bound);
        bound
    }

    #[cfg(feature = "record")]
    fn tell_waits(&self, bound: Bound) {
        self.tell(|_| EventKind::Waits {
            until: bound.exists().then_some(bound.at),
            inherited: bound.exists() && bound.end == End::Inherited,
        });
    }

    /// What ends the wait for another call's answer, and since when it counts.
    #[cfg(feature = "cache")]
    pub(super) fn begin_look_up(&mut self, longest: Duration) -> Bound {
        let now = Clock::precise().now();
        self.times_mut().waited_since.get_or_insert(now);
        let deadlines = self.deadlines(now, self.policy.deadline_covers_cache());
        let bound = deadlines.or(now.saturating_add(longest), End::Step);
        self.times_mut().bound = bound;
        #[cfg(feature = "record")]
        self.tell_waits(bound);
        bound
    }

    /// What is left of a deadline that covers the fallback.
    pub(super) fn begin_fallback(&mut self) -> Bound {
        let now = Clock::precise().now();
        let bound = self.deadlines(now, self.policy.deadline_covers_fallback());
        self.times_mut().bound = bound;
        bound
    }

    /// The earlier of the caller's deadline and, where it covers the wait, the policy's own, which
    /// has begun by now.
    fn deadlines(&mut self, now: Instant, covered: bool) -> Bound {
        let inherited = Scope::current_at(|| now);
        let bound = inherited.map_or(Bound::NEVER, |at| Bound { at, ..Bound::NEVER });
        match self.policy.deadline().filter(|_| covered) {
            Some(own) => {
                let started = *self.times_mut().deadline_started.get_or_insert(now);
                bound.or(started.saturating_add(own), End::Deadline)
            }
            None => bound,
        }
    }

    /// The wait to be let in is over, one way or the other: what follows is timed by itself.
    pub(super) fn end_queue(&mut self, step: usize) {
        if !self.policy.covers(Layer::Timeout, step)
            && !self.stands_at_chaos(step)
            && self.times().is_some()
        {
            self.times_mut().attempt_waited_since = None;
        }
    }

    /// An injected latency is the dependency's: the breaker times it, and so does what follows how
    /// long attempts take.
    fn stands_at_chaos(&self, step: usize) -> bool {
        self.policy.steps.get(step).is_some_and(|it| it.layer() == Layer::Chaos)
    }

    /// The wait to be let in has reached its bound. If that is the step's own, the call may have
    /// been let in in this very moment.
    #[cold]
    pub(super) fn give_up_waiting(&mut self) -> Result<(), Rejected> {
        let ended_by = self.ended_by();
        let more = self.more();
        match more.waiting.take() {
            Some(waiting) if ended_by == End::Step => {
                waiting.end(&mut more.held)?;
                self.step += 1;
                Ok(())
            }
            _ => Err(self.expired()),
        }
    }

    /// The refusal of a wait that has reached its bound.
    #[cold]
    pub(super) fn expired(&self) -> Rejected {
        self.rejected(self.expiry())
    }

    /// Why a wait that has reached its bound is given up. A step refuses by itself.
    pub(super) fn expiry(&self) -> Reason {
        match self.ended_by() {
            End::Inherited | End::Deadline => Reason::DeadlineExceeded,
            End::Timeout | End::Step => Reason::TimedOut,
        }
    }

    /// What has ended, or will end, the wait of this call.
    pub(super) fn ended_by(&self) -> End {
        self.bound().end
    }

    /// What the timer is armed for, or was.
    pub(super) fn bound(&self) -> Bound {
        self.times().map_or(Bound::NEVER, |times| times.bound)
    }

    /// When the work of this attempt first had to wait, unless that has been counted.
    pub(super) fn work_since(&self) -> Option<Instant> {
        self.times().and_then(|times| times.work_since)
    }

    pub(super) fn rejected(&self, reason: Reason) -> Rejected {
        Rejected::new(reason, self.policy.name.clone())
    }
}

/// Ready when the wait has reached its bound; arms the timer the first time.
#[cold]
pub(super) fn poll_fired<E>(
    call: &mut Call<'_, E>,
    mut timer: Pin<&mut Timer>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    if !timer.is_armed() {
        let bound = call.begin_wait();
        if bound.exists() {
            timer.as_mut().arm(bound.at);
        }
    }
    timer.poll_fired(cx)
}
