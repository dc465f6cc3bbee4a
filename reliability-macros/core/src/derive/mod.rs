//! The derives.

mod aggregate;
mod borrows;
mod events;
mod fault;
mod packed;
mod state_machine;
mod tcc;

pub use aggregate::aggregate;
pub(crate) use borrows::{borrows, borrows_unnamed};
pub use events::events;
pub use fault::fault;
pub use packed::packed;
pub use state_machine::state_machine;
pub(crate) use state_machine::{rebase_visibility, snake_case};
pub use tcc::tcc;
