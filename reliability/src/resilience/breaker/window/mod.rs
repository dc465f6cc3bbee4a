//! What the breaker remembers of the past.
//!
//! The obvious ring of the last `n` outcomes makes every call write a line that all cores share: 10
//! to 35 ns with two threads. Here a success writes a line of its own thread, and only what went
//! wrong is numbered and placed. What is forgotten is forgotten by its *tag*: no transition, and no
//! step of the clock, touches any memory.

mod consecutive;
mod count;
pub(super) mod lanes;
mod ring;
mod tagged;
mod time;

#[cfg(all(test, reliability_loom))]
mod loom_tests;
#[cfg(all(test, not(reliability_loom)))]
mod tests;

use core::time::Duration;

use self::consecutive::ConsecutiveWindow;
use self::count::CountWindow;
use self::lanes::LaneCount;
use self::time::TimeWindow;
use crate::time::Instant;

/// Which calls of the past a breaker judges by.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::breaker::Window;
///
/// assert_eq!(Window::count(100), Window::Count(100));
/// assert_eq!(Window::time(Duration::from_secs(10)), Window::Time(Duration::from_secs(10)));
/// assert_eq!(Window::consecutive(5), Window::Consecutive(5));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The last so many completed calls, 1 to 1,000,000. It slides with every call.
    Count(u32),
    /// The calls that completed within this time, 100 ms to one day. It slides in tenths.
    ///
    /// Every outcome reads the clock; give the breaker
    /// [`Clock::coarse`](crate::time::Clock::coarse) where that matters. At most 16.7 million
    /// outcomes are counted per thread and tenth of the window.
    Time(Duration),
    /// So many failures without a success in between, 1 to 1,000,000. Neither the failure rate nor
    /// the least number of calls plays a part, but for probes, which the failure rate judges.
    Consecutive(u32),
}

impl Window {
    /// The last `calls` completed calls.
    pub const fn count(calls: u32) -> Self {
        Self::Count(calls)
    }

    /// The calls of the last `length` of time.
    pub const fn time(length: Duration) -> Self {
        Self::Time(length)
    }

    /// `failures` failures in a row.
    pub const fn consecutive(failures: u32) -> Self {
        Self::Consecutive(failures)
    }
}

/// What the windows judge by, read in one piece so that a change of settings is never half seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Calls, or failures in a row. Not limiting for a window of time.
    pub(crate) window: u32,
    /// In millionths, 1 to 1,000,000.
    pub(crate) failure_rate: u32,
    /// In millionths; 0 is no rule.
    pub(crate) slow_rate: u32,
    pub(crate) min_calls: u32,
}

impl Rule {
    /// How many of `calls` make at least `rate` millionths of them; at least one.
    ///
    /// In whole numbers: 7 % of 100 is 7, not the 8 that rounds up from 7.000000000000001.
    pub(crate) fn needed(rate: u32, calls: u64) -> u64 {
        (u64::from(rate) * calls).div_ceil(1_000_000).max(1)
    }

    fn first_judged_call(&self) -> u64 {
        u64::from(self.min_calls.min(self.window))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Stay closed.
    Keep,
    /// There are too few calls to judge; the next success has to ask again.
    ///
    /// Calls leave a window of time, so there it can come back; then the next failure finds it.
    TooFewCalls,
    /// Open.
    Trip,
    /// The counters are nearly full: start with an empty window.
    Restart,
}

/// What stands in the window.
///
/// # Examples
///
/// ```
/// use reliability::resilience::breaker::Breaker;
///
/// let breaker = Breaker::standard("inventory");
/// breaker.acquire()?.success();
/// breaker.acquire()?.failure();
///
/// let window = breaker.snapshot().window;
/// assert_eq!((window.calls, window.failures, window.slow), (2, 1, 0));
/// # Ok::<(), reliability::error::Rejected>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Completed calls. For consecutive failures: those failures.
    pub calls: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that were slow, whether they failed or not.
    pub slow: u64,
}

/// What a window has to know of one completed call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Completed {
    pub(crate) failed: bool,
    pub(crate) slow: bool,
    /// Successes are judged as well, because so far there were too few calls to judge by.
    pub(crate) judge_always: bool,
}

/// When, and in which generation of the breaker, a call completed.
#[derive(Debug)]
pub(crate) struct Moment<N, C> {
    pub(crate) generation: u32,
    /// Reads the clock.
    pub(crate) now: N,
    /// Whether the generation is still the current one.
    pub(crate) is_current: C,
}

/// The memory behind a [`Window`].
#[derive(Debug)]
pub(crate) struct Memory(Kind);

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are few breakers, and each call would follow the pointer"
)]
enum Kind {
    Count(CountWindow),
    Time(TimeWindow),
    Consecutive(ConsecutiveWindow),
}

impl Memory {
    /// `capacity` is the largest number of calls that a window of calls will ever have.
    pub(crate) fn new(window: Window, capacity: u32, slow_rule: bool, lanes: LaneCount) -> Self {
        Self(match window {
            Window::Count(_) => Kind::Count(CountWindow::new(capacity, slow_rule, lanes)),
            Window::Time(length) => Kind::Time(TimeWindow::new(length, lanes)),
            Window::Consecutive(_) => Kind::Consecutive(ConsecutiveWindow::new()),
        })
    }

    /// As [`success_quickly`](Self::success_quickly), where it takes so few operations that every
    /// caller can have them.
    #[inline]
    pub(crate) fn success_alone(&self, generation: u32) -> bool {
        match &self.0 {
            Kind::Count(window) => window.success_alone(generation),
            Kind::Time(_) | Kind::Consecutive(_) => false,
        }
    }

    /// Counts a success that needs no judgement, if it can be done in one go. False if not, and then
    /// nothing was done.
    #[inline]
    pub(crate) fn success_quickly(&self, generation: u32, now: impl FnOnce() -> Instant) -> bool {
        match &self.0 {
            Kind::Count(window) => window.success_quickly(generation),
            Kind::Consecutive(window) => window.success_quickly(generation),
            Kind::Time(window) => Self::success_timed(window, generation, now),
        }
    }

    /// Not inlined: what reading a clock takes would be paid by the windows that need none.
    #[inline(never)]
    fn success_timed(window: &TimeWindow, generation: u32, now: impl FnOnce() -> Instant) -> bool {
        window.success_quickly(generation, now())
    }

    /// Takes a completed call into account, and judges where the verdict can have changed: after a
    /// failure, after a slow success, where older calls left a window of time, and where the call is
    /// told to.
    #[inline]
    pub(crate) fn complete<N, C>(
        &self,
        call: Completed,
        at: &Moment<N, C>,
        rule: impl Fn() -> Rule,
    ) -> Verdict
    where
        N: Fn() -> Instant,
        C: Fn() -> bool + Copy,
    {
        let judged = call.failed || call.slow || call.judge_always;
        match &self.0 {
            Kind::Count(window) => {
                let full = match (call.failed, call.slow) {
                    (false, false) => window.success(at.generation, at.is_current),
                    (false, true) => window.slow_success(at.generation, at.is_current),
                    (true, slow) => window.failure(at.generation, slow, at.is_current),
                };
                match (full, judged) {
                    (true, _) => Verdict::Restart,
                    (false, true) => window.verdict(at.generation, &rule()),
                    (false, false) => Verdict::Keep,
                }
            }
            Kind::Time(window) => {
                let place = match call.failed {
                    false => window.success(at),
                    true => window.failure(at),
                };
                if call.slow {
                    window.slow(at);
                }
                match place {
                    Some(place) if judged || place.is_first => {
                        window.verdict(at.generation, place.lap, &rule())
                    }
                    _ => Verdict::Keep,
                }
            }
            Kind::Consecutive(window) if call.failed => {
                window.failure(at.generation, &rule(), at.is_current)
            }
            Kind::Consecutive(window) => {
                window.success(at.generation);
                Verdict::Keep
            }
        }
    }

    /// What stands in the window.
    pub(crate) fn counts(&self, generation: u32, rule: &Rule, now: impl Fn() -> Instant) -> Counts {
        match &self.0 {
            Kind::Count(window) => window.counts(generation, rule.window),
            Kind::Time(window) => window.counts(generation, window.lap(now())),
            Kind::Consecutive(window) => window.counts(generation),
        }
    }

    /// Gives a window of time another length; its buckets then mean nothing any more.
    pub(crate) fn set_length(&self, length: Duration) {
        if let Kind::Time(window) = &self.0 {
            window.set_length(length);
        }
    }
}
