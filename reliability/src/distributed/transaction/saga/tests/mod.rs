//! A saga by hand, on the engine.

mod crash;
mod engine;
mod operator;
mod order;
