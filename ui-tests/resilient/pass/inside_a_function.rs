//! Functions inside of other functions, one annotated function inside of another, and
//! `#[must_use]`.

use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::resilient;

#[derive(Debug)]
enum Error {
    Busy,
    #[allow(dead_code, reason = "printed by tests that fail")]
    Rejected(Rejected),
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Busy => Class::Transient,
            Error::Rejected(rejected) => rejected.class(),
        }
    }
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Error::Rejected(rejected)
    }
}

#[resilient(timeout = "1s")]
#[must_use = "it is a result"]
async fn outer(value: u32) -> Result<u32, Error> {
    #[resilient(timeout = "1s")]
    async fn inner(value: u32) -> Result<u32, Error> {
        Ok(value + 1)
    }

    inner(value).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    #[resilient(retry(attempts = 2, backoff = constant("1ms")), idempotent)]
    async fn here(value: u32) -> Result<u32, Error> {
        #![allow(clippy::let_and_return, reason = "it must stay first in the body")]
        let doubled = 2 * value;
        doubled.checked_sub(1).ok_or(Error::Busy)
    }

    assert_eq!(outer(1).await.unwrap(), 2);
    assert_eq!(here(2).await.unwrap(), 3);
}
