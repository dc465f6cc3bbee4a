use core::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::{SpanId, TraceId};

std::thread_local! {
    /// The state of xoroshiro128++; zero until the thread makes its first id.
    static STATE: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
}

/// Words of bits that nobody else draws. More than one at a time, because the state goes through
/// memory once for all of them.
///
/// Every thread has a generator of its own, which the system seeds with 128 bits: with 64, as the
/// usual small generators have, a fleet of many threads would make some ids twice. It is no secret
/// what comes next, and need not be: an id names, it does not protect.
///
/// (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021: xoroshiro128++.)
#[inline]
fn draw<const WORDS: usize>() -> [u64; WORDS] {
    let mut state = match STATE.get() {
        [0, 0] => seed(),
        state => state,
    };
    let drawn = core::array::from_fn(|_| step(&mut state));
    STATE.set(state);
    drawn
}

#[inline]
const fn step(state: &mut [u64; 2]) -> u64 {
    let [s0, mut s1] = *state;
    let drawn = s0.wrapping_add(s1).rotate_left(17).wrapping_add(s0);
    s1 ^= s0;
    *state = [s0.rotate_left(49) ^ s1 ^ (s1 << 21), s1.rotate_left(28)];
    drawn
}

/// The ids of a trace that begins and of its first span.
#[inline]
pub(super) fn trace_and_span() -> (TraceId, SpanId) {
    loop {
        let [high, low, span] = draw();
        if let Some(ids) = trace_id(high, low).zip(SpanId::new(span)) {
            return ids;
        }
    }
}

#[inline]
const fn trace_id(high: u64, low: u64) -> Option<TraceId> {
    TraceId::new((high as u128) << 64 | low as u128)
}

/// The keys of `RandomState` come from the system.
#[cold]
fn seed() -> [u64; 2] {
    let half = |salt: u64| RandomState::new().hash_one((salt, std::thread::current().id()));
    // All zero is the one state that the generator never leaves.
    [half(1), half(2).max(1)]
}

impl TraceId {
    /// An id that nobody else has: all of its bits are drawn, as the flag `random` of a
    /// `traceparent` promises.
    #[inline]
    pub fn random() -> Self {
        loop {
            let [high, low] = draw();
            if let Some(id) = trace_id(high, low) {
                return id;
            }
        }
    }
}

impl SpanId {
    /// An id that no other span has.
    #[inline]
    pub fn random() -> Self {
        loop {
            let [drawn] = draw();
            if let Some(id) = Self::new(drawn) {
                return id;
            }
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::vec::Vec;
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn threads_draw_different_ids() {
        let draw = || (0..10_000).map(|_| TraceId::random()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let all: HashSet<TraceId> =
            threads.into_iter().flat_map(|thread| thread.join().expect("it draws")).collect();
        assert_eq!(all.len(), 40_000);
    }

    #[test]
    fn every_bit_is_drawn() {
        let draws: Vec<u128> = (0..4_096).map(|_| TraceId::random().get()).collect();
        for bit in 0..128 {
            let ones = draws.iter().filter(|id| *id >> bit & 1 == 1).count();
            // Twelve standard deviations from a half.
            assert!((1_664..=2_432).contains(&ones), "bit {bit}: {ones} of 4096");
        }
        assert_ne!(SpanId::random(), SpanId::random());
    }
}
