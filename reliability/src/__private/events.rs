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

pub const fn snapshots<A: Kept>(every: u32, version: u32) -> Snapshots<A> {
    Snapshots::json(every, version)
}
