//! One key for all attempts of a call, readable inside of the body.

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

use reliability::resilience::IdempotencyKey;

#[deny(unused)]
#[resilient(
    retry(attempts = 3, backoff = constant("1ms")),
    idempotency_key = format!("order-{id}"),
)]
async fn order(id: u32, seen: &mut Vec<String>) -> Result<(), Error> {
    seen.push(IdempotencyKey::current().unwrap().to_string());
    if seen.len() < 3 { Err(Error::Busy) } else { Ok(()) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut seen = Vec::new();
    order(7, &mut seen).await.unwrap();
    assert_eq!(seen, ["order-7", "order-7", "order-7"]);
}
