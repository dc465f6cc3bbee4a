//! The store in a file: SQLite, with one thread that writes and one that reads.
//!
//! Why threads of our own: a commit waits for the disk, and whatever comes meanwhile goes into the
//! next one together. So sixty writers cost hardly more than one, and nobody's runtime is blocked.

mod builder;
mod error;
mod open;
mod read;
mod reader;
mod store;
mod write;
mod writer;

pub use builder::SqliteBuilder;
pub use store::SqliteStore;
