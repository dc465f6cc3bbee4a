//! Keep one call alive.
//!
//! A call to something that can fail has six questions to answer, and each layer here answers one:
//!
//! | layer | question | type |
//! |---|---|---|
//! | `fallback` | what do we say when there is no answer? | a function |
//! | `deadline` | how long may the whole call take? | [`Deadline`](crate::time::Deadline) |
//! | `retry` | is it worth another try, and when? | [`Retry`], [`Backoff`], [`RetryBudget`] |
//! | `breaker` | is it worth trying at all? | [`Breaker`] |
//! | `bulkhead` | how many calls may run at once? | [`Bulkhead`] |
//! | `timeout` | how long may one attempt take? | a duration |
//!
//! They are composed in a [`Policy`], in the order in which they are written, outermost first; the
//! attribute `#[resilient(..)]` writes the policy for you. Why one value and not one wrapper per
//! layer: see [`policy`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use reliability::error::Rejected;
//! use reliability::resilience::{Breaker, Policy, Retry};
//!
//! let policy = Policy::builder("price")
//!     .deadline(Duration::from_secs(3))
//!     .retry(Retry::standard())
//!     .breaker(Breaker::builder("price").build()?)
//!     .timeout(Duration::from_millis(800))
//!     .build()?;
//!
//! let price = policy.call(|| async { Ok::<_, Rejected>(42) }).await?;
//! assert_eq!(price, 42);
//! # Ok(())
//! # }
//! ```
//!
//! What the layers make of an error is said in one table,
//! [`Disposition`](crate::error::Disposition). What they have counted is in
//! [`telemetry::snapshot`](crate::telemetry::snapshot), and [`registry`] hands out every policy of
//! the process, to inspect and to change while it works.

pub mod breaker;
#[cfg(feature = "std")]
pub mod bulkhead;
mod invalid;
#[cfg(feature = "std")]
pub(crate) mod keyed;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod observe;
#[cfg(feature = "std")]
pub mod policy;
#[cfg(feature = "std")]
pub mod registry;
pub mod retry;

pub use breaker::Breaker;
#[cfg(feature = "std")]
pub use bulkhead::Bulkhead;
pub use invalid::Invalid;
#[cfg(feature = "std")]
pub use policy::{
    Attempt, Call, Classifier, IdempotencyKey, Layer, Next, Pause, Policy, PolicyBuilder, Rescue,
    Settings, Totals,
};
#[cfg(all(feature = "std", feature = "macros"))]
pub use reliability_macros::resilient;
#[cfg(feature = "std")]
pub use retry::Retry;
pub use retry::{Backoff, Jitter, RetryBudget};
