use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use super::Algorithm;
use crate::error::Name;
use crate::resilience::Invalid;
use crate::time::saturating_nanos;

/// How many permits there are per period, and how many of them may be used at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::rate_limit::Quota;
///
/// let quota = Quota::per_second(100).burst(20);
/// assert_eq!((quota.permits, quota.burst), (100, 20));
/// assert_eq!(quota.interval(), Duration::from_millis(10));
/// assert_eq!("100/s".parse::<Quota>()?.burst(20), quota);
/// assert_eq!(Quota::per_minute(60).interval(), Quota::per_hour(3_600).interval());
/// assert_eq!(Quota::per_day(1_000), Quota::new(1_000, Duration::from_secs(24 * 3_600)));
/// assert!(Quota::per_second(1).permits < Quota::PERMITS_MAX);
/// assert!(Quota::PERIOD_MIN < Quota::PERIOD_MAX);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Quota {
    /// Permits per period: 1 to [`PERMITS_MAX`](Quota::PERMITS_MAX), 1,000,000.
    pub permits: u32,
    /// The period: 1 ms to 31 days.
    pub period: Duration,
    /// Permits that may be used at once, after a quiet time: 1 to
    /// [`PERMITS_MAX`](Quota::PERMITS_MAX). As long as it is not set, as many as `permits`. A leaky
    /// bucket has so many places for calls that wait; the windows have no burst of their own.
    pub burst: u32,
}

impl Quota {
    /// The most permits per period, and the largest burst.
    pub const PERMITS_MAX: u32 = 1_000_000;
    /// The shortest period.
    pub const PERIOD_MIN: Duration = Duration::from_millis(1);
    /// The longest period.
    pub const PERIOD_MAX: Duration = Duration::from_secs(31 * 24 * 3600);

    /// So many permits per period, all of which may be used at once.
    pub const fn new(permits: u32, period: Duration) -> Self {
        Self { permits, period, burst: permits }
    }

    /// So many permits per second, all of which may be used at once.
    pub const fn per_second(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(1))
    }

    /// So many permits per minute, all of which may be used at once.
    pub const fn per_minute(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(60))
    }

    /// So many permits per hour, all of which may be used at once.
    pub const fn per_hour(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(3600))
    }

    /// So many permits per day, all of which may be used at once.
    pub const fn per_day(permits: u32) -> Self {
        Self::new(permits, Duration::from_secs(24 * 3600))
    }

    /// How many permits may be used at once. See [`Quota::burst`](field@Quota::burst).
    #[must_use]
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = burst;
        self
    }

    /// The time in which one permit comes back: the period divided by the permits, in whole
    /// nanoseconds, rounded up, so that there are never more permits than were asked for.
    pub const fn interval(&self) -> Duration {
        Duration::from_nanos(self.interval_nanos())
    }

    pub(super) const fn interval_nanos(&self) -> u64 {
        let permits = if self.permits == 0 { 1 } else { self.permits as u64 };
        let interval = self.period_nanos().div_ceil(permits);
        if interval == 0 { 1 } else { interval }
    }

    pub(super) const fn period_nanos(&self) -> u64 {
        let period = saturating_nanos(self.period);
        if period == 0 { 1 } else { period }
    }

    /// How many permits one call may ask for.
    pub(super) const fn most_at_once(&self, algorithm: Algorithm) -> u32 {
        let most = if algorithm.is_window() { self.permits } else { self.burst };
        if most == 0 { 1 } else { most }
    }

    pub(super) fn check(&self, name: &Name, algorithm: Algorithm) -> Result<(), Invalid> {
        let permits = 1..=Self::PERMITS_MAX;
        let invalid = |setting: &'static str, expected, got| {
            Err(Invalid::new(name.clone(), setting, expected, got))
        };
        if !permits.contains(&self.permits) {
            let expected = alloc::format!("1 to {} permits per period", Self::PERMITS_MAX);
            return invalid("quota", expected, alloc::format!("{}", self.permits)).map_err(
                |wrong| {
                    wrong.with_advice(
                    "write a larger quota with a shorter period, and open a breaker by force to \
                     let nothing pass",
                )
                },
            );
        }
        if !(Self::PERIOD_MIN..=Self::PERIOD_MAX).contains(&self.period) {
            let expected = "a period from 1ms to 31 days".into();
            return invalid("quota", expected, alloc::format!("{:?}", self.period));
        }
        if !permits.contains(&self.burst) {
            let expected = alloc::format!("1 to {} permits", Self::PERMITS_MAX);
            return invalid("burst", expected, alloc::format!("{}", self.burst));
        }
        if algorithm.is_window() && self.burst != self.permits {
            let expected = alloc::format!("{}, the permits of the window", self.permits);
            return invalid("burst", expected, alloc::format!("{}", self.burst)).map_err(|wrong| {
                wrong.with_advice(
                    "leave out `burst` with a window, or choose the token bucket, which has one",
                )
            });
        }
        if self.interval_nanos().saturating_mul(self.burst.into()) > FILL_NANOS_MAX {
            let got = alloc::format!("{} permits of {:?} each", self.burst, self.interval());
            let expected = "a burst that fills up again within 30 years".into();
            return invalid("burst", expected, got);
        }
        Ok(())
    }
}

/// Leaves the sum of a time and of a burst far from the end of the timeline.
const FILL_NANOS_MAX: u64 = 30 * 365 * 24 * 3600 * 1_000_000_000;

impl fmt::Display for Quota {
    /// As it is parsed, with the burst where it differs: `100/s, burst 20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, nanos)| *nanos == self.period_nanos());
        match unit {
            Some((name, _)) => write!(f, "{}/{name}", self.permits)?,
            None => write!(f, "{}/{:?}", self.permits, self.period)?,
        }
        if self.burst == self.permits { Ok(()) } else { write!(f, ", burst {}", self.burst) }
    }
}

const UNITS: [(&str, u64); 5] = [
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// A text that is no [`Quota`].
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::Quota;
///
/// let error = "often".parse::<Quota>().unwrap_err();
/// println!("{error}");
/// assert_eq!("600/m".parse::<Quota>(), Ok(Quota::per_minute(600)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseQuotaError;

impl fmt::Display for ParseQuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a rate must be a number of permits, a slash and a period of `ms`, `s`, `m`, `h` or \
             `d`; write for example `100/s`, `10/m` or `500/10s`",
        )
    }
}

impl core::error::Error for ParseQuotaError {}

impl FromStr for Quota {
    type Err = ParseQuotaError;

    /// Reads `100/s`, `10/m` or `500/10s`; the burst is that of [`Quota::new`].
    fn from_str(text: &str) -> Result<Self, ParseQuotaError> {
        let (permits, period) = text.split_once('/').ok_or(ParseQuotaError)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| ParseQuotaError);
        let period = period.trim();
        let digits = period.find(|c: char| !c.is_ascii_digit()).ok_or(ParseQuotaError)?;
        let (count, unit) = period.split_at(digits);
        let count = if count.is_empty() { 1 } else { number(count)? };
        let (_, nanos) =
            UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or(ParseQuotaError)?;
        let period = Duration::from_nanos(nanos.saturating_mul(count.into()));
        Ok(Self::new(number(permits)?, period))
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_rate_is_read_and_shown_alike() {
        for text in ["100/s", "10/m", "1/h", "5000/ms", "7/d"] {
            assert_eq!(text.parse::<Quota>().map(|quota| quota.to_string()), Ok(text.to_string()));
        }
        let quota: Quota = " 500 / 10s ".parse().unwrap();
        assert_eq!(quota, Quota::new(500, Duration::from_secs(10)));
        assert_eq!(quota.burst(3).to_string(), "500/10s, burst 3");
        for text in ["", "100", "/s", "100/", "100/10", "-1/s", "1.5/s", "100/week", "s/100"] {
            assert_eq!(text.parse::<Quota>(), Err(ParseQuotaError), "{text}");
        }
    }

    #[test]
    fn an_interval_is_rounded_so_that_there_are_never_more_permits() {
        assert_eq!(Quota::per_second(3).interval_nanos(), 333_333_334);
        assert_eq!(Quota::new(1_000_000, Quota::PERIOD_MIN).interval_nanos(), 1);
        assert_eq!(Quota::new(0, Duration::ZERO).interval_nanos(), 1);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let name = Name::from("api");
        let refused = |quota: Quota, algorithm| {
            quota.check(&name, algorithm).map_err(|invalid| invalid.setting().to_string())
        };
        let bucket = Algorithm::TokenBucket;
        let quota = || Err("quota".to_string());
        let burst = || Err("burst".to_string());
        assert_eq!(refused(Quota::per_second(0), bucket), quota());
        assert_eq!(refused(Quota::per_second(1_000_001), bucket), quota());
        assert_eq!(refused(Quota::new(1, Duration::from_micros(999)), bucket), quota());
        assert_eq!(refused(Quota::new(1, Duration::MAX), bucket), quota());
        assert_eq!(refused(Quota::per_second(1).burst(0), bucket), burst());
        assert_eq!(refused(Quota::per_second(1).burst(1_000_001), bucket), burst());
        assert_eq!(refused(Quota::per_day(1).burst(1_000_000), bucket), burst());
        assert_eq!(refused(Quota::per_second(2).burst(1), Algorithm::FixedWindow), burst());
        assert_eq!(refused(Quota::per_second(1_000_000), bucket), Ok(()));
        assert_eq!(refused(Quota::new(1, Quota::PERIOD_MAX).burst(350), bucket), Ok(()));
    }
}
