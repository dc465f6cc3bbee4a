//! What it takes to copy a journal: sealing one, and adopting what was in another.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::PostgresStore;
use super::error::{unreadable, unusable};
use super::group::WRITING;
use super::read::{number, stream_id};
use super::session::Ask;
use super::store::{READING, only};
use crate::journal::values::{self, signed};
use crate::journal::{
    Adopted, Epoch, Head, JournalError, Record, Sequence, Standing, StreamId, not_sealed,
};

impl PostgresStore {
    pub(super) async fn standing_now(&self) -> Result<Standing, JournalError> {
        let rows = self.line()?.read(READING, Ask::Standing, &[]).await?;
        let row = only(&rows)?;
        let sealed = row.try_get(0).map_err(|error| unreadable(&error))?;
        Ok(Standing::new(sealed, Epoch::new(number(row, 1)?)))
    }

    pub(super) async fn seal_all(&self, sealed: bool) -> Result<(), JournalError> {
        let rows = self.line()?.write(WRITING, Ask::Seal, &[&self.wall(), &sealed]).await?;
        let row = only(&rows)?;
        if row.try_get::<_, Option<&str>>(0).map_err(|error| unreadable(&error))?.is_some() {
            return Err(JournalError::Busy { stream: stream_id(row)? });
        }
        if !sealed {
            self.tell();
        }
        Ok(())
    }

    pub(super) async fn adopt_all(&self, adopted: Adopted) -> Result<(), JournalError> {
        let highest = signed(adopted.highest_epoch()?.get());
        let it = Columns::of(&adopted);
        let rows = self
            .line()?
            .write(
                WRITING,
                Ask::Adopt,
                &[
                    &it.kinds,
                    &it.keys,
                    &it.streams,
                    &it.sequences,
                    &it.epochs,
                    &it.times,
                    &it.names,
                    &it.versions,
                    &it.encodings,
                    &it.payloads,
                    &it.head_streams,
                    &it.head_sequences,
                    &it.head_epochs,
                    &it.statuses,
                    &it.priorities,
                    &it.dues,
                    &it.begins,
                    &it.changes,
                    &highest,
                ],
            )
            .await?;
        let row = only(&rows)?;
        match row.try_get::<_, i32>(0).map_err(|error| unreadable(&error))? {
            0 => Ok(()),
            1 => Err(not_sealed()),
            _ => {
                let place = row.try_get::<_, i32>(1).map_err(|error| unreadable(&error))?;
                let found = Sequence::new(number(row, 3)?);
                Err(it.conflict(place, Sequence::new(number(row, 2)?), found))
            }
        }
    }
}

/// The arguments of `journal_adopt` before the highest epoch.
#[derive(Debug, Default)]
struct Columns<'a> {
    places: BTreeMap<&'a StreamId, i32>,
    kinds: Vec<&'a str>,
    keys: Vec<&'a str>,
    streams: Vec<i32>,
    sequences: Vec<i64>,
    epochs: Vec<i64>,
    times: Vec<i64>,
    names: Vec<&'a str>,
    versions: Vec<i64>,
    encodings: Vec<&'static str>,
    payloads: Vec<&'a [u8]>,
    head_streams: Vec<i32>,
    head_sequences: Vec<i64>,
    head_epochs: Vec<i64>,
    statuses: Vec<&'a str>,
    priorities: Vec<i16>,
    dues: Vec<Option<i64>>,
    begins: Vec<i64>,
    changes: Vec<i64>,
}

impl<'a> Columns<'a> {
    fn of(adopted: &'a Adopted) -> Self {
        let Adopted { records, heads, .. } = adopted;
        let named = records.iter().map(|record| &record.stream);
        let named = named.chain(heads.iter().map(|head| &head.stream));
        let mut columns =
            Self { places: named.map(|stream| (stream, 0)).collect(), ..Self::default() };
        for ((stream, place), number) in columns.places.iter_mut().zip(1..) {
            *place = number;
            columns.kinds.push(stream.kind());
            columns.keys.push(stream.key());
        }
        records.iter().for_each(|record| columns.add(record));
        heads.iter().for_each(|head| columns.add_head(head));
        columns
    }

    fn add(&mut self, record: &'a Record) {
        let event = &record.event;
        self.streams.push(self.place(&record.stream));
        self.sequences.push(signed(record.sequence.get()));
        self.epochs.push(signed(record.epoch.get()));
        self.times.push(values::micros(record.at));
        self.names.push(event.name());
        self.versions.push(event.version().into());
        self.encodings.push(event.encoding().as_str());
        self.payloads.push(event.payload());
    }

    fn add_head(&mut self, head: &'a Head) {
        self.head_streams.push(self.place(&head.stream));
        self.head_sequences.push(signed(head.sequence.get()));
        self.head_epochs.push(signed(head.epoch.get()));
        self.statuses.push(&head.status);
        self.priorities.push(head.priority);
        self.dues.push(head.due_at.map(values::micros));
        self.begins.push(values::micros(head.created_at));
        self.changes.push(values::micros(head.changed_at));
    }

    fn conflict(&self, place: i32, expected: Sequence, found: Sequence) -> JournalError {
        match self.places.iter().find(|(_, number)| **number == place) {
            Some((stream, _)) => {
                JournalError::Conflict { stream: (*stream).clone(), expected, found }
            }
            None => unusable("the database refuses a stream that it was not asked for".into()),
        }
    }

    fn place(&self, stream: &StreamId) -> i32 {
        self.places.get(stream).copied().unwrap_or_default()
    }
}
