//! Keep one call alive.

#[cfg(feature = "std")]
pub mod bulkhead;
mod invalid;
pub mod retry;

pub use invalid::Invalid;
