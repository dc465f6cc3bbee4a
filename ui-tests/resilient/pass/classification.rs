//! An error type that is not ours, classified by paths.

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

#[derive(Debug)]
struct Foreign(bool);

impl From<Rejected> for Foreign {
    fn from(_: Rejected) -> Self {
        Foreign(false)
    }
}

fn is_worth_another_try(error: &Foreign) -> bool {
    error.0
}

mod rules {
    pub fn never<E>(_: &E) -> bool {
        false
    }
}

#[resilient(
    when = is_worth_another_try,
    retry(attempts = 3, when = rules::never, backoff = decorrelated("1ms", max = "2ms"), budget(ratio = 0.1, capacity = 10)),
    breaker(window = consecutive(5), when = is_worth_another_try),
    idempotent,
)]
async fn classified(calls: &mut u32) -> Result<(), Foreign> {
    *calls += 1;
    Err(Foreign(true))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut calls = 0;
    assert!(classified(&mut calls).await.is_err());
    assert_eq!(calls, 1);
    let _ = Error::Busy;
}
