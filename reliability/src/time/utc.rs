use core::fmt;
use std::time::{Duration, SystemTime};

use super::civil::date;

/// A moment as the calendar has it, at the meridian of Greenwich: `2026-11-21T18:26:47.250000Z`.
///
/// By [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339), to a microsecond. Years before 1970 and
/// after 9999 are the first and the last moment between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Utc {
    pub(crate) year: u32,
    /// 1 to 12.
    pub(crate) month: u32,
    /// 1 to 31.
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    micros: u32,
}

/// 9999-12-31T23:59:59.999999Z.
const LAST: Duration = Duration::new(253_402_300_799, 999_999_000);

impl From<SystemTime> for Utc {
    fn from(at: SystemTime) -> Self {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().min(LAST);
        let (days, of_day) = (since.as_secs() / 86_400, (since.as_secs() % 86_400) as u32);
        let (year, month, day) = date(days.cast_signed());
        Self {
            // Not before 1970, and not after 9999.
            year: year as u32,
            month,
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            micros: since.subsec_micros(),
        }
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, micros } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    fn written(seconds: u64) -> std::string::String {
        Utc::from(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
    }

    #[test]
    fn known_moments() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (951_868_800, "2000-03-01T00:00:00.000000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000000Z"),
            (1_795_285_607, "2026-11-21T18:26:47.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
            (253_402_300_800, "9999-12-31T23:59:59.999999Z"),
        ];
        for (seconds, wanted) in cases {
            assert_eq!(written(seconds), wanted, "{seconds}");
        }
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Utc::from(before).to_string(), "1970-01-01T00:00:00.000000Z");
    }
}
