use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Aggregate, Applies, Events as _};

/// Begins a test of an aggregate: what has happened, what is asked of it, and what follows.
///
/// # Examples
///
/// See the [module](super).
///
/// # Panics
///
/// When what is said to have happened could not have happened in that order.
#[track_caller]
pub fn given<A: Aggregate>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    let mut state = A::initial();
    for event in events {
        state = match event.apply_to(state) {
            Ok(state) => state,
            Err(error) => panic!("what is given could not have happened: {error}"),
        };
    }
    Given { state }
}

/// An aggregate to which that has happened.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug)]
#[must_use = "say what is asked of it, with `when`"]
pub struct Given<A> {
    state: A,
}

/// What an aggregate has decided.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "say what is to follow, with `then` or `then_refused`"]
pub struct When<A: Aggregate> {
    state: A,
    decided: Result<Vec<A::Event>, A::Refused>,
}

impl<A: Aggregate> Given<A> {
    /// Its state.
    pub const fn state(&self) -> &A {
        &self.state
    }

    /// Asks it to do that.
    pub fn when(
        self, // it was asked: go on with the `When` that `when` gives
        command: &A::Command,
    ) -> When<A> {
        let decided = self.state.decide(command);
        When { state: self.state, decided }
    }
}

impl<A: Aggregate> When<A>
where
    A::Event: fmt::Debug + PartialEq,
    A::Refused: fmt::Debug,
{
    /// These events follow, and no others; returns the state behind them.
    ///
    /// # Panics
    ///
    /// When others follow or none, it is refused, or they cannot happen in that state.
    #[track_caller]
    pub fn then(
        self, // it has decided: go on with the aggregate that `then` gives
        expected: impl IntoIterator<Item = A::Event>,
    ) -> A {
        let expected: Vec<A::Event> = expected.into_iter().collect();
        let events = match self.decided {
            Ok(events) => events,
            Err(refused) => panic!("expected {expected:#?}\nbut it was refused: {refused:#?}"),
        };
        assert!(events == expected, "expected {expected:#?}\nbut this follows: {events:#?}");
        let mut state = self.state;
        for event in &events {
            state = match event.apply_to(state) {
                Ok(state) => state,
                Err(error) => panic!("what was decided cannot happen: {error}"),
            };
        }
        state
    }

    /// It is refused, for that reason.
    ///
    /// # Panics
    ///
    /// When something follows, or it is refused for another reason.
    #[track_caller]
    pub fn then_refused(
        self, // ends the case: begin another one with `given`
        expected: &A::Refused,
    ) where
        A::Refused: PartialEq,
    {
        match self.decided {
            Err(refused) => assert!(
                refused == *expected,
                "expected that it is refused: {expected:#?}\nbut it was refused: {refused:#?}"
            ),
            Ok(events) => {
                panic!("expected that it is refused: {expected:#?}\nbut this follows: {events:#?}")
            }
        }
    }
}

impl<A: Aggregate> fmt::Debug for When<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decided: Result<Vec<&str>, String> = match &self.decided {
            Ok(events) => Ok(events.iter().map(|event| event.name()).collect()),
            Err(_) => Err("refused".into()),
        };
        f.debug_struct("When").field("decided", &decided).finish_non_exhaustive()
    }
}
