//! How long one attempt may take: a figure, or what the dependency has shown that it takes.
//!
//! A fixed timeout is a guess that grows old. Too long, and callers hang together with the
//! dependency; too short, and the day on which it answers in 300 ms instead of 200 is an outage of
//! our own making. An [`Adaptive`] one follows a quantile of what attempts took lately, between two
//! bounds that a person has chosen:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use reliability::error::Rejected;
//! use reliability::resilience::timeout::Timeout;
//! use reliability::resilience::Policy;
//! use reliability::sync::Quantile;
//!
//! let policy = Policy::builder("price")
//!     .timeout(
//!         Timeout::adaptive(Quantile::P99)
//!             .times(2.0)
//!             .min(Duration::from_millis(50))
//!             .max(Duration::from_secs(2)),
//!     )
//!     .build()?;
//! let price = policy.call(|| async { Ok::<_, Rejected>(7) }).await?;
//! assert_eq!(price, 7);
//! # Ok(())
//! # }
//! ```
//!
//! # Why it does not spiral
//!
//! A timeout that is worked out from what it lets through is in danger of two spirals:
//!
//! - **Down.** Who counts only attempts that came back never sees one that took longer than the
//!   timeout, so each timeout begets a shorter one. Here an attempt that is cut off counts with the
//!   time it had: it took at least that long. As soon as more of them are cut off than the quantile
//!   leaves out, the quantile is the timeout itself, and the next timeout is `factor` times that:
//!   after a step in latency it grows by `factor` in every tenth of a second until attempts come back
//!   again, or it has reached `max`. That is why the factor is not below 1.25: the sketch may be off
//!   by 1/16, and growth has to be more than that.
//! - **Up.** When the dependency hangs, every attempt is cut off, and the timeout grows to `max`. There
//!   it stays, which is what `max` is for; a breaker opens meanwhile. What was cut off fades like
//!   everything else.
//!
//! What is measured is told by [`Sketch`](crate::sync::Sketch), and so are its bounds: an attempt that
//! was ready at once reads no clock and does not count, so the quantile is one of attempts that had
//! to wait.

mod adapted;
mod adaptive;
mod settings;

pub(crate) use adapted::{Adapted, Rule};
pub use adaptive::Adaptive;
pub(crate) use adaptive::check_quantile;
pub use settings::Timeout;

#[cfg(all(test, not(reliability_loom)))]
mod tests;

#[cfg(all(test, reliability_loom))]
mod loom_tests;
