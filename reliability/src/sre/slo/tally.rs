use crate::sre::Outcome;
use crate::sre::promise::definition::OBJECTIVES_MAX;
use crate::sync::Counters;

/// Good and bad of each objective, and what was excluded: sixteen counters are two cache lines.
const COUNTERS: usize = 2 * OBJECTIVES_MAX + 2;
const EXCLUDED: usize = 2 * OBJECTIVES_MAX;

/// How many events were good and bad, since the process began.
///
/// Good and bad are counted apart, not bad and all: each is then exact by itself, and no reader can
/// see more that was bad than there was.
///
/// # Examples
///
/// ```
/// use reliability::sre::GoodAndBad;
///
/// let before = GoodAndBad::new(90, 1);
/// let now = GoodAndBad::new(180, 3);
/// assert_eq!(now.since(before), GoodAndBad::new(90, 2));
/// assert_eq!((now + before).total(), 274);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GoodAndBad {
    /// How many were good.
    pub good: u64,
    /// How many were bad.
    pub bad: u64,
}

impl GoodAndBad {
    /// So many good and bad ones.
    pub const fn new(good: u64, bad: u64) -> Self {
        Self { good, bad }
    }

    /// All of them.
    pub const fn total(self) -> u64 {
        self.good.saturating_add(self.bad)
    }

    /// What came since `earlier`, of counts that only grow.
    #[must_use]
    pub const fn since(self, earlier: GoodAndBad) -> Self {
        Self { good: self.good.wrapping_sub(earlier.good), bad: self.bad.wrapping_sub(earlier.bad) }
    }
}

impl core::ops::Add for GoodAndBad {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { good: self.good.saturating_add(other.good), bad: self.bad.saturating_add(other.bad) }
    }
}

impl core::ops::AddAssign for GoodAndBad {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl core::iter::Sum for GoodAndBad {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, counts| sum + counts)
    }
}

/// What the recording threads write: lines of their own, which the evaluation adds up.
#[derive(Debug)]
pub(in crate::sre) struct Tally(Counters<COUNTERS>);

/// What a tally held when it was read; grows until it wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::sre) struct Sums {
    pub(in crate::sre) objectives: [GoodAndBad; OBJECTIVES_MAX],
    pub(in crate::sre) excluded: u64,
}

impl Tally {
    #[cfg(not(reliability_loom))]
    pub(in crate::sre) const fn new() -> Self {
        Self(Counters::new())
    }

    #[cfg(reliability_loom)]
    pub(in crate::sre) fn new() -> Self {
        Self(Counters::new())
    }

    /// Counts for each objective whose bit is set.
    #[inline]
    pub(in crate::sre) fn add(&self, objectives: u8, outcome: Outcome) {
        let offset = match outcome {
            Outcome::Good => 0,
            Outcome::Bad => 1,
            Outcome::Excluded => return self.0.add(EXCLUDED, 1),
        };
        let mut left = objectives;
        while left != 0 {
            let objective = left.trailing_zeros() as usize;
            left &= left - 1;
            self.0.add(2 * objective + offset, 1);
        }
    }

    pub(in crate::sre) fn sums(&self) -> Sums {
        let sums = self.0.sums();
        Sums {
            objectives: core::array::from_fn(|at| GoodAndBad::new(sums[2 * at], sums[2 * at + 1])),
            excluded: sums[EXCLUDED],
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn each_objective_whose_bit_is_set_is_counted() {
        let tally = Tally::new();
        tally.add(0b100_0001, Outcome::Good);
        tally.add(0b000_0001, Outcome::Bad);
        tally.add(0b111_1111, Outcome::Excluded);
        let sums = tally.sums();
        assert_eq!(sums.objectives[0], GoodAndBad::new(1, 1));
        assert_eq!(sums.objectives[6], GoodAndBad::new(1, 0));
        assert_eq!(sums.objectives[1..6], [GoodAndBad::default(); 5]);
        assert_eq!(sums.excluded, 1);
    }
}

#[cfg(all(test, reliability_loom))]
mod loom_tests {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// Whenever it is read, what came since the last reading adds up to what was recorded.
    #[test]
    fn loom_nothing_is_lost_between_two_readings_and_nothing_counts_twice() {
        loom::model(|| {
            let tally = Arc::new(Tally::new());
            // Two of the three threads meet on one stripe.
            let recorders = [Outcome::Good, Outcome::Bad].map(|outcome| {
                let tally = Arc::clone(&tally);
                thread::spawn(move || tally.add(1, outcome))
            });
            tally.add(1, Outcome::Bad);
            let first = tally.sums().objectives[0];
            assert!(first.bad >= 1 && first.total() <= 3);
            let second = tally.sums().objectives[0];
            let between = second.since(first);
            assert!(between.total() <= 2, "a sum never goes back");
            for recorder in recorders {
                recorder.join().unwrap();
            }
            let rest = tally.sums().objectives[0].since(second);
            assert_eq!(first + between + rest, GoodAndBad::new(1, 2));
        });
    }
}
