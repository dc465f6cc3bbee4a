//! What to do about an error when another try is not all there is: restart, degrade, escalate.
//!
//! Retries and fallbacks answer one call. Some errors say that the *component* behind the call is
//! broken - a pool whose connections all died with the old leader, a client with a token that was
//! revoked - and no other try through it will do. Others say that less would be more, or that a
//! person is needed. A [`Recovery`] is the plan: a row for each class and severity of error. A
//! `Component` carries it out.
//!
//! ```
//! use reliability::error::Fault;
//! use reliability::error::recovery::{Action, Recovery};
//!
//! #[derive(Debug, Fault)]
//! enum LedgerError {
//!     #[fault(transient, recover = restart)]
//!     ConnectionsLost,
//!     #[fault(overloaded)]
//!     Busy,
//! }
//!
//! let plan = Recovery::standard();
//! assert_eq!(plan.action(&LedgerError::ConnectionsLost), Action::Restart);
//! assert_eq!(plan.action(&LedgerError::Busy), Action::Degrade);
//! ```
//!
//! # The standard plan, and why
//!
//! | class | severity below critical | critical |
//! |---|---|---|
//! | transient | retry | escalate |
//! | permanent | fall back | escalate |
//! | overloaded | degrade | escalate |
//! | cancelled | nothing | nothing |
//!
//! No class restarts anything by itself: that a component is broken only the error knows, and says
//! so by [`Fault::recovery`](super::Fault::recovery), which goes before the plan.
//!
//! # Restarts
//!
//! As with the supervisors of Erlang/OTP (`supervisor`, "Maximum Restart Intensity"): more than so
//! many restarts within a period do not cure what is wrong, and are escalated instead.
//!
//! ```text
//!              error: restart                      constructor is done
//!  instance n ───────────────▶ restarting (n works on) ───────────────▶ instance n + 1
//!      ▲                            │  constructor fails, panics, takes too long, is dropped
//!      └────────────────────────────┘
//!  more than `restarts` within `within`: escalate, and instance n stays
//! ```

mod action;
#[cfg(feature = "std")]
mod builder;
#[cfg(feature = "std")]
mod component;
#[cfg(feature = "std")]
mod degradation;
#[cfg(feature = "std")]
mod degradation_builder;
#[cfg(feature = "std")]
mod episodes;
#[cfg(feature = "std")]
mod escalation;
#[cfg(feature = "std")]
mod events;
#[cfg(feature = "std")]
mod intensity;
#[cfg(feature = "std")]
mod level;
mod plan;
#[cfg(feature = "std")]
mod start;

pub use action::Action;
#[cfg(feature = "std")]
pub use builder::ComponentBuilder;
#[cfg(feature = "std")]
pub use component::{Component, Instance, Recovered};
#[cfg(feature = "std")]
pub use degradation::{Degradation, DegradationSnapshot};
#[cfg(feature = "std")]
pub use degradation_builder::DegradationBuilder;
#[cfg(feature = "std")]
pub use escalation::Escalation;
pub use plan::Recovery;
#[cfg(feature = "std")]
pub use start::StartFailed;

#[cfg(all(test, reliability_loom, feature = "std"))]
mod loom_tests;
#[cfg(all(test, feature = "std", not(reliability_loom)))]
mod tests;
