//! The store on PostgreSQL, for several machines.
//!
//! Each call is one function in the database, and a transaction by itself: one round trip, with no
//! lock that waits for the network. Appends that come while others are on their way go together
//! into the next call, as in a file.

mod append;
mod builder;
mod dial;
mod error;
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
