use core::fmt;

use super::decimal;

/// How much of what happens must be good: a share above 0 and below 1, in parts per billion.
///
/// A whole number, because a budget is what is left of one: in floating point 1 - 0.999 is
/// 0.0010000000000000009, and an alert compares with that.
///
/// # Examples
///
/// ```
/// use reliability::sre::Target;
///
/// const THREE_AND_A_HALF: Target = Target::percent("99.95");
///
/// assert_eq!(THREE_AND_A_HALF.as_parts_per_billion(), 999_500_000);
/// assert_eq!(THREE_AND_A_HALF.budget_parts_per_billion(), 500_000);
/// assert_eq!(THREE_AND_A_HALF.to_string(), "99.95%");
/// assert_eq!(Target::parts_per_billion(999_500_000), THREE_AND_A_HALF);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target(u32);

/// The whole, in parts per billion.
pub(in crate::sre) const ONE: u32 = 1_000_000_000;

impl Target {
    /// A target in per cent, as text: `"99.95"` or `"99.95%"`, at most seven digits behind the point.
    ///
    /// That it lies above 0 and below 100 is checked with the definition it belongs to.
    ///
    /// # Panics
    ///
    /// When it is no such number; in a constant that is an error of the compiler. Text that comes from
    /// outside goes through [`parse`](Target::parse).
    pub const fn percent(text: &'static str) -> Self {
        match Self::parse(text) {
            Some(target) => target,
            None => panic!(
                "a target must be a number of per cent with at most seven digits behind the point; \
                 write it like \"99.95\""
            ),
        }
    }

    /// A target in per cent, as text; `None` for what is no such number, or above 100.
    pub const fn parse(text: &str) -> Option<Self> {
        let number = match text.as_bytes() {
            [number @ .., b'%'] => number,
            number => number,
        };
        // What remains when an ASCII byte is cut off is still UTF-8.
        let Ok(number) = core::str::from_utf8(number) else { return None };
        match decimal::parse(number, 7) {
            Some(parts) if parts <= ONE as u64 => Some(Self(parts as u32)),
            _ => None,
        }
    }

    /// A target in parts per billion: 999,500,000 is 99.95 %. More than a billion counts as a billion,
    /// and is refused with the definition it belongs to.
    pub const fn parts_per_billion(parts: u32) -> Self {
        Self(if parts > ONE { ONE } else { parts })
    }

    /// What must be good, in parts per billion.
    pub const fn as_parts_per_billion(self) -> u32 {
        self.0
    }

    /// What may be bad, in parts per billion.
    pub const fn budget_parts_per_billion(self) -> u32 {
        ONE - self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, u64::from(self.0), 7)?;
        f.write_str("%")
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn per_cent_are_read_exactly() {
        for (text, parts) in [
            ("99.95%", 999_500_000),
            ("99.9", 999_000_000),
            ("0", 0),
            ("100", ONE),
            ("0.0000001", 1),
        ] {
            assert_eq!(
                Target::parse(text).map(Target::as_parts_per_billion),
                Some(parts),
                "{text}"
            );
        }
        for text in ["101", "99.95 %", "%", "-1", "99.95%%", "99.99999999"] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
        assert_eq!(Target::percent("99.9").budget_parts_per_billion(), 1_000_000);
    }
}
