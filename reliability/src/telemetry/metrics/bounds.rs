//! Between which bounds a histogram counts, and how a value finds its bucket.

use alloc::string::String;

/// What OpenTelemetry's conventions advise for durations in seconds.
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// For whatever an operation may be: those of durations in seconds, so that both can be added up,
/// and as close together down to 10 us.
pub(super) const OPERATION: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// What OpenTelemetry's SDK takes where nothing is said.
const OTHERS: &[f64] = &[
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0,
    10000.0,
];

/// A bucket costs 256 bytes for each series.
pub(super) const BOUNDS_MAX: usize = 128;

/// How many of them a cell of the map can name.
const MAPPED_MAX: usize = 31;

/// Four cells for each doubling, of which there are 32.
const CELLS: usize = 128;

/// A number without the bits that tell it from others of the same cell: the sign, the exponent, and
/// two bits of the fraction.
const fn cell_of(value: f64) -> i64 {
    value.to_bits().cast_signed() >> 50
}

/// Finding the way among sorted bounds takes a step for each doubling of their number, each of which
/// waits for the one before. Where bounds are so far apart that no two share a cell, as those of
/// durations and sizes are, the cell names the only bound there is to compare with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) all: &'static [f64],
    /// The same, and then bounds that nothing is above.
    padded: [f64; MAPPED_MAX + 1],
    /// The first bound in each cell, or above it.
    map: [u8; CELLS],
    /// Where the map begins; without a map, where no number is.
    first: i64,
}

/// Numbers up to four times the last bound are on the map, and below the first as many as there is
/// room for.
const CELLS_ABOVE: i64 = 8;
const NOWHERE: i64 = i64::MAX;

impl Bounds {
    /// Those that are usual for numbers of that unit.
    pub(super) const fn usual(unit: &str) -> &'static [f64] {
        if matches!(unit.as_bytes(), b"s") { SECONDS } else { OTHERS }
    }

    pub(super) const fn new(all: &'static [f64]) -> Self {
        let mut bounds =
            Self { all, padded: [f64::INFINITY; MAPPED_MAX + 1], map: [0; CELLS], first: NOWHERE };
        // Those that are no bounds are refused later, with what is wrong with them.
        if all.is_empty() || all.len() > MAPPED_MAX || !are_bounds(all) || all[0] <= 0.0 {
            return bounds;
        }
        let first = cell_of(all[all.len() - 1]) + CELLS_ABOVE - (CELLS as i64 - 1);
        let ends_before_infinity = first + CELLS as i64 <= cell_of(f64::INFINITY);
        if cell_of(all[0]) < first || first <= 0 || !ends_before_infinity {
            return bounds;
        }
        let (mut at, mut cell) = (0, 0);
        while at < all.len() {
            if at > 0 && cell_of(all[at - 1]) == cell_of(all[at]) {
                return bounds;
            }
            bounds.padded[at] = all[at];
            while cell as i64 <= cell_of(all[at]) - first {
                bounds.map[cell] = at as u8;
                cell += 1;
            }
            at += 1;
        }
        while cell < CELLS {
            bounds.map[cell] = at as u8;
            cell += 1;
        }
        bounds.first = first;
        bounds
    }

    /// The bucket of a value: each has the values that are above the bound before, and not above its
    /// own. None has what is no number, or infinite.
    #[inline]
    pub(super) fn bucket(&self, value: f64) -> Option<usize> {
        // Zero, what is negative, and what is no finite number lie outside of every map.
        let cell = cell_of(value).wrapping_sub(self.first).cast_unsigned() as usize;
        let Some(bound) = self.map.get(cell) else { return self.search(value) };
        let bound = usize::from(*bound) & MAPPED_MAX;
        Some(bound + usize::from(value > self.padded[bound]))
    }

    #[inline(never)]
    fn search(&self, value: f64) -> Option<usize> {
        value.is_finite().then(|| self.all.partition_point(|bound| value > *bound))
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
    #![allow(clippy::unwrap_used, reason = "helpers of tests")]

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

    #[test]
    fn operations_have_the_bounds_of_durations_and_finer_ones() {
        assert!(OPERATION.ends_with(SECONDS) && are_bounds(OPERATION));
    }

    fn in_the_right_bucket(bounds: &Bounds, value: f64) -> Result<(), TestCaseError> {
        let found = bounds.all.iter().position(|bound| value <= *bound);
        let expected = found.unwrap_or(bounds.all.len());
        prop_assert_eq!(bounds.bucket(value), Some(expected), "{} among {:?}", value, bounds.all);
        Ok(())
    }

    #[test]
    fn usual_bounds_of_durations_and_sizes_are_mapped() {
        for bounds in [SECONDS, OPERATION, &[1e3, 1e4, 1e5, 1e6, 1e9], &[0.5], &[1e-6, 1.0]] {
            assert_ne!(Bounds::new(bounds).first, NOWHERE, "{bounds:?}");
        }
        for bounds in [OTHERS, &[], &[1.0, 1.1], &[1e-9, 1e9], &[-1.0, 1.0]] {
            assert_eq!(Bounds::new(bounds).first, NOWHERE, "{bounds:?}");
        }
    }

    #[test]
    fn what_is_no_finite_number_has_no_bucket() {
        // The last ones are so near to an end of all numbers that a map would reach beyond it.
        let ends = [&[f64::MAX][..], &[1e308], &[1e307, f64::MAX], &[1e-308], &[5e-324]];
        for bounds in [SECONDS, OTHERS, &[], &[1e300]].into_iter().chain(ends) {
            let bounds = Bounds::new(bounds);
            for odd in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert_eq!(bounds.bucket(odd), None, "{odd} among {:?}", bounds.all);
            }
            for end in [f64::MIN, f64::MAX, 0.0, -0.0, f64::MIN_POSITIVE] {
                in_the_right_bucket(&bounds, end).unwrap();
            }
        }
    }

    proptest! {
        #[test]
        fn a_value_is_in_the_first_bucket_whose_bound_it_does_not_exceed(
            near in proptest::collection::btree_set(-50_i32..50, 0..40),
            far in proptest::collection::btree_set(0_i32..60, 0..40),
            value in -60.0..60.0_f64,
            exponent in -12.0..40.0_f64,
        ) {
            let near: alloc::vec::Vec<_> = near.into_iter().map(f64::from).collect();
            let far: alloc::vec::Vec<_> =
                far.into_iter().map(|step| 1e-3 * 1.3_f64.powi(step)).collect();
            for bounds in [near, far] {
                let bounds = Bounds::new(bounds.leak());
                let usual = Bounds::new(SECONDS);
                for value in [value, value.round(), exponent.exp2(), 1e300, -1e300, 0.0, -0.0] {
                    in_the_right_bucket(&bounds, value)?;
                    in_the_right_bucket(&usual, value)?;
                }
                for bound in bounds.all.iter().chain(usual.all) {
                    for value in [bound.next_down(), *bound, bound.next_up()] {
                        in_the_right_bucket(&bounds, value)?;
                        in_the_right_bucket(&usual, value)?;
                    }
                }
            }
        }
    }
}
