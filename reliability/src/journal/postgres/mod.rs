//! The store on PostgreSQL, for several machines.
//!
//! Each call is one function in the database, and a transaction by itself: one round trip, with no
//! lock that waits for the network. Appends that come while others are on their way go together
//! into the next call, as in a file; that one does not wait for the answers of the others when it is
//! large, or when they take long.

mod append;
mod builder;
mod dial;
mod error;
mod group;
mod line;
mod listen;
mod moving;
mod open;
mod read;
mod session;
mod store;
mod writer;

pub use builder::PostgresBuilder;
#[cfg(feature = "event_sourcing")]
pub(crate) use dial::{Dial, drive};
pub use store::PostgresStore;
