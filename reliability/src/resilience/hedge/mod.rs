//! Ask a second time when the answer is late, and take whichever comes first.
//!
//! One request in a hundred is slow for reasons of its own: a pause of a garbage collector, a lost
//! packet, a busy disk on that one machine. Whoever needs ten answers meets one of those in every
//! tenth call. A *hedge* is a second request that is sent when the first has taken longer than usual;
//! the first answer wins, and the other request is dropped at once. With the delay at p95 that costs
//! 5 % more requests, and what was the time of one slow answer is now that of two at once.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use reliability::error::Rejected;
//! use reliability::resilience::{Hedge, Policy};
//! use reliability::sync::Quantile;
//!
//! let policy = Policy::builder("price")
//!     .hedge(Hedge::after(Quantile::P95).initial(Duration::from_millis(300)))
//!     .timeout(Duration::from_secs(1))
//!     .build()?;
//! // The closure makes one future per request, so whatever it does must bear repetition.
//! let price = policy.call(|| async { Ok::<_, Rejected>(7) }).await?;
//! assert_eq!(price, 7);
//! # Ok(())
//! # }
//! ```
//!
//! # What an outcome means
//!
//! | a request | while others are under way | when it is the last one |
//! |---|---|---|
//! | answers | the attempt ends with it, the others are dropped | the attempt ends with it |
//! | fails with an error that is not retried | the attempt ends with it, the others are dropped | the attempt ends with it |
//! | fails with an error that is retried, or by its timeout | its error is kept, the others go on | the attempt ends with the kept error |
//! | fails with an error that is overloaded, or tells to stay away | as above, and no further hedge is sent | as above |
//! | panics | the panic passes on, the others are dropped | the panic passes on |
//!
//! What is retried is said by the table of [`Disposition`](crate::error::Disposition) or the call's own
//! predicate, whether the policy has a `retry` or not. Of several kept errors the one that asks to
//! stay away for longest is the attempt's, and of equals the last.
//!
//! In gRPC's hedging (proposal A6) and in Polly a failure sends the next hedge at once. Here it
//! sends none: what has failed is `retry`'s, with its pause and its count of attempts, and a hedge in
//! its place would be a retry without a pause. As in A6 a server that says it is overloaded gets no
//! further hedge.
//!
//! # What it may cost
//!
//! A hedge is load, and is sent when the dependency is slow, which may be because of load. So every
//! hedge takes a token from the same [`RetryBudget`](super::RetryBudget) that retries are taken from:
//! both together add at most its ratio to the traffic, however slow everything becomes. Without
//! `retry` the hedge has a budget of its own. An exhausted budget just means no hedge.
//!
//! # When it is late
//!
//! [`After::Quantile`] follows what attempts took lately, told by a [`Sketch`](crate::sync::Sketch) of
//! the policy; until there are [enough](crate::sync::Quantile::entries_min), the delay is
//! [`initial`](Hedge::initial), and without one nothing is hedged. A request that is dropped because the
//! other one was quicker counts with the time that it had, which is more than the quantile: so hedging
//! does not make the dependency look quicker than it is, and the share of hedged calls stays what was
//! asked for.

mod live;
mod race;
mod settings;

pub(crate) use live::Hedging;
pub(crate) use race::{Outcome, Race, Verdict};
pub use settings::{After, Hedge, Settings};

#[cfg(all(test, not(reliability_loom)))]
mod tests;
