//! On an `impl` block: every async method, unless it says otherwise.

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

struct Store;

#[resilient(retry(attempts = 2, backoff = constant("1ms")), timeout = "1s", idempotent)]
impl Store {
    const NAME: &'static str = "store";

    /// Left alone: not async.
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn stock(&self, sku: String) -> Result<usize, Error> {
        Ok(sku.len())
    }

    #[resilient(breaker)]
    async fn own(&self) -> Result<u32, Error> {
        Ok(1)
    }

    #[resilient(skip)]
    async fn skipped(&self) -> u32 {
        2
    }

    #[cfg_attr(any(), resilient(breaker))]
    #[cfg_attr(all(), resilient(bulkhead(concurrent = 1)))]
    async fn conditional(&self) -> Result<u32, Error> {
        Ok(3)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let layers = |item: &str| {
        let entry = registry::find(item).unwrap();
        entry.policy().layers().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(Store.name(), "store");
    assert_eq!(Store.stock("four".into()).await.unwrap(), 4);
    assert_eq!(Store.own().await.unwrap() + Store.skipped().await, 3);
    assert_eq!(Store.conditional().await.unwrap(), 3);
    assert_eq!(layers("Store::stock"), ["retry", "timeout"]);
    assert_eq!(layers("Store::own"), ["breaker"]);
    assert!(registry::find("Store::skipped").is_none());
}
