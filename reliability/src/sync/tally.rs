use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Addend, Padded, STRIPES, stripe};

/// What fits on one line.
const ADDENDS_PER_LINE: usize = 8;

/// How many values fell into each of some bins, and their sum: as many bins as one asks for, side by
/// side on the cache lines of each thread.
///
/// [`Counters`](super::Counters) whose number is not known when the program is compiled, and of which
/// the first adds up numbers that are not whole.
#[derive(Debug)]
pub(crate) struct Tally {
    lines: Box<[Padded<[Addend; ADDENDS_PER_LINE]>]>,
    lines_per_stripe: usize,
    bins: usize,
}

impl Tally {
    pub(crate) fn new(bins: usize) -> Self {
        let lines_per_stripe = (1 + bins).div_ceil(ADDENDS_PER_LINE);
        let line = || Padded(core::array::from_fn(|_| Addend::new()));
        let lines = (0..STRIPES * lines_per_stripe).map(|_| line()).collect();
        Self { lines, lines_per_stripe, bins }
    }

    /// Counts a value that falls into that bin; one that there is not is left out.
    #[inline]
    pub(crate) fn record(&self, bin: usize, value: f64) {
        let stripe = stripe();
        let first = stripe.index * self.lines_per_stripe;
        let at = 1 + bin;
        if bin < self.bins
            && let Some(line) = self.lines.get(first + at / ADDENDS_PER_LINE)
            && let Some(sum) = self.lines.get(first)
        {
            line[at % ADDENDS_PER_LINE].add(stripe.owned, 1);
            sum[0].add_float(stripe.owned, value);
        }
    }

    /// How many values fell into each bin so far, and the sum of all. The sum may lack values that were
    /// just counted.
    pub(crate) fn totals(&self) -> (Vec<u64>, f64) {
        let mut counts = alloc::vec![0_u64; self.bins];
        let mut sum = 0.0;
        for stripe in self.lines.chunks(self.lines_per_stripe) {
            let mut addends = stripe.iter().flat_map(|line| line.iter());
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
            tally.record(bins + 7, 1e9);
            let each = 2 * STRIPES as u64 * 50;
            let all = (alloc::vec![each; bins], each as f64 * bins as f64 / 2.0);
            assert_eq!(tally.totals(), all);
        }
    }
}
