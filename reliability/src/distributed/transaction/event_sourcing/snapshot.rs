use core::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fnv::Fnv;
use crate::journal::{Event, JournalError, Sequence};

/// How often an aggregate is written down whole, and in which form.
///
/// A snapshot is a shortcut and never the truth: one of another form, or of a stream that was
/// begun anew, is not used, and all events are read instead. It is written in the same commit as
/// the events that made it due.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::Snapshots;
///
/// // After 100 events, in the first form of this state.
/// let snapshots: Snapshots<Vec<u32>> = Snapshots::json(100, 1);
/// assert_eq!(snapshots.every(), 100);
/// ```
pub struct Snapshots<A> {
    every: u32,
    version: u32,
    write: fn(&A, Sequence, u64, u32) -> Result<Event, JournalError>,
    read: fn(&Event) -> Result<Snapshot<A>, JournalError>,
}

/// A state, and the record behind which it was.
#[derive(Debug)]
pub(super) struct Snapshot<A> {
    pub(super) state: A,
    pub(super) sequence: Sequence,
    /// The [digest] of that record.
    pub(super) digest: u64,
}

const NAME: &str = "Snapshot";

impl<A> Snapshots<A> {
    /// After every so many events, and at least one, as JSON. Give the state's form another version
    /// whenever it changes, or what its events make of it.
    pub const fn json(every: u32, version: u32) -> Self
    where
        A: Serialize + DeserializeOwned,
    {
        let every = if every == 0 { 1 } else { every };
        Self { every, version, write: write_json::<A>, read: read_json::<A> }
    }

    /// After how many events there is the next one.
    pub const fn every(&self) -> u32 {
        self.every
    }

    pub(super) fn is_due(&self, behind: Sequence, now: Sequence) -> bool {
        now.get().saturating_sub(behind.get()) >= u64::from(self.every)
    }

    pub(super) fn write(
        &self,
        state: &A,
        sequence: Sequence,
        digest: u64,
    ) -> Result<Event, JournalError> {
        (self.write)(state, sequence, digest, self.version)
    }

    /// Fails for one of another form.
    pub(super) fn read(&self, event: &Event) -> Result<Snapshot<A>, JournalError> {
        if event.name() != NAME || event.version() != self.version {
            let what = alloc::format!("version {} of the state", event.version());
            return Err(JournalError::Unreadable { what, source: None });
        }
        (self.read)(event)
    }
}

impl<A> Clone for Snapshots<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Snapshots<A> {}

impl<A> fmt::Debug for Snapshots<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Snapshots");
        shown.field("every", &self.every).field("version", &self.version).finish_non_exhaustive()
    }
}

fn write_json<A: Serialize>(
    state: &A,
    sequence: Sequence,
    digest: u64,
    version: u32,
) -> Result<Event, JournalError> {
    Event::json(NAME, version, &(sequence.get(), digest, state))
}

fn read_json<A: DeserializeOwned>(event: &Event) -> Result<Snapshot<A>, JournalError> {
    let (sequence, digest, state) = event.read_json()?;
    Ok(Snapshot { state, sequence: Sequence::new(sequence), digest })
}

/// Tells the record at which a snapshot was made from the one that a stream has there after it was
/// begun anew.
pub(super) fn digest(event: &Event) -> u64 {
    let mut hash = Fnv::new();
    let version = event.version().to_le_bytes();
    for part in [event.name().as_bytes(), &version, event.payload()] {
        hash.write(part);
    }
    hash.get()
}
