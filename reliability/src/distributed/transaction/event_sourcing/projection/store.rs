use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::future::Future;
use std::time::SystemTime;

use super::Failure;
use crate::distributed::transaction::event_sourcing::Events;
use crate::journal::{Position, Sequence, StreamId};

/// A read model: what it makes of each event. `T` is the transaction of the store that it is in.
///
/// # Examples
///
/// See [`Projector`](super::Projector).
pub trait Projection<T>: Send {
    /// The events that it follows.
    type Event: Events;

    /// Under which name its position is kept.
    const NAME: &'static str;

    /// The version of its form. When it is another one than what is kept, it is built anew.
    const VERSION: u32 = 1;

    /// Makes it empty: its tables are there, and nothing is in them.
    fn reset(&mut self, transaction: &mut T) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Takes in an event. What it writes through the transaction is there together with the
    /// position behind the event, or not at all; so it writes nowhere else.
    ///
    /// # Errors
    ///
    /// Whatever it meets with. The event is tried again, and then parked, with all that come later
    /// in its stream; others go on.
    fn apply(
        &mut self,
        transaction: &mut T,
        happened: &Happened<Self::Event>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// An event, and where and when it has happened.
///
/// # Examples
///
/// See [`Projector`](super::Projector).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Happened<E> {
    /// What has happened.
    pub event: E,
    /// To what: its key is that of the aggregate.
    pub stream: StreamId,
    /// Its number there.
    pub sequence: Sequence,
    /// Its place among all that has happened.
    pub position: Position,
    /// When it was written down.
    pub at: SystemTime,
}

/// Where a read model is kept: a database that writes rows and position in one transaction.
///
/// # Examples
///
/// See [`MemoryReadStore`](super::MemoryReadStore).
pub trait ReadStore: Send {
    /// What rows are written through.
    type Transaction: ReadTransaction<Error = Self::Error>;
    /// What the database can meet with.
    type Error: Error + Send + Sync + 'static;

    /// Begins a transaction. One that is dropped has changed nothing.
    fn begin(&mut self) -> impl Future<Output = Result<Self::Transaction, Self::Error>> + Send;
}

/// A transaction of a [`ReadStore`], and what is kept in it beside the rows of the model.
///
/// # Examples
///
/// See [`MemoryReadStore`](super::MemoryReadStore).
pub trait ReadTransaction: Send {
    /// What the database can meet with.
    type Error: Error + Send + Sync + 'static;

    /// How far the projection of that name has come; `None` if it has not begun. Until this
    /// transaction ends, nobody else changes it, or one of the two cannot commit.
    fn place(
        &mut self,
        projection: &str,
    ) -> impl Future<Output = Result<Option<Place>, Self::Error>> + Send;

    /// Keeps how far it has come.
    fn keep(
        &mut self,
        projection: &str,
        place: Place,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Keeps an event that could not be taken in; one at that position that is there is replaced.
    fn park(
        &mut self,
        projection: &str,
        parked: &Parked,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The events that are parked, by position; at most so many.
    fn parked(
        &mut self,
        projection: &str,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Parked>, Self::Error>> + Send;

    /// Forgets the parked event at that position, or all of them.
    fn unpark(
        &mut self,
        projection: &str,
        position: Option<Position>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Makes all of it durable, or nothing.
    fn commit(self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// How far a projection has come, and in which version.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::Place;
/// use reliability::journal::Position;
///
/// let begun = Place { version: 1, position: Position::START };
/// assert_eq!(begun.position.parts(), (0, 0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The version of its form.
    pub version: u32,
    /// The place of the last event that was taken in.
    pub position: Position,
}

/// An event that a projection could not take in.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::Parked;
/// use reliability::journal::{Position, Sequence, StreamId};
///
/// let parked = Parked {
///     stream: StreamId::new("account", "4711")?,
///     sequence: Sequence::new(3),
///     position: Position::from_parts(0, 17),
///     error: "there is no such customer".to_owned(),
/// };
/// assert_eq!(parked.sequence.get(), 3);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Whose stream it is in.
    pub stream: StreamId,
    /// Its number there.
    pub sequence: Sequence,
    /// Its place among all.
    pub position: Position,
    /// Why it could not be taken in.
    pub error: String,
}
