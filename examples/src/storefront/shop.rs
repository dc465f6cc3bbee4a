use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reliability::telemetry::metrics;
use reliability::telemetry::metrics::Counter;

use super::{Answer, Http, Unreachable};

metrics! {
    /// Prices that the inventory was asked for.
    pub(super) static ASKED: Counter = Counter::builder("storefront.asked").unit("{price}");
}

/// A price, and whether the inventory has just told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// In cents.
    pub cents: u32,
    /// `false` when it is the one of an earlier call.
    pub fresh: bool,
}

/// What the pages of the shop are made from: the way to the inventory, and the prices it told.
#[derive(Debug, Clone)]
pub struct Shop {
    inventory: Http,
    prices: Arc<Mutex<HashMap<u32, Price>>>,
}

impl Shop {
    pub(super) fn new(inventory: SocketAddr) -> Self {
        Self { inventory: Http::new(inventory), prices: Arc::default() }
    }

    /// Asks the inventory, without any protection.
    ///
    /// # Errors
    ///
    /// When no whole answer came.
    pub async fn ask(&self, sku: u32) -> Result<Answer, Unreachable> {
        ASKED.add(1);
        self.inventory.get(&format!("/price/{sku}")).await
    }

    /// The price in an answer of the inventory, which is cached; `None` when there is none in it.
    pub fn read(&self, sku: u32, answer: &Answer) -> Option<Price> {
        let text = std::str::from_utf8(&answer.body).ok()?;
        let cents = text.parse().ok().filter(|_| answer.status == StatusCode::OK)?;
        self.lock().insert(sku, Price { cents, fresh: false });
        Some(Price { cents, fresh: true })
    }

    /// The price that the inventory told last.
    pub fn cached(&self, sku: u32) -> Option<Price> {
        self.lock().get(&sku).copied()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Price>> {
        self.prices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The header that tells whether the price on a page is a fresh one.
pub(super) const FRESHNESS: &str = "x-price";

/// The page that a visitor gets.
pub fn page(price: Result<Price, impl fmt::Display>) -> Response {
    match price {
        Ok(price) => {
            let freshness = if price.fresh { "fresh" } else { "cached" };
            let text = format!("{}.{:02}\n", price.cents / 100, price.cents % 100);
            ([(FRESHNESS, freshness)], text).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error}\n")).into_response(),
    }
}
