//! Settings from a file, laid over the declared ones.
//!
//! What a policy does is declared in the code, where it is read and reviewed. What an operator has
//! to change at three in the morning is a number, in a file. So a file does not define policies: it
//! lays other values over some of their settings, by the policy's name, and everything that it does
//! not name stays as it was declared.
//!
//! ```toml
//! [policies.price]                  # a function, the name of a policy, or `module::function`
//! timeout = "500ms"
//! retry.attempts = 5
//! breaker = { failure_rate = "30%", open_for = "10s" }
//!
//! [policies."price/berlin"]         # one key of a function with `key = ..`
//! bulkhead.concurrent = 8
//! ```
//!
//! The same can be written in YAML and in JSON. Durations, words and names are those of
//! `#[resilient(..)]`; a rate, which has no name there, is `rate_limit.rate`. Whatever
//! [`Policy::reconfigure`](crate::resilience::Policy::reconfigure) can change is a setting of a file,
//! and the guide lists [all of them](crate::guide::operating#settings-of-a-file).
//!
//! ```
//! use std::time::Duration;
//! use reliability::resilience::config::Overlay;
//! use reliability::resilience::{Policy, Retry};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::builder("stock-level")
//!     .retry(Retry::standard())
//!     .timeout(Duration::from_secs(1))
//!     .build()?;
//!
//! let overlay = Overlay::from_toml(
//!     r#"
//!     [policies.stock-level]
//!     timeout = "500ms"
//!     retry.attempts = 5
//!     "#,
//! )?;
//! overlay.apply()?;
//! assert_eq!(policy.settings().timeout, Some(Duration::from_millis(500).into()));
//! # Ok(())
//! # }
//! ```
//!
//! # Mistakes
//!
//! A file is checked as a whole before anything changes: its syntax, its keys, the range of each
//! value, and whether each policy can work with all of its new settings together. All that is wrong
//! is told at once, with file, line and column, and what was in force stays. A key that is ignored
//! because of a typing error is found when it is needed; here it is refused when it is written.
//!
//! # Which policies
//!
//! A name is that of a policy, of an annotated function, or its path (`shop::prices::price`). Where
//! a function has one policy for each `key`, its name stands for all of them, also those that are
//! built later, and `name/key` for one of them. Of several sections that are for one policy, the one
//! with the policy's own name counts most. A name that stands for functions in several places is
//! refused: write the path.
//!
//! A breaker, limit, bulkhead, cache, chaos or budget that policies share changes for all of them.
//! Sections of one file that say different things of it are refused: by `apply`, where the policies
//! are there, else by the builder of the one that comes later, which names both lines. It is not
//! built, and what is in force stays: were the later section to win, what holds would depend on which
//! request came first.

mod advice;
mod apply;
mod common;
mod file;
mod key;
mod keys;
mod kind;
mod overlay;

pub use crate::document::{LoadError, Mistake, Mistakes};
pub(in crate::resilience) use apply::lay_over;
pub use file::{ConfigFile, load};
pub use overlay::Overlay;

#[cfg(all(test, not(reliability_loom)))]
mod tests;
