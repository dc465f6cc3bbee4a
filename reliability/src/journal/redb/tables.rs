//! What is in the file. Times are microseconds since 1970.

use alloc::string::String;

use redb::TableDefinition;

use crate::journal::values;
use crate::journal::{Epoch, Head, Held, JournalError, Lease, Sequence, StreamId};

/// The last numbers that were given, and the version of these tables.
pub(super) const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("journal_numbers");
/// The number of a stream, by kind and key.
pub(super) const NAMES: TableDefinition<'_, (&str, &str), u64> =
    TableDefinition::new("journal_names");
pub(super) const STREAMS: TableDefinition<'_, u64, KeptStream> =
    TableDefinition::new("journal_streams");
/// By position: what is written last is at the end of the tree, whatever stream it belongs to.
pub(super) const RECORDS: TableDefinition<'_, u64, KeptRecord> =
    TableDefinition::new("journal_records");
/// The position of a record, by stream and sequence.
pub(super) const PLACES: TableDefinition<'_, (u64, u64), u64> =
    TableDefinition::new("journal_places");
/// Streams that somebody has to work at, by the time from when on they can be claimed: when they
/// are due and the lease of who holds them is over.
pub(super) const CLAIMABLE: TableDefinition<'_, (i64, u64), ()> =
    TableDefinition::new("journal_claimable");
/// Streams that somebody holds, by the time since when.
pub(super) const HELD: TableDefinition<'_, (i64, u64), ()> = TableDefinition::new("journal_held");

/// In [`NUMBERS`].
pub(super) const VERSION: &str = "version";
pub(super) const LAST_POSITION: &str = "last_position";
pub(super) const LAST_EPOCH: &str = "last_epoch";
pub(super) const LAST_STREAM: &str = "last_stream";
/// 1 where nobody may write any more.
pub(super) const SEALED: &str = "sealed";

/// Kind, key, sequence, epoch, status, priority, due at, owner, held since, held until, created at
/// and changed at.
pub(super) type KeptStream = (
    &'static str,
    &'static str,
    u64,
    u64,
    &'static str,
    i16,
    Option<i64>,
    Option<&'static str>,
    i64,
    i64,
    i64,
    i64,
);

/// Stream, sequence, epoch, recorded at, name, version, encoding and payload.
pub(super) type KeptRecord = (u64, u64, u64, i64, &'static str, u32, &'static str, &'static [u8]);

/// A stream outside of the file.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) kind: String,
    pub(super) key: String,
    pub(super) sequence: u64,
    pub(super) epoch: u64,
    pub(super) status: String,
    pub(super) priority: i16,
    pub(super) due_at: Option<i64>,
    pub(super) held: Option<Holder>,
    pub(super) created_at: i64,
    pub(super) changed_at: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Holder {
    pub(super) owner: String,
    pub(super) since: i64,
    pub(super) until: i64,
}

type Row<'a> =
    (&'a str, &'a str, u64, u64, &'a str, i16, Option<i64>, Option<&'a str>, i64, i64, i64, i64);

impl Stream {
    pub(super) fn begun(id: &StreamId, now: i64) -> Self {
        Self {
            kind: id.kind().into(),
            key: id.key().into(),
            sequence: 0,
            epoch: 0,
            status: String::new(),
            priority: 0,
            due_at: None,
            held: None,
            created_at: now,
            changed_at: now,
        }
    }

    pub(super) fn read(row: Row<'_>) -> Self {
        let (kind, key, sequence, epoch, status, priority, due_at, owner, ..) = row;
        let (.., since, until, created_at, changed_at) = row;
        let held = owner.map(|owner| Holder { owner: owner.into(), since, until });
        let (kind, key, status) = (kind.into(), key.into(), status.into());
        Self { kind, key, sequence, epoch, status, priority, due_at, held, created_at, changed_at }
    }

    pub(super) fn row(&self) -> Row<'_> {
        let held = self.held.as_ref();
        let (since, until) = held.map_or((0, 0), |held| (held.since, held.until));
        let owner = held.map(|held| held.owner.as_str());
        (
            &self.kind,
            &self.key,
            self.sequence,
            self.epoch,
            &self.status,
            self.priority,
            self.due_at,
            owner,
            since,
            until,
            self.created_at,
            self.changed_at,
        )
    }

    /// From when on it can be claimed, unless somebody sets the clock back.
    pub(super) fn claimable_at(&self) -> Option<i64> {
        let until = self.held.as_ref().map_or(i64::MIN, |held| held.until);
        self.due_at.map(|due| due.max(until))
    }

    pub(super) fn is_held(&self, now: i64) -> bool {
        self.held.as_ref().is_some_and(|held| held.since <= now && now < held.until)
    }

    pub(super) fn id(&self) -> Result<StreamId, JournalError> {
        StreamId::new(&self.kind, &self.key).map_err(|source| JournalError::Unreadable {
            what: "a stream has a name that no journal gives".into(),
            source: Some(source.into()),
        })
    }

    pub(super) fn lease(&self) -> Result<Lease, JournalError> {
        Ok(Lease::new(self.id()?, Epoch::new(self.epoch), Sequence::new(self.sequence)))
    }

    pub(super) fn head(self) -> Result<Head, JournalError> {
        let stream = self.id()?;
        let held = |held: Holder| Held {
            owner: held.owner,
            since: values::time(held.since),
            until: values::time(held.until),
        };
        Ok(Head {
            stream,
            sequence: Sequence::new(self.sequence),
            epoch: Epoch::new(self.epoch),
            status: self.status,
            priority: self.priority,
            due_at: self.due_at.map(values::time),
            held: self.held.map(held),
            created_at: values::time(self.created_at),
            changed_at: values::time(self.changed_at),
        })
    }
}
