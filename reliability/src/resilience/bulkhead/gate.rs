//! The lock-free core of the bulkhead: who is inside, who waits, and who is next.
//!
//! Everything that decides is one word, so that no two reads can disagree:
//!
//! ```text
//!  63       48 47              24 23               0
//! +-----------+------------------+------------------+
//! |  waiting  |      limit       |      inside      |
//! +-----------+------------------+------------------+
//!
//!   enter   inside + 1, if inside < limit and nobody waits       one compare-and-swap
//!   leave   inside - 1; if somebody waited, admit the first      one subtraction
//!   queue   waiting + 1, if there is no room or somebody waits   under the lock
//!   admit   waiting - 1 and inside + 1, if inside < limit        under the lock
//!   shed    waiting - 1, if the first has waited for too long    under the lock
//! ```
//!
//! Why no wake-up is lost: all changes are read-modify-writes of the one word, so they have one
//! order. A leave before a `queue` makes the room that the `queue` sees, and it enters instead. A
//! leave after it sees that somebody waits, takes the lock - which the one that queues holds until
//! it is in the list - and admits. While somebody waits nobody else gets in, however much room there
//! is, so the order of the list is the order of entry.
//!
//! Outside the lock `waiting` is the length of the list. Who was shed is on another list until it is
//! asked for, and keeps its place in the queue for as long: so both lists are bounded. Nothing that
//! can panic runs under the lock between changing the one and the other - wakers are cloned before,
//! dropped and woken after, and the list never grows beyond what it was made with - so a poisoned
//! lock guards a consistent list.

use alloc::collections::VecDeque;
use core::task::Waker;

use super::shed::{Shed, Standing};

use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{Mutex, Padded, wake};
use crate::time::Instant;

/// The largest limit that fits in the word.
pub(in crate::resilience) const LIMIT_MAX: u32 = (1 << 24) - 1;
/// The longest queue that fits in the word.
pub(super) const QUEUE_MAX: u32 = (1 << 16) - 1;

const ONE_INSIDE: u64 = 1;
const LIMIT_SHIFT: u32 = 24;
const WAITING_SHIFT: u32 = 48;
const ONE_WAITING: u64 = 1 << WAITING_SHIFT;
const LIMIT_MASK: u64 = (LIMIT_MAX as u64) << LIMIT_SHIFT;

#[derive(Clone, Copy)]
struct Word(u64);

impl Word {
    fn inside(self) -> u32 {
        self.0 as u32 & LIMIT_MAX
    }

    fn limit(self) -> u32 {
        (self.0 >> LIMIT_SHIFT) as u32 & LIMIT_MAX
    }

    fn waiting(self) -> u32 {
        (self.0 >> WAITING_SHIFT) as u32
    }

    fn has_room(self) -> bool {
        self.inside() < self.limit()
    }

    /// Somebody who waits goes first.
    fn admits_a_newcomer(self) -> bool {
        self.has_room() && self.waiting() == 0
    }
}

pub(in crate::resilience) struct Gate {
    word: Padded<AtomicU64>,
    queue: Mutex<Queue>,
    queue_capacity: u32,
    /// Whether calls may be shed, so that it is worth reading a clock.
    sheds: AtomicBool,
    /// Whether the queue does not drain: a copy of what the lock guards.
    stands: AtomicBool,
}

struct Queue {
    /// Sorted by ticket, because tickets are dealt in order and only ever taken out.
    waiters: VecDeque<Waiter>,
    /// Tickets that were shed and whose holders do not know yet; sorted, too.
    shed: VecDeque<u64>,
    standing: Option<Standing>,
    next_ticket: u64,
}

struct Waiter {
    ticket: u64,
    /// Told only where calls may be shed.
    since: Instant,
    waker: Waker,
}

/// What became of a call that was ready to wait.
pub(super) enum Entry {
    Inside,
    Queued(u64),
    Refused,
}

/// What became of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standby {
    Waits,
    /// Its holder is inside, and must [`leave`](Gate::leave).
    Admitted,
    /// It waited for too long in a queue that does not drain.
    Shed,
}

impl Gate {
    pub(in crate::resilience) fn new(limit: u32, queue_capacity: u32) -> Self {
        let limit = limit.min(LIMIT_MAX);
        let queue_capacity = queue_capacity.min(QUEUE_MAX);
        let waiters = VecDeque::with_capacity(queue_capacity as usize);
        Self {
            word: Padded(AtomicU64::new(u64::from(limit) << LIMIT_SHIFT)),
            queue: Mutex::new(Queue {
                waiters,
                shed: VecDeque::new(),
                standing: None,
                next_ticket: 0,
            }),
            queue_capacity,
            sheds: AtomicBool::new(false),
            stands: AtomicBool::new(false),
        }
    }

    /// Enters if there is room and nobody waits for it.
    ///
    /// Acquire, against the release in [`leave`](Gate::leave): what was done under a permit
    /// happened before what is done under the next one.
    #[inline]
    pub(super) fn try_enter(&self) -> bool {
        self.try_enter_below(|limit| limit).is_some()
    }

    /// As [`try_enter`](Gate::try_enter), of the part of the limit that `part_of` leaves, and
    /// answers how many are inside then.
    #[inline]
    pub(in crate::resilience) fn try_enter_below(
        &self,
        part_of: impl Fn(u32) -> u32,
    ) -> Option<u32> {
        let mut seen = self.load();
        while seen.waiting() == 0 && seen.inside() < part_of(seen.limit()) {
            match self.replace(seen, seen.0 + ONE_INSIDE, Ordering::Acquire) {
                Ok(()) => return Some(seen.inside() + 1),
                Err(found) => seen = found,
            }
        }
        None
    }

    /// Gives a place back that was entered or admitted to.
    #[inline]
    pub(in crate::resilience) fn leave(&self) {
        self.leave_at(|| Instant::ZERO);
    }

    /// The same where calls may be shed: the clock is read if somebody waits.
    #[inline]
    pub(super) fn leave_at(&self, now: impl FnOnce() -> Instant) {
        let before = Word(self.word.fetch_sub(ONE_INSIDE, Ordering::Release));
        if before.waiting() > 0 {
            self.admit_waiters(self.sheds().then(now));
        }
    }

    /// Enters, or else takes the last place of the queue.
    ///
    /// `waker` is woken when the ticket is admitted: see [`poll_queued`](Gate::poll_queued). A
    /// ticket must end in `poll_queued` answering that it was admitted, or in
    /// [`give_up`](Gate::give_up).
    pub(super) fn enter_or_queue(&self, waker: Waker, now: impl Fn() -> Instant) -> Entry {
        // Read before the lock is taken, or under it where shedding was switched on meanwhile.
        let since = self.sheds().then(&now);
        let mut queue = self.queue.lock();
        let since = since.or_else(|| queue.standing.map(|_| now())).unwrap_or(Instant::ZERO);
        if queue.waiters.is_empty() {
            self.note(&mut queue, |standing| {
                standing.drained();
                false
            });
        }
        let has_place = queue.waiters.len() + queue.shed.len() < self.queue_capacity as usize;
        let mut seen = self.load();
        loop {
            let (next, order, enters) = if seen.admits_a_newcomer() {
                (seen.0 + ONE_INSIDE, Ordering::Acquire, true)
            } else if has_place {
                // The lock publishes the list; the word need not.
                (seen.0 + ONE_WAITING, Ordering::Relaxed, false)
            } else {
                return Entry::Refused;
            };
            match self.replace(seen, next, order) {
                Ok(()) if enters => return Entry::Inside,
                Ok(()) => return Entry::Queued(queue.push(waker, since)),
                Err(found) => seen = found,
            }
        }
    }

    /// What has become of the ticket. While it waits, `waker` replaces the one to be woken.
    pub(super) fn poll_queued(&self, ticket: u64, waker: Waker) -> Standby {
        let mut queue = self.queue.lock();
        let Some(index) = queue.index_of(ticket) else { return queue.collect(ticket) };
        let replaced =
            queue.waiters.get_mut(index).map(|waiter| core::mem::replace(&mut waiter.waker, waker));
        drop(queue);
        drop(replaced);
        Standby::Waits
    }

    /// Takes the ticket off the list if it still waits, and answers what had become of it. `now` is
    /// told when it has waited as long as it may.
    pub(super) fn give_up(&self, ticket: u64, now: Option<Instant>) -> Standby {
        let mut queue = self.queue.lock();
        let Some(index) = queue.index_of(ticket) else { return queue.collect(ticket) };
        let gone = queue.waiters.remove(index);
        self.word.fetch_sub(ONE_WAITING, Ordering::Relaxed);
        if let (Some(now), Some(gone)) = (now, &gone) {
            let delay = now.saturating_duration_since(gone.since);
            self.note(&mut queue, |standing| standing.step(now, delay));
        }
        drop(queue);
        drop(gone);
        Standby::Waits
    }

    /// Whether, and when, calls are shed; a change begins anew. Nobody knows since when those wait
    /// that are in the queue by then, so their wait begins with it.
    pub(super) fn set_shed(&self, shed: Option<Shed>, now: impl FnOnce() -> Instant) {
        let mut queue = self.queue.lock();
        if queue.standing.map(|standing| standing.shed) == shed {
            return;
        }
        if shed.is_some() && queue.shed.capacity() == 0 {
            queue.shed.reserve_exact(self.queue_capacity as usize);
        }
        if shed.is_some() && queue.standing.is_none() && !queue.waiters.is_empty() {
            let now = now();
            queue.waiters.iter_mut().for_each(|waiter| waiter.since = now);
        }
        queue.standing = shed.map(Standing::new);
        self.sheds.store(shed.is_some(), Ordering::Relaxed);
        self.stands.store(false, Ordering::Relaxed);
    }

    pub(super) fn shed(&self) -> Option<Shed> {
        self.queue.lock().standing.map(|standing| standing.shed)
    }

    #[inline]
    fn sheds(&self) -> bool {
        self.sheds.load(Ordering::Relaxed)
    }

    /// Whether the queue does not drain.
    pub(super) fn stands(&self) -> bool {
        self.stands.load(Ordering::Relaxed)
    }

    /// Tells the queue's delay to what watches it, if anything does.
    fn note(&self, queue: &mut Queue, news: impl FnOnce(&mut Standing) -> bool) -> bool {
        let Some(standing) = &mut queue.standing else { return false };
        let shed = news(standing);
        self.stands.store(standing.stands, Ordering::Relaxed);
        shed
    }

    /// More places let waiters in at once; fewer let the surplus run to its end.
    pub(in crate::resilience) fn set_limit(&self, limit: u32) {
        let limit = u64::from(limit.min(LIMIT_MAX)) << LIMIT_SHIFT;
        let mut seen = self.load();
        // Relaxed: a read-modify-write carries on what earlier leaves released.
        while let Err(found) = self.replace(seen, (seen.0 & !LIMIT_MASK) | limit, Ordering::Relaxed)
        {
            seen = found;
        }
        self.admit_waiters(None);
    }

    pub(in crate::resilience) fn inside(&self) -> u32 {
        self.load().inside()
    }

    pub(in crate::resilience) fn limit(&self) -> u32 {
        self.load().limit()
    }

    pub(super) fn waiting(&self) -> u32 {
        self.load().waiting()
    }

    /// Whether there is no room inside, and none in the queue.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        let seen = self.load();
        !seen.admits_a_newcomer() && seen.waiting() >= self.queue_capacity
    }

    pub(super) fn queue_capacity(&self) -> u32 {
        self.queue_capacity
    }

    /// How many waiters fit in the memory that the list has.
    #[cfg(all(test, not(reliability_loom)))]
    pub(super) fn queue_memory(&self) -> usize {
        self.queue.lock().waiters.capacity()
    }

    /// Admits from the front of the queue while there is room; wakes outside the lock, because a
    /// waker may run anything, this gate included.
    #[cold]
    fn admit_waiters(&self, now: Option<Instant>) {
        let mut more = true;
        wake(core::iter::from_fn(|| {
            let admitted = if more { self.admit_first(now)? } else { return None };
            more = admitted.more;
            Some(admitted.waker)
        }));
    }

    /// Admits the first, or sheds it.
    fn admit_first(&self, now: Option<Instant>) -> Option<Admitted> {
        let mut queue = self.queue.lock();
        let since = queue.waiters.front()?.since;
        if let Some(now) = now
            && self.load().has_room()
            && self.note(&mut queue, |to| to.step(now, now.saturating_duration_since(since)))
        {
            let Waiter { ticket, waker, .. } = queue.waiters.pop_front()?;
            queue.shed.push_back(ticket);
            self.word.fetch_sub(ONE_WAITING, Ordering::Relaxed);
            return Some(Admitted { waker, more: !queue.waiters.is_empty() });
        }
        // Never older than this thread's own change that made the room.
        let mut seen = self.load();
        let left = loop {
            if !seen.has_room() {
                return None;
            }
            let next = seen.0 + ONE_INSIDE - ONE_WAITING;
            // Acquire, and the lock hands it on to the one that is admitted.
            match self.replace(seen, next, Ordering::Acquire) {
                Ok(()) => break Word(next),
                Err(found) => seen = found,
            }
        };
        let waker = queue.waiters.pop_front()?.waker;
        Some(Admitted { waker, more: left.has_room() && left.waiting() > 0 })
    }

    #[inline]
    fn load(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    #[inline]
    fn replace(&self, seen: Word, next: u64, order: Ordering) -> Result<(), Word> {
        let outcome = self.word.compare_exchange_weak(seen.0, next, order, Ordering::Relaxed);
        outcome.map(drop).map_err(Word)
    }
}

struct Admitted {
    waker: Waker,
    /// Whether there may be room for the next in the queue as well.
    more: bool,
}

impl Queue {
    fn push(&mut self, waker: Waker, since: Instant) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiters.push_back(Waiter { ticket, since, waker });
        ticket
    }

    /// What became of a ticket that does not wait any more; asked once.
    fn collect(&mut self, ticket: u64) -> Standby {
        // Only its holder and `admit_first` take a ticket off the list of those that wait.
        match self.shed.binary_search(&ticket) {
            Ok(index) => {
                self.shed.remove(index);
                Standby::Shed
            }
            Err(_) => Standby::Admitted,
        }
    }

    fn index_of(&self, ticket: u64) -> Option<usize> {
        self.waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()
    }
}

#[cfg(all(test, reliability_loom))]
mod loom_tests;
