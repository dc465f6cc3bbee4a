use core::time::Duration;

use super::{Aimd, Algorithm, Gradient2, Shares, Vegas};
use crate::error::Name;
use crate::resilience::Invalid;

/// How a [`ConcurrencyLimit`](super::ConcurrencyLimit) finds its limit, and what it stays within.
///
/// What a [`ConcurrencyLimitBuilder`](super::ConcurrencyLimitBuilder) fills in, what
/// [`settings`](super::ConcurrencyLimit::settings) shows, and what
/// [`reconfigure`](super::ConcurrencyLimit::reconfigure) changes while calls are running. The values
/// are checked where they are put to use, and all at once.
///
/// # Examples
///
/// ```
/// use reliability::resilience::ConcurrencyLimit;
/// use reliability::resilience::concurrency_limit::Settings;
///
/// let limit = ConcurrencyLimit::standard("inventory");
/// assert_eq!(limit.settings(), Settings::standard());
///
/// limit.reconfigure(|settings| settings.max = 50)?;
/// assert_eq!(limit.settings().max, 50);
/// assert!(limit.reconfigure(|settings| settings.max = Settings::LIMIT_MAX + 1).is_err());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// How the limit is found. Default: [`Gradient2`].
    pub algorithm: Algorithm,
    /// The floor: 1 to `max`. Default: 4, enough to notice that the dependency has recovered, and
    /// bearable for one that has not.
    pub min: u32,
    /// The ceiling: `min` to [`LIMIT_MAX`](Settings::LIMIT_MAX), 16,777,215. Default: 1000, a
    /// safeguard that is not reached by any service that is well.
    pub max: u32,
    /// What the limit begins with: `min` to `max`. Default: 20. Not used any more once it has begun.
    pub initial: u32,
    /// The shortest window of calls: 1 ms to 60 s. Default: 100 ms, at most ten changes a second.
    pub window: Duration,
    /// The longest that a window is made because calls are slow, `window` to 60 s. Default: 1 s. A
    /// window lasts for twice the latency of its fastest call, within these two.
    pub window_max: Duration,
    /// How many calls a window has at least, however long that takes: 1 to 1,000,000. Default: 100,
    /// whose mean is within about a tenth of that of all, where fewer would make the limit follow
    /// chance.
    pub samples: u32,
    /// What share of dropped calls makes a window a bad one, when it is exceeded: 0 to below 1.
    /// Default: 0.05. It has to be above the share that is dropped on quiet days, or the limit falls
    /// to its floor for no reason.
    pub drop_rate: f64,
    /// What part of the limit lower priorities may fill.
    pub shares: Shares,
}

const WINDOW_MIN: Duration = Duration::from_millis(1);
const WINDOW_MAX: Duration = Duration::from_secs(60);
const MILLION: u32 = 1_000_000;

impl Settings {
    /// The largest limit that can be asked for.
    pub const LIMIT_MAX: u32 = (1 << 24) - 1;

    /// The standard settings; each field says what and why.
    pub const fn standard() -> Self {
        Self {
            algorithm: Algorithm::Gradient2(Gradient2::standard()),
            min: 4,
            max: 1_000,
            initial: 20,
            window: Duration::from_millis(100),
            window_max: Duration::from_secs(1),
            samples: 100,
            drop_rate: 0.05,
            shares: Shares::standard(),
        }
    }

    /// For a limit that has begun long ago: whoever moves the bounds need not think of `initial`.
    pub(super) fn begun(mut self) -> Self {
        self.initial = self.initial.max(self.min).min(self.max);
        self
    }

    /// Refuses what makes no sense, with the name of the setting.
    pub(super) fn validate(&self, policy: &Name) -> Result<(), Invalid> {
        let check = Check { policy };
        self.validate_limits(&check)?;
        check.duration("window", self.window, WINDOW_MIN, WINDOW_MAX)?;
        check.duration("window_max", self.window_max, self.window, WINDOW_MAX)?;
        check.number("samples", self.samples, 1, MILLION)?;
        check.share(
            "drop_rate",
            self.drop_rate,
            (0.0..1.0).contains(&self.drop_rate),
            "0 to below 1",
        )?;
        self.validate_shares(&check)?;
        match self.algorithm {
            Algorithm::Aimd(aimd) => check.aimd(&aimd),
            Algorithm::Vegas(vegas) => check.vegas(&vegas),
            Algorithm::Gradient2(gradient2) => check.gradient2(&gradient2),
        }
    }

    fn validate_limits(&self, check: &Check<'_>) -> Result<(), Invalid> {
        check.number("max", self.max, 1, Self::LIMIT_MAX)?;
        check.number("min", self.min, 1, self.max).map_err(|invalid| {
            invalid.with_advice("`min` is the floor and `max` the ceiling of the limit")
        })?;
        check
            .number("initial", self.initial, self.min, self.max)
            .map_err(|invalid| invalid.with_advice("begin between `min` and `max`, or widen them"))
    }

    fn validate_shares(&self, check: &Check<'_>) -> Result<(), Invalid> {
        let Shares { high, normal, low } = self.shares;
        let mut above = 1.0;
        for (setting, share) in
            [("shares.high", high), ("shares.normal", normal), ("shares.low", low)]
        {
            let expected = "above 0, and at most that of the next higher priority";
            check.share(setting, share, share > 0.0 && share <= above, expected)?;
            above = share;
        }
        Ok(())
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
    fn aimd(&self, aimd: &Aimd) -> Result<(), Invalid> {
        let in_range = (0.5..1.0).contains(&aimd.backoff);
        self.share("backoff", aimd.backoff, in_range, "0.5 to below 1")?;
        self.duration("timeout", aimd.timeout, Duration::from_nanos(1), Duration::MAX)
    }

    fn vegas(&self, vegas: &Vegas) -> Result<(), Invalid> {
        self.number("alpha", vegas.alpha, 1, 1_000)?;
        self.number("beta", vegas.beta, vegas.alpha, 1_000)?;
        let unit = 0.0..=1.0;
        self.share("alpha_share", vegas.alpha_share, unit.contains(&vegas.alpha_share), "0 to 1")?;
        let in_range = (vegas.alpha_share..=1.0).contains(&vegas.beta_share);
        self.share("beta_share", vegas.beta_share, in_range, "`alpha_share` to 1")?;
        self.part("smoothing", vegas.smoothing)?;
        self.part("no_load_smoothing", vegas.no_load_smoothing)?;
        self.number("probe_every", vegas.probe_every, 1, MILLION)?;
        self.part("probe_share", vegas.probe_share)
    }

    fn gradient2(&self, gradient2: &Gradient2) -> Result<(), Invalid> {
        let in_range = (1.0..=100.0).contains(&gradient2.tolerance);
        self.share("tolerance", gradient2.tolerance, in_range, "1 to 100")?;
        self.number("queue", gradient2.queue, 1, 1_000)?;
        self.part("smoothing", gradient2.smoothing)?;
        self.number("long_window", gradient2.long_window, 1, MILLION)
    }

    fn part(&self, setting: &'static str, value: f64) -> Result<(), Invalid> {
        self.share(setting, value, value > 0.0 && value <= 1.0, "above 0, and at most 1")
    }

    fn share(
        &self,
        setting: &'static str,
        value: f64,
        in_range: bool,
        expected: &'static str,
    ) -> Result<(), Invalid> {
        if in_range {
            return Ok(());
        }
        Err(Invalid::new(self.policy.clone(), setting, expected, value))
    }

    fn number(&self, setting: &'static str, value: u32, min: u32, max: u32) -> Result<(), Invalid> {
        if (min..=max).contains(&value) {
            return Ok(());
        }
        let expected = alloc::format!("{min} to {max}");
        Err(Invalid::new(self.policy.clone(), setting, expected, value))
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
        Err(Invalid::new(self.policy.clone(), setting, expected, alloc::format!("{value:?}")))
    }
}
