//! One policy per key, named after it.

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

use reliability::resilience::registry;

#[resilient(key = region, capacity = 10, breaker(window = time("10s")), timeout = "1s", clock = coarse)]
async fn ask(region: &str) -> Result<usize, Error> {
    Ok(region.len())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(ask("berlin").await.unwrap(), 6);
    assert_eq!(ask("paris").await.unwrap(), 5);
    assert!(registry::find("ask/berlin").is_some());
    assert!(registry::find("ask/london").is_none());
    let _ = Error::Busy;
}
