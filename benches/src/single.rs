//! Functions with one layer around them, by the attribute.

use std::hint::black_box;

use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::resilient;

/// An error of four bytes, as small as the ones that the peers are given here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Small(pub u32);

impl From<Rejected> for Small {
    fn from(_: Rejected) -> Self {
        Small(1)
    }
}

impl Fault for Small {
    fn class(&self) -> Class {
        Class::Transient
    }
}

/// The work under every asynchronous path: ready at once.
///
/// # Errors
///
/// None, but the compiler does not know.
pub async fn ready<E>() -> Result<u32, E> {
    black_box(Ok(7))
}

/// [`ready`] under a timeout.
///
/// # Errors
///
/// As [`ready`].
#[resilient(timeout = "800ms")]
pub async fn with_timeout() -> Result<u32, Small> {
    ready().await
}

/// [`ready`] under a hedge.
///
/// # Errors
///
/// As [`ready`].
#[resilient(hedge(after = "80ms"), idempotent)]
pub async fn with_hedge() -> Result<u32, Small> {
    ready().await
}

/// [`ready`] under a retry.
///
/// # Errors
///
/// As [`ready`].
#[resilient(retry(attempts = 4, backoff = exponential("50ms")), idempotent)]
pub async fn with_retry() -> Result<u32, Small> {
    ready().await
}
