//! An inventory that is too busy for its first two callers.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

/// Knows the price of tea.
#[derive(Debug, Default)]
pub struct Inventory {
    calls: AtomicU32,
}

/// Why the inventory tells no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InventoryError {
    /// It has no time; the same call may work in a moment.
    Busy,
    /// There is no such article, and asking again will not change that.
    UnknownArticle,
}

impl Inventory {
    /// The price in cents.
    ///
    /// # Errors
    ///
    /// [`Busy`](InventoryError::Busy) for the first two calls, and
    /// [`UnknownArticle`](InventoryError::UnknownArticle) for everything but tea.
    pub async fn ask(&self, sku: &str) -> Result<u32, InventoryError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let answer = match (call, sku) {
            (1 | 2, _) => Err(InventoryError::Busy),
            (_, "tea") => Ok(299),
            (_, _) => Err(InventoryError::UnknownArticle),
        };
        println!("  asked for {sku}: {answer:?}");
        answer
    }
}

impl fmt::Display for InventoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InventoryError::Busy => "the inventory is busy",
            InventoryError::UnknownArticle => "there is no such article",
        })
    }
}

impl std::error::Error for InventoryError {}
