//! Keep one call alive.

mod invalid;

pub use invalid::Invalid;
