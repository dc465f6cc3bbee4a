//! A store that does not know whether it has written.

use std::future::ready;
use std::time::Duration;

use super::account::Deposited;
use crate::journal::{
    Answer, Append, Appended, Changes, Claim, Event, Head, Heads, JournalError, Lease, MemoryStore,
    Position, Record, Sequence, Store, StreamId,
};
use crate::sync::Mutex;

/// What becomes of an append.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Written {
        said: bool,
    },
    Lost,
    /// Lost, and somebody else has written in its place.
    Overtaken,
    /// Refused, because somebody else has.
    Late,
}

#[derive(Debug)]
pub(super) struct Doubtful {
    inner: MemoryStore,
    fates: Mutex<Vec<Fate>>,
    rest: Fate,
}

impl Doubtful {
    /// Written or not, and both times unknown; all that come later are written.
    pub(super) fn by(are_written: impl IntoIterator<Item = bool>) -> Self {
        let fates = are_written.into_iter().map(|is_written| match is_written {
            true => Fate::Written { said: false },
            false => Fate::Lost,
        });
        let mut fates: Vec<Fate> = fates.collect();
        fates.reverse();
        Self::with(fates, Fate::Written { said: true })
    }

    /// The first one is written; in place of the second one somebody deposits 2 cents.
    pub(super) fn overtaken() -> Self {
        let fates = vec![Fate::Overtaken, Fate::Written { said: true }];
        Self::with(fates, Fate::Written { said: true })
    }

    pub(super) fn always_late() -> Self {
        Self::with(Vec::new(), Fate::Late)
    }

    fn with(fates: Vec<Fate>, rest: Fate) -> Self {
        Self { inner: MemoryStore::new(), fates: Mutex::new(fates), rest }
    }
}

fn unknown() -> JournalError {
    JournalError::Unknown { source: "the disk has gone".into() }
}

impl Store for Doubtful {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        let fate = self.fates.lock().pop().unwrap_or(self.rest);
        Box::pin(async move {
            let stream = batch[0].stream().clone();
            match fate {
                Fate::Written { said: true } => self.inner.append(batch).await,
                Fate::Written { said: false } => {
                    self.inner.append(batch).await?;
                    Err(unknown())
                }
                Fate::Lost => Err(unknown()),
                Fate::Overtaken => {
                    let theirs = Event::json("Deposited", 3, &Deposited { cents: 2 })?;
                    self.inner.append(vec![Append::to(&stream).event(theirs)]).await?;
                    Err(unknown())
                }
                Fate::Late => {
                    let (expected, found) = (Sequence::START, Sequence::new(1));
                    Err(JournalError::Conflict { stream, expected, found })
                }
            }
        })
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.inner.read(stream, after, most)
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.inner.read_all(after, most)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.inner.head(stream)
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.inner.heads(heads)
    }

    fn claim(&self, _: Claim) -> Answer<'_, Vec<Lease>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn renew(&self, _: Vec<Lease>, _: Duration) -> Answer<'_, Vec<bool>> {
        Box::pin(ready(Ok(Vec::new())))
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.inner.remove(stream, last)
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.inner.remove_held(lease)
    }

    fn changes(&self) -> Changes {
        self.inner.changes()
    }
}
