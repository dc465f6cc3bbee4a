//! A free function with everything at once.

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

#[resilient(
    fallback = cached,
    deadline = "3s",
    retry(attempts = 4, backoff = exponential("1ms", max = "2ms", factor = 3.0), jitter = full, budget = "ui"),
    breaker(window = count(100), failure_rate = 0.5, min_calls = 20, open_for = "5s", probes = 3),
    bulkhead(concurrent = 64, queue = 128, wait = "100ms"),
    timeout = "800ms",
    idempotent,
)]
async fn price(client: &str, sku: String) -> Result<u32, Error> {
    match (client, sku.as_str()) {
        ("shop", "apple") => Ok(7),
        _ => Err(Error::Busy),
    }
}

async fn cached(client: &str, sku: String, error: Error) -> Result<u32, Error> {
    assert!(matches!(error, Error::Busy));
    assert_eq!((client, sku.as_str()), ("shop", "pear"));
    Ok(1)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(price("shop", "apple".into()).await.unwrap(), 7);
    assert_eq!(price("shop", "pear".into()).await.unwrap(), 1);
}
