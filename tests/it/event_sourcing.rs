//! Aggregates and read models from outside.

mod events;
mod metrics;
mod postgres;
mod spans;
