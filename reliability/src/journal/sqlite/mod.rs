//! The store in a file: SQLite, with one thread that writes and one that reads.

mod builder;
mod claims;
mod error;
mod moving;
mod open;
mod places;
mod read;
mod store;
mod write;
mod writer;

pub use builder::SqliteBuilder;
pub use store::SqliteStore;
