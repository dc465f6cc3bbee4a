use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Addend, Padded, STRIPES, owned_stripe, stripe};

/// What fits on one line.
const ADDENDS_PER_LINE: usize = 8;

/// One line for each thread.
type Lines = [Padded<[Addend; ADDENDS_PER_LINE]>; STRIPES];

/// How many values fell into each of some bins, and their sum: as many bins as one asks for, side by
/// side on the cache lines of each thread.
///
/// [`Counters`](super::Counters) whose number is not known when the program is compiled, and of which
/// the first adds up numbers that are not whole.
#[derive(Debug)]
pub(crate) struct Tally {
    /// The sum and seven bins, and then eight bins each.
    lines: Box<[Lines]>,
    bins: usize,
}

impl Tally {
    pub(crate) fn new(bins: usize) -> Self {
        let line = || Padded(core::array::from_fn(|_| Addend::new()));
        let lines =
            (0..(1 + bins).div_ceil(ADDENDS_PER_LINE)).map(|_| core::array::from_fn(|_| line()));
        Self { lines: lines.collect(), bins }
    }

    /// Counts a value that falls into that bin, one of those that were asked for.
    #[inline]
    pub(crate) fn record(&self, bin: usize, value: f64) {
        match owned_stripe() {
            Some(index) => self.add(index, true, bin, value),
            None => self.add_as_guest(bin, value),
        }
    }

    #[cold]
    fn add_as_guest(&self, bin: usize, value: f64) {
        let stripe = stripe();
        self.add(stripe.index, stripe.owned, bin, value);
    }

    #[inline]
    fn add(&self, stripe: usize, owned: bool, bin: usize, value: f64) {
        let at = 1 + bin;
        if let Some(lines) = self.lines.get(at / ADDENDS_PER_LINE) {
            lines[stripe][at % ADDENDS_PER_LINE].add(owned, 1);
            self.lines[0][stripe][0].add_float(owned, value);
        }
    }

    /// How many values fell into each bin so far, and the sum of all. The sum may lack values that were
    /// just counted.
    pub(crate) fn totals(&self) -> (Vec<u64>, f64) {
        let mut counts = alloc::vec![0_u64; self.bins];
        let mut sum = 0.0;
        for stripe in 0..STRIPES {
            let mut addends = self.lines.iter().flat_map(|lines| lines[stripe].iter());
            sum += addends.next().map_or(0.0, Addend::sum_float);
            for (count, addend) in counts.iter_mut().zip(addends) {
                *count = count.wrapping_add(addend.sum());
            }
        }
        (counts, sum)
    }
}

#[cfg(all(test, feature = "std", not(reliability_loom)))]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn values_of_all_threads_arrive_in_their_bins() {
        for bins in [1, 7, 8, 15, 20] {
            let tally = Tally::new(bins);
            std::thread::scope(|scope| {
                for _ in 0..2 * STRIPES {
                    scope.spawn(|| (0..50 * bins).for_each(|n| tally.record(n % bins, 0.5)));
                }
            });
            let each = 2 * STRIPES as u64 * 50;
            let all = (alloc::vec![each; bins], each as f64 * bins as f64 / 2.0);
            assert_eq!(tally.totals(), all);
        }
    }

    #[test]
    fn threads_without_a_stripe_of_their_own_lose_no_value_and_no_part_of_the_sum() {
        const EACH: u64 = 300_000;
        let tally = Tally::new(1);
        // Alive together, so that of four to a stripe one at most owns it: one stripe has three guests.
        let threads = 4 * STRIPES;
        let guests: [AtomicUsize; STRIPES] = core::array::from_fn(|_| AtomicUsize::new(0));
        let all = Barrier::new(threads);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mine = stripe();
                    if !mine.owned {
                        guests[mine.index].fetch_add(1, Ordering::Relaxed);
                    }
                    all.wait();
                    // Only where most of them meet: others would take the turns in which they do.
                    if !mine.owned && mine.index == busiest(&guests).0 {
                        (0..EACH).for_each(|_| tally.record(0, 0.5));
                    }
                    all.wait();
                });
            }
        });
        let (_, met) = busiest(&guests);
        assert!(met >= 3, "{guests:?}");
        let values = met as u64 * EACH;
        assert_eq!(tally.totals(), (alloc::vec![values], values as f64 / 2.0));
    }

    fn busiest(guests: &[AtomicUsize; STRIPES]) -> (usize, usize) {
        let counts = guests.iter().map(|count| count.load(Ordering::Relaxed)).enumerate();
        counts.max_by_key(|(_, count)| *count).unwrap_or_default()
    }
}
