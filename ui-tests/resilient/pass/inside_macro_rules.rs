//! Functions that `macro_rules!` makes, with fragments in the attribute.

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

macro_rules! remote {
    ($name:ident, $argument:ident: $type:ty, $timeout:literal, $attempts:expr, $fallback:path) => {
        #[resilient(
            fallback = $fallback,
            retry(attempts = $attempts, backoff = constant($timeout)),
            timeout = $timeout,
            idempotent,
        )]
        async fn $name($argument: $type) -> Result<$type, Error> {
            if $argument == 0 { Err(Error::Busy) } else { Ok($argument + 1) }
        }
    };
}

fn zero(_: u8, _: Error) -> Result<u8, Error> {
    Ok(0)
}

remote!(next, value: u8, "1ms", 2, zero);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(next(1).await.unwrap(), 2);
    assert_eq!(next(0).await.unwrap(), 0);
}
