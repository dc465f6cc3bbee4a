//! The durable log under sagas, decisions and events: ordered, fenced, and honest about failures.
//!
//! A journal holds many *streams*, one for each thing that has a history: an order, a decision, an
//! account. A stream is a row of records that only grows, and whoever adds one says which record it
//! is to follow: of two writers who have read the same, one gets a
//! [`Conflict`](JournalError::Conflict) and reads again.
//!
//! ```
//! use reliability::journal::{Append, Event, Journal, JournalError, Sequence, StreamId};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), JournalError> {
//! let journal = Journal::in_memory();
//! let order = StreamId::new("order", "4711")?;
//!
//! let place = Append::to(&order).after(Sequence::START).event(Event::json("Placed", 1, &["tea"])?);
//! let placed = journal.append(place.clone()).await?;
//! // Twice is a conflict, so it may be tried as often as one likes.
//! assert!(matches!(journal.append(place).await, Err(JournalError::Conflict { .. })));
//!
//! let pay = Append::to(&order).after(placed.sequence).event(Event::json("Paid", 1, &299)?);
//! journal.append(pay).await?;
//! let cents: u32 = journal.read(&order, placed.sequence, 1).await?[0].event.read_json()?;
//! assert_eq!(cents, 299);
//! # Ok(())
//! # }
//! ```
//!
//! # Work that survives the worker
//!
//! A stream can be *due*: somebody has to work at it, now or at a time. Workers
//! [claim](Journal::claim) what is due, and get a [`Lease`] with an *epoch*, a number higher than
//! that of any claim before. Every append shows it, and is refused as soon as somebody else has
//! claimed the stream: a worker that slept through its lease does no harm when it wakes up.
//!
//! ```
//! # use std::time::Duration;
//! use reliability::journal::{Append, Claim, Due, Event, Journal, StreamId};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), reliability::journal::JournalError> {
//! # let journal = Journal::in_memory();
//! let order = StreamId::new("order", "4711")?;
//! journal.append(Append::to(&order).event(Event::bytes("Placed", 1, [])).due(Due::Now)).await?;
//!
//! for lease in journal.claim(Claim::of(["order"]).by("worker-1")).await? {
//!     // .. read the stream, do what is next, and write down that it is done:
//!     let done = Append::to(&lease.stream).fenced(&lease).after(lease.sequence);
//!     journal.append(done.event(Event::bytes("Sent", 1, [])).due(Due::Never).release()).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where it is kept
//!
//! | store | for | durable | needs |
//! |---|---|---|---|
//! | [`Journal::in_memory`] | tests | no | |
//! | `Journal::open` | one machine | against crash and power failure, when an append returns | feature `sqlite` |
//! | `Journal::open_redb` | one process of one machine, without C | as above | feature `redb` |
//! | `Journal::connect` | several machines | as PostgreSQL is: against crash and power failure, when an append returns | feature `postgres` |
//! | [`Journal::on`] | whatever implements [`Store`] | as that store says | |
//!
//! Every one of them must pass the [`conformance`] suite. [`copy`](copy()) brings one into another.
//!
//! # What is guaranteed
//!
//! - An append happens whole or not at all, also over several streams
//!   ([`append_all`](Journal::append_all)), and is durable when it returns.
//! - An error says whether something may have been written; only [`JournalError::Unknown`] says so.
//! - Records of a stream are numbered from 1 without gaps, and never change.
//! - Who [reads all](Journal::read_all) and goes on behind the last record misses none.
//! - Epochs only grow, also over a restart, and never come twice.

mod adopt;
mod append;
mod changes;
mod claim;
pub mod conformance;
mod copy;
mod error;
mod event;
#[cfg(any(feature = "redb", feature = "sqlite"))]
mod group;
mod handle;
mod id;
mod memory;
mod numbers;
mod observe;
mod page;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redb")]
mod redb;
mod remove;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(all(test, not(reliability_loom)))]
mod tests;
#[cfg(any(feature = "postgres", feature = "redb", feature = "sqlite"))]
mod values;

#[cfg(feature = "redb")]
pub use self::redb::{RedbBuilder, RedbStore};
use adopt::not_sealed;
pub use adopt::{Adopted, Standing};
pub use append::{Append, Appended, Due, Terms};
pub use changes::{Changed, Changes};
pub use claim::{Claim, Head, Heads, Held, Lease};
pub use copy::{Copied, CopyError, CopyProgress, Copying, copy};
pub use error::JournalError;
pub use event::{Encoding, Event, Record};
pub use handle::Journal;
pub use id::{Epoch, Position, Sequence, StreamId};
pub use memory::MemoryStore;
pub use page::Page;
#[cfg(all(feature = "postgres", feature = "event_sourcing"))]
pub(crate) use postgres::{Dial, drive};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresBuilder, PostgresStore};
use remove::Removal;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteBuilder, SqliteStore};
pub use store::{Answer, Store};
