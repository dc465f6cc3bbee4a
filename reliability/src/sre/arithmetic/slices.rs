//! Throughput: slices of time in which enough happened, of all slices.

use crate::sre::GoodAndBad;

/// Judges slices of a timeline. A slice in which nobody counted from beginning to end is not judged.
///
/// ```text
///  begins │ slice │ slice │        not there        │ slice │ now
///  ──╫────┼───────┼───────┼──╫ ╌ ╌ ╌ ╌ ╌ ╌ ╌ ╌ ╫────┼───────┼──▶
///    part:  good     bad   part             part:     good
///    left                  left             left
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sre) struct Slices {
    at_least: u64,
    millis: u64,
    /// In the slice that goes on; `None` when its beginning was missed.
    current: Option<u64>,
}

impl Slices {
    pub(in crate::sre) fn new(at_least: u64, millis: u64) -> Self {
        Self { at_least, millis: millis.max(1), current: None }
    }

    /// The slice that goes on is not judged: nobody was there for all of it.
    pub(in crate::sre) fn interrupt(&mut self) {
        self.current = None;
    }

    /// Time goes on from `from` to `to`, in which `events` came; how many slices ended, good and bad.
    ///
    /// Where several slices end in one step, events are spread evenly over it: nobody knows better.
    pub(in crate::sre) fn pass(&mut self, from: u64, to: u64, events: u64) -> GoodAndBad {
        let (first, last) = (from / self.millis, to / self.millis);
        if self.current.is_none() && from.is_multiple_of(self.millis) {
            self.current = Some(0);
        }
        if first == last {
            self.current = self.current.map(|sum| sum.saturating_add(events));
            return GoodAndBad::default();
        }
        let span = u128::from(to - from);
        let until = |at: u64| (u128::from(events) * u128::from(at - from) / span) as u64;
        let mut ended = GoodAndBad::default();
        let first_end = (first + 1) * self.millis;
        if let Some(sum) = self.current {
            ended += self.judged(sum.saturating_add(until(first_end)), 1);
        }
        let between = last - first - 1;
        if between > 0 {
            let share = (u128::from(events) * u128::from(self.millis) / span) as u64;
            ended += self.judged(share, between);
        }
        self.current = Some(events.saturating_sub(until(last * self.millis)));
        ended
    }

    fn judged(&self, events: u64, slices: u64) -> GoodAndBad {
        if events >= self.at_least {
            GoodAndBad::new(slices, 0)
        } else {
            GoodAndBad::new(0, slices)
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn whole_slices_are_judged_and_parts_are_not() {
        let mut slices = Slices::new(10, 60);
        // The first slice began before anybody counted.
        assert_eq!(slices.pass(30, 50, 100), GoodAndBad::default());
        assert_eq!(slices.pass(50, 60, 100), GoodAndBad::default());
        assert_eq!(slices.pass(60, 100, 9), GoodAndBad::default());
        assert_eq!(slices.pass(100, 120, 1), GoodAndBad::new(1, 0));
        assert_eq!(slices.pass(120, 170, 9), GoodAndBad::default());
        assert_eq!(slices.pass(170, 190, 0), GoodAndBad::new(0, 1));
        slices.interrupt();
        assert_eq!(slices.pass(190, 250, 100), GoodAndBad::default());
    }

    #[test]
    fn a_step_over_many_slices_spreads_its_events() {
        let mut slices = Slices::new(10, 60);
        slices.pass(0, 60, 10);
        assert_eq!(slices.pass(60, 60 + 600, 100), GoodAndBad::new(10, 0));
        assert_eq!(slices.pass(660, 660 + 600, 90), GoodAndBad::new(0, 10));
        // One a millisecond to the end of time.
        assert_eq!(slices.pass(1260, u64::MAX, u64::MAX).bad, 0);
    }
}
