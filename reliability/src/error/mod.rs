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
mod invalid;
#[cfg(feature = "std")]
pub mod monitor;
mod name;
#[cfg(any(feature = "std", feature = "telemetry"))]
mod plural;
pub mod recovery;
mod rejected;
#[cfg(any(feature = "http", feature = "reqwest"))]
mod status;

pub use class::{Class, Severity};
pub(crate) use context::describe_error;
pub use context::{Chain, Contextual, ResultExt, chain};
pub use disposition::{Counted, Disposition};
pub use fault::Fault;
pub use invalid::Invalid;
#[cfg(feature = "std")]
pub use monitor::ErrorMonitor;
#[cfg(feature = "std")]
pub(crate) use monitor::describe;
pub use name::Name;
#[cfg(any(feature = "std", feature = "telemetry"))]
pub(crate) use plural::plural;
pub use recovery::Recovery;
pub use rejected::{Failure, Reason, Rejected};
/// Says of each variant of an error type, or of a struct, whether it is worth another try.
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// use reliability::error::{Class, Fault, Reason, Rejected, Severity};
///
/// #[derive(Debug, Fault)]
/// enum PriceError {
///     #[fault(permanent)]
///     UnknownSku,
///     #[fault(overloaded, retry_after = after)]
///     Busy { after: Duration },
///     #[fault(transient, severity = critical)]
///     NoLeader,
///     #[fault(source)]
///     Io(io::Error),
///     #[fault(from)]
///     Rejected(Rejected),
/// }
///
/// let after = Duration::from_secs(2);
/// assert_eq!(PriceError::UnknownSku.class(), Class::Permanent);
/// assert_eq!(PriceError::Busy { after }.retry_after(), Some(after));
/// assert_eq!(PriceError::NoLeader.severity(), Severity::Critical);
///
/// let reset = io::Error::from(io::ErrorKind::ConnectionReset);
/// assert_eq!(PriceError::Io(reset).class(), Class::Transient);
///
/// let refused = PriceError::from(Rejected::new(Reason::BreakerOpen, "price"));
/// assert!(refused.rejection().is_some());
/// ```
///
/// | in `#[fault(..)]` | on | meaning |
/// |---|---|---|
/// | `transient`, `permanent`, `overloaded`, `cancelled` | variant, struct; enum | the class; on an enum, that of variants which say nothing |
/// | `retry_after = field` | variant, struct | when to come back: a field of type `Duration` or `Option<Duration>`, by name or number |
/// | `retry_after` | field | the same |
/// | `severity =` `debug`, `info`, `warning`, `error`, `critical` | variant, struct; enum | instead of what the class says |
/// | `recover =` `nothing`, `retry`, `fall_back`, `restart`, `degrade`, `escalate` | variant, struct; enum | what to do about it, whatever the plan of a [`Recovery`] says |
/// | `fingerprint = ".."` | variant, struct; enum | the name that an [`ErrorMonitor`](monitor) groups by |
/// | `source` | variant, struct, field | the error inside answers: class, severity, `retry_after`, disposition, rejection, recovery, fingerprint |
/// | `from` | variant, struct, field | the same, and `From` for the type of the only field |
/// | `crate = ::path` | type | where this crate is, for those who re-export or rename it |
///
/// With several fields, the source is the one that is marked, that other derives mark as `#[source]`
/// or `#[from]`, or that is called `source`. A source whose type depends on a parameter of the type
/// has to be a [`Fault`](trait@Fault).
#[cfg(feature = "macros")]
pub use reliability_derive::Fault;
#[cfg(feature = "http")]
pub use status::BadStatus;
#[cfg(feature = "http")]
pub(crate) use status::class_of_status;
