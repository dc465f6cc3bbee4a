//! Log-linear buckets of durations, and the rank of a quantile among what they hold.

use core::time::Duration;

/// The lowest bucket ends where the first octave starts: at 2^10 ns, about a microsecond.
const FIRST_OCTAVE: u32 = 10;

/// 2^10 ns to 2^42 ns is 1.024 us to 73 minutes. Loom has no use for so many, and pays for each.
const OCTAVES: usize = if cfg!(reliability_loom) { 2 } else { 32 };

/// Each octave is cut into 2^3 equal parts.
const PART_BITS: u32 = 3;
pub(super) const PARTS: usize = 1 << PART_BITS;

pub(super) const BUCKETS: usize = OCTAVES * PARTS;
pub(super) const RANGE_START_NANOS: u64 = 1 << FIRST_OCTAVE;
pub(super) const RANGE_END_NANOS: u64 = 1 << (FIRST_OCTAVE as usize + OCTAVES);

/// Where a duration is counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Bucket {
    Below,
    At(usize),
    Above,
}

impl Bucket {
    #[inline]
    pub(super) fn of(nanos: u64) -> Self {
        match nanos {
            0..RANGE_START_NANOS => Self::Below,
            RANGE_END_NANOS.. => Self::Above,
            _ => {
                let octave = nanos.ilog2();
                let part = (nanos >> (octave - PART_BITS)) as usize & (PARTS - 1);
                Self::At((octave - FIRST_OCTAVE) as usize * PARTS + part)
            }
        }
    }
}

/// The middle of bucket `index`: its width is at most 1/8 of its start, so half of that is at most
/// 1/16 of anything in it.
pub(super) fn middle_nanos(index: usize) -> u64 {
    let octave = FIRST_OCTAVE + (index / PARTS) as u32;
    let width = 1_u64 << (octave - PART_BITS);
    (1_u64 << octave) + (index % PARTS) as u64 * width + width / 2
}

pub(super) fn saturating_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// `ceil(q * count)`, at least 1 and at most `count`. (`f64::ceil` needs `std`.)
pub(super) fn rank(q: f64, count: u64) -> u64 {
    if q.is_nan() {
        return count;
    }
    let exact = q * count as f64;
    let floor = exact as u64;
    let ceiling = if floor as f64 >= exact { floor } else { floor.saturating_add(1) };
    ceiling.clamp(1, count)
}
