use core::time::Duration;

use crate::error::Name;
use crate::resilience::Invalid;

/// How often something is done to an attempt, and what.
///
/// What [`Chaos::settings`](super::Chaos::settings) shows and
/// [`Chaos::reconfigure`](super::Chaos::reconfigure) changes. The values are checked where they are
/// put to use, all at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::chaos::Chaos;
///
/// let chaos = Chaos::standard("inventory");
/// chaos.reconfigure(|settings| {
///     settings.error_rate = 0.2;
///     settings.latency_to = Duration::from_secs(1);
/// })?;
/// assert_eq!(chaos.settings().error_rate, 0.2);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Settings {
    /// The shortest latency that is added: up to an hour.
    pub latency_from: Duration,
    /// The longest latency that is added, not below the shortest: up to an hour. In between all are
    /// equally likely.
    pub latency_to: Duration,
    /// The share of attempts that begin later: 0 to 1.
    pub latency_rate: f64,
    /// The share of attempts that fail without having begun: 0 to 1.
    pub error_rate: f64,
    /// The share of attempts that never end by themselves: 0 to 1.
    pub hang_rate: f64,
}

/// The longest latency.
pub(super) const LATENCY_MAX: Duration = Duration::from_secs(3600);

impl Settings {
    /// 5 % of the attempts 200 ms later, 1 % fail, 0.1 % hang.
    ///
    /// Enough for a retry, a breaker and a timeout to have something to do within a few hundred
    /// calls, and little enough for a service that has them to stay well.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::chaos::Settings;
    ///
    /// assert_eq!(Settings::standard().error_rate, 0.01);
    /// ```
    pub fn standard() -> Self {
        Self {
            latency_from: Duration::from_millis(200),
            latency_to: Duration::from_millis(200),
            latency_rate: 0.05,
            error_rate: 0.01,
            hang_rate: 0.001,
        }
    }

    /// Whether there is anything that could be done to an attempt.
    pub(super) fn does_something(&self) -> bool {
        self.latency_rate > 0.0 || self.error_rate > 0.0 || self.hang_rate > 0.0
    }

    pub(super) fn validate(&self, name: &Name) -> Result<(), Invalid> {
        let rates = [
            ("latency_rate", self.latency_rate),
            ("error_rate", self.error_rate),
            ("hang_rate", self.hang_rate),
        ];
        for (setting, rate) in rates {
            if !(0.0..=1.0).contains(&rate) {
                let invalid = Invalid::new(name.clone(), setting, "a share from 0 to 1", rate);
                return Err(invalid.with_advice("write `0.05` for 5 %"));
            }
        }
        let sum = self.latency_rate + self.error_rate + self.hang_rate;
        // Rates that are written in decimals need not add up to exactly 1.
        if sum > 1.0 + 1e-9 {
            let expected = "rates that add up to at most 1";
            return Err(Invalid::new(name.clone(), "rates", expected, sum)
                .with_advice("an attempt gets at most one fault; lower one of them"));
        }
        self.validate_latency(name)
    }

    fn validate_latency(&self, name: &Name) -> Result<(), Invalid> {
        let (from, to) = (self.latency_from, self.latency_to);
        if self.latency_rate > 0.0 && to.is_zero() {
            return Err(Invalid::new(name.clone(), "latency_to", "longer than zero", "0s")
                .with_advice("give a latency, or set `latency_rate` to 0"));
        }
        if from > to {
            let (expected, got) =
                (alloc::format!("at most {to:?}, the longest one"), alloc::format!("{from:?}"));
            return Err(Invalid::new(name.clone(), "latency_from", expected, got)
                .with_advice("write the shorter latency first"));
        }
        if to > LATENCY_MAX {
            let (expected, got) =
                (alloc::format!("at most {LATENCY_MAX:?}"), alloc::format!("{to:?}"));
            return Err(Invalid::new(name.clone(), "latency_to", expected, got)
                .with_advice("to make attempts hang, use `hang`"));
        }
        Ok(())
    }
}
