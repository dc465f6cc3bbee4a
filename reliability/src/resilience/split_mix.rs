//! SplitMix64, for numbers that have to be spread and need not be secret: its state is one word, and
//! each of its numbers can be had without those before it.
//!
//! Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, figure 11.

/// What the state grows by from one number to the next.
pub(super) const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number of a state.
#[inline]
pub(super) fn mix(state: u64) -> u64 {
    let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
