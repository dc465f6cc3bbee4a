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
//! Two locks, always taken in this order: the one of a shard of the table, under which flights
//! begin, are joined, and end; and the one of a flight, under which its followers wait. That a
//! flight is joined under the lock of its shard, and taken out of the table before it lands, is why
//! nobody can join a flight that has landed, and why none that joined is left behind.
//!
//! Nothing that can panic runs under a lock after a change: keys are made before, wakers are cloned
//! before, and dropped and woken after. Only the comparison of keys runs under the lock of a shard,
//! before anything has changed. So a poisoned lock guards a consistent table.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, Padded};

/// Enough that threads which begin flights at the same time seldom meet.
#[cfg(not(reliability_loom))]
const SHARDS: usize = 16;
#[cfg(reliability_loom)]
const SHARDS: usize = 1;

/// The flights under way, by key. Clones are the same table.
pub(crate) struct Flights<K, O> {
    shards: Shards<K, O>,
}

type Shards<K, O> = Arc<[Padded<Mutex<Shard<K, O>>>]>;

/// Flights by the hash of their key; nearly always one for a hash.
type Shard<K, O> = BTreeMap<u64, Vec<Arc<Flight<K, O>>>>;

struct Flight<K, O> {
    hash: u64,
    key: K,
    /// Taken out of the table while it was under way.
    forgotten: AtomicBool,
    state: Mutex<State<O>>,
}

enum State<O> {
    Flying(Queue),
    Landed(O),
}

#[derive(Default)]
struct Queue {
    /// Sorted by ticket, because tickets are dealt in order and only ever taken out.
    followers: VecDeque<(u64, Option<Waker>)>,
    /// The follower that leads as soon as it looks.
    promoted: Option<u64>,
    next_ticket: u64,
}

/// How a caller takes part in a flight.
pub(crate) enum Joined<K, O> {
    Leads(Lead<K, O>),
    Follows(Follower<K, O>),
}

/// The right to do the work of a flight. Dropping it hands the flight on.
pub(crate) struct Lead<K, O> {
    flights: Flights<K, O>,
    flight: Arc<Flight<K, O>>,
    ended: bool,
}

/// A place among those that wait for a flight. Dropping it gives the place up.
pub(crate) struct Follower<K, O> {
    flights: Flights<K, O>,
    flight: Arc<Flight<K, O>>,
    ticket: u64,
    ended: bool,
}

/// What a follower has waited for.
pub(crate) enum Turn<K, O> {
    /// The flight has landed.
    Landed(O),
    /// The leader is gone, and this follower leads now.
    Lead(Lead<K, O>),
}

impl<K, O> Flights<K, O> {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Padded(Mutex::new(Shard::new()))).collect() }
    }

    /// Joins the flight of a key if there is one, or else begins it. `keep` makes the key that the
    /// table holds, and is asked outside of all locks.
    pub(crate) fn join(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        keep: impl FnOnce() -> K,
    ) -> Joined<K, O> {
        if let Some(follower) = self.follow(&self.shard(hash).lock(), hash, &is) {
            return Joined::Follows(follower);
        }
        let new = Arc::new(Flight::new(hash, keep()));
        let mut shard = self.shard(hash).lock();
        // Another thread may have been faster.
        if let Some(follower) = self.follow(&shard, hash, &is) {
            return Joined::Follows(follower);
        }
        Joined::Leads(self.begin(&mut shard, new))
    }

    /// Begins the flight of a key, unless it is under way already.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn join_first(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        keep: impl FnOnce() -> K,
    ) -> Option<Lead<K, O>> {
        if find(&self.shard(hash).lock(), hash, &is).is_some() {
            return None;
        }
        let new = Arc::new(Flight::new(hash, keep()));
        let mut shard = self.shard(hash).lock();
        match find(&shard, hash, &is) {
            Some(_) => None,
            None => Some(self.begin(&mut shard, new)),
        }
    }

    /// Takes a flight out of the table: those who are in it get its outcome, and who comes now begins
    /// another one.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn forget(&self, hash: u64, is: impl Fn(&K) -> bool) {
        let mut shard = self.shard(hash).lock();
        let found = find(&shard, hash, &is).cloned();
        let removed = found.and_then(|flight| {
            flight.forgotten.store(true, Ordering::Release);
            remove(&mut shard, &flight)
        });
        drop(shard);
        drop(removed);
    }

    /// The same for all flights.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn forget_all(&self) {
        for shard in self.shards.iter() {
            let flights = core::mem::take(&mut *shard.lock());
            for flight in flights.values().flatten() {
                flight.forgotten.store(true, Ordering::Release);
            }
        }
    }

    /// How many flights are under way.
    pub(crate) fn len(&self) -> usize {
        let flights = |shard: &Padded<Mutex<Shard<K, O>>>| -> usize {
            shard.lock().values().map(Vec::len).sum()
        };
        self.shards.iter().map(flights).sum()
    }

    fn shard(&self, hash: u64) -> &Mutex<Shard<K, O>> {
        &self.shards[hash as usize % SHARDS]
    }

    fn begin(&self, shard: &mut Shard<K, O>, flight: Arc<Flight<K, O>>) -> Lead<K, O> {
        shard.entry(flight.hash).or_default().push(Arc::clone(&flight));
        Lead { flights: self.clone(), flight, ended: false }
    }

    fn follow(
        &self,
        shard: &Shard<K, O>,
        hash: u64,
        is: &impl Fn(&K) -> bool,
    ) -> Option<Follower<K, O>> {
        let flight = find(shard, hash, is)?;
        let ticket = match &mut *flight.state.lock() {
            State::Flying(queue) => queue.push(),
            // It would have been taken out of the table.
            State::Landed(_) => return None,
        };
        Some(Follower { flights: self.clone(), flight: Arc::clone(flight), ticket, ended: false })
    }

    /// The leader has the outcome.
    fn land(&self, flight: &Arc<Flight<K, O>>, outcome: O) {
        remove(&mut self.shard(flight.hash).lock(), flight);
        let before = core::mem::replace(&mut *flight.state.lock(), State::Landed(outcome));
        if let State::Flying(queue) = before {
            queue.followers.into_iter().filter_map(|(_, waker)| waker).for_each(Waker::wake);
        }
    }

    /// The leader goes without an outcome: the first that waits leads.
    fn hand_over(&self, flight: &Arc<Flight<K, O>>) {
        let mut shard = self.shard(flight.hash).lock();
        let next = match &mut *flight.state.lock() {
            State::Flying(queue) => queue.promote(),
            State::Landed(_) => return,
        };
        let removed = next.is_none().then(|| remove(&mut shard, flight));
        drop(shard);
        drop(removed);
        if let Some(Some(waker)) = next {
            waker.wake();
        }
    }
}

impl<K, O> Flight<K, O> {
    fn new(hash: u64, key: K) -> Self {
        let state = Mutex::new(State::Flying(Queue::default()));
        Self { hash, key, forgotten: AtomicBool::new(false), state }
    }

    /// A follower goes. True if it was to lead, so that another one has to.
    fn leave(&self, ticket: u64) -> bool {
        let mut state = self.state.lock();
        let State::Flying(queue) = &mut *state else { return false };
        let promoted = queue.promoted == Some(ticket);
        let gone = queue.take(ticket);
        drop(state);
        drop(gone);
        promoted
    }
}

fn find<'s, K, O>(
    shard: &'s Shard<K, O>,
    hash: u64,
    is: &impl Fn(&K) -> bool,
) -> Option<&'s Arc<Flight<K, O>>> {
    shard.get(&hash)?.iter().find(|flight| is(&flight.key))
}

/// Takes the flight out of the table, and hands it to the caller to drop.
fn remove<K, O>(shard: &mut Shard<K, O>, flight: &Arc<Flight<K, O>>) -> Option<Arc<Flight<K, O>>> {
    let same_hash = shard.get_mut(&flight.hash)?;
    let place = same_hash.iter().position(|other| Arc::ptr_eq(other, flight))?;
    let removed = same_hash.swap_remove(place);
    if same_hash.is_empty() {
        shard.remove(&flight.hash);
    }
    Some(removed)
}

impl Queue {
    fn push(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.followers.push_back((ticket, None));
        ticket
    }

    /// Promotes the first that waits, and hands out whom to wake.
    fn promote(&mut self) -> Option<Option<Waker>> {
        let first = self.followers.pop_front();
        self.promoted = first.as_ref().map(|(ticket, _)| *ticket);
        first.map(|(_, waker)| waker)
    }

    fn take(&mut self, ticket: u64) -> Option<(u64, Option<Waker>)> {
        let place = self.followers.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()?;
        self.followers.remove(place)
    }

    /// Replaces the waker of that follower; returns the one that it had.
    fn wait(&mut self, ticket: u64, waker: Waker) -> Option<Waker> {
        let place = self.followers.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()?;
        self.followers.get_mut(place)?.1.replace(waker)
    }
}

impl<K, O> Lead<K, O> {
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn key(&self) -> &K {
        &self.flight.key
    }

    /// Whether the outcome is for those in the flight only, and not for those who come later.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn is_forgotten(&self) -> bool {
        self.flight.forgotten.load(Ordering::Acquire)
    }

    /// Gives the outcome to all that wait for it.
    pub(crate) fn land(mut self, outcome: O) {
        self.ended = true;
        self.flights.land(&self.flight, outcome);
    }
}

impl<K, O> Drop for Lead<K, O> {
    fn drop(&mut self) {
        if !self.ended {
            self.flights.hand_over(&self.flight);
        }
    }
}

impl<K, O: Clone> Follower<K, O> {
    /// Ready when the flight has landed, or when it is this follower's turn to lead.
    pub(crate) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn<K, O>> {
        // Cloned before the lock is taken: a waker may run anything, this table included.
        let waker = cx.waker().clone();
        let mut state = self.flight.state.lock();
        let replaced = match &mut *state {
            State::Landed(outcome) => {
                let outcome = outcome.clone();
                drop(state);
                self.ended = true;
                return Poll::Ready(Turn::Landed(outcome));
            }
            State::Flying(queue) if queue.promoted == Some(self.ticket) => {
                queue.promoted = None;
                drop(state);
                self.ended = true;
                let (flights, flight) = (self.flights.clone(), Arc::clone(&self.flight));
                return Poll::Ready(Turn::Lead(Lead { flights, flight, ended: false }));
            }
            State::Flying(queue) => queue.wait(self.ticket, waker),
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl<K, O> Drop for Follower<K, O> {
    fn drop(&mut self) {
        if !self.ended && self.flight.leave(self.ticket) {
            self.flights.hand_over(&self.flight);
        }
    }
}

// A derived impl would ask the same of `K` and `O`.
impl<K, O> Clone for Flights<K, O> {
    fn clone(&self) -> Self {
        Self { shards: Arc::clone(&self.shards) }
    }
}
