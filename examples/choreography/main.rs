//! Orders that nobody leads: warehouse, bank and post listen to each other's events, while their
//! process dies by `kill -9` where it hurts most. No order is lost, and no card is charged twice.
//!
//! ```sh
//! cargo run --example choreography
//! ```
//!
//! ```text
//!   start ──▶ warehouse ──Reserved──▶ bank ──Charged──▶ post ──Mailed──▶ (nobody)
//!                 ▲                    │
//!                 └──────refused───────┘
//! ```
//!
//! Who listens to what is in `orders.rs`; `ledger.rs` is what each of them keeps in a database of its
//! own. The events go over a bus in the journal; `NatsBus` and `RabbitMqBus` are two over brokers.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod ledger;
mod orders;
mod proof;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ledger::Ledger;
use orders::{Bank, Order, Orders, Post, Refused, Warehouse};
use proof::Proof;
use reliability::distributed::transaction::choreography::bus::JournalBus;
use reliability::distributed::transaction::choreography::{ChoreographedBuilder, End, Why};
use reliability::journal::Journal;
use reliability_examples::process::{self, Folder, Process};
use tokio::runtime::Runtime;

type BoxError = Box<dyn Error + Send + Sync>;

const ORDERS: u32 = 60;
/// Fewer than the cards can pay for, whoever comes first.
const SHELF: i64 = 55;
const CARDS: [(&str, i64); 3] = [("ada", 20_000), ("bob", 10_000), ("eve", 3_000)];
/// Who dies, and when: with so many bookings in its ledger.
const CRASHES: [(&str, u32); 4] = [("warehouse", 15), ("bank", 8), ("post", 12), ("nobody", 0)];

fn main() -> Result<ExitCode, BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [folder, who, bookings] = arguments.as_slice() {
        process::end_with_the_parent();
        let crash = (who.as_str(), bookings.parse()?);
        Runtime::new()?.block_on(work(Path::new(folder), crash))?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = Folder::new("choreography")?;
    let mut proof = Proof::default();
    for (who, bookings) in CRASHES {
        let path = folder.path().to_string_lossy();
        let mut process = Process::start([&path, who, &bookings.to_string()])?;
        while let Some(line) = process.line()? {
            proof.ended(&line);
        }
        let status = process.ended()?;
        match (status.success(), who) {
            (true, "nobody") => break,
            (false, _) if status.code().is_none() => {
                println!("killed             behind the commit of the {who}");
            }
            _ => return Err(format!("the process ended as it should not: {status}").into()),
        }
    }
    proof.read(folder.path())?;
    println!("{proof}");
    Ok(if proof.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One process with all participants. What it begins, and one before it has begun, it ends, unless
/// it dies.
async fn work(folder: &Path, (who, bookings): (&str, u32)) -> Result<(), BoxError> {
    let open = |name, accounts: &[_]| {
        Ledger::open(folder, name, accounts, (who == name).then_some(bookings))
    };
    let warehouse = Warehouse(open("warehouse", &[("tea", SHELF)])?);
    let (bank, post) = (Bank(open("bank", &CARDS)?), Post(open("post", &[])?));

    let journal = Journal::open(folder.join("journal.db"))?;
    // What a process had in its hands when it died lies for so long, and then the next one takes it.
    let lease = Duration::from_secs(1);
    let bus = JournalBus::builder(&journal).lease(lease).build()?;
    let orders = ChoreographedBuilder::<Orders>::new(&journal, bus, (warehouse, bank, post));
    let orders = orders.lease(lease).start().await?;

    let mut started = Vec::new();
    for number in 1..=ORDERS {
        let (card, _) = CARDS[number as usize % CARDS.len()];
        let order = Order { pieces: 1 + number % 3, card: card.into() };
        // Once for each key: one that was started by a process that died is found.
        started.push(orders.start(&format!("order-{number}"), order).await?);
    }
    for order in started {
        let end = match order.ended().await? {
            End::Completed(_) => "completed",
            End::RolledBack(Why::Refused { refusal: Refused::SoldOut, .. }) => "sold out",
            End::RolledBack(Why::Refused { refusal: Refused::CardDeclined, .. }) => "card declined",
            other => return Err(format!("{} has ended as {other:?}", order.key()).into()),
        };
        println!("{} {end}", order.key());
    }
    orders.stop().await;
    Ok(())
}
