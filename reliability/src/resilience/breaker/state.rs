use core::fmt;

use super::circuit::{Circuit, Seen};
use crate::sync::atomic::{AtomicU64, Ordering};

/// The state of a breaker, without the data that belongs to it.
///
/// # Examples
///
/// ```
/// use reliability::resilience::breaker::{Breaker, State};
///
/// let breaker = Breaker::standard("inventory");
/// assert_eq!(breaker.state(), State::Closed);
/// breaker.force_open();
/// assert_eq!(breaker.state().to_string(), "forced_open");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Calls pass, and their outcomes are counted.
    Closed,
    /// Calls are refused until the open period is over.
    Open,
    /// A few calls pass, to find out whether the others may.
    HalfOpen,
    /// Calls are refused until an operator says otherwise.
    ForcedOpen,
    /// Calls pass, and nothing is counted.
    Disabled,
}

impl State {
    /// All states.
    pub const ALL: [State; 5] =
        [Self::Closed, Self::Open, Self::HalfOpen, Self::ForcedOpen, Self::Disabled];

    /// The name in snake case, as it stands in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::Disabled => "disabled",
        }
    }

    pub(super) fn of(seen: Seen) -> Self {
        match seen.machine() {
            Circuit::Closed { .. } => Self::Closed,
            Circuit::Open { .. } => Self::Open,
            Circuit::HalfOpen { .. } => Self::HalfOpen,
            Circuit::ForcedOpen => Self::ForcedOpen,
            Circuit::Disabled => Self::Disabled,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How often a breaker went from each state to each other.
#[derive(Debug)]
pub(super) struct Transitions([[AtomicU64; 5]; 5]);

impl Transitions {
    pub(super) fn new() -> Self {
        let row = |_| core::array::from_fn(|_| AtomicU64::new(0));
        Self(core::array::from_fn(row))
    }

    pub(super) fn count(&self, from: State, to: State) {
        self.0[from as usize][to as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, from: State, to: State) -> u64 {
        self.0[from as usize][to as usize].load(Ordering::Relaxed)
    }
}
