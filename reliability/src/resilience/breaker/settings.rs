use core::time::Duration;

use super::Window;
use crate::error::Name;
use crate::resilience::Invalid;

/// When a breaker opens, for how long, and how it finds out that it may close.
///
/// What a [`BreakerBuilder`](super::BreakerBuilder) fills in, what
/// [`Breaker::settings`](super::Breaker::settings) shows, and what
/// [`Breaker::reconfigure`](super::Breaker::reconfigure) changes while calls are running. The
/// values are checked where they are put to use, and all at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::breaker::{Breaker, Settings};
///
/// let breaker = Breaker::standard("inventory");
/// assert_eq!(breaker.settings(), Settings::standard());
///
/// breaker.reconfigure(|settings| {
///     settings.failure_rate = 0.3;
///     settings.open_for = Duration::from_secs(30);
/// })?;
/// assert_eq!(breaker.settings().open_for, Duration::from_secs(30));
///
/// // Others to begin with, each of which can be changed.
/// let busy = Settings::busy().no_slow_calls().half_open_for(Duration::from_secs(5));
/// let calm = Settings::standard()
///     .open_growth(2.0, Duration::from_secs(300))
///     .open_jitter(0.2);
/// let breaker = Breaker::builder("prices").settings(calm).build()?;
/// assert_ne!(breaker.settings(), busy);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The calls to judge by. Default: the last 100, enough for one failure more or less not to
    /// matter, few enough to notice an outage within a second at 100 calls a second.
    pub window: Window,
    /// The share of failed calls at which the breaker opens: above 0, at most 1, in millionths.
    /// Default: 0.5, since half of all calls failing is no longer a hiccup of single machines.
    pub failure_rate: f64,
    /// From what time on a call counts as slow (1 us to 7 days), and the share of slow calls at
    /// which the breaker opens. Default: none, because what is slow only the user knows.
    pub slow_calls: Option<(Duration, f64)>,
    /// How many calls there have to be before any rate is believed: 1 to 1,000,000. Default: 20,
    /// so that two failures after a quiet night open nothing. A window of fewer calls is judged
    /// when it is full.
    pub min_calls: u32,
    /// How long the breaker stays open: 1 ms to 7 days, in whole milliseconds. Default: 5 s, which
    /// most restarts and failovers take.
    pub open_for: Duration,
    /// By what factor the open period grows with each further trip, 1 to 100. Default: 1, a fixed
    /// period, because most outages are short and callers can tell when the next try is.
    pub open_growth: f64,
    /// What the open period grows to at most, up to 7 days. Default: 60 s.
    pub open_max: Duration,
    /// By up to what share an open period is lengthened at random, 0 to 1, so that many processes
    /// do not probe at the same moment. Default: 0, so that a period is what was asked for.
    pub open_jitter: f64,
    /// How many calls the breaker admits to find out whether it may close: 1 to 255. Default: 3, so
    /// that one lucky or unlucky call does not decide.
    pub probes: u32,
    /// How long probes may be on their way before the breaker gives them up and opens again: 1 ms to
    /// 7 days. Default: 30 s.
    pub half_open_for: Duration,
}

/// The longest window of calls, and the largest least number of calls.
pub(super) const CALLS_MAX: u32 = 1_000_000;
pub(super) const PROBES_MAX: u32 = 255;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const PERIOD_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const PERIOD_MIN: Duration = Duration::from_millis(1);
const TIME_WINDOW_MIN: Duration = Duration::from_millis(100);

impl Settings {
    /// The standard settings; each field says what and why.
    pub const fn standard() -> Self {
        Self {
            window: Window::Count(100),
            failure_rate: 0.5,
            slow_calls: None,
            min_calls: 20,
            open_for: Duration::from_secs(5),
            open_growth: 1.0,
            open_max: Duration::from_secs(60),
            open_jitter: 0.0,
            probes: 3,
            half_open_for: Duration::from_secs(30),
        }
    }

    /// Settings for a dependency that is called rarely: five failures in a row open.
    pub const fn consecutive() -> Self {
        let mut settings = Self::standard();
        settings.window = Window::Consecutive(5);
        settings.min_calls = 1;
        settings
    }

    /// Settings for many calls a second: the last ten seconds, and an open period that grows from
    /// one second to a minute, with jitter.
    pub const fn busy() -> Self {
        let mut settings = Self::standard();
        settings.window = Window::Time(Duration::from_secs(10));
        settings.min_calls = 100;
        settings.open_for = Duration::from_secs(1);
        settings.open_growth = 2.0;
        settings.open_jitter = 0.2;
        settings
    }

    /// Judges by these calls.
    #[must_use]
    pub fn window(self, window: Window) -> Self {
        Self { window, ..self }
    }

    /// Opens at this share of failed calls.
    #[must_use]
    pub fn failure_rate(self, failure_rate: f64) -> Self {
        Self { failure_rate, ..self }
    }

    /// Opens, too, when this share of calls takes `slow_after` or longer.
    #[must_use]
    pub fn slow_calls(self, slow_after: Duration, rate: f64) -> Self {
        Self { slow_calls: Some((slow_after, rate)), ..self }
    }

    /// Lets slow calls alone.
    #[must_use]
    pub fn no_slow_calls(self) -> Self {
        Self { slow_calls: None, ..self }
    }

    /// Judges from this many calls on.
    #[must_use]
    pub fn min_calls(self, min_calls: u32) -> Self {
        Self { min_calls, ..self }
    }

    /// Stays open for this long.
    #[must_use]
    pub fn open_for(self, open_for: Duration) -> Self {
        Self { open_for, ..self }
    }

    /// Multiplies the open period with each trip that follows another without closing in between,
    /// up to `max`.
    #[must_use]
    pub fn open_growth(self, factor: f64, max: Duration) -> Self {
        Self { open_growth: factor, open_max: max, ..self }
    }

    /// Lengthens each open period by a random share of up to `ratio`.
    #[must_use]
    pub fn open_jitter(self, ratio: f64) -> Self {
        Self { open_jitter: ratio, ..self }
    }

    /// Admits this many calls to find out whether to close.
    #[must_use]
    pub fn probes(self, probes: u32) -> Self {
        Self { probes, ..self }
    }

    /// Gives up probes that are on their way for this long.
    #[must_use]
    pub fn half_open_for(self, half_open_for: Duration) -> Self {
        Self { half_open_for, ..self }
    }

    /// Refuses what makes no sense, with the name of the setting.
    pub(super) fn validate(&self, policy: &Name) -> Result<(), Invalid> {
        let check = Check { policy };
        check.window(self.window)?;
        check.rate("failure_rate", self.failure_rate)?;
        if let Some((slow_after, rate)) = self.slow_calls {
            if let Window::Consecutive(_) = self.window {
                let advice = "choose `Window::count` or `Window::time`, or leave `slow_calls` out";
                let invalid = check
                    .invalid(
                        "window",
                        "one of calls or of time, for a share of slow calls",
                        "of consecutive failures",
                    )
                    .with_advice(advice);
                return Err(invalid);
            }
            check.duration("slow_calls", slow_after, Duration::from_micros(1), PERIOD_MAX)?;
            check.rate("slow_calls", rate)?;
        }
        check.number("min_calls", self.min_calls, CALLS_MAX)?;
        check.duration("open_for", self.open_for, PERIOD_MIN, PERIOD_MAX)?;
        check.share("open_growth", self.open_growth, 1.0, 100.0)?;
        check.duration("open_growth", self.open_max, PERIOD_MIN, PERIOD_MAX)?;
        check.share("open_jitter", self.open_jitter, 0.0, 1.0)?;
        check.number("probes", self.probes, PROBES_MAX)?;
        check.duration("half_open_for", self.half_open_for, PERIOD_MIN, PERIOD_MAX)
    }
}

impl Default for Settings {
    /// The standard settings.
    fn default() -> Self {
        Self::standard()
    }
}

struct Check<'a> {
    policy: &'a Name,
}

impl Check<'_> {
    fn window(&self, window: Window) -> Result<(), Invalid> {
        match window {
            Window::Count(calls) => self.number("window", calls, CALLS_MAX),
            Window::Consecutive(failures) => self.number("window", failures, CALLS_MAX),
            Window::Time(length) => self.duration("window", length, TIME_WINDOW_MIN, DAY),
        }
    }

    fn number(&self, setting: &'static str, value: u32, max: u32) -> Result<(), Invalid> {
        if (1..=max).contains(&value) {
            return Ok(());
        }
        Err(self.invalid(setting, alloc::format!("1 to {max}"), value))
    }

    fn rate(&self, setting: &'static str, value: f64) -> Result<(), Invalid> {
        if value.is_finite() && value <= 1.0 && millionths(value) > 0 {
            return Ok(());
        }
        let expected = "a share above 0 and at most 1";
        let invalid = self.invalid(setting, expected, value);
        Err(if value > 1.0 && value <= 100.0 {
            let advice = alloc::format!("write `{}` for {value} %", value / 100.0);
            invalid.with_advice(advice)
        } else {
            invalid
        })
    }

    fn share(&self, setting: &'static str, value: f64, min: f64, max: f64) -> Result<(), Invalid> {
        if (min..=max).contains(&value) {
            return Ok(());
        }
        Err(self.invalid(setting, alloc::format!("{min} to {max}"), value))
    }

    fn duration(
        &self,
        setting: &'static str,
        value: Duration,
        min: Duration,
        max: Duration,
    ) -> Result<(), Invalid> {
        if (min..=max).contains(&value) {
            return Ok(());
        }
        let expected = alloc::format!("{min:?} to {max:?}");
        Err(self.invalid(setting, expected, alloc::format!("{value:?}")))
    }

    fn invalid(
        &self,
        setting: &'static str,
        expected: impl Into<alloc::borrow::Cow<'static, str>>,
        got: impl core::fmt::Display,
    ) -> Invalid {
        Invalid::new(self.policy.clone(), setting, expected, got)
    }
}

/// A share of one in millionths, rounded.
pub(super) fn millionths(share: f64) -> u32 {
    // A cast saturates, and what is not a number becomes 0. `f64::round` is not in `core`.
    (share * 1_000_000.0 + 0.5) as u32
}
