//! Promises as files: OpenSLO v1, and a simple form of our own.

mod definitions;
mod draft;
mod open_slo;
mod read;
mod reader;
mod remark;
mod simple;
mod write_simple;
mod writer;

pub use crate::document::{LoadError, Mistake, Mistakes};
pub use definitions::Definitions;
pub use open_slo::NotInOpenSlo;
pub use remark::Remark;

#[cfg(all(test, not(reliability_loom)))]
mod tests;
