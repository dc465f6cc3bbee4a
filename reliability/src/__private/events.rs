//! What expansions of `#[derive(Events)]` and `#[derive(Aggregate)]` call, so that a missing bound
//! is told in our words, on the user's type.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::distributed::transaction::event_sourcing::{EventError, Snapshots};
use crate::journal::{Event, JournalError};
use crate::state::ReachableFrom;

/// What an event can carry.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written and read again, so no event can carry it",
    label = "not something that can be written as JSON and read again",
    note = "derive `serde::Serialize` and `serde::Deserialize` for `{Self}`"
)]
pub trait Payload: Sized {
    fn write(&self, name: &'static str, version: u32) -> Result<Event, JournalError>;

    fn read(event: &Event) -> Result<Self, EventError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Payload for T {
    fn write(&self, name: &'static str, version: u32) -> Result<Event, JournalError> {
        Event::json(name, version, self)
    }

    fn read(event: &Event) -> Result<Self, EventError> {
        Ok(event.read_json()?)
    }
}

/// What a version that is not written any more has carried.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read, so nothing can be upcast from it",
    label = "what this function takes cannot be read from JSON",
    note = "derive `serde::Deserialize` for `{Self}`"
)]
pub trait OldPayload: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> OldPayload for T {}

/// A state that can be kept whole.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written and read again, so there are no snapshots of it",
    label = "not something that can be written as JSON and read again",
    note = "derive `serde::Serialize` and `serde::Deserialize` for `{Self}`, or remove `snapshot`"
)]
pub trait Kept: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Kept for T {}

pub fn read_event<T: OldPayload>(event: &Event) -> Result<T, EventError> {
    Ok(event.read_json()?)
}

/// Holds the declared transitions against what a function returns.
pub fn led<Prev, Next: ReachableFrom<Prev>>(next: Next) -> Next {
    next
}

/// What there is before anything has happened.
#[diagnostic::on_unimplemented(
    message = "nobody says what a `{Self}` is to which nothing has happened",
    label = "this has no `Default`",
    note = "derive `Default` for `{Self}`, or write `initial = ..` in `#[aggregate(..)]`, a `fn() -> {Self}`"
)]
pub trait Initial: Sized {
    fn initial() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> Initial for T {
    fn initial() -> Self {
        Self::default()
    }
}

/// What the function that decides takes: the command, or what a command is seen as.
#[diagnostic::on_unimplemented(
    message = "this aggregate is asked by commands that are a `{C}`, and decides on a `{Self}`",
    label = "takes `&{Self}`, and `command = {C}` is declared",
    note = "let the function take `&{C}`, or write `command = {Self}` in `#[aggregate(..)]`"
)]
pub trait Decided<C> {
    fn of(command: &C) -> &Self;
}

#[diagnostic::do_not_recommend]
impl<C> Decided<C> for C {
    fn of(command: &C) -> &Self {
        command
    }
}

#[diagnostic::do_not_recommend]
impl Decided<alloc::string::String> for str {
    fn of(command: &alloc::string::String) -> &Self {
        command
    }
}

/// The command, as the function that decides takes it.
pub fn command<C, A: Decided<C> + ?Sized>(command: &C) -> &A {
    A::of(command)
}

/// What an upcast makes: what the next one takes or, of the last one, what the event carries.
#[diagnostic::on_unimplemented(
    message = "this upcast makes `{Made}`, and what comes after it takes `{Self}`",
    label = "makes `{Made}`",
    note = "each upcast makes what the next one takes, and the last one what the event carries: here `{Self}`"
)]
pub trait Upcast<Made> {
    fn of(made: Made) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T> Upcast<T> for T {
    fn of(made: T) -> Self {
        made
    }
}

/// What an upcast has made, as it is taken.
pub fn upcast<New: Upcast<Made>, Made>(made: Made) -> New {
    New::of(made)
}

pub const fn snapshots<A: Kept>(every: u32, version: u32) -> Snapshots<A> {
    Snapshots::json(every, version)
}
