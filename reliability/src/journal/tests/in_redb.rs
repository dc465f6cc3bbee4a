//! What only a store in a redb file can get wrong.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use ::redb::{Database, TableDefinition};

use super::folder::Folder;
use super::*;
use crate::error::{Class, Fault};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::time::WallClock;

fn order(key: u32) -> StreamId {
    StreamId::new("order", &key.to_string()).unwrap()
}

fn event(number: u32) -> Event {
    Event::json("Numbered", 1, &number).unwrap()
}

async fn numbers(journal: &Journal, stream: &StreamId) -> Vec<u32> {
    let records = journal.read(stream, Sequence::START, 10_000).await.unwrap();
    records.iter().map(|record| record.event.read_json().unwrap()).collect()
}

#[tokio::test]
async fn the_store_in_redb_conforms() {
    let folder = Folder::new();
    let number = AtomicU32::new(0);
    let open = async |clock: &WallClock| {
        let file = format!("{}.redb", number.fetch_add(1, Ordering::Relaxed));
        Journal::on(RedbStore::builder(folder.file(&file)).clock(clock).build().unwrap())
    };
    conformance::check(&open).await.unwrap();
    conformance::check_copying(&open).await.unwrap();
}

#[tokio::test]
async fn it_conforms_also_when_it_is_open_at_once_after_a_crash() {
    let folder = Folder::new();
    let number = AtomicU32::new(0);
    let open = async |clock: &WallClock| {
        let file = format!("{}.redb", number.fetch_add(1, Ordering::Relaxed));
        let builder = RedbStore::builder(folder.file(&file)).clock(clock).quick_recovery(true);
        Journal::on(builder.build().unwrap())
    };
    conformance::check(open).await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_there_when_it_is_opened_again_at_once() {
    let folder = Folder::new();
    let file = folder.file("orders.redb");
    let mut last = (Epoch::NEVER, Position::START);
    for round in 0..3 {
        // The one before is closed when its last handle is dropped: this one is let in.
        let journal = Journal::open_redb(&file).unwrap();
        assert_eq!(numbers(&journal, &order(1)).await, (0..round).collect::<Vec<_>>());
        let after = Sequence::new(u64::from(round));
        let append = Append::to(&order(1)).after(after).event(event(round));
        let append = append.due(Due::At(SystemTime::UNIX_EPOCH)).status("open");
        let appended = journal.append(append).await.unwrap();
        let head = journal.head(&order(1)).await.unwrap().unwrap();
        assert_eq!((head.status.as_str(), head.epoch), ("open", last.0));
        let claim = Claim::of(["order"]).by("worker").lease(Duration::from_secs(60));
        let lease = journal.claim(claim).await.unwrap().remove(0);
        assert!(lease.epoch > last.0 && appended.position > last.1);
        last = (lease.epoch, appended.position);
        journal.append(Append::to(&order(1)).fenced(&lease).release()).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_sealed_is_sealed_when_it_is_opened_again() {
    let folder = Folder::new();
    let file = folder.file("orders.redb");
    Journal::open_redb(&file).unwrap().seal().await.unwrap();
    let journal = Journal::open_redb(&file).unwrap();
    let refused = journal.append(Append::to(&order(1)).event(event(1))).await.unwrap_err();
    assert!(matches!(refused, JournalError::Sealed), "{refused}");
    journal.unseal().await.unwrap();
    journal.append(Append::to(&order(1)).event(event(1))).await.unwrap();
}

#[tokio::test]
async fn what_finds_nothing_costs_no_commit() {
    let folder = Folder::new();
    let file = folder.file("orders.redb");
    let journal = Journal::open_redb(&file).unwrap();
    journal.append(Append::to(&order(1)).event(event(1))).await.unwrap();
    let before = fs::read(&file).unwrap();
    assert_eq!(journal.claim(Claim::of(["order"])).await.unwrap(), []);
    journal.append(Append::to(&order(1)).after(Sequence::START)).await.unwrap_err();
    assert!(fs::read(&file).unwrap() == before, "an idle worker leaves the disk alone");
    journal.append(Append::to(&order(1)).event(event(2))).await.unwrap();
    assert!(fs::read(&file).unwrap() != before);
}

fn refused(file: &Path) -> JournalError {
    Journal::open_redb(file).unwrap_err()
}

fn refusal(file: &Path) -> String {
    let refused = refused(file);
    assert_eq!(refused.class(), Class::Permanent, "{refused}");
    refused.to_string()
}

#[test]
fn a_file_of_somebody_else_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let text = folder.file("text.redb");
    for content in ["Dear diary, this is no database at all. ".repeat(100), "x".into()] {
        fs::write(&text, &content).unwrap();
        assert!(
            refusal(&text).ends_with("is no redb database: give the journal a file of its own")
        );
        assert_eq!(fs::read(&text).unwrap(), content.as_bytes());
    }
    // Zeros, and something that somebody wants to keep.
    let mut disk = vec![0; 100_000];
    disk[90_000] = 1;
    fs::write(&text, &disk).unwrap();
    assert!(refusal(&text).contains("is no redb database"));
    assert_eq!(fs::read(&text).unwrap(), disk);

    let other = folder.file("other.redb");
    let database = Database::create(&other).unwrap();
    let writing = database.begin_write().unwrap();
    writing.open_table(TableDefinition::<u8, u8>::new("mine")).unwrap().insert(1, 2).unwrap();
    writing.commit().unwrap();
    drop(database);
    assert!(refusal(&other).contains("is a database of another program"));

    let newer = folder.file("newer.redb");
    drop(Journal::open_redb(&newer).unwrap());
    let database = Database::open(&newer).unwrap();
    let writing = database.begin_write().unwrap();
    let numbers = TableDefinition::<&str, u64>::new("journal_numbers");
    writing.open_table(numbers).unwrap().insert("version", 9).unwrap();
    writing.commit().unwrap();
    drop(database);
    let said = refusal(&newer);
    assert!(said.contains("tables of version 9, and this program knows version 1"), "{said}");
}

#[test]
fn a_path_that_cannot_be_opened_says_why() {
    let folder = Folder::new();
    let missing = refused(&folder.file("nowhere/orders.redb"));
    assert_eq!(missing.class(), Class::Transient);
    assert!(missing.to_string().ends_with("nowhere; make it first"), "{missing}");
    assert!(refusal(&folder.file("")).ends_with("is a folder: name a file that is in it"));
    assert!(refusal(Path::new("")).contains("`path` must be the name of a file"));
}

#[test]
fn a_second_one_is_not_let_in_and_told_why() {
    let folder = Folder::new();
    let file = folder.file("orders.redb");
    let first = Journal::open_redb(&file).unwrap();
    let second = refused(&file);
    assert_eq!(second.class(), Class::Transient);
    let said = second.to_string();
    assert!(said.contains("is open already, here or in another process"), "{said}");
    drop(first);
    drop(Journal::open_redb(&file).unwrap());
}

#[tokio::test]
async fn who_died_while_making_the_file_has_left_nothing_in_the_way() {
    let folder = Folder::new();
    let file = folder.file("orders.redb");
    drop(Journal::open_redb(&file).unwrap());
    let whole = fs::read(&file).unwrap();
    // As redb makes one: the length first, then a header, and its first nine bytes as the last.
    let mut torn = vec![0; whole.len()];
    let before_the_header = torn.clone();
    torn[9..320].copy_from_slice(&whole[9..320]);
    for torn in [before_the_header, torn] {
        fs::write(&file, torn).unwrap();
        let journal = Journal::open_redb(&file).unwrap();
        journal.append(Append::to(&order(1)).event(event(1))).await.unwrap();
        assert_eq!(numbers(&journal, &order(1)).await, [1]);
    }
}

#[tokio::test]
async fn a_damaged_file_is_no_passing_fault_and_no_panic() {
    let folder = Folder::new();
    let file = folder.file("orders.redb");
    let journal = Journal::open_redb(&file).unwrap();
    for key in 0..200 {
        let append = Append::to(&order(key)).event(Event::bytes("Placed", 1, vec![7; 500]));
        journal.append(append).await.unwrap();
    }
    drop(journal);
    let whole = fs::read(&file).unwrap();
    let copy = folder.file("damaged.redb");
    let mut refusals = 0;
    for first in (0..whole.len()).step_by(4_096) {
        let mut bytes = whole.clone();
        bytes[first..first + 4_096].fill(0xff);
        fs::write(&copy, bytes).unwrap();
        // A page that nobody asks for does no harm; one that is asked for is told.
        let told = match Journal::open_redb(&copy) {
            Err(error) => Some(error),
            Ok(journal) => journal.read_all(Position::START, 1_000).await.err(),
        };
        if let Some(error) = told {
            refusals += 1;
            assert_eq!(error.class(), Class::Permanent, "page at {first}: {error}");
        }
    }
    assert!(refusals > 10, "{refusals}");
}
