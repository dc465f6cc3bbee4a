//! The derives.

mod fault;
mod packed;
mod state_machine;

pub use fault::fault;
pub use packed::packed;
pub use state_machine::state_machine;
