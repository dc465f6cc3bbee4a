//! Numbers and names as the page writes them, for where they stand in a sentence.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

/// `40,075`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut written = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            written.push(',');
        }
        written.push(digit);
    }
    written
}

/// `14 µs`, `1.9 s`: two digits where there is less than ten of the unit.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let units =
        [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    if duration.is_zero() {
        return "0 s".into();
    }
    let found = units.into_iter().find(|(unit, _)| seconds >= *unit);
    let (unit, name) = found.unwrap_or((1e-9, "ns"));
    let shown = seconds / unit;
    // A decimal that is zero says nothing: what somebody has set is mostly a whole number.
    let whole = (shown - shown.round()).abs() < 0.05;
    if shown < 10.0 && !whole { format!("{shown:.1} {name}") } else { format!("{shown:.0} {name}") }
}

/// A name of this crate as people say it: `breaker open` for `breaker_open`.
pub(crate) fn spoken(name: &str) -> Cow<'_, str> {
    if name.contains('_') { Cow::Owned(name.replace('_', " ")) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_page_does() {
        let counts = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, written) in counts {
            assert_eq!(count(number), written);
        }
        let durations = [
            (0, "0 s"),
            (12, "12 ns"),
            (10_536, "11 µs"),
            (9_540, "9.5 µs"),
            (200_000_000, "200 ms"),
            (1_000_000_000, "1 s"),
            (1_949_000_000, "1.9 s"),
            (90_000_000_000, "1.5 min"),
        ];
        for (nanos, written) in durations {
            assert_eq!(duration(Duration::from_nanos(nanos)), written);
        }
    }

    #[test]
    fn names_are_written_as_words() {
        assert_eq!(spoken("breaker_open"), "breaker open");
        assert_eq!(spoken("transient"), "transient");
    }
}
