//! The word behind a degradation: how far, until when, and how many calls went well since.
//!
//! ```text
//!  63        40 39          24 23        16 15      0
//!  +------------------------------+--------+---------+
//!  |      until, in ms (40)       | level  |  well   |
//!  +------------------------------+--------+---------+
//!
//!             raise                      raise
//!  normal ─────────────▶ degraded (1) ─────────────▶ degraded (2) ..
//!    ▲  (the word is 0)      │  so many calls went well, its time is over, lifted
//!    └───────────────────────┘
//! ```
//!
//! Everything is in one word, so that whoever reads it once knows all, and a normal one is 0.

use crate::sync::atomic::{AtomicU64, Ordering};

const WELL_BITS: u32 = 16;
const LEVEL_BITS: u32 = 8;
const UNTIL_SHIFT: u32 = WELL_BITS + LEVEL_BITS;
/// 34 years.
const UNTIL_MAX: u64 = (1 << (64 - UNTIL_SHIFT)) - 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(u64);

impl Word {
    pub(super) const NORMAL: Word = Word(0);

    fn new(level: u8, until_ms: u64, well: u16) -> Self {
        Self(
            until_ms.min(UNTIL_MAX) << UNTIL_SHIFT
                | u64::from(level) << WELL_BITS
                | u64::from(well),
        )
    }

    pub(super) fn level(self) -> u8 {
        (self.0 >> WELL_BITS) as u8
    }

    fn well(self) -> u16 {
        self.0 as u16
    }

    pub(super) fn until_ms(self) -> u64 {
        self.0 >> UNTIL_SHIFT
    }

    pub(super) fn is_over(self, now_ms: u64) -> bool {
        self != Self::NORMAL && now_ms >= self.until_ms()
    }

    /// Raised to a level, until that time; never lower, and never shorter than before.
    pub(super) fn raised(self, level: u8, until_ms: u64, now_ms: u64) -> Self {
        if self.is_over(now_ms) {
            return Self::new(level, until_ms, 0);
        }
        Self::new(self.level().max(level), self.until_ms().max(until_ms), 0)
    }

    /// One call went well: normal again after so many in a row.
    pub(super) fn went_well(self, enough: u16) -> Self {
        let well = self.well().saturating_add(1);
        if well >= enough { Self::NORMAL } else { Self::new(self.level(), self.until_ms(), well) }
    }
}

#[derive(Debug)]
pub(super) struct Level(AtomicU64);

impl Level {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Relaxed: the level guards no other memory.
    #[inline]
    pub(super) fn load(&self) -> Word {
        Word(self.0.load(Ordering::Relaxed))
    }

    /// Changes the word; what was there before, and what is there now.
    pub(super) fn change(&self, next: impl Fn(Word) -> Word) -> (Word, Word) {
        let mut seen = self.load();
        loop {
            let wanted = next(seen);
            let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
            match self.0.compare_exchange_weak(seen.0, wanted.0, success, failure) {
                Ok(_) => return (seen, wanted),
                Err(found) => seen = Word(found),
            }
        }
    }
}
