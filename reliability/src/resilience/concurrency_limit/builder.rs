use core::time::Duration;

use super::{Algorithm, ConcurrencyLimit, Priority, Settings};
use crate::error::Name;
use crate::resilience::Invalid;
use crate::time::Clock;

/// Settings of a [`ConcurrencyLimit`] that is yet to be made.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::concurrency_limit::{ConcurrencyLimit, Priority, Vegas};
/// use reliability::time::Clock;
///
/// let limit = ConcurrencyLimit::builder("inventory")
///     .algorithm(Vegas::standard())
///     .min(2)
///     .max(200)
///     .initial(10)
///     .window(Duration::from_millis(50))
///     .window_max(Duration::from_millis(500))
///     .samples(20)
///     .drop_rate(0.1)
///     .share(Priority::Low, 0.25)
///     .clock(Clock::precise())
///     .seed(7)
///     .build()?;
/// assert_eq!((limit.name().as_str(), limit.limit()), ("inventory", 10));
///
/// // The same for another dependency of that kind.
/// let prices = ConcurrencyLimit::builder("prices").settings(limit.settings()).build()?;
/// assert_eq!(prices.settings(), limit.settings());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct ConcurrencyLimitBuilder {
    pub(super) name: Name,
    pub(super) settings: Settings,
    min: Option<u32>,
    max: Option<u32>,
    initial: Option<u32>,
    window_max: Option<Duration>,
    pub(super) clock: Clock,
    pub(super) seed: Option<u64>,
}

impl ConcurrencyLimitBuilder {
    pub(super) fn new(name: Name) -> Self {
        Self {
            name,
            settings: Settings::standard(),
            min: None,
            max: None,
            initial: None,
            window_max: None,
            clock: Clock::default(),
            seed: None,
        }
    }

    /// All settings at once.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.min = Some(settings.min);
        self.max = Some(settings.max);
        self.initial = Some(settings.initial);
        self.window_max = Some(settings.window_max);
        self.settings = settings;
        self
    }

    /// How the limit is found: [`Aimd`](super::Aimd), [`Vegas`](super::Vegas) or
    /// [`Gradient2`](super::Gradient2), the default.
    pub fn algorithm(mut self, algorithm: impl Into<Algorithm>) -> Self {
        self.settings.algorithm = algorithm.into();
        self
    }

    /// The floor of the limit. See [`Settings::min`].
    ///
    /// What is not said of `min`, `max` and `initial` makes room for what is: with a ceiling of 10
    /// the limit begins there, and not at 20.
    pub fn min(mut self, min: u32) -> Self {
        self.min = Some(min);
        self
    }

    /// The ceiling of the limit. See [`Settings::max`].
    pub fn max(mut self, max: u32) -> Self {
        self.max = Some(max);
        self
    }

    /// What the limit begins with. See [`Settings::initial`].
    pub fn initial(mut self, initial: u32) -> Self {
        self.initial = Some(initial);
        self
    }

    /// The shortest window of calls. See [`Settings::window`].
    pub fn window(mut self, shortest: Duration) -> Self {
        self.settings.window = shortest;
        self
    }

    /// The longest that a window is made because calls are slow; not below the shortest, if not
    /// said. See [`Settings::window_max`].
    pub fn window_max(mut self, longest: Duration) -> Self {
        self.window_max = Some(longest);
        self
    }

    /// How many calls a window has at least. See [`Settings::samples`].
    pub fn samples(mut self, samples: u32) -> Self {
        self.settings.samples = samples;
        self
    }

    /// What share of dropped calls makes a window a bad one. See [`Settings::drop_rate`].
    pub fn drop_rate(mut self, drop_rate: f64) -> Self {
        self.settings.drop_rate = drop_rate;
        self
    }

    /// What part of the limit calls of a priority and of all lower ones may fill. See
    /// [`Shares`](super::Shares).
    ///
    /// That of critical calls is 1, and stays so whatever is said here.
    pub fn share(mut self, priority: Priority, share: f64) -> Self {
        let shares = &mut self.settings.shares;
        match priority {
            Priority::Critical => {}
            Priority::High => shares.high = share,
            Priority::Normal => shares.normal = share,
            Priority::Low => shares.low = share,
        }
        self
    }

    /// The clock that times calls and windows. Default: [`Clock::precise`].
    ///
    /// It is read when a call that is a sample is admitted, and when it ends: for all calls where
    /// there are less than some ten thousand in a second, and for as many as a mean needs where there
    /// are more. So a cheaper clock is hardly worth its coarseness here.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Fixes the random numbers that spread the probes of [`Vegas`](super::Vegas), so that the same
    /// history makes the same limits. Default: different for each limit.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Checks the settings and makes the limit.
    ///
    /// # Errors
    ///
    /// [`Invalid`] names the first setting that makes no sense; the fields of [`Settings`] and of
    /// the algorithms say their ranges.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::concurrency_limit::ConcurrencyLimit;
    ///
    /// let invalid = ConcurrencyLimit::builder("inventory").min(50).max(10).build().unwrap_err();
    /// assert_eq!(invalid.setting(), "min");
    /// ```
    pub fn build(self) -> Result<ConcurrencyLimit, Invalid> {
        let settled = self.settled();
        settled.settings.validate(&settled.name)?;
        Ok(ConcurrencyLimit::new(settled))
    }

    /// Fills in what was not said, so that it agrees with what was.
    pub(super) fn settled(mut self) -> Self {
        let standard = Settings::standard();
        let (max, initial) = (self.max.unwrap_or(u32::MAX), self.initial.unwrap_or(u32::MAX));
        let settings = &mut self.settings;
        settings.min = self.min.unwrap_or(standard.min.min(max).min(initial));
        let highest = settings.min.max(self.initial.unwrap_or(0));
        settings.max = self.max.unwrap_or(standard.max.max(highest));
        let initial = standard.initial.max(settings.min).min(settings.max);
        settings.initial = self.initial.unwrap_or(initial);
        settings.window_max = self.window_max.unwrap_or(standard.window_max.max(settings.window));
        self
    }
}
