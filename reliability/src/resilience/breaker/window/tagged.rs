//! Words that belong to one generation: 20 bits of it above, a 44-bit value below.
//!
//! A word of another generation reads as empty, so that a transition empties every window by
//! changing one number, and an outcome that arrives late finds no place to be counted.
//!
//! Twenty bits wrap after a million transitions. A word that nobody touched for exactly that many
//! reads as current again; a lane's count then shifts all positions alike, which no rule notices
//! but the one that waits for the first calls.

use crate::sync::atomic::{AtomicU64, Ordering};

const VALUE_BITS: u32 = 44;
const VALUE_MASK: u64 = (1 << VALUE_BITS) - 1;

/// Values stay below this, so that a sum over all words of all lanes still fits: a quarter of a
/// trillion per word, which is a month of 100,000 calls a second on one thread. Then the window
/// starts afresh.
pub(super) const LIMIT: u64 = 1 << 38;

#[inline]
pub(super) const fn pack(generation: u32, value: u64) -> u64 {
    // The shift drops the upper bits of the generation.
    (generation as u64) << VALUE_BITS | value
}

/// The value, if the word belongs to this generation.
#[inline]
pub(super) const fn unpack(word: u64, generation: u32) -> Option<u64> {
    if (word ^ pack(generation, 0)) >> VALUE_BITS == 0 { Some(word & VALUE_MASK) } else { None }
}

/// Counts one up, if the word is of this generation, far from full, and nobody comes in between.
#[inline]
pub(super) fn count_up_quickly(word: &AtomicU64, generation: u32) -> bool {
    let seen = word.load(Ordering::Relaxed);
    // One comparison: of an older or newer generation, and of a full word, the difference is large.
    // Relaxed: the word is of the caller's generation before and after it, and a swap hands on what
    // was released by the thread that made it so.
    seen.wrapping_sub(pack(generation, 0)) < LIMIT
        && word.compare_exchange(seen, seen + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// As [`count_up_quickly`], for a word that no other thread writes.
#[inline]
pub(super) fn count_up_alone(word: &AtomicU64, generation: u32) -> bool {
    let seen = word.load(Ordering::Relaxed);
    let counts = seen.wrapping_sub(pack(generation, 0)) < LIMIT;
    if counts {
        // Relaxed: others only add it up. Who learns by other means of a sum that this is part of
        // reads this or more.
        word.store(seen + 1, Ordering::Relaxed);
    }
    counts
}

/// Counts one up and returns the count before, or `None` when the generation is over.
///
/// `is_current` is asked only when the word belongs to another generation: is that one older, or
/// are we? A compare-and-swap, not an addition, so that no stale outcome slips in between.
#[inline]
pub(super) fn count_up(
    word: &AtomicU64,
    generation: u32,
    is_current: impl Fn() -> bool,
) -> Option<u64> {
    // Acquire, here and where the swap fails: whoever meets a word of the next generation must not
    // be told that its own is current.
    let mut seen = word.load(Ordering::Acquire);
    loop {
        let (before, next) = match unpack(seen, generation) {
            Some(value) => (value, seen + 1),
            None if is_current() => (0, pack(generation, 1)),
            None => return None,
        };
        // Release: whoever meets the word has seen what we saw. Who wins has acquired already.
        match word.compare_exchange_weak(seen, next, Ordering::Release, Ordering::Acquire) {
            Ok(_) => return Some(before),
            Err(found) => seen = found,
        }
    }
}
