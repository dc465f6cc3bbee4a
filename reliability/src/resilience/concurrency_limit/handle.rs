use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::controller::Controller;
use super::permit::{Admission, OwnedPermit, Permit};
use super::priority::LiveShares;
use super::sampler::{Due, Sampler};
use super::{ConcurrencyLimitBuilder, Outcome, Priority, Settings, Snapshot};
use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::resilience::bulkhead::gate::Gate;
use crate::sync::{Counters, Mutex};
use crate::time::{Clock, Instant};

/// Lets in as many calls at a time as the dependency turns out to bear.
///
/// A cheap handle: clones are the same limit. See the [module](super) for why and when.
///
/// # Examples
///
/// ```
/// use reliability::resilience::concurrency_limit::{ConcurrencyLimit, Priority, Vegas};
///
/// let limit = ConcurrencyLimit::builder("inventory")
///     .algorithm(Vegas::standard())
///     .min(4)
///     .max(200)
///     .build()?;
///
/// let permit = limit.acquire_as(Priority::Normal)?;
/// // ... call the dependency ...
/// permit.success();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ConcurrencyLimit {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) name: Name,
    gate: Gate,
    shares: LiveShares,
    sampler: Sampler,
    due: Due,
    controller: Mutex<Controller>,
    rejected: Counters<4>,
    clock: Clock,
}

impl ConcurrencyLimit {
    /// A limit of that name with [standard settings](Settings::standard).
    pub fn standard(name: impl Into<Name>) -> Self {
        Self::new(ConcurrencyLimitBuilder::new(name.into()))
    }

    /// Starts from the standard settings.
    ///
    /// `name` stands in refusals and logs.
    pub fn builder(name: impl Into<Name>) -> ConcurrencyLimitBuilder {
        ConcurrencyLimitBuilder::new(name.into())
    }

    /// Takes over validated settings.
    pub(super) fn new(builder: ConcurrencyLimitBuilder) -> Self {
        Self { shared: Arc::new(Shared::new(builder)) }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Lets a call in that may use the whole limit, or refuses it; never waits.
    ///
    /// # Errors
    ///
    /// [`Rejected`] with [`Reason::ConcurrencyLimited`]. Nobody knows when a call will end, so it
    /// says no `retry_after`.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::Reason;
    /// use reliability::resilience::ConcurrencyLimit;
    ///
    /// let limit = ConcurrencyLimit::builder("inventory").min(1).initial(1).build()?;
    /// let inside = limit.acquire()?;
    /// let refused = limit.acquire().unwrap_err();
    /// assert_eq!(refused.reason(), Reason::ConcurrencyLimited);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, Rejected> {
        self.acquire_as(Priority::Critical)
    }

    /// Lets a call of that priority in, or refuses it; never waits.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), and when the calls inside fill the [share](super::Shares) of
    /// the limit that the priority has.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::ConcurrencyLimit;
    /// use reliability::resilience::concurrency_limit::Priority;
    ///
    /// let limit = ConcurrencyLimit::builder("inventory").initial(4).build()?;
    /// let two = [limit.acquire()?, limit.acquire()?];
    /// assert!(limit.acquire_as(Priority::Low).is_err(), "half of the limit is in use");
    /// let third = limit.acquire_as(Priority::Normal)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn acquire_as(&self, priority: Priority) -> Result<Permit<'_>, Rejected> {
        let in_flight = self.shared.admit(priority)?;
        let start = self.shared.start();
        Ok(Permit::new(&self.shared, Admission { in_flight, start }))
    }

    /// As [`acquire_as`](Self::acquire_as), with a permit that keeps the limit alive.
    ///
    /// # Errors
    ///
    /// As [`acquire_as`](Self::acquire_as).
    pub fn acquire_owned(&self, priority: Priority) -> Result<OwnedPermit, Rejected> {
        let in_flight = self.shared.admit(priority)?;
        let start = self.shared.start();
        Ok(OwnedPermit::new(self.clone(), Admission { in_flight, start }))
    }

    /// As [`acquire_as`](Self::acquire_as), but does not read the clock: for callers that pass the
    /// time to [`Permit::record`] themselves.
    ///
    /// # Errors
    ///
    /// As [`acquire_as`](Self::acquire_as).
    #[inline]
    pub fn acquire_untimed(&self, priority: Priority) -> Result<Permit<'_>, Rejected> {
        let in_flight = self.shared.admit(priority)?;
        Ok(Permit::new(&self.shared, Admission { in_flight, start: None }))
    }

    /// As [`acquire_untimed`](Self::acquire_untimed), without a refusal where there is no room.
    #[inline]
    pub(crate) fn acquire_at_once(&self, priority: Priority) -> Option<Permit<'_>> {
        let shared = &*self.shared;
        let in_flight = shared.gate.try_enter_below(shared.shares.part_of(priority))?;
        Some(Permit::new(shared, Admission { in_flight, start: None }))
    }

    /// As [`acquire_at_once`](Self::acquire_at_once), where only a part of the limit may be filled.
    pub(crate) fn acquire_part(
        &self,
        priority: Priority,
        part_of: impl Fn(u32) -> u32,
    ) -> Option<Permit<'_>> {
        let shared = &*self.shared;
        let of_priority = shared.shares.part_of(priority);
        let in_flight = shared.gate.try_enter_below(|limit| of_priority(part_of(limit)))?;
        Some(Permit::new(shared, Admission { in_flight, start: None }))
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.shared.name
    }

    /// How many calls may be inside at a time, now.
    pub fn limit(&self) -> u32 {
        self.shared.gate.limit()
    }

    /// How many calls are inside: more than [`limit`](Self::limit) only while the surplus of a
    /// lowered limit runs to its end.
    pub fn in_flight(&self) -> u32 {
        self.shared.gate.inside()
    }

    /// How many calls of that priority were refused since it was made.
    pub fn rejected(&self, priority: Priority) -> u64 {
        self.shared.rejected.sums()[priority as usize]
    }

    /// The settings in use.
    pub fn settings(&self) -> Settings {
        self.shared.controller.lock().settings.clone()
    }

    /// Changes the settings of a limit in use: what it has found out stays, as far as it is within
    /// the new bounds and of the same algorithm.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing changes, under the conditions of
    /// [`build`](ConcurrencyLimitBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::ConcurrencyLimit;
    ///
    /// let limit = ConcurrencyLimit::builder("inventory").initial(20).build()?;
    /// limit.reconfigure(|settings| {
    ///     settings.min = 10;
    ///     settings.max = 15;
    /// })?;
    /// assert_eq!(limit.limit(), 15);
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        // Not under the lock: the closure may come back to this limit.
        let mut settings = self.settings();
        change(&mut settings);
        self.check(&settings)?;
        self.apply(&settings);
        Ok(())
    }

    /// Whether it can work with these settings.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Invalid> {
        settings.clone().begun().validate(&self.shared.name)
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration and metrics ask"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &Settings) {
        self.shared.apply(settings.clone().begun());
    }

    /// What it looks like now.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::ConcurrencyLimit;
    /// use reliability::resilience::concurrency_limit::Priority;
    ///
    /// let snapshot = ConcurrencyLimit::standard("inventory").snapshot();
    /// assert_eq!((snapshot.limit, snapshot.in_flight), (20, 0));
    /// assert_eq!(snapshot.rejected(Priority::Low), 0);
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        let shared = &self.shared;
        let (algorithm, windows, latency) = {
            let controller = shared.controller.lock();
            (controller.settings.algorithm.as_str(), controller.windows, controller.latency)
        };
        Snapshot {
            name: shared.name.clone(),
            algorithm,
            limit: self.limit(),
            in_flight: self.in_flight(),
            windows,
            latency,
            rejected: shared.rejected.sums(),
        }
    }
}

impl Shared {
    pub(super) fn new(builder: ConcurrencyLimitBuilder) -> Self {
        let ConcurrencyLimitBuilder { name, settings, clock, seed, .. } = builder;
        let seed = seed.unwrap_or_else(|| fastrand::u64(..));
        Self {
            name,
            // Whoever finds no place is refused: nobody waits, so there is no queue.
            gate: Gate::new(settings.initial, 0),
            shares: LiveShares::new(&settings.shares),
            sampler: Sampler::new(),
            due: Due::at_once(),
            controller: Mutex::new(Controller::new(settings, seed)),
            rejected: Counters::new(),
            clock,
        }
    }

    fn apply(&self, settings: Settings) {
        let mut controller = self.controller.lock();
        self.shares.store(&settings.shares);
        // Under the lock, so that a window that is closed meanwhile does not overwrite it.
        self.gate.set_limit(controller.reconfigure(settings));
    }

    /// Answers how many are inside, the new one included.
    #[inline]
    pub(super) fn admit(&self, priority: Priority) -> Result<u32, Rejected> {
        match self.gate.try_enter_below(self.shares.part_of(priority)) {
            Some(in_flight) => Ok(in_flight),
            None => Err(self.refuse(priority)),
        }
    }

    /// When the call begins, if it is a sample.
    #[inline]
    fn start(&self) -> Option<Instant> {
        self.sampler.picks().then(|| self.clock.now())
    }

    #[cold]
    fn refuse(&self, priority: Priority) -> Rejected {
        self.rejected.add(priority as usize, 1);
        Rejected::new(Reason::ConcurrencyLimited, self.name.clone())
    }

    /// Gives the place back, and takes the sample with the own clock.
    #[inline]
    pub(super) fn end(&self, admission: Admission, outcome: Outcome) {
        self.gate.leave();
        if outcome == Outcome::Ignored {
            return;
        }
        let Some(start) = admission.start else { return };
        let now = self.clock.now();
        // A call that the clock jumped back in took nobody knows how long.
        if start <= now {
            self.sample(admission, outcome, now.saturating_duration_since(start), now);
        }
    }

    /// Gives the place back, and takes the sample with a time from elsewhere.
    #[inline]
    pub(super) fn record(&self, admission: Admission, outcome: Outcome, elapsed: Option<Duration>) {
        self.gate.leave();
        if let Some(elapsed) = elapsed
            && outcome != Outcome::Ignored
            && self.sampler.picks()
        {
            self.sample(admission, outcome, elapsed, self.clock.now());
        }
    }

    #[inline]
    fn sample(&self, admission: Admission, outcome: Outcome, elapsed: Duration, now: Instant) {
        self.sampler.add(elapsed, admission.in_flight, outcome == Outcome::Dropped);
        if self.due.is_reached(now) {
            self.adjust(now);
        }
    }

    /// One thread closes the window; the others go on.
    #[cold]
    fn adjust(&self, now: Instant) {
        let Some(mut controller) = self.controller.try_lock() else { return };
        let before = self.gate.limit();
        if let Some(limit) = controller.close(&self.sampler, &self.due, now)
            && limit != before
        {
            self.gate.set_limit(limit);
        }
    }
}

impl fmt::Debug for ConcurrencyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit")
            .field("name", self.name())
            .field("limit", &self.limit())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, reliability_loom))]
mod loom_tests;
