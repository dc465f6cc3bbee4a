//! The arithmetic of budgets, told the time: what windows hold, how fast that burns, what follows.
//!
//! `prometheus_rules` writes the same in PromQL.

mod budget;
pub(super) mod calendar;
pub(super) mod engine;
mod reading;
mod ring;
mod slices;
mod stance;
mod status;
mod verdict;

pub use budget::Budget;
pub use reading::Reading;
pub use stance::Stance;
pub use status::{AlertStatus, ObjectiveStatus, Status};
pub use verdict::Verdict;
