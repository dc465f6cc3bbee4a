//! What policies have to say to the other side of an HTTP call.
//!
//! A policy that ends at the edge of the process is half a policy. A server that does not know how
//! long its caller waits works for callers who have left; a client that does not read when to come
//! back comes back too early. HTTP has headers for both, and for the key by which a repeated
//! request is recognised:
//!
//! | | client | server |
//! |---|---|---|
//! | how long an answer is of use | [`propagate`], `PropagateLayer` | [`DeadlineHeader`], `DeadlineLayer` |
//! | when to come back | [`ok`], [`bad_status`], [`retry_after`] | [`refuse`], [`write_retry_after`] |
//! | which attempts are one call | [`propagate`], `PropagateLayer` | [`idempotency_key`] |
//!
//! The layers want the feature `tower`. All else works on the types of the crate `http`, and with
//! the feature `reqwest` on the requests and responses of reqwest.
//!
//! ```
//! use std::time::Duration;
//! use reliability::error::{Class, Fault};
//! use reliability::resilience::http::ok;
//!
//! let answer = http::Response::builder().status(429).header("retry-after", "2").body(())?;
//! let error = ok(answer).unwrap_err();
//! assert_eq!(error.class(), Class::Overloaded);
//! assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
//! # Ok::<(), http::Error>(())
//! ```
//!
//! Headers come from anybody. A value that cannot be understood is as good as none, and none can
//! make a limit longer than the ones that are set here.

mod deadline;
#[cfg(feature = "tower")]
mod layers;
mod message;
mod propagate;
mod retry_after;
mod status;

pub use crate::error::BadStatus;
pub use deadline::DeadlineHeader;
#[cfg(feature = "tower")]
pub use layers::{
    DeadlineLayer, DeadlineService, MaybeWithDeadline, PropagateLayer, PropagateService,
};
pub use message::{Request, Response};
pub use propagate::{IDEMPOTENCY_KEY, idempotency_key, propagate, write_idempotency_key};
pub use retry_after::{retry_after, write_retry_after};
pub use status::{bad_status, copy_with_body, is_idempotent, ok, refuse, status_of};
