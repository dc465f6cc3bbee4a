//! A shop asks a misbehaving inventory for prices: on one route through `#[resilient]`, on the
//! other one without.
//!
//! ```sh
//! cargo run --example storefront
//! cargo run --example storefront -- --dashboard
//! cargo run --features otlp --example storefront -- --otlp http://127.0.0.1:4318
//! ```
//!
//! The shop, the inventory and the visitors are in `src/storefront`; what protects a call is all
//! here. `storefront_by_hand.rs` is the same without macros.

use std::fmt;
use std::process::ExitCode;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use reliability::prelude::*;
use reliability::sre::Slo;
use reliability_examples::storefront::{self, Price, Shop, Unreachable, page};

/// Why there is no price, and whether another try makes sense.
#[derive(Debug, Fault)]
enum PriceError {
    /// The inventory hangs up, resets the connection, or is not there.
    #[fault(transient)]
    Unreachable(Unreachable),
    /// The inventory answers, with an error of its own.
    #[fault(transient)]
    Failing(StatusCode),
    /// The policy refused the call, or gave it up.
    #[fault(from)]
    Rejected(Rejected),
}

impl fmt::Display for PriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PriceError::Unreachable(error) => error.fmt(f),
            PriceError::Failing(status) => write!(f, "the inventory answered {status}"),
            PriceError::Rejected(rejected) => rejected.fmt(f),
        }
    }
}

/// What visitors are promised, whatever the inventory does.
static PRICES: Slo = reliability::slo! {
    name: "prices",
    window: "1d",
    availability: 99.5,
    latency: "95% < 300ms",
};

/// The price, as the inventory tells it.
#[traced(kind = client, skip_all, fields(server.address = "inventory", sku = sku))]
async fn ask(shop: &Shop, sku: u32) -> Result<Price, PriceError> {
    let answer = shop.ask(sku).await.map_err(PriceError::Unreachable)?;
    shop.read(sku, &answer).ok_or(PriceError::Failing(answer.status))
}

/// The price, whatever the inventory does.
#[slo(objective = PRICES)]
#[traced(kind = server, skip_all, fields(sku = sku))]
#[resilient(
    fallback = cached_price,
    deadline = "1s",
    retry(attempts = 3, backoff = exponential("20ms", max = "200ms"), jitter = full),
    breaker(window = count(50), failure_rate = 0.5, min_calls = 20, open_for = "1s", probes = 3),
    bulkhead(concurrent = 32),
    timeout = "200ms",
    idempotent,
)]
async fn price(shop: &Shop, sku: u32) -> Result<Price, PriceError> {
    ask(shop, sku).await
}

/// The price that the inventory told last, if it ever did.
async fn cached_price(shop: &Shop, sku: u32, error: PriceError) -> Result<Price, PriceError> {
    shop.cached(sku).ok_or(error)
}

async fn unprotected(State(shop): State<Shop>, Path(sku): Path<u32>) -> Response {
    page(ask(&shop, sku).await)
}

async fn protected(State(shop): State<Shop>, Path(sku): Path<u32>) -> Response {
    page(price(&shop, sku).await)
}

#[tokio::main]
async fn main() -> ExitCode {
    let routes = Router::new()
        .route("/unprotected/{sku}", get(unprotected))
        .route("/protected/{sku}", get(protected));
    storefront::run(routes, "price").await
}
