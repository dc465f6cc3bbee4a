use core::fmt;

/// A share of calls, kept in millionths: the quantile at 0.95 is the duration that 95 % of the
/// calls did not exceed.
///
/// Any number can be written; who takes a quantile says which it takes, and refuses the others when
/// it is built.
///
/// # Examples
///
/// ```
/// use reliability::sync::Quantile;
///
/// assert_eq!(Quantile::of(0.95), Quantile::P95);
/// assert_eq!(Quantile::of(0.999).to_string(), "p99.9");
/// assert_eq!(Quantile::P50.share(), 0.5);
/// assert_eq!(Quantile::of(0.9), Quantile::P90);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantile {
    millionths: u32,
}

const MILLION: u32 = 1_000_000;

impl Quantile {
    /// The median.
    pub const P50: Self = Self { millionths: 500_000 };
    /// What nine of ten calls did not exceed.
    pub const P90: Self = Self { millionths: 900_000 };
    /// What 19 of 20 calls did not exceed.
    pub const P95: Self = Self { millionths: 950_000 };
    /// What 99 of 100 calls did not exceed.
    pub const P99: Self = Self { millionths: 990_000 };

    /// The quantile at that share, rounded to a millionth. A number below zero, or `NaN`, is
    /// taken as 0.
    pub const fn of(share: f64) -> Self {
        // A cast saturates, and what is not a number becomes 0. `f64::round` is not in `core`.
        Self { millionths: (share * MILLION as f64 + 0.5) as u32 }
    }

    /// The share: 0.95 for p95.
    pub const fn share(self) -> f64 {
        self.millionths as f64 / MILLION as f64
    }

    /// How many entries it takes to know it: as many as make one expected beyond it, and at least 20.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::sync::Quantile;
    ///
    /// assert_eq!(Quantile::P99.entries_min(), 100);
    /// assert_eq!(Quantile::P50.entries_min(), 20);
    /// ```
    pub const fn entries_min(self) -> u64 {
        let beyond = MILLION.saturating_sub(self.millionths);
        let entries = MILLION.div_ceil(if beyond == 0 { 1 } else { beyond }) as u64;
        if entries < 20 { 20 } else { entries }
    }

    #[cfg(test)]
    const fn millionths(self) -> u32 {
        self.millionths
    }
}

impl fmt::Display for Quantile {
    /// As it is written in attributes, logs and charts: `p95`, `p99.9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (percent, mut rest) = (self.millionths / 10_000, self.millionths % 10_000);
        write!(f, "p{percent}")?;
        let mut digits = 4;
        while digits > 0 && rest.is_multiple_of(10) {
            (digits, rest) = (digits - 1, rest / 10);
        }
        if digits > 0 { write!(f, ".{rest:0digits$}") } else { Ok(()) }
    }
}

impl fmt::Debug for Quantile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_quantile_is_written_as_people_write_it() {
        for (share, written) in [
            (0.5, "p50"),
            (0.95, "p95"),
            (0.999, "p99.9"),
            (0.9999, "p99.99"),
            (0.905, "p90.5"),
            (0.9005, "p90.05"),
            (0.999_999, "p99.9999"),
            (1.0, "p100"),
            (0.0, "p0"),
        ] {
            assert_eq!(Quantile::of(share).to_string(), written);
            assert_eq!(Quantile::of(share).share(), share);
        }
    }

    #[test]
    fn what_is_no_share_stays_distinguishable_from_one() {
        assert_eq!(Quantile::of(f64::NAN).millionths(), 0);
        assert_eq!(Quantile::of(-0.5).millionths(), 0);
        assert!(Quantile::of(95.0).share() > 1.0);
        assert!(Quantile::of(f64::INFINITY).share() > 1.0);
    }
}
