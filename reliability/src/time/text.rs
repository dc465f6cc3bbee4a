//! Durations as people write them: a number and a unit.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

/// Units, in nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("µs", 1_000),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// What people write for a unit, by the letters it begins with.
const MEANT: [(&str, &str); 9] = [
    ("nano", "ns"),
    ("micro", "us"),
    ("milli", "ms"),
    ("msec", "ms"),
    ("sec", "s"),
    ("min", "m"),
    ("hour", "h"),
    ("hr", "h"),
    ("day", "d"),
];

/// Reads `"250ms"` or `"1.5s"`, exactly; the error says what to write.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
    let end = text.find(|c| !is_number(c)).unwrap_or(text.len());
    let (number, unit) = (text[..end].replace('_', ""), text[end..].trim());
    if number.is_empty() {
        return Err("write a number and a unit, such as \"250ms\"".into());
    }
    if unit.is_empty() {
        return Err(format!("the unit is missing: write \"{number}ms\" or \"{number}s\""));
    }
    let Some((_, unit_nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(unknown_unit(&number, unit));
    };
    exact_nanos(&number, *unit_nanos).map(Duration::from_nanos).ok_or_else(|| {
        "write a number that is exact to a nanosecond and at most 584 years, such as \"1.5s\""
            .into()
    })
}

/// A duration as one would write it: in the largest unit that needs no fraction.
#[cfg(any(feature = "config", test))]
pub(crate) fn write_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let whole = |(_, unit): &&(&str, u64)| nanos.is_multiple_of(u128::from(*unit));
    match UNITS.iter().rfind(whole) {
        Some((name, unit)) if nanos > 0 => format!("{}{name}", nanos / u128::from(*unit)),
        _ => "0s".into(),
    }
}

fn unknown_unit(number: &str, unit: &str) -> String {
    let lower = unit.to_lowercase();
    let known = UNITS.iter().map(|(name, _)| *name).find(|name| *name == lower);
    let begun = MEANT.iter().find(|(begin, _)| lower.starts_with(begin)).map(|(_, meant)| *meant);
    match known.or(begun) {
        Some(meant) => format!("the unit `{unit}` is unknown: write \"{number}{meant}\""),
        None => format!("the unit `{unit}` is unknown: write ns, us, ms, s, m, h or d"),
    }
}

/// Without a detour through floating point: `1.5` seconds are 1,500,000,000 ns.
fn exact_nanos(number: &str, unit_nanos: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 15)?;
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scaled = fraction * u128::from(unit_nanos);
    let part = 10_u128.pow(digits);
    if !scaled.is_multiple_of(part) || number == "." {
        return None;
    }
    let nanos = u128::from(whole) * u128::from(unit_nanos) + scaled / part;
    u64::try_from(nanos).ok()
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_and_a_unit_is_a_duration() {
        let cases = [
            ("250ms", Duration::from_millis(250)),
            (" 1.5 s ", Duration::from_millis(1_500)),
            (".5s", Duration::from_millis(500)),
            ("1_000us", Duration::from_millis(1)),
            ("3µs", Duration::from_micros(3)),
            ("0s", Duration::ZERO),
            ("0.25h", Duration::from_secs(900)),
            ("365d", Duration::from_secs(365 * 86_400)),
        ];
        for (text, duration) in cases {
            assert_eq!(parse_duration(text), Ok(duration), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_what_to_write() {
        let cases = [
            ("", "write a number and a unit"),
            ("-1s", "write a number and a unit"),
            ("800", "write \"800ms\" or \"800s\""),
            ("5 seconds", "write \"5s\""),
            ("5S", "write \"5s\""),
            ("5 parsec", "write ns, us, ms, s, m, h or d"),
            ("0.3ns", "exact to a nanosecond"),
            ("1.2.3s", "exact to a nanosecond"),
            (".s", "exact to a nanosecond"),
            ("99999999999999999999d", "at most 584 years"),
            ("1d1d", "write ns, us, ms, s, m, h or d"),
        ];
        for (text, advice) in cases {
            let refused = parse_duration(text).expect_err(text);
            assert!(refused.contains(advice), "{text}: {refused}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(
            text in prop_oneof![any::<String>(), "[0-9_.]{0,12} ?(ns|us|µs|ms|s|m|h|d|x)?"],
        ) {
            // Bytes of several lengths must not be cut apart.
            match parse_duration(&text) {
                Ok(read) => {
                    prop_assert!(text.contains(|c: char| c.is_ascii_digit()));
                    prop_assert_eq!(parse_duration(&write_duration(read)), Ok(read));
                }
                Err(advice) => prop_assert!(!advice.is_empty()),
            }
        }

        #[test]
        fn what_was_written_is_read_again(nanos in any::<u64>()) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse_duration(&write_duration(duration)), Ok(duration));
        }
    }
}
