//! The store in memory: what all others are held against.

mod moving;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::future::ready;
use core::ops::Bound;
use core::time::Duration;
use std::time::SystemTime;

use hashbrown::HashMap;

use super::numbers::room_for;
use super::{
    Adopted, Answer, Append, Appended, Changed, Changes, Claim, Due, Epoch, Event, Head, Heads,
    Held, JournalError, Lease, Page, Position, Record, Removal, Sequence, Standing, Store,
    StreamId,
};
use crate::sync::Mutex;
use crate::time::WallClock;

/// A store that is gone with the process.
///
/// # Examples
///
/// [`Journal::in_memory`](super::Journal::in_memory) is one:
///
/// ```
/// use reliability::journal::{Journal, MemoryStore};
///
/// let journal = Journal::on(MemoryStore::new());
/// assert!(format!("{journal:?}").contains("MemoryStore"));
/// ```
///
/// A test that lets a lease run out:
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use reliability::journal::{Append, Claim, Due, Journal, MemoryStore, StreamId};
/// use reliability::time::WallClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let clock = WallClock::manual(SystemTime::now());
/// let journal = Journal::on(MemoryStore::with_clock(&clock));
/// journal.append(Append::to(&StreamId::new("order", "4711")?).due(Due::Now)).await?;
///
/// let claim = || Claim::of(["order"]).lease(Duration::from_secs(30));
/// assert_eq!(journal.claim(claim()).await?[0].epoch.get(), 1);
/// assert!(journal.claim(claim()).await?.is_empty());
/// clock.advance(Duration::from_secs(30));
/// assert_eq!(journal.claim(claim()).await?[0].epoch.get(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    clock: WallClock,
    all: Mutex<All>,
    changed: Changed,
}

#[derive(Debug, Default)]
struct All {
    streams: HashMap<StreamId, Stream>,
    /// The same in their order, for lists.
    names: BTreeSet<StreamId>,
    /// The stream and number of every record, by its place.
    order: BTreeMap<u64, (StreamId, Sequence)>,
    /// Streams that somebody has to work at, some day.
    due: BTreeSet<(SystemTime, StreamId)>,
    last_position: u64,
    last_epoch: u64,
    sealed: bool,
}

#[derive(Debug, Clone)]
struct Stream {
    records: Vec<Kept>,
    epoch: Epoch,
    status: String,
    priority: i16,
    due_at: Option<SystemTime>,
    held: Option<Held>,
    created_at: SystemTime,
    changed_at: SystemTime,
}

#[derive(Debug, Clone)]
struct Kept {
    position: u64,
    epoch: Epoch,
    at: SystemTime,
    event: Event,
}

impl MemoryStore {
    /// An empty one.
    pub fn new() -> Self {
        Self::with_clock(&WallClock::system())
    }

    /// An empty one with that clock.
    pub fn with_clock(clock: &WallClock) -> Self {
        let (all, changed) = (Mutex::new(All::default()), Changed::new());
        Self { clock: clock.clone(), all, changed }
    }

    fn forget(&self, removal: Removal) -> Answer<'_, ()> {
        let now = self.clock.now();
        Box::pin(ready(self.all.lock().open().and_then(|all| all.remove(&removal, now))))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        let now = self.clock.now();
        let mut all = self.all.lock();
        let appended = all.open().and_then(|all| all.append(batch, now));
        drop(all);
        if appended.is_ok() {
            self.changed.tell();
        }
        Box::pin(ready(appended))
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        Box::pin(ready(Ok(self.all.lock().read(&stream, after, most))))
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        Box::pin(ready(Ok(self.all.lock().read_all(after, most))))
    }

    fn end(&self) -> Answer<'_, Option<Position>> {
        let last = self.all.lock().order.last_key_value().map_or(0, |(position, _)| *position);
        Box::pin(ready(Ok(Some(Position::from_parts(0, last)))))
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        let all = self.all.lock();
        let head = all.streams.get(&stream).map(|it| it.head(&stream));
        drop(all);
        Box::pin(ready(Ok(head)))
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        Box::pin(ready(Ok(self.all.lock().heads(&heads))))
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        let now = self.clock.now();
        Box::pin(ready(self.all.lock().open().and_then(|all| all.claim(&claim, now))))
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        let now = self.clock.now();
        Box::pin(ready(self.all.lock().open().map(|all| all.renew(&leases, length, now))))
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.forget(Removal::of(stream, last))
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.forget(Removal::held(lease))
    }

    fn standing(&self) -> Answer<'_, Standing> {
        let all = self.all.lock();
        Box::pin(ready(Ok(Standing::new(all.sealed, Epoch::new(all.last_epoch)))))
    }

    fn seal(&self, sealed: bool) -> Answer<'_, ()> {
        let now = self.clock.now();
        let done = self.all.lock().seal(sealed, now);
        if done.is_ok() && !sealed {
            self.changed.tell();
        }
        Box::pin(ready(done))
    }

    fn adopt(&self, adopted: Adopted) -> Answer<'_, ()> {
        Box::pin(ready(self.all.lock().adopt(adopted)))
    }

    fn changes(&self) -> Changes {
        self.changed.changes()
    }
}

impl All {
    fn append(
        &mut self,
        batch: Vec<Append>,
        now: SystemTime,
    ) -> Result<Vec<Appended>, JournalError> {
        if let [append] = &batch[..] {
            // By far the most of them: nothing else in the batch has to be looked at.
            self.allow(append, None)?;
            self.room_for(&batch)?;
            return Ok(batch.into_iter().map(|append| self.append_one(append, now)).collect());
        }
        let mut ends: BTreeMap<&StreamId, Sequence> = BTreeMap::new();
        for append in &batch {
            let last = self.allow(append, ends.get(&append.stream).copied())?;
            ends.insert(&append.stream, last);
        }
        self.room_for(&batch)?;
        Ok(batch.into_iter().map(|append| self.append_one(append, now)).collect())
    }

    fn room_for(&self, batch: &[Append]) -> Result<(), JournalError> {
        let events = batch.iter().map(|append| append.events.len()).sum();
        let held = batch.iter().filter(|append| append.held.is_some()).count();
        room_for(events, self.last_position, "positions")?;
        room_for(held, self.last_epoch, "epochs")
    }

    /// Says where its stream ends with it, when those before it in its batch have brought it there.
    fn allow(&self, append: &Append, so_far: Option<Sequence>) -> Result<Sequence, JournalError> {
        let kept = self.streams.get(&append.stream);
        let last = so_far.or_else(|| kept.map(Stream::last)).unwrap_or_default();
        let epoch = kept.map_or(Epoch::NEVER, |stream| stream.epoch);
        append.terms().allow(&append.stream, last, epoch)?;
        if append.held.is_some() && (kept.is_some() || so_far.is_some()) {
            return Err(JournalError::Busy { stream: append.stream.clone() });
        }
        Ok(Sequence::new(last.get() + append.events.len() as u64))
    }

    fn append_one(&mut self, append: Append, now: SystemTime) -> Appended {
        let Append { stream: id, events, due, priority, status, release, held, .. } = append;
        let stream = self.streams.entry_ref(&id).or_insert_with(|| {
            self.names.insert(id.clone());
            Stream::begun(now)
        });
        let held = held.map(|(owner, lease)| {
            self.last_epoch += 1;
            stream.epoch = Epoch::new(self.last_epoch);
            stream.held = Some(Held { owner, since: now, until: later(now, lease) });
            stream.epoch
        });
        let mut position = Position::START;
        for event in events {
            self.last_position += 1;
            position = Position::from_parts(0, self.last_position);
            let (epoch, at) = (stream.epoch, now);
            stream.records.push(Kept { position: self.last_position, epoch, at, event });
            self.order.insert(self.last_position, (id.clone(), stream.last()));
        }
        if let Some(due) = due {
            if let Some(before) = stream.due_at.take() {
                self.due.remove(&(before, id.clone()));
            }
            stream.due_at = due.at(now);
            self.due.extend(stream.due_at.map(|at| (at, id)));
        }
        stream.priority = priority.unwrap_or(stream.priority);
        if let Some(status) = status {
            stream.status = status.into_owned();
        }
        if release {
            stream.held = None;
        }
        stream.changed_at = now;
        Appended { held, ..Appended::new(stream.last(), position) }
    }

    fn read(&self, id: &StreamId, after: Sequence, most: usize) -> Vec<Record> {
        let records = self.streams.get(id).map_or(&[][..], |stream| &stream.records);
        let skipped = usize::try_from(after.get()).unwrap_or(usize::MAX);
        let numbered = (1..).map(Sequence::new).zip(records).skip(skipped).take(most);
        gathered(numbered.map(|(sequence, kept)| kept.record(id, sequence)), most)
    }

    fn read_all(&self, after: Position, most: usize) -> Vec<Record> {
        // All of ours begin with a zero.
        let (major, minor) = after.parts();
        let behind = (Bound::Excluded(minor), Bound::Unbounded);
        let found = self.order.range(behind).take_while(|_| major == 0).take(most);
        let found = found.filter_map(|(_, (id, sequence))| {
            let before = Sequence::new(sequence.get() - 1);
            self.read(id, before, 1).pop()
        });
        gathered(found, most)
    }

    fn heads(&self, heads: &Heads) -> Vec<Head> {
        let wanted = |id: &StreamId, stream: &Stream| {
            heads.kind().is_none_or(|kind| kind == id.kind())
                && heads.status().is_none_or(|status| status == stream.status)
        };
        let behind = heads.behind().map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.names.range((behind, Bound::Unbounded));
        let found = behind.filter_map(|id| Some((id, self.streams.get(id)?)));
        let found = found.filter(|(id, stream)| wanted(id, stream));
        found.map(|(id, stream)| stream.head(id)).take(heads.limit()).collect()
    }

    fn claim(&mut self, claim: &Claim, now: SystemTime) -> Result<Vec<Lease>, JournalError> {
        let free = |id: &StreamId| {
            let stream = self.streams.get(id)?;
            let free = stream.held.as_ref().is_none_or(|held| held.is_over(now));
            (free && claim.kinds.iter().any(|kind| kind == id.kind())).then_some(stream.priority)
        };
        let due = self.due.iter().take_while(|(at, _)| *at <= now);
        let mut found: Vec<_> =
            due.filter_map(|(at, id)| Some((-i32::from(free(id)?), *at, id.clone()))).collect();
        found.sort();
        found.truncate(claim.most);
        room_for(found.len(), self.last_epoch, "epochs")?;
        let mut leases = Vec::with_capacity(found.len());
        for (_, _, id) in found {
            let Some(stream) = self.streams.get_mut(&id) else { continue };
            self.last_epoch += 1;
            stream.epoch = Epoch::new(self.last_epoch);
            stream.held = Some(Held {
                owner: claim.owner.clone(),
                since: now,
                until: later(now, claim.lease),
            });
            leases.push(Lease::new(id, stream.epoch, stream.last()));
        }
        Ok(leases)
    }

    fn renew(&mut self, leases: &[Lease], length: Duration, now: SystemTime) -> Vec<bool> {
        let mut renew = |lease: &Lease| {
            let stream = self.streams.get_mut(&lease.stream);
            let held = stream.filter(|it| it.epoch == lease.epoch).and_then(|it| it.held.as_mut());
            held.map(|held| (held.since, held.until) = (now, later(now, length))).is_some()
        };
        leases.iter().map(&mut renew).collect()
    }

    fn remove(&mut self, removal: &Removal, now: SystemTime) -> Result<(), JournalError> {
        let id = &removal.stream;
        let stream = self.streams.get(id);
        let found = stream.map_or(Sequence::START, Stream::last);
        let epoch = stream.map_or(Epoch::NEVER, |stream| stream.epoch);
        removal.allow(found, epoch, stream.is_some_and(|stream| stream.is_busy(now)))?;
        let Some(stream) = self.streams.remove(id) else { return Ok(()) };
        if let Some(due) = stream.due_at {
            self.due.remove(&(due, id.clone()));
        }
        self.names.remove(id);
        for kept in stream.records {
            self.order.remove(&kept.position);
        }
        Ok(())
    }
}

fn gathered(records: impl Iterator<Item = Record>, most: usize) -> Vec<Record> {
    let mut page = Page::of(most);
    for record in records {
        if !page.push(record) {
            break;
        }
    }
    page.into_records()
}

impl Stream {
    fn begun(now: SystemTime) -> Self {
        Self {
            records: Vec::new(),
            epoch: Epoch::NEVER,
            status: String::new(),
            priority: 0,
            due_at: None,
            held: None,
            created_at: now,
            changed_at: now,
        }
    }

    fn last(&self) -> Sequence {
        Sequence::new(self.records.len() as u64)
    }

    fn is_busy(&self, now: SystemTime) -> bool {
        self.due_at.is_some() || self.held.as_ref().is_some_and(|held| !held.is_over(now))
    }

    fn head(&self, id: &StreamId) -> Head {
        Head {
            stream: id.clone(),
            sequence: self.last(),
            epoch: self.epoch,
            status: self.status.to_string(),
            priority: self.priority,
            due_at: self.due_at,
            held: self.held.clone(),
            created_at: self.created_at,
            changed_at: self.changed_at,
        }
    }
}

impl Kept {
    fn record(&self, id: &StreamId, sequence: Sequence) -> Record {
        let position = Position::from_parts(0, self.position);
        Record::new(id.clone(), sequence, position, self.epoch, self.at, self.event.clone())
    }
}

impl Due {
    /// When that is, if it is now so late.
    pub fn at(self, now: SystemTime) -> Option<SystemTime> {
        match self {
            Self::Now => Some(now),
            Self::After(time) => Some(later(now, time)),
            Self::At(time) => Some(time),
            Self::Never => None,
        }
    }
}

/// At the end of what the clock can show, that is now: nothing comes later.
fn later(now: SystemTime, by: Duration) -> SystemTime {
    now.checked_add(by).unwrap_or_else(|| now.max(far_away()))
}

/// As late as every store can write down: some day in the year 9999.
fn far_away() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_000_000)
}
