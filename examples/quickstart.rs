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

#[derive(Debug, Fault)]
enum PriceError {
    #[fault(transient)]
    Busy,
    #[fault(permanent)]
    UnknownArticle,
    #[fault(from)]
    Rejected(Rejected),
}

#[resilient(
    deadline = "3s",
    retry(attempts = 4, backoff = exponential("50ms")),
    breaker(open_for = "5s"),
    timeout = "800ms",
    idempotent,
)]
async fn price(inventory: &Inventory, sku: &str) -> Result<u32, PriceError> {
    inventory.ask(sku).await.map_err(|error| match error {
        InventoryError::Busy => PriceError::Busy,
        InventoryError::UnknownArticle => PriceError::UnknownArticle,
    })
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
