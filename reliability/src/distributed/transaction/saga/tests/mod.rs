//! A saga by hand, on the engine.
#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

mod crash;
#[cfg(feature = "macros")]
mod dropped;
mod engine;
mod faults;
mod leases;
#[cfg(feature = "macros")]
mod nested;
#[cfg(feature = "macros")]
mod nested_mended;
mod operator;
mod order;
#[cfg(feature = "macros")]
mod retention;
mod rules;
#[cfg(feature = "macros")]
mod starting;
#[cfg(feature = "macros")]
mod times;
#[cfg(feature = "macros")]
mod trade;
