//! Read models in PostgreSQL: the tables are the user's own, and how far they have come is written in
//! the same transaction.
//!
//! A transaction of it owns its connection, so that a projection can keep it over as many statements
//! as it likes. Who works at a projection is decided by a lock that the server takes back with the
//! transaction, however that ends: two workers with one projection take turns, and the second one
//! finds that it is elsewhere by now.

mod builder;
mod error;
mod store;
mod transaction;

pub use builder::PostgresReadBuilder;
pub use error::PostgresReadError;
pub use store::PostgresReadStore;
pub use transaction::PostgresTransaction;
