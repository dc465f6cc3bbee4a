//! The journal on PostgreSQL servers of the tests' own.

mod copied;
mod crash;
mod grouped;
mod refused;
mod shared;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reliability::journal::{Event, Journal, PostgresBuilder, PostgresStore, StreamId, conformance};
use reliability::time::WallClock;
use reliability_tests::postgres::Postgres;

/// A loaded machine is slow, and a server that is killed takes its time to come back: neither is
/// what is tested.
const PATIENCE: Duration = Duration::from_secs(60);

fn store(database: &str) -> PostgresBuilder {
    PostgresStore::builder(database).connections(4).patience(PATIENCE).timeout(PATIENCE)
}

async fn journal(database: &str) -> Journal {
    Journal::on(store(database).build().await.unwrap())
}

fn stream(kind: &str, key: u32) -> StreamId {
    StreamId::new(kind, &key.to_string()).unwrap()
}

fn event(number: u32) -> Event {
    Event::json("Numbered", 1, &number).unwrap()
}

#[test]
fn a_server_that_is_killed_comes_back_with_what_it_has_committed() {
    let server = Postgres::with(&[("max_prepared_transactions", "7")]);
    server.sql("CREATE TABLE kept (number int)");
    for number in 0..3 {
        server.sql(&format!("INSERT INTO kept VALUES ({number})"));
        match number {
            1 => server.stop(),
            _ => server.kill(),
        }
        server.start_again();
    }
    assert_eq!(server.sql("SELECT number FROM kept ORDER BY 1"), ["0", "1", "2"]);
    assert_eq!(server.sql("SHOW fsync; SHOW max_prepared_transactions"), ["on", "7"]);
    let (one, other) = (server.database(), server.database());
    server.sql_in(&one, "CREATE TABLE here ()");
    server.sql_in(&other, "CREATE TABLE here ()");
}

#[tokio::test]
async fn the_store_on_postgres_conforms() {
    let server = Postgres::shared();
    let database = server.url_of(&server.database());
    let number = AtomicU32::new(0);
    let open = async |clock: &WallClock| {
        let schema = format!("case_{}", number.fetch_add(1, Ordering::Relaxed));
        let builder = PostgresStore::builder(&database).schema(&schema).clock(clock);
        Journal::on(builder.build().await.unwrap())
    };
    conformance::check(open).await.unwrap();
    conformance::check_copying(open).await.unwrap();
}
