//! Try again, without making things worse.
//!
//! A loop around a call is easily written, and in an outage it is what keeps the dependency down:
//! all clients failed in the same second, all come back together, and each brings its load several
//! times over. So a retry here is three decisions, each in a type of its own:
//!
//! - *Is it worth it?* The error says so itself: see [`Fault`](crate::error::Fault).
//! - *When?* [`Backoff`]: longer with each retry, and spread by chance, so that clients which failed
//!   together do not return together.
//! - *Can the dependency bear it?* [`RetryBudget`]: all calls to one dependency share a bucket, and
//!   retries stay a bounded part of the traffic.
//!
//! An *attempt* counts the first call, a *retry* does not: four attempts are at most three retries.
//!
//! Schedule and budget are plain values, and serve a loop of your own as well:
//!
//! ```
//! use std::time::Duration;
//! use reliability::resilience::retry::{Backoff, RetryBudget};
//!
//! fn flaky(attempt: u32) -> Result<&'static str, &'static str> {
//!     if attempt < 3 { Err("try again") } else { Ok("in stock") }
//! }
//!
//! let backoff = Backoff::standard();
//! let budget = RetryBudget::builder("inventory").build()?;
//!
//! let mut delay = Duration::ZERO;
//! let mut attempt = 1;
//! budget.deposit();
//! let answer = loop {
//!     match flaky(attempt) {
//!         Err(_) if attempt < 4 && budget.withdraw().is_ok() => {
//!             delay = backoff.delay(attempt, delay, 0x5eed);
//!             // ... wait for `delay` ...
//!             attempt += 1;
//!         }
//!         outcome => break outcome,
//!     }
//! };
//! assert_eq!((answer, attempt), (Ok("in stock"), 3));
//! # Ok::<(), reliability::resilience::Invalid>(())
//! ```

mod backoff;
mod budget;
mod jitter;
#[cfg(feature = "std")]
mod live;
#[cfg(feature = "std")]
mod settings;
#[cfg(feature = "std")]
mod shared_budgets;

pub use backoff::Backoff;
pub use budget::{BudgetSettings, RetryBudget, RetryBudgetBuilder};
pub use jitter::Jitter;
#[cfg(feature = "std")]
pub(crate) use live::Retrying;
#[cfg(feature = "std")]
pub use settings::{Retry, Settings};
