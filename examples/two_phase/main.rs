//! Money goes from one PostgreSQL server to another, while the process that coordinates is killed
//! between votes, decision and delivery, and one server in the middle of it. None is lost.
//!
//! ```sh
//! cargo run --example two_phase
//! ```
//!
//! ```text
//!   main ──starts, kills──▶ coordinator ──▶ journal: the decisions
//!     │                         │  prepare, commit
//!     └──────starts, kills─▶ north, south: PostgreSQL, with PREPARE TRANSACTION
//! ```
//!
//! It starts servers of its own, and leaves nothing behind. `transfers.rs` is what a program of yours
//! would have; the rest makes it hard, and looks at what has become of it.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod transfers;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use reliability_examples::process::{self, Folder, Process};
use reliability_tests::postgres::Postgres;
use tokio::runtime::Runtime;

type BoxError = Box<dyn Error + Send + Sync>;

const TRANSFERS: u32 = 40;
/// In both banks together.
const OPENING: i64 = 2 * 10 * 5_000;
const SCHEMA: &str = "CREATE TABLE account (id bigint PRIMARY KEY, cents bigint NOT NULL);
     INSERT INTO account SELECT id, 5000 FROM generate_series(0, 9) AS id;
     CREATE TABLE booking (transfer text PRIMARY KEY, cents bigint NOT NULL)";
/// With which transfer the coordinator dies, and where; and with which one a server dies.
const CRASHES: [(u32, &str); 3] = [(8, "voted"), (16, "logged"), (0, "nowhere")];
const SERVER_DIES: u32 = 22;

fn main() -> Result<ExitCode, BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [folder, north, south, from, at, place] = arguments.as_slice() {
        process::end_with_the_parent();
        let crash = (at.parse()?, place.as_str());
        let transfers = transfers::all(Path::new(folder), [north, south], from.parse()?, crash);
        Runtime::new()?.block_on(transfers)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !Postgres::is_installed() {
        return Err("no PostgreSQL is installed here: `apt-get install postgresql`".into());
    }
    let folder = Folder::new("two_phase")?;
    // It is 0 unless set.
    let settings = [("max_prepared_transactions", "20")];
    let banks = [Postgres::with(&settings), Postgres::with(&settings)];
    for bank in &banks {
        bank.sql(SCHEMA);
    }
    let said = transfer(&folder, &banks)?;
    println!();
    prove(&banks, &said)
}

/// One coordinator after the other, and what they have said of the transfers.
fn transfer(folder: &Folder, banks: &[Postgres; 2]) -> Result<Vec<String>, BoxError> {
    let (mut said, mut from) = (Vec::new(), 1);
    for (at, place) in CRASHES {
        let [north, south] = [banks[0].url(), banks[1].url()];
        let path = folder.path().to_string_lossy().into_owned();
        let arguments = [path, north, south, from.to_string(), at.to_string(), place.to_owned()];
        let mut coordinator = Process::start(arguments)?;
        while let Some(line) = coordinator.line()? {
            if line == format!("begun transfer-{SERVER_DIES}") {
                banks[1].kill();
                println!("killed             the server south, in transfer-{SERVER_DIES}");
                banks[1].start_again();
            }
            if line.starts_with("recovered") {
                println!("{line}");
            }
            said.push(line);
        }
        match coordinator.ended()?.code() {
            None => {
                println!("killed             the coordinator, {place} in transfer-{at}");
                println!(
                    "  in doubt         {} at north, {} at south",
                    in_doubt(&banks[0]),
                    in_doubt(&banks[1])
                );
                from = at + 1;
            }
            Some(0) => {}
            Some(code) => return Err(format!("the coordinator ended by itself: {code}").into()),
        }
    }
    Ok(said)
}

fn in_doubt(bank: &Postgres) -> usize {
    bank.sql("SELECT gid FROM pg_prepared_xacts").len()
}

/// What both servers say, and whether the coordinators have said the same.
fn prove(banks: &[Postgres; 2], said: &[String]) -> Result<ExitCode, BoxError> {
    let bookings = |bank: &Postgres| bank.sql("SELECT transfer FROM booking ORDER BY transfer");
    let [north, south] = [bookings(&banks[0]), bookings(&banks[1])];
    let mut money = 0;
    for bank in banks {
        money += bank.sql("SELECT sum(cents) FROM account")[0].parse::<i64>()?;
    }
    let committed = |name: &str| said.iter().any(|line| *line == format!("committed {name}"));
    let aborted = |name: &str| said.iter().any(|line| *line == format!("aborted {name}"));
    println!("transfers          {TRANSFERS}, and one interest for each bank");
    let both = north.iter().filter(|it| it.starts_with("transfer") && south.contains(it)).count();
    println!("  in both books    {both}");
    println!("  in no book       {}", TRANSFERS as usize - both);

    let mut violations = Vec::new();
    if north != south {
        violations.push(format!("north has {north:?}, and south {south:?}"));
    }
    // The interest of the dynamic transaction is what has come from outside.
    if money != OPENING + 2 * transfers::INTEREST {
        violations.push(format!("{money} cents are there"));
    }
    violations.extend(north.iter().filter(|it| aborted(it)).map(|it| format!("{it} is aborted")));
    let all = (1..=TRANSFERS).map(|number| format!("transfer-{number}"));
    let lost = all.filter(|it| committed(it) && !north.contains(it));
    violations.extend(lost.map(|it| format!("{it} was committed, and is lost")));
    // Nobody was told of these two. The first was decided by nobody, the other one was in the log.
    if north.contains(&"transfer-8".to_owned()) || !north.contains(&"transfer-16".to_owned()) {
        violations.push("recovery did not do what the log says".into());
    }
    if banks.iter().any(|bank| in_doubt(bank) > 0) {
        violations.push("somebody is still in doubt".into());
    }
    match violations.first() {
        None => {
            println!("\nboth banks have the same transfers, no cent is lost, nobody is in doubt")
        }
        Some(first) => println!("\n{} violations; the first one: {first}", violations.len()),
    }
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
