//! `storefront.rs` without macros: the same layers in the same order, and the same table.
//!
//! ```sh
//! cargo run --example storefront_by_hand
//! cargo run --example storefront_by_hand -- --dashboard
//! cargo run --features otlp --example storefront_by_hand -- --otlp http://127.0.0.1:4318
//! ```

use std::error::Error;
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::breaker::{Breaker, Window};
use reliability::resilience::{Backoff, Bulkhead, Invalid, Jitter, Policy, Retry};
use reliability::sre::{Definition, Objective, Outcome, Slo, Target, Window as Period};
use reliability::telemetry::trace::{self, Kind};
use reliability::time::Clock;
use reliability_examples::storefront::{self, Price, Shop, Unreachable, page};

/// Why there is no price.
#[derive(Debug)]
enum PriceError {
    /// The inventory hangs up, resets the connection, or is not there.
    Unreachable(Unreachable),
    /// The inventory answers, with an error of its own.
    Failing(StatusCode),
    /// The policy refused the call, or gave it up.
    Rejected(Rejected),
}

impl Fault for PriceError {
    fn class(&self) -> Class {
        match self {
            PriceError::Unreachable(_) | PriceError::Failing(_) => Class::Transient,
            PriceError::Rejected(rejected) => rejected.class(),
        }
    }

    fn rejection(&self) -> Option<&Rejected> {
        match self {
            PriceError::Rejected(rejected) => Some(rejected),
            PriceError::Unreachable(_) | PriceError::Failing(_) => None,
        }
    }
}

impl From<Rejected> for PriceError {
    fn from(rejected: Rejected) -> Self {
        PriceError::Rejected(rejected)
    }
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

/// What stands around `ask`, outermost first.
fn price_policy() -> Result<Policy, Invalid> {
    let backoff = Backoff::exponential(Duration::from_millis(20))
        .max(Duration::from_millis(200))
        .jitter(Jitter::Full);
    let breaker = Breaker::builder("price")
        .window(Window::count(50))
        .failure_rate(0.5)
        .min_calls(20)
        .open_for(Duration::from_secs(1))
        .probes(3)
        .build()?;
    let bulkhead = Bulkhead::builder("price").concurrent(32).build()?;
    Policy::builder("price")
        .fallback()
        .deadline(Duration::from_secs(1))
        .retry(Retry::attempts(3).backoff(backoff))
        .breaker(breaker)
        .bulkhead(bulkhead)
        .timeout(Duration::from_millis(200))
        .build()
}

/// What visitors are promised, whatever the inventory does.
const PRICES: Definition = Definition::new("prices", Period::days(1))
    .objective(Objective::availability(Target::percent("99.5")))
    .objective(Objective::latency(Target::percent("95"), Duration::from_millis(300)));

/// The price, as the inventory tells it.
async fn ask(shop: &Shop, sku: u32) -> Result<Price, PriceError> {
    let span = trace::span("ask").kind(Kind::Client);
    let span = span.attribute("server.address", "inventory").attribute("sku", sku).begin();
    let asked = async {
        let answer = shop.ask(sku).await.map_err(PriceError::Unreachable)?;
        shop.read(sku, &answer).ok_or(PriceError::Failing(answer.status))
    };
    let answer = span.around(asked).await;
    if let Err(error) = &answer {
        span.fail(error);
    }
    answer
}

/// The price, whatever the inventory does: counted, traced, and under the policy.
async fn price(prices: &Slo, policy: &Policy, shop: &Shop, sku: u32) -> Result<Price, PriceError> {
    let begun = Clock::default().now();
    let span = trace::span("price").kind(Kind::Server).attribute("sku", sku).begin();
    let call = policy.call_or(|| ask(shop, sku), |error| cached_price(shop, sku, error));
    let answer = span.around(call).await;
    if let Err(error) = &answer {
        span.fail(error);
    }
    span.end();
    let latency = Clock::default().now().saturating_duration_since(begun);
    prices.record_call(Outcome::of_result(&answer), latency);
    answer
}

/// The price that the inventory told last, if it ever did.
async fn cached_price(shop: &Shop, sku: u32, error: PriceError) -> Result<Price, PriceError> {
    shop.cached(sku).ok_or(error)
}

async fn unprotected(State(shop): State<Shop>, Path(sku): Path<u32>) -> Response {
    page(ask(&shop, sku).await)
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (prices, policy) = (Slo::new(PRICES)?, price_policy()?);
    let protected = async move |State(shop): State<Shop>, Path(sku): Path<u32>| {
        page(price(&prices, &policy, &shop, sku).await)
    };
    let routes = Router::new()
        .route("/unprotected/{sku}", get(unprotected))
        .route("/protected/{sku}", get(protected));
    Ok(storefront::run(routes, "price").await)
}
