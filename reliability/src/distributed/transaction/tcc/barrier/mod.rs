//! What keeps a participant right while its messages come twice, late, and in the wrong order.
//!
//! A coordinator repeats itself until it is heard, and the network delivers what it likes: a cancel
//! comes twice; it comes although the try never arrived, and there is nothing to take back; it
//! comes first, and the try a minute later, which would reserve what nobody ever releases. All three
//! are decided by one small table, kept beside the participant's own data and changed in the same
//! transaction:
//!
//! | comes | nothing yet | tried | confirmed | cancelled |
//! |---|---|---|---|---|
//! | try | **run** | repeated | repeated | refused |
//! | confirm | refused | **run** | repeated | refused |
//! | cancel | **empty**, and remembered | **run** | refused | repeated |
//!
//! A barrier that forgets what is over, after longer than any message is under way, can be helped by the
//! clock: a try that comes [too late](super::Cx::expires_at) is refused without looking.
//!
//! ```
//! use reliability::distributed::transaction::tcc::barrier::{Key, MemoryBarrier, Phase, Verdict};
//!
//! let barrier = MemoryBarrier::new();
//! let stock = Key::new("order-17", "stock");
//! // The try is still under way when everything is called off.
//! assert_eq!(barrier.enter(&stock, Phase::Cancel), Verdict::Empty);
//! assert_eq!(barrier.enter(&stock, Phase::Cancel), Verdict::Repeated);
//! assert!(matches!(barrier.enter(&stock, Phase::Try), Verdict::Refused(_)));
//! ```

use alloc::string::String;
use core::fmt;

mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use memory::MemoryBarrier;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteBarrier;

/// Which participant of which transaction.
///
/// # Examples
///
/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The id of the transaction.
    pub transaction: String,
    /// The participant in it.
    pub branch: String,
}

impl Key {
    /// The participant `branch` of that transaction.
    pub fn new(transaction: impl Into<String>, branch: impl Into<String>) -> Self {
        Self { transaction: transaction.into(), branch: branch.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.transaction, self.branch)
    }
}

/// What a participant is asked to do.
///
/// # Examples
///
/// See the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Reserve it.
    Try,
    /// Use what is reserved.
    Confirm,
    /// Release what is reserved.
    Cancel,
}

impl Phase {
    /// `try`, `confirm` or `cancel`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Try => "try",
            Phase::Confirm => "confirm",
            Phase::Cancel => "cancel",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a participant is in a transaction.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::tcc::barrier::{Phase, Progress, Verdict};
///
/// let (verdict, now) = Progress::Nothing.enter(Phase::Cancel);
/// assert_eq!((verdict, now), (Verdict::Empty, Progress::Cancelled));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Progress {
    /// It has heard of nothing.
    #[default]
    Nothing,
    /// It has reserved.
    Tried,
    /// It has used what it had reserved.
    Confirmed,
    /// It has released what it had reserved, or will never reserve it.
    Cancelled,
}

/// What to do with a request.
///
/// # Examples
///
/// See the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use = "it says whether to do anything, and what to answer"]
pub enum Verdict {
    /// Do it, in this same transaction.
    Run,
    /// It has been done: answer as then, and do nothing.
    Repeated,
    /// There is nothing to cancel, and a try that comes later is refused: answer yes, and do nothing.
    Empty,
    /// It comes too late, or must not come at all: answer no, and do nothing.
    Refused(Progress),
}

impl Verdict {
    /// Whether there is something to do.
    pub const fn runs(self) -> bool {
        matches!(self, Verdict::Run)
    }

    /// Whether the answer is yes. What neither runs nor is fine was refused: answer with an error.
    pub const fn is_fine(self) -> bool {
        !matches!(self, Verdict::Refused(_))
    }
}

impl Progress {
    /// What to do with a request, and how far the participant is then.
    pub const fn enter(self, phase: Phase) -> (Verdict, Self) {
        match (phase, self) {
            (Phase::Try, Self::Nothing) => (Verdict::Run, Self::Tried),
            (Phase::Try, Self::Tried | Self::Confirmed)
            | (Phase::Confirm, Self::Confirmed)
            | (Phase::Cancel, Self::Cancelled) => (Verdict::Repeated, self),
            (Phase::Confirm, Self::Tried) => (Verdict::Run, Self::Confirmed),
            (Phase::Cancel, Self::Tried) => (Verdict::Run, Self::Cancelled),
            (Phase::Cancel, Self::Nothing) => (Verdict::Empty, Self::Cancelled),
            (Phase::Try, Self::Cancelled)
            | (Phase::Confirm, Self::Nothing | Self::Cancelled)
            | (Phase::Cancel, Self::Confirmed) => (Verdict::Refused(self), self),
        }
    }

    /// As it is kept: `tried`, `confirmed` or `cancelled`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Tried => "tried",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
