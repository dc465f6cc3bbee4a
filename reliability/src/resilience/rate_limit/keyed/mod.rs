mod builder;
mod handle;
mod hash;
mod in_policy;
mod keys;
mod listing;
mod random;
mod ready;
mod rule;
mod shared;

pub use builder::KeyedRateLimitBuilder;
pub use handle::KeyedRateLimit;
pub use hash::KeyHash;
pub(crate) use ready::Turn;
pub use ready::UntilKeyReady;

#[cfg(all(test, not(reliability_loom)))]
mod tests;
