//! The two seats of a flight: the one that leads, and those that follow.

use alloc::sync::Arc;
use core::task::{Context, Poll, ready};

use super::flights::{Ending, Field, end_alone, hand_over, land};
use super::waiting::{Called, Waiting};

/// The right to do the work of a flight. Dropping it hands the flight on.
pub(crate) struct Lead<F: Field> {
    field: F,
    hash: u64,
    /// Or [`ENDED`]: a word less, for a lead is handed from hand to hand.
    number: u64,
}

/// No flight has this number.
const ENDED: u64 = u64::MAX;

/// A place among those that wait for a flight. Dropping it gives the place up.
pub(crate) struct Follower<F: Field> {
    field: F,
    hash: u64,
    number: u64,
    waiting: Arc<Waiting<F::Outcome>>,
    ticket: u64,
    ended: bool,
}

/// What a follower has waited for.
pub(crate) enum Turn<F: Field> {
    /// The flight has landed.
    Landed(F::Outcome),
    /// The leader is gone, and this follower leads now.
    Lead(Lead<F>),
}

impl<F: Field> Lead<F> {
    #[inline]
    pub(super) fn new(field: F, hash: u64, number: u64) -> Self {
        Self { field, hash, number }
    }

    /// Where it flies.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn field(&self) -> &F {
        &self.field
    }

    /// Whether what was known when the flight began has been taken away.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn is_forgotten(&self) -> bool {
        let mut shard = self.field.shard(self.hash);
        shard.find_number(self.hash, self.number).is_none_or(|flight| flight.forgotten)
    }

    /// Ends the flight if nobody follows; else it is to be [landed](Lead::land). Runs nothing of the
    /// caller's but the key's `drop`.
    #[inline]
    pub(crate) fn end_alone(&self) -> Ending {
        end_alone(&self.field, self.hash, self.number)
    }

    /// Gives the flight another copy of its key.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn replace_key(&self, key: F::Key) {
        let mut shard = self.field.shard(self.hash);
        let flight = shard.find_number(self.hash, self.number);
        let replaced = flight.map(|flight| core::mem::replace(&mut flight.key, key));
        drop(shard);
        drop(replaced);
    }

    /// The hash of its key, and its number among those of the shard.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    #[inline]
    pub(crate) fn flight(&self) -> (u64, u64) {
        (self.hash, self.number)
    }

    /// After somebody has taken it out of its shard: spares the look for what is gone.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only the cache uses it"))]
    pub(crate) fn has_ended(&mut self) {
        self.number = ENDED;
    }

    /// Gives the outcome to all that wait for it. It is made outside of all locks, and only if
    /// somebody does; should that panic, the flight is handed on.
    #[inline]
    pub(crate) fn land(mut self, outcome: impl FnOnce() -> F::Outcome) {
        self.land_in_place(outcome);
    }

    /// The same for a lead that stays where it is, and is nothing afterwards.
    #[inline]
    pub(crate) fn land_in_place(&mut self, outcome: impl FnOnce() -> F::Outcome) {
        if self.number != ENDED && !self.end_alone().alone {
            let outcome = outcome();
            land(&self.field, self.hash, self.number, outcome);
        }
        self.number = ENDED;
    }
}

impl<F: Field> Drop for Lead<F> {
    #[inline]
    fn drop(&mut self) {
        if self.number != ENDED {
            hand_over(&self.field, self.hash, self.number);
        }
    }
}

impl<F: Field> Follower<F> {
    pub(super) fn new(
        field: F,
        hash: u64,
        number: u64,
        waiting: Arc<Waiting<F::Outcome>>,
        ticket: u64,
    ) -> Self {
        Self { field, hash, number, waiting, ticket, ended: false }
    }
}

impl<F: Field<Outcome: Clone>> Follower<F> {
    /// Ready when the flight has landed, or when it is this follower's turn to lead.
    pub(crate) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn<F>> {
        let called = ready!(self.waiting.poll(self.ticket, cx.waker().clone()));
        self.ended = true;
        Poll::Ready(match called {
            Called::Landed(outcome) => Turn::Landed(outcome),
            Called::Up => Turn::Lead(Lead::new(self.field.clone(), self.hash, self.number)),
        })
    }
}

impl<F: Field> Drop for Follower<F> {
    fn drop(&mut self) {
        if !self.ended && self.waiting.leave(self.ticket) {
            hand_over(&self.field, self.hash, self.number);
        }
    }
}
