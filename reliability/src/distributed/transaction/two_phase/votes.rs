use ::core::fmt;
use ::core::marker::PhantomData;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::begun::Branded;
use super::{Logged, Participant, Prepared};

/// The vote of the participant `P`, the one with index `I` in the transaction `'tx`: it has promised.
///
/// Only [`Begun::ask`](super::Begun::ask) makes one. It cannot be copied, and is worth something in its own transaction
/// and at its own place alone.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "a vote decides nothing until it is given to `all_voted`"]
pub struct Yes<'tx, P, const I: usize> {
    only_a_participant_makes_a_vote: PhantomData<Branded<'tx, P>>,
}

impl<P, const I: usize> Yes<'_, P, I> {
    pub(super) const fn heard() -> Self {
        Self { only_a_participant_makes_a_vote: PhantomData }
    }
}

impl<P, const I: usize> fmt::Debug for Yes<'_, P, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Yes").field("participant", &I).finish_non_exhaustive()
    }
}

/// A tuple of up to eight participants.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no tuple of participants",
    label = "expected `(A, B, ..)`",
    note = "write the participants in parentheses, also a single one: `(stock,)`; each implements `Participant`, and there are at most eight: `TwoPhase::run` takes a list of more"
)]
pub trait Participants {
    /// The same as a list.
    fn list(self) -> Vec<Arc<dyn Participant>>;
}

/// A tuple that has a participant with index `I`.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "this transaction has no participant with index {I}",
    label = "there is none",
    note = "participants are numbered from 0, in the order in which they stand in the tuple of `begin!`"
)]
pub trait Nth<const I: usize> {
    /// Its type.
    type At;
}

/// The votes of all participants of a transaction, each at its place.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "these are not the votes of all participants, each at its place",
    label = "expected the `Yes` of every participant, in their order",
    note = "ask each participant, and give all the answers: `transaction.all_voted((first, second))`"
)]
pub trait AllVotes<'tx, Participants> {}

/// A transaction in which everybody has voted yes.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "a transaction commits after all votes",
    label = "not everybody has promised here",
    note = "call `.all_voted((first, second, ..))` first, with the `Yes` of every participant"
)]
pub trait Voted {}

/// A decision that is written down.
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "a decision is delivered when it is in the log",
    label = "a crash now would make it undone, and some have heard it",
    note = "call `.log().await?` first"
)]
pub trait InTheLog {}

impl<Ps> Voted for Prepared<'_, Ps> {}
impl<Ps> InTheLog for Logged<'_, Ps> {}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))+) => { $(
        impl<$($name: Participant),+> Participants for ($($name,)+) {
            fn list(self) -> Vec<Arc<dyn Participant>> {
                alloc::vec![$(Arc::new(self.$index) as Arc<dyn Participant>),+]
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'tx, $($name),+> AllVotes<'tx, ($($name,)+)> for ($(Yes<'tx, $name, $index>,)+) {}
    )+ };
}

macro_rules! nth {
    ($($index:tt $at:ident of ($($name:ident),+))+) => { $(
        impl<$($name),+> Nth<$index> for ($($name,)+) {
            type At = $at;
        }
    )+ };
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

nth! {
    0 A of (A)
    0 A of (A, B) 1 B of (A, B)
    0 A of (A, B, C) 1 B of (A, B, C) 2 C of (A, B, C)
    0 A of (A, B, C, D) 1 B of (A, B, C, D) 2 C of (A, B, C, D) 3 D of (A, B, C, D)
    0 A of (A, B, C, D, E) 1 B of (A, B, C, D, E) 2 C of (A, B, C, D, E) 3 D of (A, B, C, D, E)
    4 E of (A, B, C, D, E)
    0 A of (A, B, C, D, E, F) 1 B of (A, B, C, D, E, F) 2 C of (A, B, C, D, E, F)
    3 D of (A, B, C, D, E, F) 4 E of (A, B, C, D, E, F) 5 F of (A, B, C, D, E, F)
    0 A of (A, B, C, D, E, F, G) 1 B of (A, B, C, D, E, F, G) 2 C of (A, B, C, D, E, F, G)
    3 D of (A, B, C, D, E, F, G) 4 E of (A, B, C, D, E, F, G) 5 F of (A, B, C, D, E, F, G)
    6 G of (A, B, C, D, E, F, G)
    0 A of (A, B, C, D, E, F, G, H) 1 B of (A, B, C, D, E, F, G, H)
    2 C of (A, B, C, D, E, F, G, H) 3 D of (A, B, C, D, E, F, G, H)
    4 E of (A, B, C, D, E, F, G, H) 5 F of (A, B, C, D, E, F, G, H)
    6 G of (A, B, C, D, E, F, G, H) 7 H of (A, B, C, D, E, F, G, H)
}
