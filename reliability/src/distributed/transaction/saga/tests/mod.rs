//! A saga by hand, on the engine.

mod engine;
mod order;
