//! The state kernel: one enum declares a machine, and what it does not declare does not compile.
mod atomic_machine;
mod check;
mod diagram;
#[cfg(all(test, reliability_loom, feature = "resilience"))]
mod loom_tests;
mod machine;
mod packed;
mod refused;
mod snapshot;

pub use atomic_machine::AtomicMachine;
pub use check::{Mismatch, check};
pub use machine::{Initial, Machine, PackedMachine, ReachableFrom, State, Transition};
pub use packed::Packed;
pub use refused::Refused;
pub use snapshot::Snapshot;

#[cfg(feature = "macros")]
pub use reliability_derive::{Packed, StateMachine};
