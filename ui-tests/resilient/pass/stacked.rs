//! Siblings in both orders, under `cfg_attr`, and under another name: one stack.

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

use reliability::resilience::resilient as shielded;
use reliability::telemetry::{traced, traced as spanned};

#[traced]
#[resilient(retry(attempts = 3, backoff = constant("1ms")), idempotent)]
async fn traced_first(calls: &mut u32) -> Result<u32, Error> {
    *calls += 1;
    if *calls < 3 { Err(Error::Busy) } else { Ok(*calls) }
}

#[resilient(retry(attempts = 3, backoff = constant("1ms")), idempotent)]
#[reliability::telemetry::traced(name = "second", level = debug)]
async fn traced_second(calls: &mut u32) -> Result<u32, Error> {
    *calls += 1;
    if *calls < 3 { Err(Error::Busy) } else { Ok(*calls) }
}

#[traced]
#[cfg_attr(all(), resilient(retry(attempts = 3, backoff = constant("1ms")), idempotent))]
async fn condition_holds(calls: &mut u32) -> Result<u32, Error> {
    *calls += 1;
    if *calls < 3 { Err(Error::Busy) } else { Ok(*calls) }
}

#[traced]
#[cfg_attr(any(), resilient(retry(attempts = 3, backoff = constant("1ms")), idempotent))]
async fn condition_fails(calls: &mut u32) -> Result<u32, Error> {
    *calls += 1;
    if *calls < 3 { Err(Error::Busy) } else { Ok(*calls) }
}

#[resilient(timeout = "1s")]
#[cfg_attr(all(), traced)]
#[cfg_attr(any(), traced)]
async fn traced_on_condition() -> Result<u32, Error> {
    Ok(1)
}

#[shielded(timeout = "1s")]
#[spanned]
async fn renamed() -> Result<u32, Error> {
    Ok(1)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(traced_first(&mut 0).await.unwrap(), 3);
    assert_eq!(traced_second(&mut 0).await.unwrap(), 3);
    assert_eq!(condition_holds(&mut 0).await.unwrap(), 3);
    assert!(condition_fails(&mut 0).await.is_err());
    assert_eq!(traced_on_condition().await.unwrap() + renamed().await.unwrap(), 2);
}
