//! `policy = ..` from a static, from `self`, from an `Arc`; repeated only where the function says so.

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

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reliability::resilience::{Backoff, Policy, Retry};

static SHARED: LazyLock<Policy> = LazyLock::new(|| {
    let retry = Retry::attempts(3).backoff(Backoff::constant(Duration::from_millis(1)));
    Policy::builder("shared").retry(retry).build().unwrap()
});

#[resilient(policy = SHARED, idempotent)]
async fn repeated(calls: &mut u32) -> Result<u32, Error> {
    *calls += 1;
    if *calls < 3 { Err(Error::Busy) } else { Ok(*calls) }
}

#[resilient(policy = SHARED)]
async fn once(text: String, calls: &mut u32) -> Result<String, Error> {
    *calls += 1;
    if *calls < 3 { Err(Error::Busy) } else { Ok(text) }
}

struct Owner {
    policy: Arc<Policy>,
    calls: u32,
}

impl Owner {
    #[resilient(policy = self.policy, idempotent)]
    async fn exclusive(&mut self) -> Result<u32, Error> {
        self.calls += 1;
        if self.calls < 3 { Err(Error::Busy) } else { Ok(self.calls) }
    }

    #[resilient(policy = Policy::clone(&self.policy))]
    async fn temporary(&self) -> Result<u32, Error> {
        Ok(self.calls)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(repeated(&mut 0).await.unwrap(), 3);
    assert!(once("text".into(), &mut 0).await.is_err());
    let mut owner = Owner { policy: Arc::new(SHARED.clone()), calls: 0 };
    assert_eq!(owner.exclusive().await.unwrap(), 3);
    assert_eq!(owner.temporary().await.unwrap(), 3);
}
