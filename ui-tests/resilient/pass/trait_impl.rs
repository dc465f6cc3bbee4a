//! A method of a trait's `impl`, and default methods with a policy of their own.

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

use reliability::resilience::Policy;

trait Quotes {
    type Error;

    fn policy(&self) -> &Policy;

    async fn quote(&self, symbol: &str) -> Result<u32, Self::Error>;

    #[resilient(policy = self.policy(), idempotent)]
    async fn quote_or_zero(&self, symbol: &str) -> Result<u32, Error> {
        Ok(self.quote(symbol).await.unwrap_or_default())
    }

    #[resilient(key = symbol, timeout = "1s")]
    async fn doubled(&self, symbol: &str) -> Result<u32, Error> {
        Ok(2 * self.quote(symbol).await.unwrap_or_default())
    }
}

struct Market {
    policy: Policy,
}

impl Quotes for Market {
    type Error = Error;

    fn policy(&self) -> &Policy {
        &self.policy
    }

    #[resilient(timeout = "1s")]
    async fn quote(&self, symbol: &str) -> Result<u32, Self::Error> {
        if symbol == "ACME" { Ok(42) } else { Err(Error::Busy) }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let policy = Policy::builder("market").timeout(std::time::Duration::from_secs(1)).build().unwrap();
    let market = Market { policy };
    assert_eq!(market.quote_or_zero("ACME").await.unwrap(), 42);
    assert_eq!(market.quote_or_zero("NONE").await.unwrap(), 0);
    assert_eq!(market.doubled("ACME").await.unwrap(), 84);
}
