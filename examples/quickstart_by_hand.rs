//! `quickstart.rs` without macros.
//!
//! ```sh
//! cargo run --example quickstart_by_hand
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::{Backoff, Breaker, Invalid, Policy, Retry};
use reliability::telemetry;
use reliability_examples::quickstart::{Inventory, InventoryError};

#[derive(Debug)]
enum PriceError {
    Inventory(InventoryError),
    Rejected(Rejected),
}

impl Fault for PriceError {
    fn class(&self) -> Class {
        match self {
            PriceError::Inventory(InventoryError::Busy) => Class::Transient,
            PriceError::Inventory(InventoryError::UnknownArticle) => Class::Permanent,
            PriceError::Rejected(rejected) => rejected.class(),
        }
    }
}

impl From<Rejected> for PriceError {
    fn from(rejected: Rejected) -> Self {
        PriceError::Rejected(rejected)
    }
}

fn price_policy() -> Result<Policy, Invalid> {
    Policy::builder("price")
        .deadline(Duration::from_secs(3))
        .retry(Retry::attempts(4).backoff(Backoff::exponential(Duration::from_millis(50))))
        .breaker(Breaker::builder("price").open_for(Duration::from_secs(5)).build()?)
        .timeout(Duration::from_millis(800))
        .build()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let inventory = Inventory::default();
    let policy = price_policy()?;
    for sku in ["tea", "cofee"] {
        let price = policy.call(async || inventory.ask(sku).await.map_err(PriceError::Inventory));
        println!("{sku}: {:?}", price.await);
    }
    println!("\n{}", telemetry::snapshot());
    Ok(())
}
