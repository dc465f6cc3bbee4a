//! Do less for a while, and come back.
//!
//! An outage is seldom all or nothing. There are retries that only add to the load, prefetching that
//! nobody waits for, answers that a cheap table could give. A service that leaves those out while it is
//! in trouble keeps what matters. What is left out is written down here, beforehand; when, a
//! [`Degradation`] says, which anything may raise: a watch on a promise while its budget burns, the plan
//! of a component, an operator.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use reliability::error::{Reason, Rejected};
//! use reliability::error::recovery::Degradation;
//! use reliability::resilience::concurrency_limit::Priority;
//! use reliability::resilience::degrade::{Degrade, Measures};
//! use reliability::resilience::{Call, Classifier, Policy, Retry};
//!
//! static SEARCH: Degradation = Degradation::declared("search");
//!
//! let less = Measures::none().without_retries().shed_below(Priority::High);
//! let policy = Policy::builder("search")
//!     .degrade(Degrade::when(&SEARCH, less))
//!     .retry(Retry::standard())
//!     .build()?;
//!
//! let search = async |priority| {
//!     let classifier = Classifier::by_fault();
//!     let mut call = Call::new(&policy, &classifier).with_priority(priority);
//!     let outcome = call.attempt(async { Ok::<_, Rejected>(100) }).await;
//!     call.conclude(outcome).map_err(|failure| failure.into_error().reason())
//! };
//! assert_eq!(search(Priority::Low).await, Ok(100));
//!
//! SEARCH.raise();
//! assert_eq!(search(Priority::Low).await, Err(Reason::Degraded));
//! assert_eq!(search(Priority::High).await, Ok(100));
//!
//! SEARCH.lift();
//! assert_eq!(search(Priority::Low).await, Ok(100));
//! # Ok(())
//! # }
//! ```
//!
//! # Measures
//!
//! | measure | what happens to a call that comes in while things are degraded |
//! |---|---|
//! | [`without_retries`](Measures::without_retries) | its first attempt is the last |
//! | [`without_hedges`](Measures::without_hedges) | its requests are sent once |
//! | [`concurrency`](Measures::concurrency) | it finds only a part of the `concurrency_limit` and the `bulkhead`, and does not wait for more |
//! | [`shed`](Measures::shed), [`shed_below`](Measures::shed_below) | it is kept out: by chance, by its priority, or by both |
//!
//! None of them is on by itself. A call that is kept out is refused with
//! [`Reason::Degraded`](crate::error::Reason::Degraded): overloaded, never retried by the policy itself,
//! with how long things are to stay degraded as its `retry_after`. Breakers and budgets do not see it. If
//! there is a `fallback`, that is what the caller gets; `degrade(answer = ..)` in `#[resilient(..)]`
//! gives these calls another one.
//!
//! There is no tighter timeout among them: it makes failures of calls that are merely slow, and while a
//! budget burns that is the last thing it needs.
//!
//! # Guarantees
//!
//! - What is done for a call is decided once, when it comes in, and holds to its end: a call does not
//!   lose its retries half-way, and one that came in before is not touched.
//! - While nothing is degraded, a call pays one relaxed load.
//! - What makes no sense is refused when the policy is built: measures for a layer that the policy does
//!   not have, level 2 of a degradation that has one level, all calls kept out and nobody to answer them.

mod live;
mod measures;
mod plan;
mod settings;
mod snapshot;

#[cfg(doc)]
use crate::error::recovery::Degradation;

pub(crate) use live::{Count, Degrading};
pub use measures::Measures;
pub(crate) use plan::Plan;
pub(crate) use settings::Around;
pub use settings::{Degrade, Settings};
pub use snapshot::Snapshot;

#[cfg(all(test, not(reliability_loom)))]
mod tests;
