use core::fmt;
use core::time::Duration;

const HOUR: u64 = 3600;
pub(in crate::sre) const DAY: u64 = 24 * HOUR;

/// The time over which a promise is kept.
///
/// # Examples
///
/// ```
/// use reliability::sre::{CalendarUnit, UtcOffset, Window};
///
/// assert_eq!(Window::days(30).to_string(), "30d");
///
/// let month = Window::calendar(CalendarUnit::Month).at(UtcOffset::hours(2));
/// assert_eq!(month.to_string(), "calendar month (UTC+02:00)");
/// assert_eq!(month.nominal().as_secs(), 30 * 24 * 3600);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Window {
    /// The time up to now: what was bad leaves the budget when it is that old.
    Rolling(Duration),
    /// Since the day, week, month or quarter began: the budget is whole again with the next one.
    Calendar {
        /// What begins.
        unit: CalendarUnit,
        /// Where it begins.
        offset: UtcOffset,
    },
}

/// What a calendar window begins with.
///
/// # Examples
///
/// ```
/// use reliability::sre::{CalendarUnit, Window};
///
/// let quarter = Window::calendar(CalendarUnit::Quarter);
/// assert_eq!(quarter.nominal().as_secs(), 90 * 24 * 3600);
/// assert_eq!(CalendarUnit::Quarter.to_string(), "quarter");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CalendarUnit {
    /// Midnight.
    Day,
    /// Monday.
    Week,
    /// The first of the month.
    Month,
    /// The first of January, April, July and October.
    Quarter,
}

/// How far a place's clock is ahead of UTC, all the year.
///
/// Zones of the IANA database, which change with the season, are not supported: that takes a database
/// that is kept up to date, and a window that is 23 hours long once a year.
///
/// # Examples
///
/// ```
/// use reliability::sre::{CalendarUnit, UtcOffset, Window};
///
/// const INDIA: UtcOffset = UtcOffset::minutes(5 * 60 + 30);
/// assert_eq!(INDIA.as_minutes(), 330);
/// assert_eq!(UtcOffset::hours(0), UtcOffset::UTC);
/// assert_eq!(UtcOffset::try_minutes(24 * 60), None);
///
/// let day = Window::calendar(CalendarUnit::Day).at(INDIA);
/// assert_eq!(day.to_string(), "calendar day (UTC+05:30)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UtcOffset {
    minutes: i16,
}

impl Window {
    /// The last so many days.
    pub const fn days(days: u32) -> Self {
        Self::Rolling(Duration::from_secs(days as u64 * DAY))
    }

    /// The time up to now, of that length.
    pub const fn rolling(length: Duration) -> Self {
        Self::Rolling(length)
    }

    /// Since the unit began in UTC.
    pub const fn calendar(unit: CalendarUnit) -> Self {
        Self::Calendar { unit, offset: UtcOffset::UTC }
    }

    /// A calendar window that begins where clocks are that far ahead. Rolling windows begin anywhere.
    #[must_use]
    pub const fn at(self, offset: UtcOffset) -> Self {
        match self {
            Self::Calendar { unit, .. } => Self::Calendar { unit, offset },
            Self::Rolling(_) => self,
        }
    }

    /// Its length; of a calendar month 30 days, of a quarter 90, which is what burn rates are
    /// computed with.
    pub const fn nominal(self) -> Duration {
        match self {
            Self::Rolling(length) => length,
            Self::Calendar { unit, .. } => Duration::from_secs(match unit {
                CalendarUnit::Day => DAY,
                CalendarUnit::Week => 7 * DAY,
                CalendarUnit::Month => 30 * DAY,
                CalendarUnit::Quarter => 90 * DAY,
            }),
        }
    }
}

impl UtcOffset {
    /// No offset.
    pub const UTC: UtcOffset = UtcOffset { minutes: 0 };

    /// So many hours ahead of UTC; behind it when negative.
    ///
    /// # Panics
    ///
    /// When it is more than 18 hours either way; in a constant that is an error of the compiler.
    pub const fn hours(hours: i8) -> Self {
        Self::minutes(hours as i16 * 60)
    }

    /// So many minutes ahead of UTC; behind it when negative.
    ///
    /// # Panics
    ///
    /// As [`hours`](UtcOffset::hours).
    pub const fn minutes(minutes: i16) -> Self {
        match Self::try_minutes(minutes) {
            Some(offset) => offset,
            None => panic!("an offset from UTC must be at most 18 hours either way"),
        }
    }

    /// So many minutes ahead of UTC; `None` when it is more than 18 hours either way.
    pub const fn try_minutes(minutes: i16) -> Option<Self> {
        if minutes < -18 * 60 || minutes > 18 * 60 { None } else { Some(Self { minutes }) }
    }

    /// The offset in minutes.
    pub const fn as_minutes(self) -> i16 {
        self.minutes
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rolling(length) => write!(f, "{}", Length(*length)),
            Self::Calendar { unit, offset } => write!(f, "calendar {unit} ({offset})"),
        }
    }
}

impl fmt::Display for CalendarUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        })
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.minutes.unsigned_abs();
        let sign = if self.minutes < 0 { '-' } else { '+' };
        match minutes {
            0 => f.write_str("UTC"),
            _ => write!(f, "UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60),
        }
    }
}

/// A length of time in the largest unit that needs no fraction.
pub(in crate::sre) struct Length(pub(in crate::sre) Duration);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [(DAY, "d"), (HOUR, "h"), (60, "m"), (1, "s")];
        let whole = self.0.subsec_nanos() == 0 && seconds > 0;
        match units.iter().find(|(unit, _)| whole && seconds.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{}{name}", seconds / unit),
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn lengths_are_written_as_people_say_them() {
        let cases = [(72 * HOUR, "3d"), (6 * HOUR, "6h"), (300, "5m"), (90, "90s"), (0, "0ns")];
        for (seconds, text) in cases {
            assert_eq!(Length(Duration::from_secs(seconds)).to_string(), text);
        }
        assert_eq!(Length(Duration::from_millis(1500)).to_string(), "1.5s");
        assert_eq!(UtcOffset::minutes(-150).to_string(), "UTC-02:30");
        assert_eq!(UtcOffset::try_minutes(18 * 60 + 1), None);
    }
}
