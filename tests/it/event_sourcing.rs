//! Aggregates and read models from outside.

mod events;
mod postgres;
mod spans;
