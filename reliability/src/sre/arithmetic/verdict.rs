use core::fmt;

use crate::sre::{Alert, Reading, Target};

/// What an alert says.
///
/// # Examples
///
/// ```
/// use reliability::sre::{Definition, Objective, Slo, Target, Verdict, Window};
///
/// let answered = Objective::availability(Target::percent("99.9"));
/// let slo = Slo::new(Definition::new("search", Window::days(30)).objective(answered))?;
/// let status = slo.status();
/// assert!(status.objectives[0].alerts.iter().all(|alert| alert.verdict == Verdict::NoData));
/// assert_eq!(Verdict::NoData.as_str(), "no data");
/// # Ok::<(), reliability::sre::InvalidDefinition>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The budget burns faster than it may, in both windows.
    Firing,
    /// It does not.
    Quiet,
    /// Nothing was counted in one of its windows, so there is nothing to say.
    NoData,
    /// Its long window reaches back to before anybody counted, and what is known is not enough to fire
    /// were the rest clean.
    NotEnoughHistory,
    /// Fewer events than a single failure must not be allowed to speak for.
    TooFewEvents,
}

impl Verdict {
    /// What an alert says about its two windows.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::sre::{Alert, Burn, GoodAndBad, Reading, Target, Verdict};
    ///
    /// const HOUR: Duration = Duration::from_secs(3600);
    /// let alert = Alert::page(Burn::times("14.4"), HOUR);
    /// let target = Target::percent("99.9");
    ///
    /// let long = Reading::rolling(HOUR, HOUR, GoodAndBad::new(98_000, 2_000));
    /// let short = Reading::rolling(HOUR / 12, HOUR, GoodAndBad::new(8_000, 1_000));
    /// assert_eq!(Verdict::of(&alert, target, &long, &short, 60), Verdict::Firing);
    ///
    /// let over = Reading::rolling(HOUR / 12, HOUR, GoodAndBad::new(8_000, 0));
    /// assert_eq!(Verdict::of(&alert, target, &long, &over, 60), Verdict::Quiet);
    /// ```
    pub fn of(
        alert: &Alert,
        target: Target,
        long: &Reading,
        short: &Reading,
        min_events: u64,
    ) -> Self {
        if long.counts.total() == 0 || short.counts.total() == 0 {
            return Self::NoData;
        }
        if long.counts.total() < min_events {
            return Self::TooFewEvents;
        }
        let burn = alert.burn.as_millionths();
        if long.burns_above(burn, target) && short.burns_above(burn, target) {
            return Self::Firing;
        }
        if long.is_whole() { Self::Quiet } else { Self::NotEnoughHistory }
    }

    /// In a few words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Quiet => "quiet",
            Self::NoData => "no data",
            Self::NotEnoughHistory => "not enough history",
            Self::TooFewEvents => "too few events",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
