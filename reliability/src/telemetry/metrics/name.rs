//! What OpenTelemetry takes as the name and the unit of a metric ("Instrument name syntax" and
//! "Instrument unit" of its specification of the metrics API).

/// The longest name.
const NAME_MAX: usize = 255;
/// The longest unit.
const UNIT_MAX: usize = 63;

pub(super) const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > NAME_MAX || !bytes[0].is_ascii_alphabetic() {
        return false;
    }
    let mut at = 1;
    while at < bytes.len() {
        if !matches!(bytes[at], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'/')
        {
            return false;
        }
        at += 1;
    }
    true
}

pub(super) const fn is_unit(unit: &str) -> bool {
    unit.is_ascii() && unit.len() <= UNIT_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_open_telemetry() {
        for good in ["a", "shop.orders", "http.server.request.duration", "A-b/c_d9"] {
            assert!(is_name(good), "{good}");
        }
        assert!(is_name(&"n".repeat(NAME_MAX)));
        for bad in ["", "9lives", ".orders", "two words", "größe", "a{b}"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(!is_name(&"n".repeat(NAME_MAX + 1)));
    }

    #[test]
    fn units_are_short_and_of_ascii() {
        for good in ["", "s", "By", "{order}", "By/s"] {
            assert!(is_unit(good), "{good}");
        }
        for bad in ["µs", &*"u".repeat(UNIT_MAX + 1)] {
            assert!(!is_unit(bad), "{bad}");
        }
    }
}
