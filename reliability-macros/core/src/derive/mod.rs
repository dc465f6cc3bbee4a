//! The derives.

mod packed;
mod state_machine;

pub use packed::packed;
pub use state_machine::state_machine;
