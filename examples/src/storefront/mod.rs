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

#[cfg_attr(not(feature = "otlp"), path = "without_export.rs")]
mod export;
mod flags;
mod http;
mod inventory;
mod shop;
mod table;
mod verdict;
mod visitors;

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use reliability::telemetry::dashboard::{self, Serving};
use reliability::telemetry::trace::{Recorder, Rules, Sampler};
use tokio::time::{Instant, sleep_until};

pub use http::{Answer, Http, Unreachable};
pub use inventory::Mood;
pub use shop::{Price, Shop, page};

use flags::{Flags, HELP};
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
/// that protects the second. With `--dashboard` there is a page to watch it on, and the moods come
/// again and again until Ctrl-C; with `--otlp` metrics, traces and logs go to whoever listens there.
/// `OTEL_TRACES_SAMPLER` says which traces, instead of [`Rules::standard`].
///
/// Where the loopback interface has no free port, or the command line or the environment is wrong,
/// it says so and is no success.
#[allow(clippy::print_stderr, reason = "an example says what went wrong")]
pub async fn run(routes: Router<Shop>, policy: &str) -> ExitCode {
    match run_shop(routes, policy).await {
        Ok(verdict) => verdict,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
async fn run_shop(routes: Router<Shop>, policy: &str) -> Result<ExitCode, Box<dyn Error>> {
    let flags = Flags::read(std::env::args().skip(1))?;
    if flags.help {
        println!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "An inventory misbehaves. Visitors ask for prices: on one route through #[resilient],"
    );
    println!("on one without. What they got, second by second:\n");
    if flags.dashboard.is_some() || flags.otlp.is_some() {
        let recorder = match std::env::var("OTEL_TRACES_SAMPLER") {
            Ok(name) => Recorder::builder().sampler(Sampler::named(&name, None)?),
            // All that failed or was slow, and one call in a hundred of the others.
            Err(_) => Recorder::builder().rules(Rules::standard()),
        };
        recorder.start()?;
    }
    let exporter = flags.otlp.as_deref().map(export::start).transpose()?;
    let page = match &flags.dashboard {
        Some(address) => Some(serve_page(address).await?),
        None => None,
    };
    let verdict = open(routes, policy, &flags).await?;
    if let Some(exporter) = exporter {
        export::finish(exporter).await;
    }
    drop(page);
    Ok(verdict)
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
async fn serve_page(address: &str) -> Result<Serving, dashboard::ServeError> {
    let page = dashboard::serve(address).await?;
    println!("Watch it at {} until Ctrl-C.\n", page.url());
    Ok(page)
}

async fn open(routes: Router<Shop>, policy: &str, flags: &Flags) -> io::Result<ExitCode> {
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
    let times = if flags.dashboard.is_some() { usize::MAX } else { 1 };
    for (mood, seconds) in std::iter::repeat_n(PLAN, times).flatten() {
        inventory.turn(mood);
        for _ in 0..if flags.brief { 1 } else { seconds } {
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
    unprotected.leave().await;
    protected.leave().await;
    Ok(verdict.print())
}
