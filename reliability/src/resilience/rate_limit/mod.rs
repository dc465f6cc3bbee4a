//! At most so many calls in so much time, so that a quota is kept before the other side enforces it.
//!
//! A partner allows 100 calls a second, and answers the 101st with an error, a bill, or a ban. A
//! database bears so many writes. A tenant has paid for so many requests. A rate limit is the place
//! where that number stands: each call takes a permit, permits come back with time, and who finds
//! none is told at once after what time it will be worth trying again - or waits for its turn.
//!
//! ```
//! use reliability::resilience::rate_limit::{Decision, Quota, RateLimit};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let limit = RateLimit::builder("partner-api").quota(Quota::per_second(100).burst(20)).build()?;
//!
//! match limit.check() {
//!     Decision::Allowed { remaining } => println!("go ahead, {remaining} more at once"),
//!     Decision::Limited { retry_after } => println!("come back in {retry_after:?}"),
//! }
//! limit.until_ready().await?; // waits for its turn
//! # Ok(())
//! # }
//! ```
//!
//! # Defaults, and why
//!
//! | setting | default | why |
//! |---|---|---|
//! | [`quota`](RateLimitBuilder::quota) | 100 per second, all at once | an example more than a default: the number is in the contract |
//! | [`algorithm`](RateLimitBuilder::algorithm) | token bucket | smooth, exact, one word; see [`Algorithm`] for the others |
//! | [`wait`](RateLimitBuilder::wait) | none in a policy; the whole line of a leaky bucket | a call that is told at once can do something else |
//! | [`leases`](RateLimitBuilder::leases) | none: exact | they are worth their price only where threads meet at one limit all the time |
//!
//! # Guarantees
//!
//! - A token bucket never lets pass more than `burst + rate * t` permits in any time *t*, with any
//!   number of threads, whatever was reserved and given back. What the other algorithms guarantee is
//!   in the table of [`Algorithm`].
//! - All or nothing: a call that is refused has taken no permit, so a refusal delays nobody.
//! - First come, first served: who waits has a time, and who comes later, waiting or not, gets none
//!   before it. (With [`leases`](RateLimitBuilder::leases) a thread may use up what it has.)
//! - A wait that would last too long is refused at once, not when it is over.
//! - A clock that stands still or goes backwards makes no permits.
//! - Nothing is allocated per call, waiting or not, but by the sliding log, which takes 8 bytes for
//!   each permit of its quota.
//!
//! Sequences of calls are compared with naive models, the token bucket with another implementation
//! of the same algorithm as well, and the interleavings of threads are model-checked with loom.
#![cfg_attr(not(feature = "std"), allow(dead_code, reason = "the handles need `std`"))]

pub mod algorithm;
#[cfg(feature = "std")]
mod builder;
mod decision;
#[cfg(feature = "std")]
mod handle;
#[cfg(feature = "std")]
pub(crate) mod keyed;
#[cfg(feature = "std")]
mod leases;
#[cfg(feature = "std")]
pub(in crate::resilience) mod listed;
#[cfg(feature = "std")]
mod live;
#[cfg(feature = "std")]
pub(crate) mod place;
mod quota;
#[cfg(all(feature = "redis", not(reliability_loom)))]
pub mod redis;
#[cfg(feature = "std")]
mod reservation;
#[cfg(feature = "std")]
mod settings;
#[cfg(feature = "std")]
pub(crate) mod shared;
#[cfg(feature = "std")]
mod until_ready;

pub use algorithm::Algorithm;
#[cfg(feature = "std")]
pub use builder::RateLimitBuilder;
pub use decision::Decision;
#[cfg(feature = "std")]
pub use handle::RateLimit;
#[cfg(feature = "std")]
pub use keyed::{KeyHash, KeyedRateLimit, KeyedRateLimitBuilder, UntilKeyReady};
pub use quota::{ParseQuotaError, Quota};
#[cfg(feature = "std")]
pub use reservation::{Reservation, ReserveError};
#[cfg(feature = "std")]
pub use settings::Settings;
#[cfg(feature = "std")]
pub use until_ready::UntilReady;

#[cfg(all(test, feature = "std", reliability_loom))]
mod loom_tests;
#[cfg(all(test, feature = "std", not(reliability_loom)))]
mod tests;
