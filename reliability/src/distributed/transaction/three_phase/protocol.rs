use core::time::Duration;

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
    /// The protocol, where a message, what it asks for and its answer take at most `round` unless
    /// one of the two is dead, and the network is never cut.
    ///
    /// What it asks for is the work of a participant before its vote, and one write to its journal.
    /// If any of this does not hold, participants may end differently.
    pub const fn assuming_no_partition(round: Duration) -> Self {
        Self { round }
    }

    /// How long a message, what it asks for and its answer may take.
    pub const fn round(self) -> Duration {
        self.round
    }
}
