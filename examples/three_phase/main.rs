//! Three processes of one machine end a transaction together, although the one that coordinates it is
//! killed with `kill -9`. Then the network is cut, and they do not: that is where not to use it.
//!
//! ```sh
//! cargo run --example three_phase
//! ```
//!
//! ```text
//!   coordinator ── ask ──▶ tea, cups, spoons: a process, a journal and a database each
//!               ◀─ vote ──
//!               ── pre-commit: all have voted yes ──▶
//!               ── commit ──▶
//! ```
//!
//! `shelf.rs` is what takes part, and `wire.rs` how they talk to each other.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod shelf;
mod wire;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use reliability::distributed::transaction::three_phase::{Setup, ThreePhase};
use reliability::distributed::transaction::two_phase::TransactionId;
use reliability::journal::Journal;
use reliability_examples::process::{self, Folder, Process};
use shelf::Shelf;
use tokio::runtime::Runtime;
use wire::Wire;

type BoxError = Box<dyn Error + Send + Sync>;

const SITES: [&str; 3] = ["tea", "cups", "spoons"];
/// A message, a write and the answer take no longer, unless somebody is dead. That they do is what
/// all depends on.
const ROUND: Duration = Duration::from_millis(500);

fn main() -> Result<ExitCode, BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = Runtime::new()?;
    match arguments.as_slice() {
        ["site", folder, name] => {
            process::end_with_the_parent();
            runtime.block_on(take_part(Path::new(folder), name))?;
            Ok(ExitCode::SUCCESS)
        }
        ["order", folder, id, dies] => {
            process::end_with_the_parent();
            runtime.block_on(order(Path::new(folder), id, dies))?;
            Ok(ExitCode::SUCCESS)
        }
        _ => play(),
    }
}

fn play() -> Result<ExitCode, BoxError> {
    let folder = Folder::new("three_phase")?;
    let path = folder.path();
    let (tea, _cups, _spoons) = (site(path, "tea")?, site(path, "cups")?, site(path, "spoons")?);
    println!("{:<52} {}", "", SITES.map(|name| format!("{name:<8}")).concat());
    let mut same = true;
    begin(path, "order-1", "nowhere")?.ended()?;
    same &= ended(path, "order-1", "nobody dies")?;
    begin(path, "order-2", "voted")?.kill()?;
    begin(path, "order-3", "known")?.kill()?;
    same &= ended(path, "order-2", "the coordinator dies when all have voted")?;
    same &= ended(path, "order-3", "it dies when everybody knows that")?;
    let order = begin(path, "order-4", "known")?;
    tea.kill()?;
    order.kill()?;
    // It is back when the others have gone on without it.
    wait(path, &SITES[1..], "order-4")?;
    let _tea = site(path, "tea")?;
    same &= ended(path, "order-4", "so does tea, which comes back later")?;

    // Not every cut is at such an unlucky moment.
    let mut number = 5;
    let differ = loop {
        let id = format!("order-{number}");
        begin(path, &id, "cut")?.kill()?;
        let differ = !ended(path, &id, "the network is cut when the first one knows")?;
        std::fs::remove_file(wire::cut(path)).ok();
        if differ || number == 9 {
            break differ;
        }
        number += 1;
    };
    println!();
    match (same, differ) {
        (true, true) => {
            println!(
                "whoever died, all that are left did the same, and nobody waited for the dead;"
            );
            println!("when the network was cut, they did not: there, take two-phase commit");
        }
        (true, false) => println!("this time no cut of the network came at a bad moment"),
        (false, _) => println!("they did not do the same: something took longer than {ROUND:?}"),
    }
    Ok(if same && differ { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn setup(folder: &Path, name: &str, wire: &Wire) -> Result<Setup, BoxError> {
    let journal = Journal::open(folder.join(format!("{name}-journal.db")))?;
    Ok(ThreePhase::assuming_no_partition(ROUND).on(&journal, wire.clone()))
}

/// A process of one participant. What its predecessor was in the middle of, it asks the others about.
async fn take_part(folder: &Path, name: &str) -> Result<(), BoxError> {
    let wire = Wire::of(folder, name, false)?;
    let site = setup(folder, name, &wire)?.site(Shelf::open(folder, name)?)?;
    wire.deliver_to(site.inbox());
    wait_for_death().await;
    Ok(())
}

/// A process that coordinates one order, and dies in the middle of it.
async fn order(folder: &Path, id: &str, dies: &str) -> Result<(), BoxError> {
    let name = format!("{id}-coordinator");
    let wire = Wire::of(folder, &name, dies == "cut")?;
    let coordinator = setup(folder, &name, &wire)?.coordinator(&name)?;
    wire.deliver_to(coordinator.inbox());

    let works = SITES.map(|site| (site, "3 pieces"));
    let voted = coordinator.begin(TransactionId::new(id)?, works)?.ask().await?;
    if dies == "voted" {
        wait_for_death().await;
    }
    let known = voted.pre_commit().await;
    if dies != "nowhere" {
        wait_for_death().await;
    }
    known?.commit().await?;
    Ok(())
}

/// Says that it is there, and does nothing more until it is killed.
async fn wait_for_death() {
    println!("ready");
    std::future::pending().await
}

fn site(folder: &Path, name: &str) -> Result<Process, BoxError> {
    let mut site = Process::start(["site", &*folder.to_string_lossy(), name])?;
    site.line()?.ok_or_else(|| format!("{name} does not start"))?;
    Ok(site)
}

/// An order whose coordinator has come so far. Dropped, it is killed.
fn begin(folder: &Path, id: &str, dies: &str) -> Result<Process, BoxError> {
    let mut order = Process::start(["order", &*folder.to_string_lossy(), id, dies])?;
    order.line()?;
    Ok(order)
}

/// Waits until all have ended an order, and shows how.
fn ended(folder: &Path, id: &str, what: &str) -> Result<bool, BoxError> {
    let states = wait(folder, &SITES, id)?;
    let row: String = states.iter().map(|state| format!("{state:<8}")).collect();
    println!("{id}: {what:<43} {row}");
    Ok(states.iter().all(|state| *state == states[0]))
}

/// How those have ended an order, from their databases; or as they are when it takes too long.
fn wait(folder: &Path, sites: &[&str], id: &str) -> Result<Vec<String>, BoxError> {
    let begin = Instant::now();
    loop {
        let mut states = Vec::new();
        for name in sites {
            let state = Shelf::open(folder, name)?.state(id)?;
            states.push(state.unwrap_or_else(|| "nothing".into()));
        }
        let over = states.iter().all(|state| state == "commit" || state == "abort");
        if over || begin.elapsed() > 60 * ROUND {
            return Ok(states);
        }
        std::thread::sleep(ROUND / 10);
    }
}
