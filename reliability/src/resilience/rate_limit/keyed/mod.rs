mod builder;
mod handle;
mod keys;
mod ready;
mod rule;
mod shared;

pub use builder::KeyedRateLimitBuilder;
pub use handle::KeyedRateLimit;
pub use ready::UntilKeyReady;

#[cfg(all(test, not(reliability_loom)))]
mod tests;
