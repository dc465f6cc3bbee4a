//! What went wrong, and is it worth another try.
//!
//! A policy that meets an error has one question: *what now?* Error types answer another one, what
//! happened, and every retry loop ends up guessing the first answer from the second. Here an error
//! says it itself: its [`Class`] is *transient*, *permanent*, *overloaded* or *cancelled*, and one
//! table, [`Disposition`], says what each class means for retries, breakers, fallbacks and
//! objectives. All policies ask that table, so that they never disagree.
//!
//! ```
//! use reliability::error::{Class, Fault};
//!
//! #[derive(Debug)]
//! enum QuoteError {
//!     UnknownSymbol,
//!     MarketBusy,
//! }
//!
//! impl Fault for QuoteError {
//!     fn class(&self) -> Class {
//!         match self {
//!             QuoteError::UnknownSymbol => Class::Permanent,
//!             QuoteError::MarketBusy => Class::Overloaded,
//!         }
//!     }
//! }
//!
//! assert!(QuoteError::MarketBusy.class().disposition().retried);
//! assert!(!QuoteError::UnknownSymbol.class().disposition().retried);
//! ```
//!
//! With the `macros` feature `#[derive(Fault)]` writes that `impl`.
//!
//! What a policy itself refuses - a call that found the breaker open, an attempt that took too
//! long - is a [`Rejected`]: one flat type for all policies, so that an annotated function needs a
//! single `From<Rejected>`.

mod class;
mod context;
mod disposition;
mod fault;
mod foreign;
mod name;
mod rejected;

pub use class::{Class, Severity};
pub use context::{Chain, Contextual, ResultExt, chain};
pub use disposition::{Counted, Disposition};
pub use fault::Fault;
pub use name::Name;
pub use rejected::{Failure, Reason, Rejected};
