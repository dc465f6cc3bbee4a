//! What the file, the disk or another process refuses.

use std::fs;
use std::time::Duration;

use rusqlite::Connection;

use super::folder::Folder;
use super::*;
use crate::error::{Class, Fault};

fn order(key: u32) -> StreamId {
    StreamId::new("order", &key.to_string()).unwrap()
}

fn placed(key: u32) -> Append {
    Append::to(&order(key)).event(Event::bytes("Placed", 1, vec![7; 500]))
}

#[tokio::test]
async fn another_process_that_writes_for_too_long_is_named_and_nothing_is_written() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let store = SqliteStore::builder(&file).busy_timeout(Duration::ZERO).build().unwrap();
    let journal = Journal::on(store);
    let by_hand = Connection::open(&file).unwrap();
    by_hand.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = journal.append(placed(1)).await.unwrap_err();
    assert!(matches!(refused, JournalError::Unavailable { .. }), "{refused}");
    assert!(refused.to_string().contains("set a longer `busy_timeout`"), "{refused}");
    by_hand.execute_batch("COMMIT").unwrap();
    assert_eq!(journal.head(&order(1)).await.unwrap(), None);
    journal.append(placed(1)).await.unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_no_passing_fault() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    for key in 0..200 {
        journal.append(placed(key)).await.unwrap();
    }
    // The last connection that is closed brings the log into the file.
    let by_hand = Connection::open(&file).unwrap();
    by_hand.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop((journal, by_hand));
    let copy = folder.file("damaged.db");
    let mut bytes = fs::read(&file).unwrap();
    // All but the first page, which has the tables' names, and what the opening looks at.
    bytes[4_096..].fill(0xff);
    fs::write(&copy, bytes).unwrap();
    let journal = Journal::open(&copy).unwrap();
    for error in [
        journal.read_all(Position::START, 1_000).await.unwrap_err(),
        journal.append(placed(7)).await.unwrap_err(),
    ] {
        assert_eq!(error.class(), Class::Permanent, "{error}");
        assert!(matches!(error, JournalError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains("keep the file"), "{error}");
    }
}

#[tokio::test]
async fn what_was_written_by_hand_and_makes_no_sense_is_unreadable() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    journal.append(placed(1)).await.unwrap();
    let by_hand = Connection::open(&file).unwrap();
    by_hand.execute_batch("UPDATE journal_records SET version = -1").unwrap();
    let error = journal.read(&order(1), Sequence::START, 9).await.unwrap_err();
    assert!(matches!(error, JournalError::Unreadable { .. }), "{error}");
    assert_eq!(error.class(), Class::Permanent);
}
