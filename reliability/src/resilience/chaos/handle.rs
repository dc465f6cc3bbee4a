use alloc::sync::{Arc, Weak};
use core::fmt;
use core::future::Future;
use core::time::Duration;

use super::events;
use super::injection::draw;
use super::live::LiveSettings;
use super::switch::{FOREVER, Look, Switch};
use super::switchboard;
use super::{ChaosBuilder, Disturb, Injection, Settings, Snapshot, decide};
use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::time::{Clock, Instant, saturating_nanos};

/// Makes some attempts slow, some fail, and some hang, while it is switched on.
///
/// A handle: clones are the same chaos. See the [module](super) for why and when.
///
/// # Examples
///
/// ```
/// use reliability::resilience::chaos::{Chaos, Injection};
///
/// let chaos = Chaos::builder("inventory").error(1.0).build()?;
/// assert_eq!(chaos.strike(), Injection::Nothing);
/// chaos.switch_on();
/// assert_eq!(chaos.strike(), Injection::Error);
/// chaos.switch_off();
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Clone)]
pub struct Chaos(Arc<Shared>);

pub(super) struct Shared {
    name: Name,
    switch: Switch,
    settings: LiveSettings,
    seed: AtomicU64,
    /// How many attempts were decided about since the seed was set.
    decided: AtomicU64,
    latencies: AtomicU64,
    errors: AtomicU64,
    hangs: AtomicU64,
    /// When it was last told that this is on.
    told_nanos: AtomicU64,
    /// Whether a policy was given it that would not end what hangs.
    unbounded: AtomicBool,
    clock: Clock,
}

/// A chaos that is left on is told of this often.
const REMINDER: Duration = Duration::from_secs(60);

impl Chaos {
    /// A chaos with [standard settings](Settings::standard), switched off.
    pub fn standard(name: impl Into<Name>) -> Self {
        let settings = Settings::standard();
        let builder = Self::builder(name)
            .latency(settings.latency_to, settings.latency_rate)
            .error(settings.error_rate)
            .hang(settings.hang_rate);
        builder.build_unchecked()
    }

    /// Begins a chaos that does nothing yet. `name` stands in injected errors and events.
    pub fn builder(name: impl Into<Name>) -> ChaosBuilder {
        ChaosBuilder::new(name.into())
    }

    pub(super) fn new(name: Name, settings: &Settings, seed: u64, clock: Clock) -> Self {
        let word = |value| AtomicU64::new(value);
        let chaos = Self(Arc::new(Shared {
            name,
            switch: Switch::new(),
            settings: LiveSettings::new(settings),
            seed: word(seed),
            decided: word(0),
            latencies: word(0),
            errors: word(0),
            hangs: word(0),
            told_nanos: word(0),
            unbounded: AtomicBool::new(false),
            clock,
        }));
        switchboard::list(&chaos);
        chaos
    }

    /// What is to be done to the attempt that begins now: for callers that do it themselves.
    ///
    /// While it is off this is one relaxed load, and always [`Injection::Nothing`].
    #[inline]
    pub fn strike(&self) -> Injection {
        if self.0.switch.is_off() { Injection::Nothing } else { self.strike_while_on() }
    }

    /// Runs the work, or does to it what is its turn.
    ///
    /// # Errors
    ///
    /// The work's own, or [`Rejected`] with [`Reason::Injected`] made into one.
    ///
    /// # Panics
    ///
    /// When a latency begins outside of a tokio runtime whose time driver is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the work; work that is delayed or hangs has not begun.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    pub fn disturb<F, T, E>(&self, work: F) -> Disturb<'_, F>
    where
        F: Future<Output = Result<T, E>>,
        E: From<Rejected>,
    {
        Disturb::new(self, work)
    }

    /// Switches it on until somebody switches it off; a warning event says so.
    ///
    /// Faults go on where they were when it was switched off; [`reseed`](Chaos::reseed) begins anew.
    pub fn switch_on(&self) {
        self.switch_on_until(FOREVER);
    }

    /// Switches it on for that long; a warning event says so.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::resilience::chaos::Chaos;
    /// use reliability::time::ManualClock;
    ///
    /// let manual = ManualClock::new();
    /// let chaos = Chaos::builder("inventory").error(1.0).clock(manual.clock()).build()?;
    /// chaos.switch_on_for(Duration::from_secs(600));
    /// assert!(chaos.is_on());
    /// manual.advance(Duration::from_secs(600));
    /// assert!(!chaos.is_on());
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn switch_on_for(&self, duration: Duration) {
        let until = self.0.clock.now().as_nanos().saturating_add(saturating_nanos(duration));
        self.switch_on_until(until);
    }

    /// Switches it on until what this returns is dropped: for tests, and for the scope of one
    /// experiment.
    pub fn while_held(&self) -> WhileHeld<'_> {
        self.switch_on();
        WhileHeld(self)
    }

    /// Switches it off. Attempts that are delayed or hang go on to their end.
    pub fn switch_off(&self) {
        if self.0.switch.off() {
            events::switched_off(&self.snapshot(), "switched off");
        }
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        !self.0.switch.is_off() && self.0.switch.is_on(self.0.clock.now())
    }

    /// As [`is_on`](Chaos::is_on), without looking whether its time is over.
    #[inline]
    pub(crate) fn is_off(&self) -> bool {
        self.0.switch.is_off()
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// Where its random numbers begin.
    pub fn seed(&self) -> u64 {
        self.0.seed.load(Ordering::Relaxed)
    }

    /// Begins anew with that seed, as if no attempt had been decided about.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::chaos::Chaos;
    ///
    /// let chaos = Chaos::builder("inventory").error(0.5).seed(7).build()?;
    /// chaos.switch_on();
    /// let first: Vec<_> = (0..20).map(|_| chaos.strike()).collect();
    /// chaos.reseed(7);
    /// let again: Vec<_> = (0..20).map(|_| chaos.strike()).collect();
    /// assert_eq!(first, again);
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn reseed(&self, seed: u64) {
        self.0.seed.store(seed, Ordering::Relaxed);
        self.0.decided.store(0, Ordering::Relaxed);
    }

    /// The settings in force, whether it is on or not.
    pub fn settings(&self) -> Settings {
        self.0.settings.load()
    }

    /// Changes the settings while calls are running; the next attempt sees them.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing has changed, when a rate or a latency is out of its range, or when
    /// it would hang calls of a policy without `timeout` and `deadline`, which nothing would end.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let mut settings = self.settings();
        change(&mut settings);
        self.check(&settings)?;
        self.apply(&settings);
        Ok(())
    }

    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Invalid> {
        settings.validate(self.name())?;
        if settings.hang_rate > 0.0 && self.0.unbounded.load(Ordering::Relaxed) {
            let expected = "0, since a policy without `timeout` and `deadline` has this chaos";
            return Err(Invalid::new(
                self.name().clone(),
                "hang_rate",
                expected,
                settings.hang_rate,
            )
            .with_advice(
                "its calls would hang for ever; give that policy a timeout outside of `chaos`, \
                     or a chaos of its own",
            ));
        }
        Ok(())
    }

    /// From now on it must not hang attempts: a policy has it that would not end them.
    pub(crate) fn must_not_hang(&self) {
        self.0.unbounded.store(true, Ordering::Relaxed);
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration and metrics ask"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &Settings) {
        self.0.settings.store(settings);
    }

    /// Whether it is on, and what it has done so far.
    pub fn snapshot(&self) -> Snapshot {
        let read = |word: &AtomicU64| word.load(Ordering::Relaxed);
        Snapshot {
            name: self.0.name.clone(),
            on: self.is_on(),
            seed: self.seed(),
            settings: self.settings(),
            decided: read(&self.0.decided),
            latencies: read(&self.0.latencies),
            errors: read(&self.0.errors),
            hangs: read(&self.0.hangs),
        }
    }

    /// The error that stands for an injected failure.
    #[cold]
    pub(crate) fn rejected(&self) -> Rejected {
        Rejected::new(Reason::Injected, self.0.name.clone())
    }

    pub(super) fn switch_on_until(&self, until_nanos: u64) {
        self.0.told_nanos.store(self.0.clock.now().as_nanos(), Ordering::Relaxed);
        self.0.switch.on_until(until_nanos);
        events::switched_on(&self.snapshot());
    }

    #[cold]
    fn strike_while_on(&self) -> Injection {
        let now = self.0.clock.now();
        match self.0.switch.look(now) {
            Look::Off => return Injection::Nothing,
            Look::Expired => {
                events::switched_off(&self.snapshot(), "its time is over");
                return Injection::Nothing;
            }
            Look::On => {}
        }
        self.remind(now);
        let index = self.0.decided.fetch_add(1, Ordering::Relaxed);
        let injection = decide(draw(self.seed(), index), &self.settings());
        let count = match injection {
            Injection::Nothing => return injection,
            Injection::Latency(_) => &self.0.latencies,
            Injection::Error => &self.0.errors,
            Injection::Hang => &self.0.hangs,
        };
        count.fetch_add(1, Ordering::Relaxed);
        events::injected(&self.0.name, injection);
        injection
    }

    /// Says again that this is on, once a minute.
    fn remind(&self, now: Instant) {
        let told = self.0.told_nanos.load(Ordering::Relaxed);
        let next = told.saturating_add(saturating_nanos(REMINDER));
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        if now.as_nanos() >= next
            && self.0.told_nanos.compare_exchange(told, now.as_nanos(), success, failure).is_ok()
        {
            events::still_on(&self.snapshot());
        }
    }

    pub(super) fn downgrade(&self) -> WeakChaos {
        WeakChaos(Arc::downgrade(&self.0))
    }
}

/// A chaos that is listed but not kept alive.
pub(super) struct WeakChaos(Weak<Shared>);

impl WeakChaos {
    pub(super) fn upgrade(&self) -> Option<Chaos> {
        self.0.upgrade().map(Chaos)
    }
}

impl fmt::Debug for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.snapshot();
        f.debug_struct("Chaos")
            .field("name", &now.name)
            .field("on", &now.on)
            .field("seed", &now.seed)
            .field("settings", &now.settings)
            .field("injected", &now.injected())
            .finish()
    }
}

/// Keeps a [`Chaos`] switched on until it is dropped; made by [`Chaos::while_held`].
///
/// # Examples
///
/// ```
/// use reliability::resilience::chaos::Chaos;
///
/// let chaos = Chaos::standard("inventory");
/// let experiment = chaos.while_held();
/// assert!(chaos.is_on());
/// drop(experiment);
/// assert!(!chaos.is_on());
/// ```
#[derive(Debug)]
#[must_use = "dropped at once it switches off at once"]
pub struct WhileHeld<'a>(&'a Chaos);

impl Drop for WhileHeld<'_> {
    fn drop(&mut self) {
        self.0.switch_off();
    }
}
