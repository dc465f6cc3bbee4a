//! Read models in a PostgreSQL server of the test's own.

mod crash;
mod transactions;
mod workers;

use std::collections::BTreeMap;

use reliability::distributed::transaction::event_sourcing::{
    Events, Failure, Happened, PostgresReadStore, PostgresTransaction, Projection,
};
use reliability::journal::{Append, Journal, Position, StreamId};
use reliability_tests::postgres::Postgres;

#[derive(Debug, PartialEq, Events)]
#[events(kind = "account")]
enum AccountEvent {
    Deposited(i64),
}

/// What is in each account, and every event that was taken in: twice, if it was twice.
#[derive(Default)]
struct Balances {
    /// Deposits of so much break a rule of the table.
    poison: Option<i64>,
    /// Says so at each event.
    is_loud: bool,
}

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS balance (account text PRIMARY KEY, cents bigint CHECK (cents >= 0));
    CREATE TABLE IF NOT EXISTS seen (account text, sequence bigint);
    TRUNCATE balance, seen";

impl Projection<PostgresTransaction> for Balances {
    type Event = AccountEvent;
    const NAME: &'static str = "balances";

    async fn reset(&mut self, rows: &mut PostgresTransaction) -> Result<(), Failure> {
        Ok(rows.client()?.batch_execute(TABLES).await?)
    }

    async fn apply(
        &mut self,
        rows: &mut PostgresTransaction,
        happened: &Happened<AccountEvent>,
    ) -> Result<(), Failure> {
        let AccountEvent::Deposited(cents) = happened.event;
        let cents = if Some(cents) == self.poison { -1_000_000 } else { cents };
        let (account, sequence) = (happened.stream.key(), happened.sequence.get().cast_signed());
        let client = rows.client()?;
        client.execute("INSERT INTO seen VALUES ($1, $2)", &[&account, &sequence]).await?;
        if self.is_loud {
            // One call for one line, so that lines do not mix.
            let line = format!("took {account} {sequence}\n");
            std::io::Write::write_all(&mut std::io::stdout().lock(), line.as_bytes()).unwrap();
        }
        let upsert = "INSERT INTO balance VALUES ($1, $2) ON CONFLICT (account)
                      DO UPDATE SET cents = balance.cents + excluded.cents";
        client.execute(upsert, &[&account, &cents]).await?;
        Ok(())
    }
}

async fn deposit(journal: &Journal, account: &str, cents: i64) {
    let stream = StreamId::new("account", account).unwrap();
    let event = AccountEvent::Deposited(cents).write().unwrap();
    journal.append(Append::to(&stream).event(event)).await.unwrap();
}

async fn store(url: &str) -> PostgresReadStore {
    PostgresReadStore::connect(url).await.unwrap()
}

/// What the tables hold: how much is in each account, and how many events it has seen.
fn model(server: &Postgres, database: &str) -> BTreeMap<String, (i64, usize)> {
    let mut model = BTreeMap::new();
    for row in server.sql_in(database, "SELECT account, cents FROM balance") {
        let (account, cents) = row.split_once('|').unwrap();
        model.insert(account.to_owned(), (cents.parse().unwrap(), 0));
    }
    for row in server.sql_in(database, "SELECT account, sequence FROM seen") {
        let (account, _) = row.split_once('|').unwrap();
        model.get_mut(account).unwrap().1 += 1;
    }
    model
}

/// What follows from all that has happened.
async fn naive(journal: &Journal) -> BTreeMap<String, (i64, usize)> {
    let mut model: BTreeMap<String, (i64, usize)> = BTreeMap::new();
    for record in journal.read_all(Position::START, 100_000).await.unwrap() {
        let Some(AccountEvent::Deposited(cents)) = AccountEvent::read(&record).unwrap() else {
            panic!("{record:?}")
        };
        let (sum, seen) = model.entry(record.stream.key().to_owned()).or_default();
        (*sum, *seen) = (*sum + cents, *seen + 1);
    }
    model
}
