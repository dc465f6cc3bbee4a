//! What writes, inside of a transaction that somebody else begins and ends.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::ops::Bound;
use core::time::Duration;
use std::time::SystemTime;

use redb::{ReadableTable, StorageError, Table, TableError, WriteTransaction};

use super::error::failed;
use super::tables::{
    CLAIMABLE, HELD, Holder, KeptRecord, KeptStream, LAST_EPOCH, LAST_POSITION, LAST_STREAM, NAMES,
    NUMBERS, PLACES, RECORDS, STREAMS, Stream,
};
use crate::journal::group::{Outcome, Writing};
use crate::journal::numbers::room_for;
use crate::journal::{
    Adopted, Append, Appended, Claim, Epoch, JournalError, Lease, Position, Removal, Sequence,
    StreamId, values,
};

const WRITING: &str = "writing to the journal";

pub(super) type Done<T> = Result<T, StorageError>;

/// The tables of a transaction, and what time it is in it.
pub(super) struct Tables<'t> {
    pub(super) numbers: Table<'t, &'static str, u64>,
    names: Table<'t, (&'static str, &'static str), u64>,
    streams: Table<'t, u64, KeptStream>,
    records: Table<'t, u64, KeptRecord>,
    places: Table<'t, (u64, u64), u64>,
    claimable: Table<'t, (i64, u64), ()>,
    pub(super) held: Table<'t, (i64, u64), ()>,
    pub(super) last: Last,
    wall: SystemTime,
    pub(super) now: i64,
    pub(super) written: bool,
}

/// The last numbers that were given.
pub(super) struct Last {
    pub(super) position: u64,
    pub(super) epoch: u64,
    stream: u64,
}

impl<'t> Tables<'t> {
    pub(super) fn open(
        transaction: &'t WriteTransaction,
        wall: SystemTime,
    ) -> Result<Self, TableError> {
        let numbers = transaction.open_table(NUMBERS)?;
        let last = |name| numbers.get(name).map(|last| last.map_or(0, |last| last.value()));
        let last = Last {
            position: last(LAST_POSITION)?,
            epoch: last(LAST_EPOCH)?,
            stream: last(LAST_STREAM)?,
        };
        Ok(Self {
            numbers,
            names: transaction.open_table(NAMES)?,
            streams: transaction.open_table(STREAMS)?,
            records: transaction.open_table(RECORDS)?,
            places: transaction.open_table(PLACES)?,
            claimable: transaction.open_table(CLAIMABLE)?,
            held: transaction.open_table(HELD)?,
            last,
            wall,
            now: values::micros(wall),
            written: false,
        })
    }

    /// Says whether anything was written.
    pub(super) fn close(mut self) -> Done<bool> {
        if self.written {
            self.numbers.insert(LAST_POSITION, self.last.position)?;
            self.numbers.insert(LAST_EPOCH, self.last.epoch)?;
            self.numbers.insert(LAST_STREAM, self.last.stream)?;
        }
        Ok(self.written)
    }

    pub(super) fn find(&self, id: &StreamId) -> Done<Option<(u64, Stream)>> {
        let number = self.names.get((id.kind(), id.key()))?.map(|number| number.value());
        number.map(|number| Ok((number, self.stream(number)?))).transpose()
    }

    pub(super) fn stream(&self, number: u64) -> Done<Stream> {
        let torn = || StorageError::Corrupted("a stream is named that is not there".into());
        Ok(Stream::read(self.streams.get(number)?.ok_or_else(torn)?.value()))
    }

    /// Writes a stream, and itself where it is looked for.
    pub(super) fn put(
        &mut self,
        number: u64,
        before: Option<&Stream>,
        stream: &Stream,
    ) -> Done<()> {
        self.written = true;
        let old = before.and_then(Stream::claimable_at);
        let new = stream.claimable_at();
        if old != new {
            old.map(|at| self.claimable.remove((at, number)).map(drop)).transpose()?;
            new.map(|at| self.claimable.insert((at, number), ()).map(drop)).transpose()?;
        }
        let since = |stream: &Stream| stream.held.as_ref().map(|held| held.since);
        let (old, new) = (before.and_then(since), since(stream));
        if old != new {
            old.map(|at| self.held.remove((at, number)).map(drop)).transpose()?;
            new.map(|at| self.held.insert((at, number), ()).map(drop)).transpose()?;
        }
        self.streams.insert(number, stream.row()).map(drop)
    }

    fn append_all(&mut self, batch: &[Append]) -> Done<Result<Vec<Appended>, JournalError>> {
        // All conditions first, so that a batch that is refused has written nothing.
        let mut ends: BTreeMap<&StreamId, (Sequence, Epoch)> = BTreeMap::new();
        for append in batch {
            let id = append.stream();
            let kept = match ends.get(id) {
                Some(end) => Some(*end),
                None => self
                    .find(id)?
                    .map(|(_, stream)| (Sequence::new(stream.sequence), Epoch::new(stream.epoch))),
            };
            let (last, epoch) = kept.unwrap_or_default();
            if let Err(refused) = append.terms().allow(id, last, epoch) {
                return Ok(Err(refused));
            }
            if append.terms().held.is_some() && kept.is_some() {
                return Ok(Err(JournalError::Busy { stream: id.clone() }));
            }
            let last = Sequence::new(last.get() + append.events().len() as u64);
            ends.insert(id, (last, epoch));
        }
        let events = batch.iter().map(|append| append.events().len()).sum();
        let held = batch.iter().filter(|append| append.terms().held.is_some()).count();
        let room = room_for(events, self.last.position, "positions");
        if let Err(refused) = room.and_then(|()| room_for(held, self.last.epoch, "epochs")) {
            return Ok(Err(refused));
        }
        batch.iter().map(|append| self.append_one(append)).collect::<Done<Vec<_>>>().map(Ok)
    }

    fn append_one(&mut self, append: &Append) -> Done<Appended> {
        let (id, terms) = (append.stream(), append.terms());
        let (number, before) = self.begun(id)?;
        let mut stream = before.clone().unwrap_or_else(|| Stream::begun(id, self.now));
        if let Some((owner, lease)) = terms.held {
            self.take(&mut stream, owner, lease);
        }
        let mut position = Position::START;
        for event in append.events() {
            stream.sequence += 1;
            let encoding = event.encoding().as_str();
            let said = (event.name(), event.version(), encoding, event.payload());
            position = self.insert(number, stream.sequence, stream.epoch, self.now, said)?;
        }
        if let Some(due) = terms.due {
            stream.due_at = due.at(self.wall).map(values::micros);
        }
        stream.priority = terms.priority.unwrap_or(stream.priority);
        if let Some(status) = terms.status {
            stream.status = status.into();
        }
        if terms.release {
            stream.held = None;
        }
        stream.changed_at = self.now;
        self.put(number, before.as_ref(), &stream)?;
        let held = terms.held.map(|_| Epoch::new(stream.epoch));
        Ok(Appended { held, ..Appended::new(Sequence::new(stream.sequence), position) })
    }

    /// Gives it to somebody, in an epoch that was never given before.
    fn take(&mut self, stream: &mut Stream, owner: &str, lease: Duration) {
        self.last.epoch += 1;
        stream.epoch = self.last.epoch;
        let until = self.now.saturating_add(values::span(lease));
        stream.held = Some(Holder { owner: owner.into(), since: self.now, until });
    }

    /// The number of a stream, and the stream if it is there.
    pub(super) fn begun(&mut self, id: &StreamId) -> Done<(u64, Option<Stream>)> {
        if let Some((number, stream)) = self.find(id)? {
            return Ok((number, Some(stream)));
        }
        self.last.stream += 1;
        self.names.insert((id.kind(), id.key()), self.last.stream)?;
        Ok((self.last.stream, None))
    }

    /// Writes a record behind all others; name, version, encoding and payload are what it says.
    pub(super) fn insert(
        &mut self,
        number: u64,
        sequence: u64,
        epoch: u64,
        at: i64,
        said: (&str, u32, &str, &[u8]),
    ) -> Done<Position> {
        self.last.position += 1;
        let (name, version, encoding, payload) = said;
        let kept = (number, sequence, epoch, at, name, version, encoding, payload);
        self.records.insert(self.last.position, kept)?;
        self.places.insert((number, sequence), self.last.position)?;
        Ok(Position::from_parts(0, self.last.position))
    }

    fn claim_some(
        &mut self,
        claim: &Claim,
        found: &[u64],
    ) -> Done<Vec<Result<Lease, JournalError>>> {
        let mut leases = Vec::new();
        for number in found.iter().copied() {
            let before = self.stream(number)?;
            let mut stream = before.clone();
            self.take(&mut stream, claim.owner(), claim.lease_length());
            self.put(number, Some(&before), &stream)?;
            leases.push(stream.lease());
        }
        Ok(leases)
    }

    /// The streams that come first, of those that are due and free.
    fn claimed(&self, claim: &Claim) -> Done<Vec<u64>> {
        let mut first: BTreeSet<(Reverse<i16>, i64, String, String, u64)> = BTreeSet::new();
        let mut consider = |number: u64| {
            let stream = self.stream(number)?;
            let due = stream.due_at.filter(|due| *due <= self.now);
            if let Some(due) = due
                && claim.kinds().contains(&stream.kind)
            {
                first.insert((Reverse(stream.priority), due, stream.kind, stream.key, number));
                if first.len() > claim.limit() {
                    first.pop_last();
                }
            }
            Done::Ok(())
        };
        for found in self.claimable.range(..=(self.now, u64::MAX))? {
            consider(found?.0.value().1)?;
        }
        // Held since a time to come: somebody has set the clock back.
        let to_come = (Bound::Excluded((self.now, u64::MAX)), Bound::Unbounded);
        for found in self.held.range::<(i64, u64)>(to_come)? {
            consider(found?.0.value().1)?;
        }
        Ok(first.into_iter().map(|(.., number)| number).collect())
    }

    fn renew_one(&mut self, lease: &Lease, length: Duration) -> Done<bool> {
        let found = self.find(&lease.stream)?.filter(|(_, it)| it.epoch == lease.epoch.get());
        let Some((number, before)) = found else { return Ok(false) };
        let mut stream = before.clone();
        let Some(held) = &mut stream.held else { return Ok(false) };
        held.since = self.now;
        held.until = self.now.saturating_add(values::span(length));
        self.put(number, Some(&before), &stream)?;
        Ok(true)
    }

    fn remove_one(&mut self, removal: &Removal) -> Done<Result<(), JournalError>> {
        let id = &removal.stream;
        let kept = self.find(id)?;
        let (last, epoch) = kept.as_ref().map_or((0, 0), |(_, it)| (it.sequence, it.epoch));
        let is_busy = |it: &Stream| it.due_at.is_some() || it.is_held(self.now);
        let is_busy = kept.as_ref().is_some_and(|(_, stream)| is_busy(stream));
        if let Err(refused) = removal.allow(Sequence::new(last), Epoch::new(epoch), is_busy) {
            return Ok(Err(refused));
        }
        let Some((number, stream)) = kept else { return Ok(Ok(())) };
        self.written = true;
        let all = (number, 0)..=(number, u64::MAX);
        for place in self.places.extract_from_if(all, |_, _| true)? {
            self.records.remove(place?.1.value())?;
        }
        if let Some(at) = stream.claimable_at() {
            self.claimable.remove((at, number))?;
        }
        if let Some(held) = stream.held {
            self.held.remove((held.since, number))?;
        }
        self.streams.remove(number)?;
        self.names.remove((id.kind(), id.key()))?;
        Ok(Ok(()))
    }
}

impl Writing for Tables<'_> {
    fn append(&mut self, batch: &[Append]) -> Outcome<Vec<Appended>> {
        self.append_all(batch).map_err(broken)
    }

    fn claim(&mut self, claim: &Claim) -> Outcome<Vec<Lease>> {
        let found = self.claimed(claim).map_err(broken)?;
        if let Err(refused) = room_for(found.len(), self.last.epoch, "epochs") {
            return Ok(Err(refused));
        }
        let leases = self.claim_some(claim, &found).map_err(broken)?;
        leases.into_iter().collect::<Result<_, _>>().map(Ok)
    }

    fn renew(&mut self, leases: &[Lease], length: Duration) -> Outcome<Vec<bool>> {
        let renewed = leases.iter().map(|lease| self.renew_one(lease, length));
        renewed.collect::<Done<_>>().map(Ok).map_err(broken)
    }

    fn remove(&mut self, removal: &Removal) -> Outcome<()> {
        self.remove_one(removal).map_err(broken)
    }

    fn is_sealed(&mut self) -> Result<bool, JournalError> {
        self.sealed().map_err(broken)
    }

    fn seal(&mut self, sealed: bool) -> Outcome<()> {
        self.seal_all(sealed).map_err(broken)
    }

    fn adopt(&mut self, adopted: &Adopted) -> Outcome<()> {
        self.adopt_all(adopted).map_err(broken)
    }
}

fn broken(error: StorageError) -> JournalError {
    failed(WRITING, error)
}
