//! Tell the outside what the policies see.
//!
//! Hot paths bump lock-free counters, and nothing else; whoever wants to know *observes* them. So
//! watching costs the watched nothing, and a snapshot may be taken as often as one likes.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use reliability::error::Rejected;
//! use reliability::resilience::Policy;
//! use reliability::telemetry;
//!
//! let policy = Policy::builder("rates").timeout(Duration::from_secs(1)).build()?;
//! policy.call(|| async { Ok::<_, Rejected>(()) }).await?;
//!
//! let snapshot = telemetry::snapshot();
//! let rates = snapshot.policy("rates").ok_or("the policy is listed")?;
//! assert_eq!(rates.ok, 1);
//! println!("{snapshot}");
//! # Ok(())
//! # }
//! ```
//!
//! Transitions, refusals and retries are also `tracing` events of target `reliability`:
//!
//! | event | level | fields |
//! |---|---|---|
//! | `reliability.breaker.transition` | warn or info | `reliability.policy.name`, `reliability.breaker.from`, `reliability.breaker.to` |
//! | `reliability.policy.rejected` | warn | `reliability.policy.name`, `reliability.reason`, `reliability.rejected_by`, `retry_after_ms` |
//! | `reliability.policy.retried` | info | `reliability.policy.name`, `reliability.attempts`, `pause_ms` |
//! | `reliability.policy.retry_denied` | warn | `reliability.policy.name`, `reliability.attempts` |
//! | `reliability.policy.fell_back` | info | `reliability.policy.name`, `error.class` |

mod snapshot;
#[cfg(feature = "std")]
mod source;

#[cfg(feature = "macros")]
pub use reliability_macros::traced;
pub use snapshot::{BreakerSnapshot, BulkheadSnapshot, Latency, PolicySnapshot, Snapshot};
#[cfg(feature = "std")]
pub use source::{Source, snapshot};
