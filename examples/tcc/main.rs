//! Trips of a flight and a hotel: both are held, and then sold or freed, while their process dies by
//! `kill -9` and some messages arrive when everything is over. Nobody is left without a bed.
//!
//! ```sh
//! cargo run --example tcc
//! ```
//!
//! ```text
//!             ┌─▶ airline: hold ──┐                     ┌─▶ airline: sell
//!  begin ─────┤                   ├─▶ decide, durably ──┤            (or free, both)
//!             └─▶ hotel:   hold ──┘                     └─▶ hotel:   sell
//! ```
//!
//! `trip.rs` is the airline and the hotel, `book.rs` what each of them keeps in a database of its
//! own, behind a barrier.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod book;
mod proof;
mod trip;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use book::Book;
use proof::Proof;
use reliability::distributed::transaction::tcc::barrier::Phase;
use reliability::distributed::transaction::tcc::{Coordinator, Operator, ReserveError, TccError};
use reliability::journal::Journal;
use reliability_examples::process::{self, Folder, Process};
use tokio::runtime::Runtime;
use trip::{Airline, Hotel, LATE, Refused};

type BoxError = Box<dyn Error + Send + Sync>;

const TRIPS: u32 = 30;
const SEATS: u32 = 45;
const BEDS: u32 = 40;
/// Behind the commit of what the process dies, and what has happened by then.
const CRASHES: [(&str, Phase, u32, &str); 4] = [
    ("hotel", Phase::Try, 4, "all is held, and nothing decided"),
    ("airline", Phase::Confirm, 7, "the flight is sold, and nobody knows"),
    ("airline", Phase::Cancel, 2, "the flight is freed, and nobody knows"),
    ("nobody", Phase::Try, 0, ""),
];

fn main() -> Result<ExitCode, BoxError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [folder, crash] = arguments.as_slice() {
        process::end_with_the_parent();
        Runtime::new()?.block_on(work(Path::new(folder), crash.parse()?))?;
        return Ok(ExitCode::SUCCESS);
    }
    let folder = Folder::new("tcc")?;
    for (number, (who, _, _, when)) in CRASHES.iter().enumerate() {
        let path = folder.path().to_string_lossy();
        let status = Process::start([&*path, &number.to_string()])?.ended()?;
        match (status.code(), *who) {
            (Some(0), "nobody") => {}
            (None, _) => println!("killed             {when}"),
            _ => return Err(format!("the process ended as it should not: {status}").into()),
        }
    }
    let proof = Runtime::new()?.block_on(Proof::read(folder.path()))?;
    println!("{proof}");
    Ok(if proof.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Books all trips that nobody has begun, and ends those that somebody has left behind.
async fn work(folder: &Path, crash: usize) -> Result<(), BoxError> {
    let (who, phase, times, _) = CRASHES[crash];
    let open =
        |name, places| Book::open(folder, name, places, (who == name).then_some((phase, times)));
    let journal = Journal::open(folder.join("journal.db"))?;
    let coordinator = Coordinator::on(&journal)
        .participant(Airline(Arc::new(open("airline", SEATS)?)))
        .participant(Hotel(open("hotel", BEDS)?))
        // So long is kept what a process holds that dies before it has decided.
        .expires(Duration::from_secs(2))
        // Twice as long lies what was decided by a process that dies before it has told everybody.
        .patience(Duration::from_millis(500))
        .build()?;
    let recovery = coordinator.clone();
    tokio::spawn(async move { recovery.keep_recovering(Duration::from_millis(200)).await });

    for trip in 1..=TRIPS {
        match book(&coordinator, trip).await {
            Ok(()) | Err(ReserveError::Refused(_)) => {}
            // By a process that has died; recovery ends it.
            Err(ReserveError::Failed(TccError::Begun { .. } | TccError::Over { .. })) => {}
            Err(error) => return Err(format!("trip-{trip}: {error:?}").into()),
        }
    }
    let (operator, mut changes) = (Operator::on(&journal), journal.changes());
    while operator.list(Some("over")).await?.len() < TRIPS as usize {
        changes.next().await;
    }
    // What is late has come by then.
    tokio::time::sleep(2 * LATE).await;
    Ok(())
}

/// Both, or neither. A no of either cancels the whole trip, and what expires is cancelled, too.
async fn book(coordinator: &Coordinator, trip: u32) -> Result<(), ReserveError<Refused>> {
    let guests = 1 + trip % 3;
    let mut booking = coordinator.begin(&format!("trip-{trip}")).await?;
    let flight = booking.reserve::<Airline>(guests).await?;
    let room = booking.reserve::<Hotel>(guests).await?;
    booking.confirm((flight, room)).await?;
    Ok(())
}
