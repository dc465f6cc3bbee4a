//! For the tests of those who use policies: fake time, scripted dependencies, assertions, replay.
//!
//! A policy is code that runs when everything else fails, so it is worth a test; and it is made of
//! time and chance, which tests cannot bear. Here an hour takes a millisecond, a dependency fails
//! exactly when it is told to, and what the policy made of it is asserted in one chain:
//!
//! ```
//! use std::time::Duration;
//! use reliability::error::{Class, Fault, Rejected};
//! use reliability::resilience::{Policy, Retry};
//! use reliability::testing::{self, Script};
//!
//! #[derive(Debug, Clone, PartialEq, Fault)]
//! enum Failed {
//!     #[fault(transient)]
//!     Reset,
//!     #[fault(from)]
//!     Rejected(Rejected),
//! }
//!
//! testing::run(|time| async move {
//!     let policy = Policy::builder("price").retry(Retry::attempts(3)).build().unwrap();
//!     let price = testing::watch(&policy);
//!
//!     let inventory = Script::new().err(Failed::Reset).times(2).ok(7).after("20ms");
//!     assert_eq!(policy.call(|| inventory.call()).await, Ok(7));
//!     assert!(time.elapsed() < Duration::from_secs(1));
//!     price.saw().ok(1).retries(2).nothing_else();
//! });
//! ```
//!
//! A policy that an annotated function declares is found by name in
//! [`registry`](crate::resilience::registry), to be watched like any other.

mod fake_time;
mod period;
mod replay;
mod script;
mod watched;

pub use fake_time::{FakeTime, run};
pub use period::Period;
pub use replay::replay;
pub use script::Script;
pub use watched::{Saw, Watched, assert_policy, watch};
