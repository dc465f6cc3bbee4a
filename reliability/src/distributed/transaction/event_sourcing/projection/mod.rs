//! Read models: tables that answer questions, made from what has happened.
//!
//! The position up to which a model has followed is kept in the same transaction as its rows, so
//! each event is in it exactly once, whatever crashes in between.

mod error;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod progress;
mod projector;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub(super) use error::Away;
pub use error::{Failure, ProjectionError};
pub use memory::{MemoryReadStore, MemoryTransaction, Overtaken};
#[cfg(feature = "postgres")]
pub use postgres::{
    PostgresReadBuilder, PostgresReadError, PostgresReadStore, PostgresTransaction,
};
pub use progress::{Progress, ProgressWatch};
pub use projector::{Projector, ProjectorBuilder};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteReadStore, SqliteTransaction};
pub use store::{Happened, Parked, Place, Projection, ReadStore, ReadTransaction};
