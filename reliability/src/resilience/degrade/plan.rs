//! [`Measures`] in one word, so that no call sees a part of a change, and may keep them to its end.
//!
//! ```text
//!  47    45 44              24 23              3   2    1       0
//!  +-------+------------------+-----------------+-----+-----+-------+
//!  | below |     shed (21)    | concurrency (21)| hedge retry | some |
//!  +-------+------------------+-----------------+-----+-----+-------+
//! ```

use super::Measures;
use crate::resilience::concurrency_limit::Priority;

/// What one call does less of; nothing, for most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Plan(u64);

const SOME: u64 = 1;
const WITHOUT_RETRIES: u64 = 1 << 1;
const WITHOUT_HEDGES: u64 = 1 << 2;
const CONCURRENCY: u32 = 3;
const SHED: u32 = 24;
const BELOW: u32 = 45;
const WHOLE: u64 = 1 << 20;
const SHARE: u64 = 2 * WHOLE - 1;

impl Plan {
    /// What is done while nothing is degraded.
    pub(crate) const NORMAL: Plan = Plan(0);

    pub(super) fn of(measures: &Measures) -> Self {
        // Neither all nor nothing where something in between was asked for.
        let share = |share: f64| match share {
            none if none <= 0.0 => 0,
            all if all >= 1.0 => WHOLE,
            part => ((part * WHOLE as f64) as u64).clamp(1, WHOLE - 1),
        };
        let flag = |off: bool, bit: u64| if off { bit } else { 0 };
        // Zero for all priorities.
        let below = measures.shed_below.map_or(0, |priority| priority as u64 + 1);
        Self(
            SOME | flag(!measures.retry, WITHOUT_RETRIES)
                | flag(!measures.hedge, WITHOUT_HEDGES)
                | share(measures.concurrency) << CONCURRENCY
                | share(measures.shed) << SHED
                | below << BELOW,
        )
    }

    pub(super) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(super) const fn word(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) fn is_normal(self) -> bool {
        self == Self::NORMAL
    }

    pub(crate) fn is_without_retries(self) -> bool {
        self.0 & WITHOUT_RETRIES != 0
    }

    pub(crate) fn is_without_hedges(self) -> bool {
        self.0 & WITHOUT_HEDGES != 0
    }

    /// Of so many places how many may be filled, if not all.
    pub(crate) fn part_of_limit(self) -> Option<impl Fn(u32) -> u32 + Copy> {
        let share = self.0 >> CONCURRENCY & SHARE;
        (!self.is_normal() && share < WHOLE)
            .then_some(move |limit: u32| ((u64::from(limit) * share / WHOLE) as u32).max(1))
    }

    /// Whether it is left to chance if a call of that priority is kept out.
    pub(crate) fn draws_for(self, priority: Priority) -> bool {
        let share = self.0 >> SHED & SHARE;
        share > 0 && share < WHOLE && self.concerns(priority)
    }

    /// Whether a call of that priority is kept out, given a random number.
    pub(crate) fn sheds(self, priority: Priority, draw: u64) -> bool {
        let share = self.0 >> SHED & SHARE;
        self.concerns(priority) && draw >> 44 < share
    }

    fn concerns(self, priority: Priority) -> bool {
        match self.0 >> BELOW {
            0 => true,
            below => priority as u64 >= below,
        }
    }
}
