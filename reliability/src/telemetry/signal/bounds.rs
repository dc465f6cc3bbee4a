//! Between which bounds a histogram counts, and how a value finds its bucket.

use alloc::string::String;

/// What OpenTelemetry's conventions advise for durations in seconds.
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What OpenTelemetry's SDK takes where nothing is said.
const OTHERS: &[f64] = &[
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10000.0,
];

/// A bucket costs 256 bytes for each series.
pub(super) const BOUNDS_MAX: usize = 128;

/// Up to so many bounds all are looked at, two or four in one instruction, which is quicker than
/// finding the way among them.
const LOOKED_AT: usize = 16;

#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) all: &'static [f64],
    /// The same, and then bounds that nothing is above.
    few: [f64; LOOKED_AT],
}

impl Bounds {
    /// Those that are usual for numbers of that unit.
    pub(super) const fn usual(unit: &str) -> &'static [f64] {
        if matches!(unit.as_bytes(), b"s") { SECONDS } else { OTHERS }
    }

    pub(super) const fn new(all: &'static [f64]) -> Self {
        let mut few = [f64::INFINITY; LOOKED_AT];
        let mut at = 0;
        while at < all.len() && at < LOOKED_AT {
            few[at] = all[at];
            at += 1;
        }
        Self { all, few }
    }

    /// The bucket of a value: each has the values that are above the bound before, and not above its
    /// own.
    #[inline]
    pub(super) fn bucket(&self, value: f64) -> usize {
        if self.all.len() <= LOOKED_AT {
            self.few.iter().map(|bound| usize::from(value > *bound)).sum()
        } else {
            self.all.partition_point(|bound| value > *bound)
        }
    }
}

/// Whether these can be bounds: at most 128 numbers that grow.
pub(super) const fn are_bounds(bounds: &[f64]) -> bool {
    if bounds.len() > BOUNDS_MAX {
        return false;
    }
    let mut at = 0;
    while at < bounds.len() {
        if !bounds[at].is_finite() || (at > 0 && bounds[at - 1] >= bounds[at]) {
            return false;
        }
        at += 1;
    }
    true
}

/// What is wrong with them.
pub(super) fn complaint(bounds: &[f64]) -> String {
    if bounds.len() > BOUNDS_MAX {
        return alloc::format!("{} bounds", bounds.len());
    }
    if let Some(odd) = bounds.iter().find(|bound| !bound.is_finite()) {
        return alloc::format!("{odd} among them");
    }
    let pair = bounds.windows(2).find(|pair| pair[0] >= pair[1]);
    pair.map_or_else(String::new, |pair| alloc::format!("{} after {}", pair[1], pair[0]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_grow_and_are_numbers() {
        for good in [&[][..], &[0.0], &[-1.0, 0.0, 1e300], SECONDS, OTHERS] {
            assert!(are_bounds(good), "{good:?}");
        }
        let many: alloc::vec::Vec<_> = (0..=BOUNDS_MAX).map(|n| n as f64).collect();
        for (bad, why) in [
            (&[1.0, 1.0][..], "1 after 1"),
            (&[2.0, 1.0], "1 after 2"),
            (&[1.0, f64::INFINITY], "inf among them"),
            (&[f64::NAN], "NaN among them"),
            (&many, "129 bounds"),
        ] {
            assert!(!are_bounds(bad), "{bad:?}");
            assert_eq!(complaint(bad), why);
        }
    }

    proptest! {
        #[test]
        fn a_value_is_in_the_first_bucket_whose_bound_it_does_not_exceed(
            bounds in proptest::collection::btree_set(-50_i32..50, 0..40),
            value in -60.0..60.0_f64,
        ) {
            let bounds: alloc::vec::Vec<_> = bounds.into_iter().map(f64::from).collect();
            let bounds = Bounds::new(bounds.leak());
            for value in [value, value.round()] {
                let found = bounds.all.iter().position(|bound| value <= *bound);
                let expected = found.unwrap_or(bounds.all.len());
                prop_assert_eq!(bounds.bucket(value), expected);
            }
        }
    }
}
