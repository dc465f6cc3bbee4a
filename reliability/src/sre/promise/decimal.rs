//! Decimal numbers as people write them, without a detour through floating point.

use core::fmt;

/// Reads `"99.95"` with so many digits behind the point as a whole number: 6 places make it
/// 99,950,000. `None` for what is no such number, or has more digits than that.
pub(in crate::sre) const fn parse(text: &str, places: u32) -> Option<u64> {
    let bytes = text.as_bytes();
    let (mut at, mut value, mut digits) = (0, 0_u64, 0);
    let mut behind: Option<u32> = None;
    while at < bytes.len() {
        match bytes[at] {
            b'.' if behind.is_none() => behind = Some(0),
            b'_' if digits > 0 => {}
            digit @ b'0'..=b'9' => {
                digits += 1;
                if let Some(count) = behind {
                    if count == places {
                        return None;
                    }
                    behind = Some(count + 1);
                }
                value = match value.checked_mul(10) {
                    Some(value) => match value.checked_add((digit - b'0') as u64) {
                        Some(value) => value,
                        None => return None,
                    },
                    None => return None,
                };
            }
            _ => return None,
        }
        at += 1;
    }
    if digits == 0 {
        return None;
    }
    let missing = match behind {
        Some(count) => places - count,
        None => places,
    };
    value.checked_mul(10_u64.pow(missing))
}

/// Writes a whole number with so many places behind the point, without zeros that say nothing.
pub(in crate::sre) fn write(f: &mut fmt::Formatter<'_>, value: u64, places: u32) -> fmt::Result {
    let one = 10_u64.pow(places);
    let (whole, mut fraction) = (value / one, value % one);
    write!(f, "{whole}")?;
    if fraction == 0 {
        return Ok(());
    }
    let mut width = places as usize;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    write!(f, ".{fraction:0width$}")
}

/// The same for who has no formatter.
#[cfg(any(feature = "config", test))]
pub(in crate::sre) struct Written(pub(in crate::sre) u64, pub(in crate::sre) u32);

#[cfg(any(feature = "config", test))]
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, self.1)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_read_exactly_or_not_at_all() {
        for (text, value) in
            [("99.95", 9_995_000), ("99", 9_900_000), (".5", 50_000), ("1_000.", 100_000_000)]
        {
            assert_eq!(parse(text, 5), Some(value), "{text}");
        }
        for text in ["", ".", "-1", "1e3", "1.000001", "99,9", "99 9", "1.2.3", "99999999999999999"]
        {
            assert_eq!(parse(text, 5), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_again(value in 0..u64::MAX / 2, places in 0_u32..9) {
            prop_assert_eq!(parse(&Written(value, places).to_string(), places), Some(value));
        }
    }
}
