//! What the server refuses, and what is refused of a server.

use std::time::Duration;

use reliability::error::{Class, Fault};
use reliability::journal::{Append, Journal, JournalError, PostgresStore, Sequence};
use reliability_tests::postgres::Postgres;

use super::{event, journal, store, stream};

async fn refusal(database: &str) -> String {
    let refused = Journal::connect(database).await.unwrap_err();
    assert_eq!(refused.class(), Class::Permanent, "{refused}");
    refused.to_string()
}

#[tokio::test]
async fn tables_of_somebody_else_are_refused_and_left_as_they_are() {
    let server = Postgres::shared();
    let database = server.database();
    let url = server.url_of(&database);
    server.sql_in(&database, "CREATE TABLE journal_streams (mine int)");
    assert!(refusal(&url).await.contains("has tables of another program"));
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(server.sql_in(&database, tables), ["1"]);
    server.sql_in(&database, "CREATE TABLE journal_schema (mine int)");
    assert!(refusal(&url).await.contains("give the journal a schema of its own"));
}

#[tokio::test]
async fn a_newer_version_is_refused() {
    let server = Postgres::shared();
    let database = server.database();
    let url = server.url_of(&database);
    drop(journal(&url).await);
    server.sql_in(&database, "UPDATE journal_schema SET version = 9");
    let said = refusal(&url).await;
    assert!(said.contains("tables of version 9, and this program knows version 2"), "{said}");
}

#[tokio::test]
async fn a_server_that_forgets_with_the_power_is_refused_unless_that_is_wanted() {
    let server = Postgres::with(&[("fsync", "off")]);
    let said = refusal(&server.url()).await;
    assert!(said.contains("`fsync = off`"), "{said}");
    let store = store(&server.url()).may_forget().build().await.unwrap();
    Journal::on(store).append(Append::to(&stream("order", 1))).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_connected_to_says_what_to_do() {
    let server = Postgres::shared();
    let said = refusal(&server.url_of("nowhere")).await;
    assert!(said.contains("CREATE DATABASE"), "{said}");
    let said = refusal(&format!("{}?sslmode=require", server.url())).await;
    assert!(said.contains("connecting to the database failed"), "{said}");
    for server in ["postgres://host:port/orders", "nonsense"] {
        let said = refusal(server).await;
        assert!(said.contains("postgres://user:password@host/database"), "{said}");
    }
    let schema = PostgresStore::builder(&server.url()).schema("An Order").build().await;
    let said = schema.unwrap_err().to_string();
    assert!(said.contains("`schema` must be 1 to 63 of"), "{said}");
    server.sql("CREATE ROLE guest LOGIN");
    let guest = server.url().replace("postgres@", "guest@");
    let store = PostgresStore::builder(&guest).schema("foreign_land").build().await;
    let said = store.unwrap_err().to_string();
    assert!(said.contains("let the user of the journal own its schema"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for_and_then_unavailable() {
    let server = Postgres::start();
    let builder = || PostgresStore::builder(&server.url()).patience(Duration::from_secs(1));
    let mut store = builder().build().await;
    while let Err(JournalError::Unavailable { .. }) = store {
        // A loaded machine takes longer to connect.
        store = builder().build().await;
    }
    let journal = Journal::on(store.unwrap());
    let append = || Append::to(&stream("order", 1)).after(Sequence::START).event(event(1));
    server.stop();
    let refused = journal.append(append()).await.unwrap_err();
    assert_eq!(refused.class(), Class::Transient, "{refused}");
    // It may have been on its way for the store, which has not yet heard that the server stops.
    let known = matches!(refused, JournalError::Unavailable { .. } | JournalError::Unknown { .. });
    assert!(known, "{refused}");
    let refused = journal.append(append()).await.unwrap_err();
    assert!(matches!(refused, JournalError::Unavailable { .. }), "{refused}");
    let refused = journal.head(&stream("order", 1)).await.unwrap_err();
    assert!(matches!(refused, JournalError::Unavailable { .. }), "{refused}");
    server.start_again();
    let mut appended = journal.append(append()).await;
    while let Err(JournalError::Unavailable { .. }) = appended {
        appended = journal.append(append()).await;
    }
    assert_eq!(appended.unwrap().sequence, Sequence::new(1));
}

/// A transaction in doubt holds its locks until somebody decides it.
#[tokio::test]
async fn who_waits_for_a_lock_for_too_long_fails_alone_and_has_written_nothing() {
    let server = Postgres::with(&[("max_prepared_transactions", "9")]);
    let short = Duration::from_millis(500);
    let store = store(&server.url()).connections(2).timeout(short).build().await.unwrap();
    let journal = Journal::on(store);
    let append = |key: u32, number| Append::to(&stream("order", key)).event(event(number));
    journal.append(append(1, 1)).await.unwrap();
    server.sql("BEGIN; SELECT * FROM journal_streams FOR UPDATE; PREPARE TRANSACTION 'by_hand'");
    // The first one waits, and those behind it gather.
    let mut running = Vec::new();
    for key in [1, 1, 2, 3] {
        let journal = journal.clone();
        let append = append(key, 2);
        running.push(tokio::spawn(async move { (key, journal.append(append).await) }));
    }
    for ended in running {
        match ended.await.unwrap() {
            (1, refused) => {
                let refused = refused.unwrap_err();
                assert!(matches!(refused, JournalError::Unavailable { .. }), "{refused}");
                assert!(refused.to_string().contains("timeout"), "{refused}");
            }
            (_, appended) => assert_eq!(appended.unwrap().sequence, Sequence::new(1)),
        }
    }
    server.sql("ROLLBACK PREPARED 'by_hand'");
    assert_eq!(journal.read(&stream("order", 1), Sequence::START, 9).await.unwrap().len(), 1);
    journal.append(append(1, 3)).await.unwrap();
}

#[tokio::test]
async fn what_was_written_by_hand_and_makes_no_sense_is_unreadable() {
    let server = Postgres::shared();
    let database = server.database();
    let journal = journal(&server.url_of(&database)).await;
    journal.append(Append::to(&stream("order", 1)).event(event(1))).await.unwrap();
    for spoilt in ["version = -1, encoding = 'json'", "version = 1, encoding = 'runes'"] {
        server.sql_in(&database, &format!("UPDATE journal_records SET {spoilt}"));
        let error = journal.read(&stream("order", 1), Sequence::START, 9).await;
        match error {
            Err(error @ JournalError::Unreadable { .. }) => {
                assert_eq!(error.class(), Class::Permanent);
            }
            other => panic!("{spoilt}: {other:?}"),
        }
    }
    server.sql_in(&database, "DROP FUNCTION journal_claim");
    let error = journal.claim(reliability::journal::Claim::of(["order"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Permanent, "{error}");
    assert!(error.to_string().contains("not as a journal makes them"), "{error}");
}
