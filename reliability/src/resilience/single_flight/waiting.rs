//! Where the followers of one flight wait for its outcome, or for their turn.

use alloc::collections::VecDeque;
use core::task::{Poll, Waker};

use crate::sync::{Mutex, wake};

pub(super) struct Waiting<O> {
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

/// What a follower has waited for.
pub(super) enum Called<O> {
    Landed(O),
    /// To lead.
    Up,
}

impl<O> Waiting<O> {
    /// A place for one more; returns its ticket.
    pub(super) fn queue(&self) -> u64 {
        match &mut *self.state.lock() {
            State::Flying(queue) => queue.push(),
            // It would have been taken out of the table, where nobody finds it.
            State::Landed(_) => u64::MAX,
        }
    }

    /// The leader has the outcome: all who wait are woken for it.
    pub(super) fn land(&self, outcome: O) {
        let before = core::mem::replace(&mut *self.state.lock(), State::Landed(outcome));
        if let State::Flying(queue) = before {
            wake(queue.followers.into_iter().filter_map(|(_, waker)| waker));
        }
    }

    /// Promotes the first that waits, and hands out whom to wake.
    pub(super) fn promote(&self) -> Option<Option<Waker>> {
        match &mut *self.state.lock() {
            State::Flying(queue) => queue.promote(),
            State::Landed(_) => None,
        }
    }

    /// A follower goes. True if it was to lead, so that another one has to.
    pub(super) fn leave(&self, ticket: u64) -> bool {
        let mut state = self.state.lock();
        let State::Flying(queue) = &mut *state else { return false };
        let promoted = queue.promoted == Some(ticket);
        let gone = queue.take(ticket);
        drop(state);
        drop(gone);
        promoted
    }
}

impl<O: Clone> Waiting<O> {
    /// Ready when the flight has landed, or when it is this follower's turn to lead. A waker may run
    /// anything, this table included, so it is cloned before the lock is taken and dropped after.
    pub(super) fn poll(&self, ticket: u64, waker: Waker) -> Poll<Called<O>> {
        let mut state = self.state.lock();
        let replaced = match &mut *state {
            State::Landed(outcome) => return Poll::Ready(Called::Landed(outcome.clone())),
            State::Flying(queue) if queue.promoted == Some(ticket) => {
                queue.promoted = None;
                return Poll::Ready(Called::Up);
            }
            State::Flying(queue) => queue.wait(ticket, waker),
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl<O> Default for Waiting<O> {
    fn default() -> Self {
        Self { state: Mutex::new(State::Flying(Queue::default())) }
    }
}

impl Queue {
    fn push(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.followers.push_back((ticket, None));
        ticket
    }

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
