use alloc::sync::Arc;
use core::cell::Cell;
use core::fmt;
use core::time::Duration;

use super::engine::{Engine, When};
use super::permit::{Admission, OwnedPermit, Permit};
use super::{BreakerBuilder, Settings, Snapshot, State, Window};
use crate::error::{Counted, Fault, Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::time::{Clock, Instant, saturating_nanos};

/// Refuses calls to a dependency that fails, and tries now and then whether it is back.
///
/// A cheap handle: clones share one breaker. See [the module](super) for what it does when.
///
/// # Examples
///
/// ```
/// use reliability::resilience::breaker::Breaker;
///
/// # fn fetch() -> Result<u32, std::io::Error> { Ok(7) }
/// let breaker = Breaker::standard("inventory");
/// let permit = breaker.acquire()?;
/// match fetch() {
///     Ok(_) => permit.success(),
///     Err(error) => permit.failure_with(&error),
/// }
/// assert_eq!(breaker.snapshot().window.calls, 1);
/// # Ok::<(), reliability::error::Rejected>(())
/// ```
#[derive(Clone)]
pub struct Breaker(Arc<Inner>);

/// What an error counts as.
pub(super) type CountedAs = fn(&dyn Fault) -> Counted;

pub(super) struct Inner {
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    pub(super) counted_as: Option<CountedAs>,
}

impl Breaker {
    /// A breaker of that name with [standard settings](Settings::standard).
    pub fn standard(name: impl Into<Name>) -> Self {
        BreakerBuilder::new(name.into()).build_unchecked()
    }

    /// Starts from the standard settings.
    pub fn builder(name: impl Into<Name>) -> BreakerBuilder {
        BreakerBuilder::new(name.into())
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Asks whether a call may be made now.
    ///
    /// # Errors
    ///
    /// [`Rejected`] with [`Reason::BreakerOpen`], when the breaker is open, or half-open with all
    /// probes on their way. `retry_after` says how long it stays open, where that is known: not in
    /// half-open, and not when it was forced open. A refusal does not allocate.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, Rejected> {
        let admission = self.0.admission()?;
        Ok(Permit::new(&self.0, admission))
    }

    /// As [`acquire`](Self::acquire), with a permit that keeps the breaker alive.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_owned(&self) -> Result<OwnedPermit, Rejected> {
        let admission = self.0.admission()?;
        Ok(OwnedPermit::new(self.clone(), admission))
    }

    /// As [`acquire`](Self::acquire), but does not read the clock for a rule about slow calls: for
    /// callers that pass the time to [`Permit::record`] themselves.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::error::Counted;
    /// use reliability::resilience::Breaker;
    ///
    /// // For who has timed the call already.
    /// let breaker = Breaker::standard("inventory");
    /// let permit = breaker.acquire_untimed()?;
    /// let elapsed = Duration::from_millis(20);
    /// permit.record(Counted::Success, Some(elapsed));
    /// assert!(!breaker.is_slow(elapsed) || breaker.times_calls());
    /// # Ok::<(), reliability::error::Rejected>(())
    /// ```
    #[inline]
    pub fn acquire_untimed(&self) -> Result<Permit<'_>, Rejected> {
        let generation = self.0.admit()?;
        Ok(Permit::new(&self.0, Admission::new(generation, None)))
    }

    /// As [`acquire_untimed`](Self::acquire_untimed) where that needs no second look.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn acquire_if_closed(&self) -> Option<Permit<'_>> {
        let generation = self.0.engine.generation_if_closed()?;
        Some(Permit::new(&self.0, Admission::new(generation, None)))
    }

    /// The name, as refusals carry it.
    pub fn name(&self) -> &Name {
        self.0.name()
    }

    /// The state. An open period that is over ends with the next call, not by itself.
    pub fn state(&self) -> State {
        State::of(self.0.engine.cell.load())
    }

    /// What an error counts as for this breaker.
    pub fn counted_as(&self, fault: &dyn Fault) -> Counted {
        self.0.counted_as(fault)
    }

    /// What it counts a refusal of the policy as that it is a part of.
    #[cfg(feature = "std")]
    pub(crate) fn counted_as_refusal(&self, rejected: &Rejected) -> Counted {
        self.0.told(rejected).unwrap_or_else(|| rejected.reason().disposition().breaker)
    }

    /// Whether calls of this duration are slow by the rule in force; without a rule, never.
    pub fn is_slow(&self, elapsed: Duration) -> bool {
        self.0.engine.settings.is_slow(saturating_nanos(elapsed))
    }

    /// Whether there is a rule about slow calls, so that it pays to measure them.
    #[inline]
    pub fn times_calls(&self) -> bool {
        self.0.engine.settings.has_slow_rule()
    }

    /// State, window and counters at this moment.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.0)
    }

    /// Refuses all calls until [`reset`](Self::reset), [`disable`](Self::disable) or
    /// [`metrics_only`](Self::metrics_only). Outcomes of calls on their way do not count any more.
    pub fn force_open(&self) {
        self.0.engine.force_open();
    }

    /// Lets all calls pass and counts nothing, until another of these is called.
    pub fn disable(&self) {
        self.0.engine.disable();
    }

    /// Closes, with an empty window and no trips in a row, and ends any mode.
    pub fn reset(&self) {
        self.0.engine.reset();
    }

    /// Counts and judges, but never refuses: to learn what a breaker would do before it may.
    ///
    /// Where it would have opened it counts a [suppressed trip](Snapshot::suppressed) and goes on
    /// with an empty window. A breaker that is closed keeps its window; one that is not, closes.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::breaker::{Breaker, Settings};
    ///
    /// // New here: it shows what it would do, and refuses nobody.
    /// let breaker = Breaker::builder("inventory").settings(Settings::consecutive()).build()?;
    /// breaker.metrics_only();
    /// for _ in 0..100 {
    ///     breaker.acquire()?.failure();
    /// }
    /// assert!(breaker.snapshot().suppressed > 0);
    ///
    /// breaker.disable();
    /// breaker.acquire()?.failure();
    /// breaker.reset();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn metrics_only(&self) {
        self.0.engine.metrics_only();
    }

    /// The settings in force, rates to the millionth, open periods to the millisecond.
    pub fn settings(&self) -> Settings {
        self.0.engine.settings.settings()
    }

    /// Changes settings while calls are running. State and window are kept.
    ///
    /// The new settings apply from the next call on: what they judge otherwise is judged when the
    /// next call fails or is slow. An open period that has begun keeps its end, unless no period may
    /// be that long any more. A window of time is the exception: of another length it starts empty.
    /// When two threads change settings at the same time, some may stay of one and some of the
    /// other.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a setting makes no sense, and when it asks for what the breaker was not
    /// built for: another kind of window, more calls than
    /// [`window_capacity`](BreakerBuilder::window_capacity), or a rule about slow calls in a window of
    /// calls that was built without one. Then nothing is changed.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let mut settings = self.settings();
        change(&mut settings);
        self.check(&settings)?;
        self.apply(&settings);
        Ok(())
    }

    /// Whether the breaker can work with these settings.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Invalid> {
        settings.validate(&self.0.engine.name)?;
        self.0.fits(self.settings().window, settings)
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration and metrics ask"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &Settings) {
        let engine = &self.0.engine;
        let before = self.settings();
        engine.settings.store(settings);
        if let (Window::Time(old), Window::Time(new)) = (before.window, settings.window)
            && old != new
        {
            engine.memory.set_length(new);
            engine.empty_window();
        }
    }
}

impl Inner {
    pub(super) fn name(&self) -> &Name {
        &self.engine.name
    }

    #[inline]
    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    #[inline]
    fn admit(&self) -> Result<u32, Rejected> {
        self.engine.admit_or_when(|| self.now()).map_err(|when| self.rejected(when))
    }

    #[inline]
    fn admission(&self) -> Result<Admission, Rejected> {
        let generation = self.admit()?;
        let start = self.engine.settings.has_slow_rule().then(|| self.now());
        Ok(Admission::new(generation, start))
    }

    #[cold]
    fn rejected(&self, when: When) -> Rejected {
        let rejected = Rejected::new(Reason::BreakerOpen, self.engine.name.clone());
        match when {
            Some(millis) => rejected.with_retry_after_nanos(u64::from(millis.get()) * 1_000_000),
            None => rejected,
        }
    }

    pub(super) fn counted_as(&self, fault: &dyn Fault) -> Counted {
        self.told(fault).unwrap_or_else(|| fault.disposition().breaker)
    }

    /// What it was told to count the fault as, if it was told anything.
    fn told(&self, fault: &dyn Fault) -> Option<Counted> {
        self.counted_as.map(|counted_as| counted_as(fault))
    }

    /// Records how the call that was admitted so has ended, just now.
    #[inline]
    pub(super) fn end(&self, admission: Admission, counted: Counted) {
        let Some(start) = admission.start() else {
            return self.record(admission.generation, counted, None);
        };
        let now = self.now();
        let elapsed = now.as_nanos().saturating_sub(start.as_nanos());
        self.record_at(admission.generation, counted, elapsed, Some(now));
    }

    /// The call that was admitted so was dropped.
    #[cold]
    #[inline(never)]
    pub(super) fn cancel(&self, admission: Admission) {
        self.end(admission, Counted::Nothing);
    }

    #[inline]
    pub(super) fn record(&self, generation: u32, counted: Counted, elapsed: Option<Duration>) {
        self.record_at(generation, counted, elapsed.map_or(0, saturating_nanos), None);
    }

    /// `now` is a reading of the clock that can be used, if there is one already.
    #[inline]
    fn record_at(
        &self,
        generation: u32,
        counted: Counted,
        elapsed_nanos: u64,
        now: Option<Instant>,
    ) {
        let slow = elapsed_nanos > 0 && self.engine.settings.is_slow(elapsed_nanos);
        if slow || !self.engine.record_alone(generation, counted) {
            self.record_otherwise(generation, counted, slow, now);
        }
    }

    // Kept out of the way of calls that write a line of their own, and need none of its registers.
    #[inline(never)]
    fn record_otherwise(
        &self,
        generation: u32,
        counted: Counted,
        slow: bool,
        now: Option<Instant>,
    ) {
        let read = || now.unwrap_or_else(|| self.now());
        if slow || !self.engine.record_quickly(generation, counted, read) {
            self.record_slowly(generation, counted, slow, now);
        }
    }

    #[inline(never)]
    fn record_slowly(&self, generation: u32, counted: Counted, slow: bool, now: Option<Instant>) {
        // Whoever asks a second time wants to know whether the clock has moved on.
        let first = Cell::new(now);
        let now = || first.take().unwrap_or_else(|| self.now());
        self.engine.record(generation, counted, slow, now);
    }

    /// Refuses what the memory was not built for.
    fn fits(&self, before: Window, after: &Settings) -> Result<(), Invalid> {
        let invalid = |setting, expected, got: &dyn fmt::Display| {
            Invalid::new(self.engine.name.clone(), setting, expected, got)
        };
        let slow_rule = after.slow_calls.is_some();
        match (before, after.window) {
            (Window::Count(_), Window::Count(calls)) if calls > self.engine.capacity => {
                let capacity = self.engine.capacity;
                let expected =
                    alloc::format!("at most {capacity} calls, the capacity it was built with");
                let advice = alloc::format!("build the breaker with `.window_capacity({calls})`");
                Err(invalid("window", expected, &calls).with_advice(advice))
            }
            (Window::Count(_), Window::Count(_)) if slow_rule && !self.engine.slow_rule => {
                let expected = "left out, as it was when the breaker was built";
                let advice =
                    "build the breaker with `.slow_calls(..)`; a rate of 1 hardly ever opens";
                Err(invalid("slow_calls", expected.into(), &"given").with_advice(advice))
            }
            (Window::Count(_), Window::Count(_))
            | (Window::Time(_), Window::Time(_))
            | (Window::Consecutive(_), Window::Consecutive(_)) => Ok(()),
            (Window::Count(_) | Window::Time(_) | Window::Consecutive(_), other) => {
                let expected = alloc::format!("of the kind it was built with, like {before:?}");
                let got = alloc::format!("{other:?}");
                let advice = "build another breaker for another kind of window";
                Err(invalid("window", expected, &got).with_advice(advice))
            }
        }
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("now", &self.snapshot())
            .field("settings", &self.settings())
            .finish()
    }
}
