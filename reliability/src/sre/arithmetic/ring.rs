use alloc::boxed::Box;
use alloc::vec;

use crate::sre::GoodAndBad;

/// What had been counted at points in time that lie one grain apart, as far back as one window.
///
/// ```text
///   counted so far   0   4   4   9  15          now: 17
///                  ──┼───┼───┼───┼───┼───┼▶
///                        ▲               now
///                        └─ now - window, rounded down to a grain: 17 - 4 = 13 in the window
/// ```
///
/// Sums, not increments: a window is one subtraction, and what was counted cannot be counted twice
/// or get lost between two buckets. A window is answered exactly for a length of up to one grain
/// more than it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sre) struct Ring {
    window_millis: u64,
    grain_millis: u64,
    /// Since when somebody counts.
    since_millis: u64,
    /// By number of grains since the origin, modulo their number.
    samples: Box<[GoodAndBad]>,
}

impl Ring {
    /// A ring for a window, from now on, when so much had been counted before; `grains` is one to some
    /// hundreds.
    pub(in crate::sre) fn new(
        window_millis: u64,
        grains: u64,
        since_millis: u64,
        sum: GoodAndBad,
    ) -> Self {
        let grain_millis = window_millis.div_ceil(grains).max(1);
        // One for the grain that the window begins in, and one for that of now.
        let samples = vec![sum; grains as usize + 2].into_boxed_slice();
        Self { window_millis, grain_millis, since_millis, samples }
    }

    pub(in crate::sre) fn window_millis(&self) -> u64 {
        self.window_millis
    }

    /// Time goes on from `from` to `to`; `sum` is what had been counted until then.
    pub(in crate::sre) fn pass(&mut self, from: u64, to: u64, sum: GoodAndBad) {
        let first = from.div_ceil(self.grain_millis);
        let end = to.div_ceil(self.grain_millis);
        let length = self.samples.len() as u64;
        for grain in first.max(end.saturating_sub(length))..end {
            self.samples[(grain % length) as usize] = sum;
        }
    }

    /// What came in the window that ends at `now`, given what has been counted until now.
    pub(in crate::sre) fn within(&self, now: u64, sum: GoodAndBad) -> GoodAndBad {
        let before = match now.checked_sub(self.window_millis) {
            // The timeline began within the window, and so did all that was counted.
            None => GoodAndBad::default(),
            Some(begin) => {
                let grain = begin / self.grain_millis;
                self.samples[(grain % self.samples.len() as u64) as usize]
            }
        };
        sum.since(before)
    }

    pub(in crate::sre) fn since_millis(&self) -> u64 {
        self.since_millis
    }

    pub(in crate::sre) fn samples(&self) -> &[GoodAndBad] {
        &self.samples
    }

    /// Takes over what a ring of the same window held; `false` when it does not fit.
    pub(in crate::sre) fn restore(
        &mut self,
        window_millis: u64,
        since_millis: u64,
        samples: &[GoodAndBad],
    ) -> bool {
        let fits = window_millis == self.window_millis && samples.len() == self.samples.len();
        if fits {
            self.since_millis = since_millis;
            self.samples.copy_from_slice(samples);
        }
        fits
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        /// Against the list of all events: exact for a window that is at most one grain longer.
        #[test]
        fn a_window_is_exact_for_a_length_of_up_to_a_grain_more(
            steps in proptest::collection::vec((prop_oneof![0..50_u64, 0..5_000_u64], 0..9_u64, 0..9_u64), 1..80),
            window in 60..2_000_u64,
        ) {
            let mut ring = Ring::new(window, 20, 0, GoodAndBad::default());
            let grain = window.div_ceil(20);
            let (mut now, mut sum) = (0, GoodAndBad::default());
            let mut events: Vec<(u64, GoodAndBad)> = Vec::new();
            for (after, good, bad) in steps {
                ring.pass(now, now + after, sum);
                now += after;
                let counts = GoodAndBad::new(good, bad);
                sum += counts;
                events.push((now, counts));
                let within = ring.within(now, sum);
                let exact = |length: u64| -> GoodAndBad {
                    let inside = |at: u64| at + length > now;
                    events.iter().filter(|(at, _)| inside(*at)).map(|(_, counts)| *counts).sum()
                };
                let some = (window..=window + grain).any(|length| exact(length) == within);
                prop_assert!(some, "{within:?} at {now}, window {window}: {events:?}");
            }
        }
    }
}
