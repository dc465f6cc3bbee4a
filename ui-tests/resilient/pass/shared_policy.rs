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

#[derive(Clone)]
struct Client {
    policy: Policy,
    replies: u32,
}

#[resilient(policy = client.policy)]
async fn given_away(client: Client) -> Result<u32, Error> {
    Ok(client.replies)
}

#[resilient(policy = client.policy, idempotent)]
async fn given_to_each(client: Client) -> Result<u32, Error> {
    Ok(client.replies)
}

impl Client {
    #[resilient(policy = self.policy)]
    async fn once(self: Arc<Self>) -> Result<u32, Error> {
        Ok(self.replies)
    }

    #[resilient(policy = self.policy, idempotent)]
    async fn again(self: Arc<Self>) -> Result<u32, Error> {
        Ok(self.replies)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(repeated(&mut 0).await.unwrap(), 3);
    assert!(once("text".into(), &mut 0).await.is_err());
    let mut owner = Owner { policy: Arc::new(SHARED.clone()), calls: 0 };
    assert_eq!(owner.exclusive().await.unwrap(), 3);
    assert_eq!(owner.temporary().await.unwrap(), 3);
    let client = Client { policy: SHARED.clone(), replies: 7 };
    assert_eq!(given_away(client.clone()).await.unwrap(), 7);
    assert_eq!(given_to_each(client.clone()).await.unwrap(), 7);
    let client = Arc::new(client);
    assert_eq!(client.clone().once().await.unwrap(), 7);
    assert_eq!(client.again().await.unwrap(), 7);
}
