//! What it takes to copy a journal: sealing one, and adopting what was in another.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;

use rusqlite::{OptionalExtension, params};

use super::error::Outcome;
use super::places::Totals;
use super::write::Writing;
use crate::journal::values::{self, signed};
use crate::journal::{Adopted, Head, JournalError, Record, Sequence, StreamId};

impl Writing<'_> {
    pub(super) fn seal_all(&self, sealed: bool) -> Outcome<()> {
        let held = self
            .prepare(
                "SELECT kind, key FROM journal_streams
                 WHERE held_since <= ?1 AND ?1 < held_until LIMIT 1",
            )?
            .query_row([self.now], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
            .optional()?;
        if sealed && let Some((kind, key)) = held {
            let busy = |stream| JournalError::Busy { stream };
            return Ok(Err(StreamId::new(&kind, &key).map_or_else(Into::into, busy)));
        }
        self.totals.set(Totals { sealed, ..self.totals.get() });
        Ok(Ok(()))
    }

    pub(super) fn adopt_all(&self, adopted: &Adopted) -> Outcome<()> {
        self.forget_places();
        let end = |stream: &StreamId| -> rusqlite::Result<Sequence> {
            let place = self.place(stream)?;
            Ok(place.map_or(Sequence::START, |place| place.sequence))
        };
        if let Err(refused) = adopted.fits(end)? {
            return Ok(Err(refused));
        }
        let room = self.room_for(adopted.records.len(), 0);
        let highest = match room.and_then(|()| adopted.highest_epoch()) {
            Ok(highest) => signed(highest.get()),
            Err(refused) => return Ok(Err(refused)),
        };
        let mut begun: BTreeMap<&StreamId, i64> = BTreeMap::new();
        for record in &adopted.records {
            let id = match begun.entry(&record.stream) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    *new.insert(self.begun(&record.stream, values::micros(record.at))?)
                }
            };
            self.adopt_record(id, record)?;
        }
        adopted.heads.iter().try_for_each(|head| self.adopt_head(head))?;
        let totals = self.totals.get();
        let epoch = totals.epoch.max(highest);
        self.totals.set(Totals { epoch, ..totals });
        Ok(Ok(()))
    }

    /// The number of a stream, which is begun if it is not there.
    fn begun(&self, stream: &StreamId, at: i64) -> rusqlite::Result<i64> {
        match self.place(stream)? {
            Some(place) => Ok(place.id),
            None => self
                .prepare(
                    "INSERT INTO journal_streams
                        (kind, key, epoch, status, priority, created_at, changed_at)
                     VALUES (?1, ?2, 0, '', 0, ?3, ?3)",
                )?
                .insert(params![stream.kind(), stream.key(), at]),
        }
    }

    fn adopt_record(&self, id: i64, record: &Record) -> rusqlite::Result<()> {
        let event = &record.event;
        self.prepare(
            "INSERT INTO journal_records
                (position, stream, sequence, epoch, recorded_at, name, version, encoding, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            self.position(),
            id,
            signed(record.sequence.get()),
            signed(record.epoch.get()),
            values::micros(record.at),
            event.name(),
            event.version(),
            event.encoding().as_str(),
            event.payload()
        ])?;
        Ok(())
    }

    fn adopt_head(&self, head: &Head) -> rusqlite::Result<()> {
        let id = self.begun(&head.stream, values::micros(head.created_at))?;
        self.prepare(
            "UPDATE journal_streams
             SET epoch = ?2, status = ?3, priority = ?4, due_at = ?5, claimable_at = ?5,
                 owner = NULL, held_since = NULL, held_until = NULL,
                 created_at = ?6, changed_at = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            signed(head.epoch.get()),
            head.status,
            head.priority,
            head.due_at.map(values::micros),
            values::micros(head.created_at),
            values::micros(head.changed_at)
        ])?;
        Ok(())
    }
}
