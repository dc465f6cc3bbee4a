use crate::resilience::split_mix::{GAMMA, mix};
use crate::sync::atomic::{AtomicU64, Ordering};

/// Where a policy's jitter comes from: chance, or a sequence that can be had again.
#[derive(Debug)]
pub(super) enum Randomness {
    Chance,
    /// The state of SplitMix64.
    Seeded(AtomicU64),
}

impl Randomness {
    pub(super) fn new(seed: Option<u64>) -> Self {
        seed.map_or(Self::Chance, |seed| Self::Seeded(AtomicU64::new(seed)))
    }

    pub(super) fn draw(&self) -> u64 {
        match self {
            Self::Chance => fastrand::u64(..),
            Self::Seeded(state) => {
                mix(state.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA))
            }
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_sequence() {
        // The first values of the reference implementation for the seed 1234567.
        let seeded = Randomness::new(Some(1_234_567));
        let drawn = [seeded.draw(), seeded.draw(), seeded.draw()];
        assert_eq!(
            drawn,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }
}
