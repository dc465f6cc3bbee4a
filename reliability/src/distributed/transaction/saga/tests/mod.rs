//! A saga by hand, on the engine.
#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

mod crash;
mod engine;
mod faults;
mod operator;
mod order;
mod rules;
