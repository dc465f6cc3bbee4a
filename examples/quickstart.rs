//! One function with one attribute: it fails twice, and its caller does not notice.
//!
//! ```sh
//! cargo run --example quickstart
//! ```
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;

use reliability::prelude::*;
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

#[resilient(
    deadline = "3s",
    retry(attempts = 4, backoff = exponential("50ms")),
    breaker(open_for = "5s"),
    timeout = "800ms",
    idempotent,
)]
async fn price(inventory: &Inventory, sku: &str) -> Result<u32, PriceError> {
    inventory.ask(sku).await.map_err(PriceError::Inventory)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let inventory = Inventory::default();
    for sku in ["tea", "cofee"] {
        println!("{sku}: {:?}", price(&inventory, sku).await);
    }
    println!("\n{}", telemetry::snapshot());
    Ok(())
}
