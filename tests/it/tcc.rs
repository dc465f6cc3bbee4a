//! Try, confirm, cancel from outside.

mod events;
mod metrics;
