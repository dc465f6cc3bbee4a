//! Try, confirm, cancel from outside.

mod events;
