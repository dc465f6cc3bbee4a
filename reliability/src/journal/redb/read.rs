//! What reads.

use alloc::vec::Vec;
use core::ops::Bound;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageError};

use super::error::{damaged, failed, no_table, not_begun};
use super::tables::{
    KeptRecord, KeptStream, LAST_EPOCH, NAMES, NUMBERS, PLACES, RECORDS, SEALED, STREAMS, Stream,
};
use crate::journal::{
    Encoding, Epoch, Event, Head, Heads, JournalError, Page, Position, Record, Sequence, Standing,
    StreamId, values,
};

const READING: &str = "reading the journal";

type Read<T> = Result<T, JournalError>;

/// What was committed when it was begun.
pub(super) struct Reading(ReadTransaction);

impl Reading {
    pub(super) fn begin(database: &Database) -> Read<Self> {
        database.begin_read().map(Self).map_err(|error| not_begun(READING, error))
    }

    pub(super) fn records(
        &self,
        stream: &StreamId,
        after: Sequence,
        most: usize,
    ) -> Read<Vec<Record>> {
        let Some(number) = self.number(stream)? else { return Ok(Vec::new()) };
        let places = self.0.open_table(PLACES).map_err(missing)?;
        let records = self.0.open_table(RECORDS).map_err(missing)?;
        let behind = Bound::Excluded((number, after.get()));
        let found = places.range((behind, Bound::Included((number, u64::MAX)))).map_err(broken)?;
        let mut all = Page::of(most);
        for place in found.take(most) {
            let position = place.map_err(broken)?.1.value();
            let kept = records.get(position).map_err(broken)?.ok_or_else(torn)?;
            if !all.push(record(stream.clone(), position, kept.value())?) {
                break;
            }
        }
        Ok(all.into_records())
    }

    pub(super) fn all_records(&self, after: Position, most: usize) -> Read<Vec<Record>> {
        let records = self.0.open_table(RECORDS).map_err(missing)?;
        let streams = self.0.open_table(STREAMS).map_err(missing)?;
        // All of ours begin with a zero.
        let behind = match after.parts() {
            (0, minor) => minor,
            _ => u64::MAX,
        };
        let behind = (Bound::Excluded(behind), Bound::Unbounded);
        let mut all = Page::of(most);
        for found in records.range::<u64>(behind).map_err(broken)?.take(most) {
            let (position, kept) = found.map_err(broken)?;
            let id = stream(&streams, kept.value().0)?.id()?;
            if !all.push(record(id, position.value(), kept.value())?) {
                break;
            }
        }
        Ok(all.into_records())
    }

    pub(super) fn end(&self) -> Read<Option<Position>> {
        let records = self.0.open_table(RECORDS).map_err(missing)?;
        let last = records.last().map_err(broken)?.map_or(0, |(position, _)| position.value());
        Ok(Some(Position::from_parts(0, last)))
    }

    pub(super) fn head(&self, id: &StreamId) -> Read<Option<Head>> {
        let Some(number) = self.number(id)? else { return Ok(None) };
        let streams = self.0.open_table(STREAMS).map_err(missing)?;
        stream(&streams, number)?.head().map(Some)
    }

    pub(super) fn standing(&self) -> Read<Standing> {
        let numbers = self.0.open_table(NUMBERS).map_err(missing)?;
        let number = |name| {
            let number = numbers.get(name).map_err(broken)?;
            Read::Ok(number.map_or(0, |number| number.value()))
        };
        Ok(Standing::new(number(SEALED)? != 0, Epoch::new(number(LAST_EPOCH)?)))
    }

    pub(super) fn heads(&self, heads: &Heads) -> Read<Vec<Head>> {
        let names = self.0.open_table(NAMES).map_err(missing)?;
        let streams = self.0.open_table(STREAMS).map_err(missing)?;
        let first = (heads.kind().unwrap_or_default(), "");
        let start = match heads.behind().map(|behind| (behind.kind(), behind.key())) {
            Some(behind) if behind >= first => Bound::Excluded(behind),
            _ => Bound::Included(first),
        };
        let range = (start, Bound::Unbounded);
        let mut all = Vec::new();
        for found in names.range::<(&str, &str)>(range).map_err(broken)? {
            let (name, number) = found.map_err(broken)?;
            if heads.kind().is_some_and(|kind| kind != name.value().0) || all.len() == heads.limit()
            {
                break;
            }
            let stream = stream(&streams, number.value())?;
            if heads.status().is_none_or(|status| status == stream.status) {
                all.push(stream.head()?);
            }
        }
        Ok(all)
    }

    fn number(&self, id: &StreamId) -> Read<Option<u64>> {
        let names = self.0.open_table(NAMES).map_err(missing)?;
        let number = names.get((id.kind(), id.key())).map_err(broken)?;
        Ok(number.map(|number| number.value()))
    }
}

fn stream(streams: &impl ReadableTable<u64, KeptStream>, number: u64) -> Read<Stream> {
    let kept = streams.get(number).map_err(broken)?.ok_or_else(torn)?;
    Ok(Stream::read(kept.value()))
}

fn record(
    stream: StreamId,
    position: u64,
    kept: <KeptRecord as redb::Value>::SelfType<'_>,
) -> Read<Record> {
    let (_, sequence, epoch, at, name, version, encoding, payload) = kept;
    let Some(encoding) = Encoding::from_name(encoding) else {
        let what = alloc::format!(
            "the record at position {position} is written as `{encoding}`, which this program does \
             not know: run the program that wrote it, or a newer one"
        );
        return Err(JournalError::Unreadable { what, source: None });
    };
    let event =
        Event::from_parts(alloc::string::String::from(name), version, encoding, payload.to_vec());
    Ok(Record::new(
        stream,
        Sequence::new(sequence),
        Position::from_parts(0, position),
        Epoch::new(epoch),
        values::time(at),
        event,
    ))
}

fn missing(error: redb::TableError) -> JournalError {
    no_table(READING, error)
}

fn broken(error: StorageError) -> JournalError {
    failed(READING, error)
}

fn torn() -> JournalError {
    damaged(READING, "one table names what another one does not have")
}
