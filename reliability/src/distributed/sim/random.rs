use core::ops::Range;
use core::time::Duration;

/// Numbers that look random and follow from a seed: Steele's SplitMix64.
///
/// # Examples
///
/// ```
/// use reliability::distributed::sim::Random;
///
/// let (mut one, mut same) = (Random::new(7), Random::new(7));
/// assert_eq!(one.below(1_000), same.below(1_000));
/// assert!(one.per_mille(1_000) && !one.per_mille(0));
/// ```
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Those of that seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below that one; 0 below 0. Good for small ones: the odds of two differ by less than
    /// one in 2^32.
    pub fn below(&mut self, end: usize) -> usize {
        let number = self.number() >> 32;
        let scaled = (u128::from(number) * end as u128) >> 32;
        usize::try_from(scaled).unwrap_or_default()
    }

    /// `true` so often in a thousand times.
    pub fn per_mille(&mut self, often: u32) -> bool {
        self.below(1_000) < often as usize
    }

    /// A time in that range; its start, if it is empty.
    pub fn between(&mut self, range: &Range<Duration>) -> Duration {
        let span = range.end.saturating_sub(range.start).as_micros();
        let offset = self.below(usize::try_from(span).unwrap_or(usize::MAX)) as u64;
        range.start + Duration::from_micros(offset)
    }
}
