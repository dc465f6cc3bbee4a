//! A shop on loopback, the inventory service it asks for prices, and visitors who wait for pages.
//!
//! ```text
//!  visitors ──HTTP──▶ /protected   ──┐
//!                                    ├──HTTP──▶ inventory: healthy, slow, failing, hanging, resetting
//!  visitors ──HTTP──▶ /unprotected ──┘
//! ```
//!
//! Both routes do the same work for the same number of visitors at the same time; an example
//! brings the two routes, and what stands around the one that is protected. Only the moods of the
//! inventory follow a plan: every figure in the table is measured at the visitors' end.

mod http;
mod inventory;
mod shop;
mod table;
mod verdict;
mod visitors;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use tokio::time::{Instant, sleep_until};

pub use http::{Answer, Http, Unreachable};
pub use inventory::Mood;
pub use shop::{Price, Shop, page};

use inventory::Inventory;
use table::{Protection, Row, Table};
use verdict::Verdict;
use visitors::Visitors;

/// What the inventory goes through, and for how many seconds.
const PLAN: [(Mood, u32); 7] = [
    (Mood::Healthy, 3),
    (Mood::Slow, 5),
    (Mood::Healthy, 3),
    (Mood::Failing, 5),
    (Mood::Hanging, 5),
    (Mood::Resetting, 4),
    (Mood::Healthy, 4),
];

/// Opens the shop, lets the inventory go through its moods, prints one row per second, and tells
/// whether the protected route served its visitors better.
///
/// `routes` has `/unprotected/{sku}` and `/protected/{sku}`; `policy` is the name of the policy
/// that protects the second.
///
/// # Errors
///
/// When the loopback interface has no free port.
pub async fn run(routes: Router<Shop>, policy: &str) -> io::Result<ExitCode> {
    let inventory = Inventory::open().await?;
    let listener = http::listen().await?;
    let shop = listener.local_addr()?;
    http::serve(listener, routes.with_state(Shop::new(inventory.address())));
    let unprotected = Visitors::arrive(shop, "/unprotected");
    let protected = Visitors::arrive(shop, "/protected");

    let table = Table::start();
    let mut verdict = Verdict::default();
    let mut second = 0;
    let mut before = Protection::of(policy);
    let start = Instant::now();
    for (mood, seconds) in PLAN {
        inventory.turn(mood);
        for _ in 0..seconds {
            second += 1;
            sleep_until(start + Duration::from_secs(second)).await;
            let now = Protection::of(policy);
            let row = Row {
                second,
                mood,
                unprotected: unprotected.take_tally(),
                protected: protected.take_tally(),
                protection: now.since(before),
            };
            before = now;
            table.print(&row);
            verdict.add(&row);
        }
    }
    Ok(verdict.print())
}
