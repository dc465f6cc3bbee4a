//! What writes, inside of a transaction that somebody else begins and ends.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::time::SystemTime;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::error::Outcome;
use super::places::{Claims, Places};
use crate::journal::values::{self, signed, unsigned};
use crate::journal::{
    Append, Appended, Claim, Epoch, Event, JournalError, Lease, Position, Sequence, StreamId,
};

/// A transaction, and what time it is in it.
pub(super) struct Writing<'c> {
    connection: &'c Connection,
    places: RefCell<Places>,
    /// Whether epochs were given that the file does not know of yet.
    has_given: Cell<bool>,
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
}

impl<'c> Writing<'c> {
    pub(super) fn new(connection: &'c Connection, places: Places, wall: SystemTime) -> Self {
        Self {
            connection,
            places: RefCell::new(places),
            has_given: Cell::new(false),
            wall,
            now: values::micros(wall),
        }
    }

    /// Says what is true when what was written is committed.
    pub(super) fn finish(self) -> rusqlite::Result<Places> {
        self.keep_epochs()?;
        Ok(self.places.into_inner())
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
                    (stream, sequence, epoch, recorded_at, name, version, encoding, payload)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            let mut sequence = first;
            for event in append.events() {
                sequence = sequence.next();
                let (name, version, encoding, payload) = columns(event);
                insert.execute(params![
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
            position = Position::from_parts(0, unsigned(self.connection.last_insert_rowid()));
        }
        let held = append.terms().held.map(|_| epoch);
        Ok(Appended { held, ..Appended::new(last, position) })
    }

    fn begin(&self, append: &Append, last: Sequence) -> rusqlite::Result<Place> {
        let terms = append.terms();
        let due_at = terms.due.and_then(|due| due.at(self.wall)).map(values::micros);
        let epoch = match terms.held {
            Some(_) => self.epochs(1)?,
            None => 0,
        };
        let owner = terms.held.map(|(owner, _)| owner);
        let until = terms.held.map(|(_, lease)| self.now.saturating_add(values::span(lease)));
        let since = until.map(|_| self.now);
        let claimable_at = due_at.map(|due| until.map_or(due, |until| until.max(due)));
        self.prepare(
            "INSERT INTO journal_streams
                (kind, key, sequence, epoch, status, priority, due_at, claimable_at,
                 created_at, changed_at, owner, held_since, held_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12)",
        )?
        .insert(params![
            append.stream().kind(),
            append.stream().key(),
            signed(last.get()),
            epoch,
            terms.status.unwrap_or_default(),
            terms.priority.unwrap_or_default(),
            due_at,
            claimable_at,
            self.now,
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
        })
    }

    /// Takes so many epochs that were never given before, and says which is the last of them. They
    /// are written once for all who are in the transaction.
    fn epochs(&self, count: usize) -> rusqlite::Result<i64> {
        let Claims { epoch, sealed } = self.claims()?;
        let epoch = epoch.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        self.has_given.set(true);
        self.places.borrow_mut().claims = Some(Claims { epoch, sealed });
        Ok(epoch)
    }

    pub(super) fn claims(&self) -> rusqlite::Result<Claims> {
        if let Some(claims) = self.places.borrow().claims {
            return Ok(claims);
        }
        let mut find = self.prepare("SELECT epoch, sealed FROM journal_claims")?;
        let claims = find
            .query_row([], |row| Ok(Claims { epoch: row.get(0)?, sealed: row.get(1)? }))?;
        self.places.borrow_mut().claims = Some(claims);
        Ok(claims)
    }

    fn keep_epochs(&self) -> rusqlite::Result<()> {
        if self.has_given.replace(false) {
            self.prepare("UPDATE journal_claims SET epoch = ?1")?.execute([self.claims()?.epoch])?;
        }
        Ok(())
    }

    fn change(&self, append: &Append, place: Place, last: Sequence) -> rusqlite::Result<Place> {
        let terms = append.terms();
        let place = Place { sequence: last, ..place };
        if terms.due.is_none() && terms.priority.is_none() && !terms.release {
            // By far the most of them. What is due stays as it is, so no index is touched.
            self.prepare(
                "UPDATE journal_streams
                 SET sequence = ?2, status = coalesce(?3, status), changed_at = ?4 WHERE id = ?1",
            )?
            .execute(params![place.id, signed(last.get()), terms.status, self.now])?;
            return Ok(place);
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
             SET sequence = ?2, status = coalesce(?3, status), priority = coalesce(?4, priority),
                 due_at = ?5, claimable_at = ?6, changed_at = ?7,
                 owner = iif(?8, NULL, owner), held_since = iif(?8, NULL, held_since),
                 held_until = iif(?8, NULL, held_until)
             WHERE id = ?1",
        )?
        .execute(params![
            place.id,
            signed(last.get()),
            terms.status,
            terms.priority,
            due_at,
            claimable_at,
            self.now,
            terms.release
        ])?;
        Ok(Place { due_at, held_since, held_until, ..place })
    }

    pub(super) fn claim(&self, claim: &Claim) -> rusqlite::Result<Vec<Lease>> {
        // What is held since a time to come is free: somebody has set the clock back. The plus keeps
        // SQLite from going through all streams of a kind, however few of them are due.
        let kinds = serde_json::to_string(claim.kinds()).unwrap_or_default();
        let mut find = self.prepare(
            "SELECT id, kind, key, sequence FROM journal_streams
             WHERE (claimable_at <= ?1 OR (held_since > ?1 AND due_at <= ?1))
               AND +kind IN (SELECT value FROM json_each(?2))
             ORDER BY priority DESC, due_at, kind, key LIMIT ?3",
        )?;
        let found = find.query_map(params![self.now, kinds, claim.limit() as i64], |row| {
            let (kind, key): (_, alloc::string::String) = (row.get_ref(1)?, row.get(2)?);
            let stream = StreamId::new(kind.as_str()?, &key);
            Ok((row.get::<_, i64>(0)?, stream, unsigned(row.get(3)?)))
        })?;
        let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let last = self.epochs(found.len())?;
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
            "SELECT id, sequence, epoch, due_at, held_since, held_until FROM journal_streams
             WHERE kind = ?1 AND key = ?2",
        )?
        .query_row([stream.kind(), stream.key()], Place::read)
        .optional()
    }

    /// Its tables are changed by other means.
    pub(super) fn forget_places(&self) -> rusqlite::Result<()> {
        self.keep_epochs()?;
        self.places.borrow_mut().forget_all();
        Ok(())
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
