//! Orders that go through stock, payments and mail, three unreliable services, while the process
//! that carries them is killed again and again. None is lost, and no card is charged twice.
//!
//! ```sh
//! cargo run --example place_order
//! cargo run --example place_order -- --orders 1000 --kills 20 --keep
//! ```
//!
//! ```text
//!   main ──starts──▶ stock, payments, mail: an HTTP service and a database each
//!     │                   ▲
//!     └─starts, kills─▶ worker ──▶ journal
//! ```
//!
//! The transaction is in `saga.rs`; `worker.rs` carries it, and that is all there is to it. The rest
//! makes it hard (`services`), and looks at what has become of it (`proof.rs`).
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod client;
mod flags;
mod processes;
mod proof;
mod saga;
mod services;
mod worker;

use std::collections::BTreeSet;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use flags::Flags;
use processes::Worked;
use proof::Proof;
use reliability_examples::process;
use tokio::runtime::Runtime;

type BoxError = Box<dyn Error + Send + Sync>;

fn main() -> Result<ExitCode, BoxError> {
    let flags = Flags::read(std::env::args().skip(1))?;
    if flags.help {
        println!("{}", flags::HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = Runtime::new()?;
    if !flags.role.is_empty() {
        process::end_with_the_parent();
    }
    let role: Vec<&str> = flags.role.iter().map(String::as_str).collect();
    match role.as_slice() {
        ["worker", folder, stock, payments, mail] => {
            let partners = [stock.parse()?, payments.parse()?, mail.parse()?];
            runtime.block_on(worker::work(Path::new(folder), &flags, partners))?;
        }
        [service, folder] => {
            runtime.block_on(services::serve(service, Path::new(folder), flags.seed))?;
        }
        _ => return place_orders(&flags, &runtime),
    }
    Ok(ExitCode::SUCCESS)
}

fn place_orders(flags: &Flags, runtime: &Runtime) -> Result<ExitCode, BoxError> {
    let begin = Instant::now();
    let folder = std::env::temp_dir().join(format!("place_order-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let kills = carry(&folder, flags)?;
    let proof = runtime.block_on(Proof::read(&folder, flags))?;
    println!("{proof}");
    println!("worker killed      {kills} times");
    println!("time               {:.1?}\n", begin.elapsed());
    match proof.violations.first() {
        None => println!(
            "every order is complete or undone; no card was charged twice; nothing is left reserved"
        ),
        Some(violation) => {
            println!("{} violations; the first one: {violation}", proof.violations.len());
        }
    }
    let good = proof.violations.is_empty();
    if flags.keep {
        show(&folder);
    } else {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Has all orders carried to their ends, by one worker after the other, and says how many were
/// killed.
fn carry(folder: &Path, flags: &Flags) -> Result<usize, BoxError> {
    let (_stock, stock) = processes::service("stock", folder, flags)?;
    let (_payments, payments) = processes::service("payments", folder, flags)?;
    let (_mail, mail) = processes::service("mail", folder, flags)?;
    let partners = [stock, payments, mail];
    let mut random = fastrand::Rng::with_seed(flags.seed);
    let (mut ended, mut kills) = (BTreeSet::new(), 0);
    loop {
        let most = (flags.orders / (flags.kills + 1)).max(1);
        let kill_after = (kills < flags.kills).then(|| random.usize(1..=most));
        match processes::worker(folder, flags, partners, kill_after, &mut ended)? {
            Worked::Killed => kills += 1,
            Worked::ToTheEnd => break,
        }
    }
    // What is done too late is done by then.
    std::thread::sleep(2 * services::LATE);
    Ok(kills)
}

fn show(folder: &Path) {
    let program = "cargo run -p reliability --features cli --bin reliability --";
    let journal = folder.join("journal.db");
    println!("\nThe databases and the journal are in {}. Look at them:", folder.display());
    for verb in ["list --status rolled_back", "show place_order order-1"] {
        println!("  {program} --journal {} {verb}", journal.display());
    }
}
