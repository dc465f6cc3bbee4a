//! Who asks, who waits, and who is next: the table of the flights that are under way.
//!
//! ```text
//!             nobody asks for the key                      the leader lands
//!   (none) ───────────────────────────▶ ┌──────────────┐ ─────────────────▶ landed
//!                                       │    flying    │                    all followers
//!        the leader is gone,            │  one leads,  │                    get the outcome
//!        and nobody waits               │  others wait │
//!   (none) ◀─────────────────────────── └──────────────┘
//!                                          │        ▲
//!              the leader is gone:         │        │ collects its promotion
//!              the first that waits  ──────▼        │
//!              is promoted              ┌──────────────┐
//!                                       │   promoted   │ ── goes as well: the next one
//!                                       └──────────────┘
//! ```
//!
//! A flight is a line of the table, and its leader knows it by number: as long as nobody follows,
//! nothing is allocated for it. The first follower brings the place where they wait. Of a shard one
//! flight mostly flies at a time, so one has a place of its own, and is found without the table.
//!
//! Two locks, always taken in this order: the one of a shard of the table, under which flights
//! begin, are joined, and end; and the one of a flight, under which its followers wait. That a
//! flight is joined under the lock of its shard, and taken out of the table before it lands, is why
//! nobody can join a flight that has landed, and why none that joined is left behind. Where the
//! shards are, and what else their locks guard, is for the [`Field`] to say.
//!
//! Nothing that can panic runs under a lock after a change: keys are made before, wakers are cloned
//! before, and dropped and woken after. Only the comparison of keys runs under the lock of a shard,
//! before anything has changed. So a poisoned lock guards a consistent table.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ops::DerefMut;

use hashbrown::HashTable;

use super::seat::{Follower, Lead};
use super::waiting::Waiting;
use crate::sync::{Mutex, Padded, wake};

/// Enough that threads which begin flights at the same time seldom meet.
#[cfg(not(reliability_loom))]
const SHARDS: usize = 16;
#[cfg(reliability_loom)]
const SHARDS: usize = 1;

/// A shard that had room for more flights than that gives it back when it is empty.
const KEPT_ROOM: usize = 64;

/// The flights under way, by key, where nothing else has the locks for them.
pub(crate) struct Flights<K, O> {
    shards: Box<[Guarded<K, O>]>,
}

type Guarded<K, O> = Padded<Mutex<Shard<K, O>>>;

/// The flights that one lock guards.
pub(crate) struct Shard<K, O> {
    /// One of them, the only one where there is but one.
    first: Option<Flight<K, O>>,
    others: HashTable<Flight<K, O>>,
    next_number: u64,
}

pub(crate) struct Flight<K, O> {
    hash: u64,
    /// No other flight of the shard has it.
    number: u64,
    pub(crate) key: K,
    /// Nobody joins it any more.
    pub(crate) forgotten: bool,
    /// There once somebody has followed.
    waiting: Option<Arc<Waiting<O>>>,
}

/// How a flight stands whose leader has the outcome.
#[derive(Clone, Copy)]
pub(crate) struct Ending {
    /// Nobody follows: it has ended.
    pub(crate) alone: bool,
    /// The outcome is for those in the flight only, and not for those who come later.
    #[cfg_attr(not(reliability_loom), allow(dead_code, reason = "only models ask"))]
    pub(crate) forgotten: bool,
}

/// Whoever has the flights at hand: a handle, which those in the flight keep.
pub(crate) trait Field: Clone {
    type Key;
    type Outcome;

    /// Those among which a flight of that hash is, locked.
    fn shard(&self, hash: u64) -> impl DerefMut<Target = Shard<Self::Key, Self::Outcome>>;
}

/// How a caller takes part in a flight.
pub(crate) enum Joined<F: Field> {
    Leads(Lead<F>),
    Follows(Follower<F>),
}

/// Joins the flight of a key if there is one, or else begins it. `key` is what the table holds, and
/// `is` says which one in the table it is.
#[inline]
pub(crate) fn join<F: Field>(
    field: &F,
    hash: u64,
    is: impl Fn(&F::Key) -> bool,
    key: F::Key,
) -> Joined<F> {
    let mut shard = field.shard(hash);
    let Some(flight) = shard.find(hash, is) else {
        let number = shard.begin(hash, key);
        drop(shard);
        return Joined::Leads(Lead::new(field.clone(), hash, number));
    };
    let waiting = Arc::clone(flight.waiting.get_or_insert_default());
    let (number, ticket) = (flight.number, waiting.queue());
    drop(shard);
    Joined::Follows(Follower::new(field.clone(), hash, number, waiting, ticket))
}

/// Begins the flight of a key, unless it is under way already.
#[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
#[inline]
pub(crate) fn join_first<F: Field>(
    field: &F,
    hash: u64,
    is: impl Fn(&F::Key) -> bool,
    key: F::Key,
) -> Option<Lead<F>> {
    let mut shard = field.shard(hash);
    if shard.find(hash, is).is_some() {
        return None;
    }
    let number = shard.begin(hash, key);
    drop(shard);
    Some(Lead::new(field.clone(), hash, number))
}

/// Ends a flight that nobody follows, and says whether that was so.
#[inline]
pub(super) fn end_alone<F: Field>(field: &F, hash: u64, number: u64) -> Ending {
    let mut shard = field.shard(hash);
    let Some(flight) = shard.find_number(hash, number) else {
        return Ending { alone: true, forgotten: true };
    };
    let forgotten = flight.forgotten;
    if flight.waiting.is_some() {
        return Ending { alone: false, forgotten };
    }
    let removed = shard.remove(hash, number);
    drop(shard);
    drop(removed);
    Ending { alone: true, forgotten }
}

/// The leader has the outcome.
pub(super) fn land<F: Field>(field: &F, hash: u64, number: u64, outcome: F::Outcome) {
    let removed = field.shard(hash).remove(hash, number);
    if let Some(waiting) = removed.and_then(|flight| flight.waiting) {
        waiting.land(outcome);
    }
}

/// The leader goes without an outcome: the first that waits leads.
#[cold]
pub(super) fn hand_over<F: Field>(field: &F, hash: u64, number: u64) {
    let mut shard = field.shard(hash);
    let waiting = shard.find_number(hash, number).and_then(|flight| flight.waiting.as_ref());
    let next = waiting.and_then(|waiting| waiting.promote());
    let removed = if next.is_none() { shard.remove(hash, number) } else { None };
    drop(shard);
    drop(removed);
    wake(next.flatten().into_iter());
}

impl<K, O> Flights<K, O> {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Padded(Mutex::new(Shard::default()))).collect() }
    }

    /// How many flights are under way.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    #[inline]
    pub(super) fn shard(&self, hash: u64) -> impl DerefMut<Target = Shard<K, O>> {
        // The table within a shard takes the lowest and the highest bits.
        self.shards[(hash >> 32) as usize % SHARDS].lock()
    }

    #[cfg(all(test, reliability_loom))]
    pub(super) fn shards(&self) -> impl Iterator<Item = impl DerefMut<Target = Shard<K, O>>> {
        self.shards.iter().map(|shard| shard.lock())
    }
}

impl<K, O> Shard<K, O> {
    /// Those who are in a flight get its outcome, and who comes now begins another one.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn forget(&mut self, hash: u64, is: impl Fn(&K) -> bool) {
        if let Some(flight) = self.find(hash, is) {
            flight.forgotten = true;
        }
    }

    /// The same for all flights.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn forget_all(&mut self) {
        self.first.iter_mut().chain(&mut self.others).for_each(|flight| flight.forgotten = true);
    }

    pub(crate) fn len(&self) -> usize {
        self.others.len() + usize::from(self.first.is_some())
    }

    #[inline]
    fn find(&mut self, hash: u64, is: impl Fn(&K) -> bool) -> Option<&mut Flight<K, O>> {
        let is =
            |flight: &Flight<K, O>| flight.hash == hash && !flight.forgotten && is(&flight.key);
        match &mut self.first {
            Some(first) if is(first) => Some(first),
            _ if self.others.is_empty() => None,
            _ => self.others.find_mut(hash, is),
        }
    }

    #[inline]
    pub(crate) fn find_number(&mut self, hash: u64, number: u64) -> Option<&mut Flight<K, O>> {
        match &mut self.first {
            Some(first) if first.number == number => Some(first),
            _ => self.others.find_mut(hash, |flight| flight.number == number),
        }
    }

    #[inline]
    fn begin(&mut self, hash: u64, key: K) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        let flight = Flight { hash, number, key, forgotten: false, waiting: None };
        if self.first.is_none() {
            self.first = Some(flight);
        } else {
            self.others.insert_unique(hash, flight, |flight| flight.hash);
        }
        number
    }

    /// Takes the flight out of the table, and hands it to the caller to drop.
    #[inline]
    pub(crate) fn remove(&mut self, hash: u64, number: u64) -> Option<Flight<K, O>> {
        if let first @ Some(_) = self.first.take_if(|first| first.number == number) {
            return first;
        }
        self.remove_other(hash, number)
    }

    /// The same, of a flight that nobody follows: hands on no more of it than its key.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    #[inline]
    pub(crate) fn remove_key(&mut self, hash: u64, number: u64) -> Option<K> {
        match &self.first {
            Some(first) if first.number == number => self.first.take().map(|flight| flight.key),
            _ => self.remove_other(hash, number).map(|flight| flight.key),
        }
    }

    #[cold]
    fn remove_other(&mut self, hash: u64, number: u64) -> Option<Flight<K, O>> {
        let found = self.others.find_entry(hash, |flight| flight.number == number).ok()?;
        let (removed, _) = found.remove();
        if self.others.is_empty() && self.others.capacity() > KEPT_ROOM {
            self.others = HashTable::new();
        }
        Some(removed)
    }
}

impl<K, O> Flight<K, O> {
    /// Whether somebody follows, or has followed.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    #[inline]
    pub(crate) fn is_followed(&self) -> bool {
        self.waiting.is_some()
    }
}

impl<K, O> Default for Shard<K, O> {
    fn default() -> Self {
        Self { first: None, others: HashTable::new(), next_number: 0 }
    }
}
