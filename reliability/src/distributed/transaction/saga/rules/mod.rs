//! The saga as a pure machine: what has been written, what follows from it, and what is to be done.
//! No clock, no randomness, no I/O: the driver brings them.

mod entry;
mod exchange;
mod facts;
mod machine;
mod phase;
mod started;

pub(super) use entry::{Because, Entry};
pub(super) use exchange::{Act, Begin, Ended, Input, Next, Rest};
pub(super) use facts::Facts;
pub(super) use machine::Machine;
pub(super) use phase::Phase;
pub(super) use started::{Parent, Started};
