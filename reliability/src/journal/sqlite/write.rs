//! What writes, inside of a transaction that somebody else begins and ends.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use std::time::SystemTime;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::error::Outcome;
use super::places::{Places, Totals};
use crate::journal::numbers::room_for;
use crate::journal::values::{self, signed, unsigned};
use crate::journal::{
    Append, Appended, Epoch, Event, JournalError, Position, Removal, Sequence, StreamId,
};

/// A transaction, and what time it is in it.
pub(super) struct Writing<'c> {
    connection: &'c Connection,
    pub(super) places: RefCell<Places>,
    pub(super) totals: Cell<Totals>,
    wall: SystemTime,
    pub(super) now: i64,
}

/// What an append needs to know of a stream that is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) id: i64,
    pub(super) sequence: Sequence,
    epoch: Epoch,
    due_at: Option<i64>,
    held_since: Option<i64>,
    held_until: Option<i64>,
    /// `None`: at the time of its last record.
    changed_at: Option<i64>,
}

impl<'c> Writing<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        mut places: Places,
        wall: SystemTime,
    ) -> rusqlite::Result<Self> {
        let totals = match places.totals {
            Some(totals) => totals,
            None => Totals::read(connection)?,
        };
        places.totals = Some(totals);
        let (places, totals) = (RefCell::new(places), Cell::new(totals));
        Ok(Self { connection, places, totals, wall, now: values::micros(wall) })
    }

    /// Says what is true when what was written is committed.
    pub(super) fn finish(self) -> rusqlite::Result<Places> {
        let (totals, mut places) = (self.totals.get(), self.places.into_inner());
        if !places.totals.replace(totals).is_some_and(|before| before.says_the_same(totals)) {
            totals.write(self.connection)?;
        }
        Ok(places)
    }

    pub(super) fn append(&self, batch: &[Append]) -> Outcome<Vec<Appended>> {
        // All conditions first, so that a batch that is refused has written nothing.
        let mut ends: BTreeMap<&StreamId, (Sequence, Epoch)> = BTreeMap::new();
        let mut places = Vec::with_capacity(batch.len());
        for append in batch {
            let stream = append.stream();
            let place = self.place(stream)?;
            let found = place.map_or((Sequence::START, Epoch::NEVER), |it| (it.sequence, it.epoch));
            let (last, epoch) = *ends.get(stream).unwrap_or(&found);
            if let Err(refused) = append.terms().allow(stream, last, epoch) {
                return Ok(Err(refused));
            }
            if append.terms().held.is_some() && (place.is_some() || ends.contains_key(stream)) {
                return Ok(Err(JournalError::Busy { stream: stream.clone() }));
            }
            let last = Sequence::new(last.get() + append.events().len() as u64);
            if ends.insert(stream, (last, epoch)).is_none() {
                places.push(Some(place));
            } else {
                // An append before it in the batch will have changed its stream.
                places.push(None);
            }
        }
        let events = batch.iter().map(|append| append.events().len()).sum();
        let held = batch.iter().filter(|append| append.terms().held.is_some()).count();
        if let Err(refused) = self.room_for(events, held) {
            return Ok(Err(refused));
        }
        let appended = batch.iter().zip(places).map(|(append, place)| {
            let place = place.map_or_else(|| self.place(append.stream()), Ok)?;
            self.append_one(append, place)
        });
        appended.collect::<rusqlite::Result<Vec<_>>>().map(Ok)
    }

    fn append_one(&self, append: &Append, place: Option<Place>) -> rusqlite::Result<Appended> {
        let first = place.map_or(Sequence::START, |place| place.sequence);
        let last = Sequence::new(first.get() + append.events().len() as u64);
        let place = match place {
            Some(place) => self.change(append, place, last)?,
            None => self.begin(append, last)?,
        };
        let (id, epoch) = (place.id, place.epoch);
        let mut places = self.places.borrow_mut();
        match append.terms().release && place.due_at.is_none() {
            // It is over.
            true => places.forget(append.stream()),
            false => places.keep(append.stream(), place),
        }
        drop(places);
        let mut position = Position::START;
        if !append.events().is_empty() {
            let mut insert = self.prepare(
                "INSERT INTO journal_records
                    (position, stream, sequence, epoch, recorded_at, name, version, encoding,
                     payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?;
            let mut sequence = first;
            for event in append.events() {
                sequence = sequence.next();
                let (name, version, encoding, payload) = columns(event);
                insert.execute(params![
                    self.position(),
                    id,
                    signed(sequence.get()),
                    signed(epoch.get()),
                    self.now,
                    name,
                    version,
                    encoding,
                    payload
                ])?;
            }
            position = Position::from_parts(0, unsigned(self.totals.get().position));
        }
        let held = append.terms().held.map(|_| epoch);
        Ok(Appended { held, ..Appended::new(last, position) })
    }

    fn begin(&self, append: &Append, last: Sequence) -> rusqlite::Result<Place> {
        let (terms, changed_at) = (append.terms(), self.changed_at(append));
        let due_at = terms.due.and_then(|due| due.at(self.wall)).map(values::micros);
        let epoch = terms.held.map_or(0, |_| self.epochs(1));
        let owner = terms.held.map(|(owner, _)| owner);
        let until = terms.held.map(|(_, lease)| self.now.saturating_add(values::span(lease)));
        let since = until.map(|_| self.now);
        let claimable_at = due_at.map(|due| until.map_or(due, |until| until.max(due)));
        self.prepare(
            "INSERT INTO journal_streams
                (kind, key, epoch, status, priority, due_at, claimable_at, created_at, changed_at,
                 owner, held_since, held_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .insert(params![
            append.stream().kind(),
            append.stream().key(),
            epoch,
            terms.status.unwrap_or_default(),
            terms.priority.unwrap_or_default(),
            due_at,
            claimable_at,
            self.now,
            changed_at,
            owner,
            since,
            until
        ])
        .map(|id| Place {
            id,
            sequence: last,
            epoch: Epoch::new(unsigned(epoch)),
            due_at,
            held_since: since,
            held_until: until,
            changed_at,
        })
    }

    /// Whether there are so many positions and epochs that were never given before.
    pub(super) fn room_for(&self, positions: usize, epochs: usize) -> Result<(), JournalError> {
        let totals = self.totals.get();
        room_for(positions, unsigned(totals.position), "positions")?;
        room_for(epochs, unsigned(totals.epoch), "epochs")
    }

    /// One that was never given before: there is [room](Self::room_for) for it.
    pub(super) fn position(&self) -> i64 {
        let totals = self.totals.get();
        let position = totals.position.saturating_add(1);
        self.totals.set(Totals { position, ..totals });
        position
    }

    /// What the row says of its time: nothing, where a record does.
    fn changed_at(&self, append: &Append) -> Option<i64> {
        append.events().is_empty().then_some(self.now)
    }

    fn change(&self, append: &Append, place: Place, last: Sequence) -> rusqlite::Result<Place> {
        let (terms, changed_at) = (append.terms(), self.changed_at(append));
        let place = Place { sequence: last, ..place };
        if terms.due.is_none() && terms.priority.is_none() && !terms.release {
            // By far the most of them. What is due stays as it is, so no index is touched, and
            // mostly not even the row.
            if (terms.status, place.changed_at, changed_at) == (None, None, None) {
                return Ok(place);
            }
            self.prepare(
                "UPDATE journal_streams SET status = coalesce(?2, status), changed_at = ?3
                 WHERE id = ?1",
            )?
            .execute(params![place.id, terms.status, changed_at])?;
            return Ok(Place { changed_at, ..place });
        }
        let due_at = match terms.due {
            Some(due) => due.at(self.wall).map(values::micros),
            None => place.due_at,
        };
        let (held_since, held_until) = match terms.release {
            true => (None, None),
            false => (place.held_since, place.held_until),
        };
        let claimable_at = due_at.map(|due| held_until.map_or(due, |until| until.max(due)));
        self.held_since(due_at.and(held_since));
        self.prepare(
            "UPDATE journal_streams
             SET status = coalesce(?2, status), priority = coalesce(?3, priority),
                 due_at = ?4, claimable_at = ?5, changed_at = ?6,
                 owner = iif(?7, NULL, owner), held_since = iif(?7, NULL, held_since),
                 held_until = iif(?7, NULL, held_until)
             WHERE id = ?1",
        )?
        .execute(params![
            place.id,
            terms.status,
            terms.priority,
            due_at,
            claimable_at,
            changed_at,
            terms.release
        ])?;
        Ok(Place { due_at, held_since, held_until, changed_at, ..place })
    }

    pub(super) fn remove(&self, removal: &Removal) -> Outcome<()> {
        let place = self.place(&removal.stream)?;
        let found = place.map_or((Sequence::START, Epoch::NEVER), |it| (it.sequence, it.epoch));
        let is_busy = place.is_some_and(|place| place.is_busy(self.now));
        if let Err(refused) = removal.allow(found.0, found.1, is_busy) {
            return Ok(Err(refused));
        }
        let Some(place) = place else { return Ok(Ok(())) };
        self.places.borrow_mut().forget(&removal.stream);
        self.prepare("DELETE FROM journal_records WHERE stream = ?1")?.execute([place.id])?;
        self.prepare("DELETE FROM journal_streams WHERE id = ?1")?.execute([place.id])?;
        Ok(Ok(()))
    }

    pub(super) fn place(&self, stream: &StreamId) -> rusqlite::Result<Option<Place>> {
        match self.places.borrow().get(stream) {
            None => self.find(stream),
            known => Ok(known),
        }
    }

    /// Looks it up, whatever is known.
    pub(super) fn find(&self, stream: &StreamId) -> rusqlite::Result<Option<Place>> {
        self.prepare(
            "SELECT id, sequence, epoch, due_at, held_since, held_until, row_changed_at
             FROM journal_heads WHERE kind = ?1 AND key = ?2",
        )?
        .query_row([stream.kind(), stream.key()], Place::read)
        .optional()
    }

    /// Streams are changed by other means.
    pub(super) fn forget_places(&self) {
        self.places.borrow_mut().forget_streams();
    }

    pub(super) fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
        self.connection.prepare_cached(sql)
    }
}

impl Place {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            sequence: Sequence::new(unsigned(row.get(1)?)),
            epoch: Epoch::new(unsigned(row.get(2)?)),
            due_at: row.get(3)?,
            held_since: row.get(4)?,
            held_until: row.get(5)?,
            changed_at: row.get(6)?,
        })
    }

    fn is_busy(&self, now: i64) -> bool {
        let held = self.held_since.zip(self.held_until);
        self.due_at.is_some() || held.is_some_and(|(since, until)| since <= now && now < until)
    }
}

fn columns(event: &Event) -> (&str, u32, &'static str, &[u8]) {
    (event.name(), event.version(), event.encoding().as_str(), event.payload())
}
