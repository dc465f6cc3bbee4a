//! Faults on purpose, on a free function and on an `impl` block, one for each key, and made by hand.

use reliability::error::{Reason, Rejected};
use reliability::resilience::{chaos, registry, resilient};

#[resilient(
    deadline = "3s",
    timeout = "800ms",
    chaos(
        latency("50ms".."200ms", rate = 0.05),
        error(rate = 0.01, make = Shop::broken),
        hang(rate = 0.001),
        seed = 7,
    ),
)]
async fn price(sku: &str) -> Result<usize, Rejected> {
    Ok(sku.len())
}

struct Shop;

#[resilient(timeout = "1s", chaos(error(rate = 1.0)))]
impl Shop {
    async fn stock(&self) -> Result<u32, Rejected> {
        Ok(7)
    }

    #[resilient(chaos(error(rate = 1)), key = region, crate = ::reliability)]
    async fn ask(&self, region: &str) -> Result<usize, Rejected> {
        Ok(region.len())
    }

    fn broken() -> Rejected {
        Rejected::new(Reason::Injected, "shop")
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(price("tea").await, Ok(3));
    assert_eq!(Shop.stock().await, Ok(7));
    assert_eq!(Shop.ask("berlin").await, Ok(6));
    assert!(registry::find("price").unwrap().policy().chaos().is_some());
    chaos::switch_on();
    for error in [Shop.stock().await.unwrap_err(), Shop.ask("berlin").await.unwrap_err()] {
        assert_eq!(error.reason(), Reason::Injected);
    }
    assert!(Shop.ask("rome").await.is_err(), "one that is made while chaos is on is on");
    chaos::switch_off();
    assert_eq!(Shop.ask("rome").await, Ok(4));
}
