use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::numbers::LAST;
use super::{Epoch, Head, JournalError, Record, Sequence, StreamId};
use crate::error::Invalid;

/// Records and heads of another journal, which a sealed store takes as they are: see
/// [`Store::adopt`](super::Store::adopt).
///
/// # Examples
///
/// ```
/// use reliability::journal::{Adopted, Epoch, Journal, MemoryStore, Store};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let store = MemoryStore::new();
/// store.seal(true).await?;
/// store.adopt(Adopted::new(Vec::new(), Vec::new(), Epoch::new(7))).await?;
/// assert_eq!(store.standing().await?.epoch, Epoch::new(7));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adopted {
    /// They keep their numbers, epochs and times, and their order; their positions are given anew.
    pub records: Vec<Record>,
    /// Streams as they are to be, without who holds them.
    pub heads: Vec<Head>,
    /// The highest epoch that was ever given there: none is given here up to that one.
    pub epoch: Epoch,
}

impl Adopted {
    /// What is adopted together.
    pub const fn new(records: Vec<Record>, heads: Vec<Head>, epoch: Epoch) -> Self {
        Self { records, heads, epoch }
    }

    /// Whether every record is the next one of its stream, and every head says how its stream ends:
    /// what a store asks before it writes. It is told how streams end now.
    ///
    /// # Errors
    ///
    /// What cannot be told is outside, a [`JournalError::Conflict`] inside.
    pub fn fits<E>(
        &self,
        mut end: impl FnMut(&StreamId) -> Result<Sequence, E>,
    ) -> Result<Result<(), JournalError>, E> {
        let mut ends: BTreeMap<&StreamId, Sequence> = BTreeMap::new();
        for (stream, follows) in self
            .records
            .iter()
            .map(|record| (&record.stream, Ok(record.sequence)))
            .chain(self.heads.iter().map(|head| (&head.stream, Err(head.sequence))))
        {
            let found = match ends.get(stream) {
                Some(end) => *end,
                None => end(stream)?,
            };
            let expected = match follows {
                Ok(next) => Sequence::new(next.get().saturating_sub(1)),
                Err(last) => last,
            };
            if found != expected {
                let stream = stream.clone();
                return Ok(Err(JournalError::Conflict { stream, expected, found }));
            }
            ends.insert(stream, follows.unwrap_or(found));
        }
        Ok(Ok(()))
    }

    /// The highest epoch of all that is in it: none is given up to that one.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::journal::{Adopted, Epoch};
    ///
    /// let highest = |epoch| Adopted::new(Vec::new(), Vec::new(), Epoch::new(epoch)).highest_epoch();
    /// assert_eq!(highest(7)?, Epoch::new(7));
    /// assert!(highest(u64::MAX).is_err());
    /// # Ok::<(), reliability::journal::JournalError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when it is above 2^63 - 1, which no store can write down.
    pub fn highest_epoch(&self) -> Result<Epoch, JournalError> {
        let heads = self.heads.iter().map(|head| head.epoch);
        let all = heads.chain(self.records.iter().map(|record| record.epoch));
        let highest = all.fold(self.epoch, Epoch::max);
        match highest.get() {
            0..=LAST => Ok(highest),
            got => {
                let expected = "at most 9223372036854775807";
                Err(Invalid::new("journal", "epoch", expected, got).into())
            }
        }
    }

    #[cfg(any(feature = "redb", feature = "sqlite"))]
    pub(super) fn size(&self) -> usize {
        let records = self.records.iter().map(|record| record.event.size());
        records.fold(64, usize::saturating_add)
    }
}

/// What there is to know of a whole journal.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Epoch, Journal, Standing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let standing = Journal::in_memory().standing().await?;
/// assert_eq!(standing, Standing::new(false, Epoch::NEVER));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing {
    /// Whether it takes nothing any more.
    pub sealed: bool,
    /// The highest epoch that it has ever given.
    pub epoch: Epoch,
}

impl Standing {
    /// What a store answers.
    pub const fn new(sealed: bool, epoch: Epoch) -> Self {
        Self { sealed, epoch }
    }
}

/// What a store says to who wants it to adopt while others may write.
pub(super) fn not_sealed() -> JournalError {
    let what = "only a sealed journal adopts what was another one's: seal it before".into();
    JournalError::Unusable { what }
}
