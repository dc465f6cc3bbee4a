//! From what the program has to what goes over the wire.

mod common;
mod logs;
mod metrics;
mod traces;

pub(super) use common::{nanos, resource};
pub(super) use logs::logs;
pub(super) use metrics::{Part, metrics};
pub(super) use traces::traces;

#[cfg(test)]
mod tests;
