//! Accounts that are kept as what has happened to them, and a table in PostgreSQL that answers
//! questions about all of them. The table follows; when it is thrown away, it is made anew.
//!
//! ```sh
//! cargo run --example read_model
//! DATABASE_URL=postgres://me@localhost/test cargo run --example read_model
//! ```
//!
//! ```text
//!   command ──▶ account ──▶ events ──▶ journal ──▶ projection ──▶ table ──▶ query
//!   (account.rs)            (PostgreSQL)           (balances.rs)  (PostgreSQL)
//! ```
//!
//! Without `DATABASE_URL` it starts a server of its own, if PostgreSQL is installed, and leaves
//! nothing behind. With it, everything is in a schema `read_model_example`, which is made anew.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

mod account;
mod balances;
mod database;

use std::error::Error;
use std::process::ExitCode;

use account::{Account, Command};
use balances::Balances;
use database::{Database, SCHEMA};
use reliability::distributed::transaction::event_sourcing::{
    CommandError, PostgresReadStore, Progress, Projector, Repository,
};
use reliability::journal::{Append, Event, Journal, PostgresStore, StreamId};

type BoxError = Box<dyn Error + Send + Sync>;
type Balance = Projector<PostgresReadStore, Balances>;

const ACCOUNTS: u64 = 12;
const COMMANDS: u64 = 300;

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let database = Database::find().await?;
    let journal = PostgresStore::builder(database.url()).schema(SCHEMA).connections(4);
    let journal = Journal::on(journal.build().await?);

    let old = what_an_old_program_has_written(&journal).await?;
    println!("{old} records are from a program that counted in euros\n");

    // Any number of processes may do this; one of them writes at a time.
    let mut projector = projector(&journal, &database).await?;
    let mut progress = projector.progress();
    let following = tokio::spawn(async move {
        let stopped = projector.follow().await;
        println!("the projection has stopped: {stopped:?}");
    });
    give_commands(&journal).await?;
    let end = journal.end().await?.unwrap_or_default();
    while progress.now().position < end {
        progress.next().await;
    }
    println!("taken in           {} events", progress.now().applied);
    println!("parked             {} events\n", progress.now().parked);
    following.abort();

    for (account, owner, cents) in database.richest(3).await? {
        println!("{account:>8}  {owner:<8} {:>6}.{:02}", cents / 100, cents % 100);
    }
    println!();
    rebuild(self::projector(&journal, &database).await?).await?;
    compare(&journal, &database).await
}

async fn projector(journal: &Journal, database: &Database) -> Result<Balance, BoxError> {
    let store = PostgresReadStore::builder(database.url()).schema(SCHEMA).build().await?;
    Ok(Projector::builder(journal, store, Balances).page(25).build()?)
}

/// As it stood in the journal of version 1: `Deposited` was a number of euros. `account.rs` says
/// how that is read today; without that, it would not compile.
async fn what_an_old_program_has_written(journal: &Journal) -> Result<u64, BoxError> {
    let mut records = 0;
    for number in 0..ACCOUNTS / 3 {
        let account = StreamId::new("account", &number.to_string())?;
        let opened = Event::json("Opened", 1, &format!("old {number}"))?;
        let deposited = Event::json("Deposited", 1, &(100 + number))?;
        journal.append(Append::to(&account).event(opened).event(deposited)).await?;
        records += 2;
    }
    Ok(records)
}

/// Each of them has a key, and every seventh comes twice, as messages do.
async fn give_commands(journal: &Journal) -> Result<(), BoxError> {
    let accounts: Repository<Account> = Repository::on(journal);
    let (mut executed, mut repeated, mut refused) = (0, 0, 0);
    for number in 0..COMMANDS {
        let account = (number * 5 % ACCOUNTS).to_string();
        let command = match number {
            _ if number < ACCOUNTS => Command::Open(format!("owner {account}")),
            _ if number + 1 == COMMANDS => Command::Close,
            _ if number % 3 == 0 => Command::Withdraw(number * 37 % 5_000),
            _ => Command::Deposit(number * 53 % 3_000),
        };
        let times = if number % 7 == 0 { 2 } else { 1 };
        for _ in 0..times {
            let key = format!("message {number}");
            match accounts.execute_once(&account, &key, &command).await {
                Ok(done) if done.was_repeated => repeated += 1,
                Ok(_) => executed += 1,
                Err(CommandError::Refused(_)) => refused += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
    println!("commands executed  {executed}");
    println!("commands repeated  {repeated}, and not executed again");
    println!("commands refused   {refused}");
    Ok(())
}

/// The table is emptied, and made again from the beginning on.
async fn rebuild(mut projector: Balance) -> Result<(), BoxError> {
    let mut progress = projector.progress();
    let mut rebuilding = Box::pin(projector.rebuild());
    let rebuilt = loop {
        tokio::select! {
            biased;
            now = progress.next() => show(&now),
            rebuilt = &mut rebuilding => break rebuilt?,
        }
    };
    show(&rebuilt);
    println!("rebuilt            {} events\n", rebuilt.applied);
    Ok(())
}

fn show(progress: &Progress) {
    let percent = progress.percent().unwrap_or_default();
    println!("rebuilding {percent:>3} %  {}", "#".repeat(usize::from(percent) / 4));
}

/// Every account tells from its events what the table is to say of it.
async fn compare(journal: &Journal, database: &Database) -> Result<ExitCode, BoxError> {
    let accounts: Repository<Account> = Repository::on(journal);
    let rows = database.richest(i64::MAX).await?;
    let mut wrong = 0;
    for number in 0..ACCOUNTS {
        let account = number.to_string();
        let by_events = accounts.load(&account).await?.state.cents();
        let row = rows.iter().find(|(of, ..)| *of == account);
        let in_the_table = row.map(|(.., cents)| cents.unsigned_abs());
        if by_events != in_the_table {
            println!("{account} has {by_events:?} by its events, and {in_the_table:?} there");
            wrong += 1;
        }
    }
    if wrong > 0 {
        println!("{wrong} rows are wrong");
        return Ok(ExitCode::FAILURE);
    }
    println!("the table says of all {ACCOUNTS} accounts what their events say");
    Ok(ExitCode::SUCCESS)
}
