//! A module that shadows everything that an expansion could name, and a body that uses its local
//! names.

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

mod shadowed {
    use super::Error;

    #[allow(dead_code, reason = "they only have to be in the way")]
    mod reliability {}
    #[allow(dead_code, reason = "they only have to be in the way")]
    mod core {}
    #[allow(dead_code, reason = "they only have to be in the way")]
    mod std {}
    #[allow(dead_code, reason = "they only have to be in the way")]
    enum Option {}
    #[allow(dead_code, reason = "they only have to be in the way")]
    struct Some;
    #[allow(dead_code, reason = "they only have to be in the way")]
    struct None;
    pub struct Result;
    #[allow(dead_code, non_snake_case, reason = "it only has to be in the way")]
    fn Err() {}
    #[allow(dead_code, reason = "they only have to be in the way")]
    trait Clone {}

    const POLICY: u32 = 1;
    const POLICIES: u32 = 2;

    #[super::resilient(fallback = again, retry(attempts = 2, backoff = constant("1ms")), idempotent)]
    pub async fn body(mut call: String, policy: u32) -> ::core::result::Result<u32, Error> {
        let (result, outcome, answer, failure, span) = (1, 2, 3, 4, 5);
        call.push('!');
        let _ = Result;
        ::core::result::Result::Ok(
            POLICY + POLICIES + policy + result + outcome + answer + failure + span,
        )
    }

    fn again(_: String, policy: u32, _: Error) -> ::core::result::Result<u32, Error> {
        ::core::result::Result::Ok(policy)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(shadowed::body("call".into(), 5).await.unwrap(), 23);
    let _ = Error::Busy;
}
