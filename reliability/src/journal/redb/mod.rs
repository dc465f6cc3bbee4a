//! The store in a file without C: redb, with one thread that writes and one that reads.

mod builder;
mod error;
mod moving;
mod open;
mod read;
mod store;
mod tables;
mod write;
mod writer;

pub use builder::RedbBuilder;
pub use store::RedbStore;
