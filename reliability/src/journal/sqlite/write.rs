//! What writes, inside of a transaction that somebody else begins and ends.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::time::SystemTime;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::error::Outcome;
use super::places::{Places, Totals};
use crate::journal::values::{self, signed, unsigned};
use crate::journal::{
    Append, Appended, Claim, Epoch, Event, JournalError, Lease, Position, Sequence, StreamId,
};

/// A transaction, and what time it is in it.
pub(super) struct Writing<'c> {
    connection: &'c Connection,
    places: RefCell<Places>,
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
        if places.totals.replace(totals) != Some(totals) {
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

    /// Holds so many streams from now on, each with an epoch that was never given before, and says
    /// which is the last of them.
    fn epochs(&self, count: usize) -> i64 {
        let totals = self.totals.get();
        let epoch = totals.epoch.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        let held_since = totals.held_since.max(self.now);
        self.totals.set(Totals { epoch, held_since, ..totals });
        epoch
    }

    /// One that was never given before.
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

    pub(super) fn claim(&self, claim: &Claim) -> rusqlite::Result<Vec<Lease>> {
        // What is held since a time to come is free: somebody has set the clock back. Until it has
        // caught up, all streams are looked at.
        let is_free = match self.totals.get().held_since > self.now {
            true => "(claimable_at <= ?1 OR (held_since > ?1 AND due_at <= ?1))",
            false => "claimable_at <= ?1",
        };
        // The plus keeps SQLite from going through all streams of a kind, however few are due.
        let kinds = serde_json::to_string(claim.kinds()).unwrap_or_default();
        let mut find = self.prepare(&alloc::format!(
            "SELECT id, kind, key, sequence FROM journal_heads
             WHERE {is_free} AND +kind IN (SELECT value FROM json_each(?2))
             ORDER BY priority DESC, due_at, kind, key LIMIT ?3"
        ))?;
        let found = find.query_map(params![self.now, kinds, claim.limit() as i64], |row| {
            let (kind, key): (_, alloc::string::String) = (row.get_ref(1)?, row.get(2)?);
            let stream = StreamId::new(kind.as_str()?, &key);
            Ok((row.get::<_, i64>(0)?, stream, unsigned(row.get(3)?)))
        })?;
        let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let last = self.epochs(found.len());
        let mut take = self.prepare(
            "UPDATE journal_streams
             SET epoch = ?2, owner = ?3, held_since = ?4, held_until = ?5,
                 claimable_at = max(due_at, ?5)
             WHERE id = ?1",
        )?;
        let until = self.now.saturating_add(values::span(claim.lease_length()));
        let mut epoch = last - found.len() as i64;
        let mut leases = Vec::with_capacity(found.len());
        for (id, stream, sequence) in found {
            // Somebody has written into the tables by hand: it cannot be named, so it stays.
            let Ok(stream) = stream else { continue };
            epoch += 1;
            self.places.borrow_mut().forget(&stream);
            take.execute(params![id, epoch, claim.owner(), self.now, until])?;
            leases.push(Lease::new(stream, Epoch::new(unsigned(epoch)), Sequence::new(sequence)));
        }
        Ok(leases)
    }

    pub(super) fn renew(&self, leases: &[Lease], length: Duration) -> rusqlite::Result<Vec<bool>> {
        let until = self.now.saturating_add(values::span(length));
        let totals = self.totals.get();
        self.totals.set(Totals { held_since: totals.held_since.max(self.now), ..totals });
        let mut renew = self.prepare(
            "UPDATE journal_streams
             SET held_since = ?4, held_until = ?5, claimable_at = max(due_at, ?5)
             WHERE kind = ?1 AND key = ?2 AND epoch = ?3 AND owner IS NOT NULL",
        )?;
        let renewed = leases.iter().map(|lease| {
            let (stream, epoch) = (&lease.stream, signed(lease.epoch.get()));
            let held = params![stream.kind(), stream.key(), epoch, self.now, until];
            self.places.borrow_mut().forget(stream);
            Ok(renew.execute(held)? == 1)
        });
        renewed.collect()
    }

    pub(super) fn remove(&self, stream: &StreamId, expected: Sequence) -> Outcome<()> {
        let place = self.place(stream)?;
        let found = place.map_or(Sequence::START, |place| place.sequence);
        if found != expected {
            let stream = stream.clone();
            return Ok(Err(JournalError::Conflict { stream, expected, found }));
        }
        let Some(place) = place else { return Ok(Ok(())) };
        if place.is_busy(self.now) {
            return Ok(Err(JournalError::Busy { stream: stream.clone() }));
        }
        self.places.borrow_mut().forget(stream);
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
