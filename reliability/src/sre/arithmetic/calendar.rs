//! Where days, weeks, months and quarters begin.

use crate::sre::promise::window::DAY;
use crate::sre::{CalendarUnit, UtcOffset};
use crate::time::{date, first_day};

const DAY_SECONDS: i64 = DAY as i64;

/// Beginning and end of the unit that a moment lies in, all in seconds since 1970 in UTC.
pub(in crate::sre) fn bounds(
    unix_seconds: i64,
    unit: CalendarUnit,
    offset: UtcOffset,
) -> (i64, i64) {
    // 100 million years either way, beyond which no clock is meant seriously.
    let local = unix_seconds.clamp(-(1 << 51), 1 << 51) + i64::from(offset.as_minutes()) * 60;
    let day = local.div_euclid(DAY_SECONDS);
    let (begin, end) = match unit {
        CalendarUnit::Day => (day, day + 1),
        CalendarUnit::Week => {
            // The first day of 1970 was a Thursday.
            let monday = day - (day + 3).rem_euclid(7);
            (monday, monday + 7)
        }
        CalendarUnit::Month => months(day, 1),
        CalendarUnit::Quarter => months(day, 3),
    };
    let unix = |day: i64| day * DAY_SECONDS - i64::from(offset.as_minutes()) * 60;
    (unix(begin), unix(end))
}

/// The days on which the group of so many months begins and ends that a day lies in.
fn months(day: i64, group: i64) -> (i64, i64) {
    let (year, month, _) = date(day);
    let months = (year * 12 + i64::from(month) - 1).div_euclid(group) * group;
    let first = |months: i64| first_day(months.div_euclid(12), months.rem_euclid(12) as u32 + 1);
    (first(months), first(months + group))
}

/// A date of a file, in days since 1970; months and days are counted from 1. `None` if there is none.
#[cfg(feature = "config")]
pub(in crate::sre) fn day(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=9_999).contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let (first, next) = months(first_day(year, month as u32), 1);
    Some(first + day - 1).filter(|day| *day < next)
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UTC: UtcOffset = UtcOffset::UTC;

    /// By `date -u -d .. +%s`.
    #[test]
    fn known_dates_lie_in_their_units() {
        let at = 1_709_210_096; // Thursday, 2024-02-29 12:34:56
        let cases = [
            (CalendarUnit::Day, 1_709_164_800, 1_709_251_200),
            (CalendarUnit::Week, 1_708_905_600, 1_709_510_400),
            (CalendarUnit::Month, 1_706_745_600, 1_709_251_200),
            (CalendarUnit::Quarter, 1_704_067_200, 1_711_929_600),
        ];
        for (unit, begin, end) in cases {
            assert_eq!(bounds(at, unit, UTC), (begin, end), "{unit}");
        }
        // In Tokyo the last day of the year is over nine hours earlier.
        let (begin, end) = bounds(1_735_657_200, CalendarUnit::Month, UtcOffset::hours(9));
        assert_eq!((begin, end), (1_735_657_200, 1_738_335_600));
        assert_eq!(bounds(1_735_657_199, CalendarUnit::Month, UtcOffset::hours(9)).1, begin);
        assert_eq!(bounds(-1, CalendarUnit::Day, UTC), (-86_400, 0));
    }

    #[cfg(feature = "config")]
    #[test]
    fn a_date_is_a_day_or_none() {
        assert_eq!(day(1970, 1, 1), Some(0));
        assert_eq!(day(2024, 2, 29), Some(1_709_164_800 / DAY_SECONDS));
        for (year, month, of_month) in
            [(2023, 2, 29), (2024, 13, 1), (2024, 0, 1), (2024, 4, 31), (0, 1, 1)]
        {
            assert_eq!(day(year, month, of_month), None, "{year}-{month}-{of_month}");
        }
    }

    proptest! {
        #[test]
        fn units_follow_each_other_without_gaps(
            at in -1_i64 << 45..1_i64 << 45,
            unit in prop_oneof![Just(CalendarUnit::Day), Just(CalendarUnit::Week), Just(CalendarUnit::Month), Just(CalendarUnit::Quarter)],
            minutes in -1080_i16..1080,
        ) {
            let offset = UtcOffset::minutes(minutes);
            let (begin, end) = bounds(at, unit, offset);
            prop_assert!(begin <= at && at < end);
            prop_assert_eq!(bounds(begin, unit, offset), (begin, end));
            prop_assert_eq!(bounds(end - 1, unit, offset), (begin, end));
            prop_assert_eq!(bounds(end, unit, offset).0, end);
            prop_assert_eq!(bounds(begin - 1, unit, offset).1, begin);
            let days = (end - begin) / 86_400;
            let most = match unit {
                CalendarUnit::Day => 1..=1,
                CalendarUnit::Week => 7..=7,
                CalendarUnit::Month => 28..=31,
                CalendarUnit::Quarter => 90..=92,
            };
            prop_assert!(most.contains(&days));
        }
    }
}
