use alloc::format;
use core::time::Duration;

use super::super::reader::{Place, Reader, Spot, Table};
use super::only_one;
use crate::document::Value;
use crate::sre::arithmetic::calendar;
use crate::sre::{CalendarUnit, UtcOffset, Window};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The letters that mean the same length every time.
const LENGTHS: [(char, u64); 4] = [('m', MINUTE), ('h', HOUR), ('d', DAY), ('w', 7 * DAY)];

/// The calendar windows that there are.
pub(super) const CALENDAR: [(&str, CalendarUnit); 4] = [
    ("1d", CalendarUnit::Day),
    ("1w", CalendarUnit::Week),
    ("1M", CalendarUnit::Month),
    ("1Q", CalendarUnit::Quarter),
];

/// Reads the list of the one window.
pub(super) fn read(reader: &mut Reader<'_>, spec: &Table<'_>) -> Option<(Window, Spot)> {
    let such_as = "`timeWindow: [{ duration: 30d, isRolling: true }]`";
    let list = reader.required(spec, "timeWindow", such_as)?;
    let place = only_one(reader, &list, "windows", "each promise is over one window")?;
    let table = reader.table(&place, &["duration", "isRolling", "calendar"])?;
    let duration = reader.required(&table, "duration", "`duration: 30d`");
    let rolling = match table.value("isRolling") {
        Some(place) => Some((reader.flag(&place)?, Some(place))),
        None => None,
    };
    match (rolling, table.value("calendar")) {
        (Some((true, _)), None) => {
            let duration = duration?;
            let length = length(reader, &duration, "30d")?;
            Some((Window::rolling(length), duration.spot()))
        }
        (None | Some((false, _)), Some(calendar)) => {
            let offset = self::calendar(reader, &calendar, duration.as_ref());
            let duration = duration?;
            let unit =
                reader.word(&duration, &CALENDAR, " for a calendar window (`m` are minutes)")?;
            Some((Window::calendar(unit).at(offset?), duration.spot()))
        }
        (Some((true, Some(place))), Some(_)) => {
            let message = format!("`{}` is true beside `calendar`; keep one of them", place.path);
            reader.refuse(&place.node.span, message);
            None
        }
        _ => {
            let message = format!(
                "`{}` needs `isRolling: true`, or `calendar: {{ startTime: .., timeZone: .. }}`",
                place.path
            );
            reader.refuse(&place.node.span, message);
            None
        }
    }
}

/// A whole number and one of OpenSLO's letters, of those that always mean the same length.
pub(super) fn length(
    reader: &mut Reader<'_>,
    place: &Place<'_>,
    such_as: &str,
) -> Option<Duration> {
    let Value::Text(text) = &place.node.value else {
        return reader.wrong(place, &format!("a whole number and a letter, such as `{such_as}`"));
    };
    let length = text.chars().next_back().and_then(|letter| {
        let number = text.strip_suffix(letter)?;
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let (_, seconds) = LENGTHS.iter().find(|(known, _)| *known == letter)?;
        let number = number.parse::<u64>().ok().filter(|_| digits)?;
        number.checked_mul(*seconds)
    });
    if let Some(seconds) = length {
        return Some(Duration::from_secs(seconds));
    }
    let reason = match text.chars().next_back() {
        Some('M' | 'Q' | 'Y') => "; months, quarters and years have no fixed length",
        Some('s') => "; OpenSLO has no seconds",
        _ => "",
    };
    let expected = format!(
        "a whole number and `m`, `h`, `d` or `w` for minutes to weeks, such as `{such_as}`{reason}"
    );
    reader.wrong(place, &expected)
}

/// Checks where the window begins, which has to be where the calendar does, and answers in which zone.
fn calendar(
    reader: &mut Reader<'_>,
    place: &Place<'_>,
    duration: Option<&Place<'_>>,
) -> Option<UtcOffset> {
    let table = reader.table(place, &["startTime", "timeZone"])?;
    let start = reader.required(&table, "startTime", "`startTime: \"2024-01-01 00:00:00\"`");
    let unit = duration.and_then(|place| match &place.node.value {
        Value::Text(text) => CALENDAR.iter().find(|(word, _)| word == text).map(|(_, unit)| *unit),
        _ => None,
    });
    if let (Some(start), Some(unit)) = (&start, unit) {
        begins(reader, start, unit);
    }
    let zone = reader.required(&table, "timeZone", "`timeZone: Etc/UTC`")?;
    let offset = match &zone.node.value {
        Value::Text(text) => offset_of(text),
        _ => None,
    };
    match offset {
        Some(offset) => Some(offset),
        None => reader.wrong(
            &zone,
            "a zone without summer time: `Etc/UTC`, or `Etc/GMT-2` for two hours ahead of UTC (the \
             sign is that of the zone database)",
        ),
    }
}

fn begins(reader: &mut Reader<'_>, place: &Place<'_>, unit: CalendarUnit) {
    let begins = match &place.node.value {
        Value::Text(text) => unix_seconds(text),
        _ => None,
    };
    let (expected, good) = match unit {
        CalendarUnit::Day => ("midnight", "2024-01-01 00:00:00"),
        CalendarUnit::Week => ("midnight of a Monday", "2024-01-01 00:00:00"),
        CalendarUnit::Month => ("midnight of the first of a month", "2024-01-01 00:00:00"),
        CalendarUnit::Quarter => {
            ("midnight of the first of January, April, July or October", "2024-01-01 00:00:00")
        }
    };
    let is_begin = |at: i64| calendar::bounds(at, unit, UtcOffset::UTC).0 == at;
    if !begins.is_some_and(is_begin) {
        let _: Option<()> = reader.wrong(place, &format!("{expected}, such as `\"{good}\"`"));
    }
}

/// `2024-01-31 12:30:00`, as if it were in UTC.
fn unix_seconds(text: &str) -> Option<i64> {
    let (date, time) = text.split_once([' ', 'T'])?;
    let numbers = |text: &str, between: char| {
        let mut parts = text.split(between).map(|part| {
            let digits = part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<i64>().ok().filter(|_| digits)
        });
        let numbers = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(numbers)
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let of_day = hour * 3600 + minute * 60 + second;
    let in_range = hour < 24 && minute < 60 && second < 60;
    calendar::day(year, month, day).filter(|_| in_range).map(|day| day * DAY as i64 + of_day)
}

/// Zones that are the same all the year by their name; in `Etc/GMT` the sign is the other way round.
fn offset_of(zone: &str) -> Option<UtcOffset> {
    if matches!(zone, "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT" | "Etc/GMT0" | "Z" | "Etc/Zulu") {
        return Some(UtcOffset::UTC);
    }
    let (sign, hours) = match zone.strip_prefix("Etc/GMT")?.split_at_checked(1)? {
        ("-", hours) => (1, hours),
        ("+", hours) => (-1, hours),
        _ => return None,
    };
    let plain = hours.bytes().all(|byte| byte.is_ascii_digit()) && !hours.starts_with('0');
    let hours = hours.parse::<i16>().ok().filter(|_| plain)?;
    // The database has these from 14 hours ahead to 12 behind.
    let known = if sign > 0 { hours <= 14 } else { hours <= 12 };
    UtcOffset::try_minutes(sign * hours * 60).filter(|_| known)
}

/// The zone of an offset; `None` if the database has none that is the same all the year by its name.
pub(super) fn zone(offset: UtcOffset) -> Option<alloc::string::String> {
    let minutes = offset.as_minutes();
    if minutes == 0 {
        return Some("Etc/UTC".into());
    }
    let known = minutes % 60 == 0 && (-12 * 60..=14 * 60).contains(&minutes);
    let sign = if minutes < 0 { '+' } else { '-' };
    known.then(|| format!("Etc/GMT{sign}{}", minutes.unsigned_abs() / 60))
}

/// A length as OpenSLO writes it; `None` if it is no whole number of minutes.
pub(super) fn shorthand(length: Duration) -> Option<alloc::string::String> {
    let seconds =
        Some(length.as_secs()).filter(|seconds| length.subsec_nanos() == 0 && *seconds > 0)?;
    let units = [('d', DAY), ('h', HOUR), ('m', MINUTE)];
    let (letter, unit) = units.iter().find(|(_, unit)| seconds.is_multiple_of(*unit))?;
    Some(format!("{}{letter}", seconds / unit))
}
