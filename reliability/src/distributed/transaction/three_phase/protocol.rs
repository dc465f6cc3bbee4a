use alloc::vec::Vec;
use core::time::Duration;

use super::{Coordinator, CoordinatorEffect, Participant};
use crate::distributed::transaction::{Decision, Members};
use crate::time::Instant;

/// What a transaction is carried out by; the name of its constructor is its condition.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreePhase {
    round: Duration,
}

impl ThreePhase {
    /// The protocol, where a message and its answer take at most `round` unless one of the two is
    /// dead, and the network is never cut.
    ///
    /// If that does not hold, participants may end differently.
    pub const fn assuming_no_partition(round: Duration) -> Self {
        Self { round }
    }

    /// The coordinator of a new transaction, and what it does first.
    pub fn coordinator(
        self,
        now: Instant,
        members: Members,
    ) -> (Coordinator, Vec<CoordinatorEffect>) {
        Coordinator::begin(now, members, self.round)
    }

    /// The participant with that index, among those.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::distributed::transaction::three_phase::{Standing, ThreePhase};
    /// use reliability::distributed::transaction::Members;
    ///
    /// let protocol = ThreePhase::assuming_no_partition(Duration::from_millis(200));
    /// let first = protocol.participant(0, Members::first(3)?);
    /// assert_eq!(first.standing(), Standing::Working);
    /// # Ok::<(), reliability::error::Invalid>(())
    /// ```
    pub const fn participant(self, index: usize, members: Members) -> Participant {
        Participant::new(index, members, self.round)
    }
}

/// What a participant says of itself when it is asked how far it has got.
///
/// # Examples
///
/// Those who are left decide by what they know:
///
/// ```
/// use reliability::distributed::transaction::three_phase::Standing::{self, *};
/// use reliability::distributed::transaction::Decision;
///
/// // Nobody can have committed: one of those who are left would know that all had voted yes.
/// assert_eq!(Standing::decide([Waiting, Waiting]), Decision::Abort);
/// assert_eq!(Standing::decide([Waiting, PreCommitted]), Decision::Commit);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// It has not voted.
    Working,
    /// It has voted yes.
    Waiting,
    /// It knows that all have voted yes.
    PreCommitted,
    /// It has done either.
    Ended(Decision),
}

impl Standing {
    /// How it ends, by what those know who are left.
    pub fn decide(all: impl IntoIterator<Item = Self>) -> Decision {
        let furthest = |best: Self, next| match (best, next) {
            (Self::Ended(_), _) => best,
            (_, Self::Ended(_)) => next,
            _ => best.max(next),
        };
        match all.into_iter().fold(Self::Working, furthest) {
            Self::Ended(decision) => decision,
            Self::PreCommitted => Decision::Commit,
            Self::Working | Self::Waiting => Decision::Abort,
        }
    }
}
