//! Keep one call alive.

#[cfg(feature = "std")]
pub mod bulkhead;
pub mod breaker;
mod invalid;
pub mod retry;

pub use invalid::Invalid;
