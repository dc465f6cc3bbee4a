//! Dates of the calendar that everybody uses, and days since 1970-01-01, one from the other.
//!
//! Years are counted from March, so that the day that is not in every year is the last one, and the
//! months before it are 153 days for every five; and in eras of 400 years, all of which have the same
//! number of days.

const ERA_DAYS: i64 = 146_097;
/// From the first of March of the year 0 to the first of January 1970.
const EPOCH: i64 = 719_468;

/// Year, month and day, 1 to 12 and 1 to 31, so many days after 1970-01-01; for some 10^16 days either
/// way.
pub(crate) const fn date(day: i64) -> (i64, u32, u32) {
    let day = day + EPOCH;
    let (era, of_era) = (day.div_euclid(ERA_DAYS), day.rem_euclid(ERA_DAYS));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year;
    (if month <= 2 { year + 1 } else { year }, month as u32, of_month as u32)
}

/// The first day of a month, 1 to 12, in days after 1970-01-01.
#[cfg_attr(not(feature = "sre"), allow(dead_code, reason = "for windows that follow the calendar"))]
pub(crate) const fn first_day(year: i64, month: u32) -> i64 {
    let from_march = (month as i64 + 9) % 12;
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * from_march + 2) / 5;
    era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    /// Day after day by the rule that children learn.
    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (-300_i64, 1, 1);
        let start = first_day(year, month);
        for days in start..start + 1_000 * 366 {
            assert_eq!(date(days), (year, month, day), "{days}");
            if day == 1 {
                assert_eq!(first_day(year, month), days, "{year}-{month}");
            }
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
    }
}
