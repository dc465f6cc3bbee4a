//! The whole stack around one function: by the attribute, and by hand.

use std::hint::black_box;
use std::time::Duration;

use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::breaker::Window;
use reliability::resilience::{
    Backoff, Breaker, Bulkhead, Invalid, Jitter, Policy, Retry, resilient,
};

/// What the guarded function talks to.
#[derive(Debug, Default)]
pub struct Client {
    /// The price it answers with.
    pub price: u32,
}

/// What a price can be refused with: 24 bytes, like an error that was thought about.
#[derive(Debug)]
pub enum PriceError {
    /// The shop knows no such item.
    Unknown,
    /// A policy refused.
    Rejected(Rejected),
}

impl From<Rejected> for PriceError {
    fn from(rejected: Rejected) -> Self {
        PriceError::Rejected(rejected)
    }
}

impl Fault for PriceError {
    fn class(&self) -> Class {
        match self {
            PriceError::Unknown => Class::Permanent,
            PriceError::Rejected(rejected) => rejected.class(),
        }
    }

    fn rejection(&self) -> Option<&Rejected> {
        match self {
            PriceError::Unknown => None,
            PriceError::Rejected(rejected) => Some(rejected),
        }
    }
}

/// The function without anything around it.
///
/// # Errors
///
/// None, but the compiler does not know.
pub async fn bare(client: &Client, sku: &str) -> Result<u32, PriceError> {
    match black_box(sku) {
        "" => Err(PriceError::Unknown),
        _ => Ok(client.price),
    }
}

/// The whole stack, as the attribute writes it.
///
/// # Errors
///
/// As [`bare`].
#[resilient(
    fallback = last_price,
    deadline = "3s",
    retry(attempts = 4, backoff = exponential("50ms", max = "1s"), jitter = full),
    breaker(window = count(100), failure_rate = 0.5, min_calls = 20, open_for = "5s", probes = 3),
    bulkhead(concurrent = 64, queue = 128, wait = "100ms"),
    timeout = "800ms",
    idempotent,
)]
pub async fn by_macro(client: &Client, sku: &str) -> Result<u32, PriceError> {
    bare(client, sku).await
}

async fn last_price(_client: &Client, _sku: &str, error: PriceError) -> Result<u32, PriceError> {
    Err(error)
}

/// The policy of [`by_macro`], built by hand.
///
/// # Errors
///
/// None: the settings are valid.
pub fn policy() -> Result<Policy, Invalid> {
    let backoff = Backoff::exponential(Duration::from_millis(50)).max(Duration::from_secs(1));
    Policy::builder("price")
        .fallback()
        .deadline(Duration::from_secs(3))
        .retry(Retry::attempts(4).backoff(backoff.jitter(Jitter::Full)))
        .breaker(
            Breaker::builder("price")
                .window(Window::count(100))
                .failure_rate(0.5)
                .min_calls(20)
                .open_for(Duration::from_secs(5))
                .probes(3)
                .build()?,
        )
        .bulkhead(
            Bulkhead::builder("price")
                .concurrent(64)
                .queue(128)
                .wait(Duration::from_millis(100))
                .build()?,
        )
        .timeout(Duration::from_millis(800))
        .build()
}

/// The call of [`by_macro`] under [`policy`], written by hand.
///
/// # Errors
///
/// As [`bare`].
pub async fn by_hand(policy: &Policy, client: &Client, sku: &str) -> Result<u32, PriceError> {
    policy.call_or(|| bare(client, sku), |error| last_price(client, sku, error)).await
}
