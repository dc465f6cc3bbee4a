//! Keep one call alive.

mod invalid;
pub mod retry;

pub use invalid::Invalid;
