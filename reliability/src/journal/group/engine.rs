use alloc::vec::Vec;
use core::time::Duration;

use crate::journal::{Adopted, Append, Appended, Claim, JournalError, Lease, Removal};
use crate::time::WallClock;

/// What a call came to: what the store could not do is outside, what the journal refuses inside.
///
/// After the outer error nothing of the transaction is kept; after the inner one everything is that
/// other calls have written, and the call itself has written nothing.
pub(in crate::journal) type Outcome<T> = Result<Result<T, JournalError>, JournalError>;

/// What is to be done in a transaction.
pub(in crate::journal) type Work<'w> =
    &'w mut dyn FnMut(&mut dyn Writing) -> Result<(), JournalError>;

/// What belongs to the thread that writes: a connection, a database.
pub(in crate::journal) trait Engine: Send + 'static {
    /// Begins a transaction, does the work in it, and makes it durable. When the work fails, or
    /// panics, nothing of it is kept.
    fn transact(&mut self, clock: &WallClock, work: Work<'_>) -> Result<(), Failed>;
}

/// A transaction that somebody else begins and ends.
pub(in crate::journal) trait Writing {
    fn append(&mut self, batch: &[Append]) -> Outcome<Vec<Appended>>;
    fn claim(&mut self, claim: &Claim) -> Outcome<Vec<Lease>>;
    fn renew(&mut self, leases: &[Lease], length: Duration) -> Outcome<Vec<bool>>;
    fn remove(&mut self, removal: &Removal) -> Outcome<()>;
    fn is_sealed(&mut self) -> Result<bool, JournalError>;
    fn seal(&mut self, sealed: bool) -> Outcome<()>;
    fn adopt(&mut self, adopted: &Adopted) -> Outcome<()>;
}

/// How far a transaction came that failed.
#[derive(Debug)]
pub(in crate::journal) enum Failed {
    /// It was not even begun, for a reason that is nobody's in the group.
    ToBegin(JournalError),
    /// Nothing was written.
    Before(JournalError),
    /// Nobody knows.
    While(JournalError),
}

impl Failed {
    /// What each of those is told who were in it.
    pub(super) fn tell(&self) -> JournalError {
        match self {
            Self::ToBegin(error) | Self::Before(error) | Self::While(error) => again(error),
        }
    }
}

/// The same once more: an error belongs to one, and a failed commit to many.
fn again(error: &JournalError) -> JournalError {
    use alloc::string::ToString;

    match error {
        JournalError::Unavailable { what, source } => {
            JournalError::Unavailable { what, source: source.to_string().into() }
        }
        JournalError::Unknown { source } => {
            JournalError::Unknown { source: source.to_string().into() }
        }
        JournalError::Unreadable { what, source } => JournalError::Unreadable {
            what: what.clone(),
            source: source.as_ref().map(|source| source.to_string().into()),
        },
        JournalError::Sealed => JournalError::Sealed,
        other => JournalError::Unusable { what: other.to_string() },
    }
}
