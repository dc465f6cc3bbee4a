use core::time::Duration;

use super::engine::Engine;
use super::handle::{Breaker, CountedAs, Inner};
use super::window::lanes::LaneCount;
use super::{Settings, Window};
use crate::error::{Counted, Fault, Name};
use crate::resilience::Invalid;
use crate::time::Clock;

/// Makes a [`Breaker`]; starts from [`Settings::standard`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::breaker::{Breaker, Window};
/// use reliability::time::Clock;
///
/// let breaker = Breaker::builder("inventory")
///     .window(Window::count(100))
///     .failure_rate(0.5)
///     .slow_calls(Duration::from_millis(500), 0.8)
///     .min_calls(20)
///     .open_for(Duration::from_secs(5))
///     .probes(3)
///     .clock(Clock::coarse())
///     .build()?;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct BreakerBuilder {
    name: Name,
    settings: Settings,
    window_capacity: u32,
    lanes: LaneCount,
    clock: Clock,
    seed: Option<u64>,
    counted_as: Option<CountedAs>,
}

impl BreakerBuilder {
    pub(super) fn new(name: Name) -> Self {
        Self {
            name,
            settings: Settings::standard(),
            window_capacity: 0,
            lanes: LaneCount::Striped,
            clock: Clock::default(),
            seed: None,
            counted_as: None,
        }
    }

    /// Takes all settings at once: a preset, or those of another breaker.
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Which calls to judge by. See [`Settings::window`].
    pub fn window(self, window: Window) -> Self {
        self.change(|settings| settings.window(window))
    }

    /// The share of failed calls at which to open: above 0, at most 1. See
    /// [`Settings::failure_rate`].
    pub fn failure_rate(self, failure_rate: f64) -> Self {
        self.change(|settings| settings.failure_rate(failure_rate))
    }

    /// Calls that take `slow_after` or longer are slow; opens at this share of them, whether they
    /// fail or not. See [`Settings::slow_calls`].
    pub fn slow_calls(self, slow_after: Duration, rate: f64) -> Self {
        self.change(|settings| settings.slow_calls(slow_after, rate))
    }

    /// From how many calls on to judge. See [`Settings::min_calls`].
    pub fn min_calls(self, min_calls: u32) -> Self {
        self.change(|settings| settings.min_calls(min_calls))
    }

    /// How long to stay open. See [`Settings::open_for`].
    pub fn open_for(self, open_for: Duration) -> Self {
        self.change(|settings| settings.open_for(open_for))
    }

    /// By what factor the open period grows with each trip that follows another without closing in
    /// between, and its longest. See [`Settings::open_growth`].
    pub fn open_growth(self, factor: f64, max: Duration) -> Self {
        self.change(|settings| settings.open_growth(factor, max))
    }

    /// By up to what share an open period is lengthened at random. See [`Settings::open_jitter`].
    pub fn open_jitter(self, ratio: f64) -> Self {
        self.change(|settings| settings.open_jitter(ratio))
    }

    /// How many calls to admit in half-open. See [`Settings::probes`].
    pub fn probes(self, probes: u32) -> Self {
        self.change(|settings| settings.probes(probes))
    }

    /// How long probes may be on their way. See [`Settings::half_open_for`].
    pub fn half_open_for(self, half_open_for: Duration) -> Self {
        self.change(|settings| settings.half_open_for(half_open_for))
    }

    /// How large a window of calls may become by [`Breaker::reconfigure`], at 8 bytes per call, 16
    /// with a rule about slow calls. Default: no larger than it is.
    pub fn window_capacity(self, calls: u32) -> Self {
        Self { window_capacity: calls, ..self }
    }

    /// Uses one stripe of counters instead of sixteen, for breakers by the thousand (one per key).
    ///
    /// A striped breaker takes about 5.5 KiB, this one 1.8 KiB; to both a window of calls adds 8
    /// bytes per call, 16 with a rule about slow calls. In exchange, threads that call at the same
    /// time write one cache line: tens of nanoseconds a call instead of a few.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::breaker::{Breaker, Window};
    ///
    /// // One for each of ten thousand keys, whose window may become twice as large.
    /// let breaker = Breaker::builder("tenant 7")
    ///     .window(Window::count(50))
    ///     .window_capacity(100)
    ///     .compact()
    ///     .build()?;
    /// breaker.reconfigure(|settings| settings.window = Window::count(100))?;
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn compact(self) -> Self {
        Self { lanes: LaneCount::Single, ..self }
    }

    /// Where the time comes from. Default: [`Clock::default`], the precise one.
    ///
    /// The clock is read when the breaker opens or refuses, for each call with a rule about slow
    /// calls, and for each outcome with a window of time; give these two a
    /// [coarse](Clock::coarse) clock if their limits are tens of milliseconds or more.
    pub fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Fixes the random numbers of [`open_jitter`](Self::open_jitter), so that the same history
    /// makes the same periods. Default: different for each breaker.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Decides what an error counts as, in place of the table of
    /// [`Disposition`](crate::error::Disposition).
    ///
    /// A policy asks it too, for errors and for its own refusals such as a timeout, unless the call
    /// brings a predicate for what its breaker counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::{Class, Counted};
    /// use reliability::resilience::breaker::Breaker;
    ///
    /// // An overloaded dependency is doing what it can.
    /// let breaker = Breaker::builder("inventory")
    ///     .counted_as(|fault| match fault.class() {
    ///         Class::Overloaded => Counted::Nothing,
    ///         _ => fault.disposition().breaker,
    ///     })
    ///     .build()?;
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn counted_as(self, counted_as: fn(&dyn Fault) -> Counted) -> Self {
        Self { counted_as: Some(counted_as), ..self }
    }

    /// Checks the settings and makes the breaker, closed.
    ///
    /// # Errors
    ///
    /// [`Invalid`] names the first setting that makes no sense; the fields of [`Settings`] say
    /// their ranges.
    pub fn build(self) -> Result<Breaker, Invalid> {
        self.settings.validate(&self.name)?;
        Ok(self.build_unchecked())
    }

    pub(super) fn build_unchecked(self) -> Breaker {
        let capacity = match self.settings.window {
            Window::Count(calls) => self.window_capacity.clamp(calls, super::settings::CALLS_MAX),
            Window::Time(_) | Window::Consecutive(_) => 0,
        };
        let seed = self.seed.unwrap_or_else(|| some_seed(&self.name));
        Breaker::new(Inner {
            engine: Engine::new(self.name, &self.settings, capacity, self.lanes, seed),
            clock: self.clock,
            counted_as: self.counted_as,
        })
    }

    fn change(mut self, change: impl FnOnce(Settings) -> Settings) -> Self {
        self.settings = change(self.settings);
        self
    }
}

#[cfg(feature = "std")]
fn some_seed(_name: &Name) -> u64 {
    fastrand::u64(..)
}

/// Without a source of random numbers breakers differ by name.
#[cfg(not(feature = "std"))]
fn some_seed(name: &Name) -> u64 {
    crate::fnv::Fnv::of(name.as_bytes())
}
