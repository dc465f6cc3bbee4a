//! What only a store in a file can get wrong.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rusqlite::Connection;

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
async fn the_store_in_a_file_conforms() {
    let folder = Folder::new();
    let number = AtomicU32::new(0);
    let open = async |clock: &WallClock| {
        let file = format!("{}.db", number.fetch_add(1, Ordering::Relaxed));
        let builder = SqliteStore::builder(folder.file(&file)).clock(clock);
        Journal::on(builder.build().unwrap())
    };
    conformance::check(&open).await.unwrap();
    conformance::check_copying(&open).await.unwrap();
}

#[tokio::test]
async fn what_was_written_is_there_when_it_is_opened_again() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let claim = || Claim::of(["order"]).by("worker").lease(Duration::from_millis(1));
    let mut last_epoch = Epoch::NEVER;
    for round in 0..3 {
        let journal = Journal::open(&file).unwrap();
        assert_eq!(numbers(&journal, &order(1)).await, (0..round).collect::<Vec<_>>());
        let after = Sequence::new(u64::from(round));
        let append = Append::to(&order(1)).after(after).event(event(round));
        journal.append(append.due(Due::At(SystemTime::UNIX_EPOCH)).status("open")).await.unwrap();
        let head = journal.head(&order(1)).await.unwrap().unwrap();
        assert_eq!((head.status.as_str(), head.epoch), ("open", last_epoch));
        let mut leases = Vec::new();
        while leases.is_empty() {
            // The lease of the round before may have a part of its millisecond left.
            leases = journal.claim(claim()).await.unwrap();
        }
        assert!(leases[0].epoch > last_epoch);
        last_epoch = leases[0].epoch;
    }
}

/// Who follows the records has gone past it, and would not see the one that comes there.
#[tokio::test]
async fn a_position_whose_record_is_gone_is_not_given_again_by_whoever_opens_the_file() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let first = Journal::open(&file).unwrap();
    first.append(Append::to(&order(1)).event(event(1))).await.unwrap();
    let gone = first.append(Append::to(&order(2)).event(event(2))).await.unwrap();
    first.remove(&order(2), gone.sequence).await.unwrap();
    let second = Journal::open(&file).unwrap();
    let appended = second.append(Append::to(&order(3)).event(event(3))).await.unwrap();
    assert!(appended.position > gone.position, "{appended:?}");
    let behind = second.read_all(gone.position, 9).await.unwrap();
    assert_eq!(behind.iter().map(|it| it.position).collect::<Vec<_>>(), [appended.position]);
    let by_first = first.append(Append::to(&order(4)).event(event(4))).await.unwrap();
    assert!(by_first.position > appended.position, "{by_first:?}");
}

#[tokio::test]
async fn two_who_have_the_file_open_see_and_fence_each_other() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let (one, other) = (Journal::open(&file).unwrap(), Journal::open(&file).unwrap());
    let append = |number| Append::to(&order(1)).event(event(number)).due(Due::Now);
    for number in 0..20 {
        let journal = if number % 2 == 0 { &one } else { &other };
        journal.append(append(number)).await.unwrap();
    }
    for journal in [&one, &other] {
        assert_eq!(numbers(journal, &order(1)).await, (0..20).collect::<Vec<_>>());
    }
    let lease = one.claim(Claim::of(["order"])).await.unwrap().remove(0);
    assert!(other.claim(Claim::of(["order"])).await.unwrap().is_empty());
    other.append(Append::to(&order(1)).fenced(&lease).release()).await.unwrap();
    let later = other.claim(Claim::of(["order"])).await.unwrap().remove(0);
    let stale = one.append(Append::to(&order(1)).fenced(&lease)).await;
    assert!(matches!(stale, Err(JournalError::Fenced { current, .. }) if current == later.epoch));
}

#[tokio::test]
async fn two_who_write_at_once_wait_for_each_other_and_only_conflict() {
    const EACH: u64 = 40;
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let writers = (0..4).map(|_| {
        // Opened all at once, and by four threads: the first one makes the tables.
        let file = file.clone();
        std::thread::spawn(move || {
            let journal = Journal::open(file).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut last = Sequence::START;
            let mut written = 0;
            while written < EACH {
                let append = Append::to(&order(1)).after(last).event(event(0));
                match runtime.block_on(journal.append(append)) {
                    Ok(appended) => (last, written) = (appended.sequence, written + 1),
                    Err(JournalError::Conflict { found, .. }) => last = found,
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.join().unwrap();
    }
    let all = Journal::open(&file).unwrap().read_all(Position::START, 1_000).await.unwrap();
    let numbers: Vec<u64> = all.iter().map(|record| record.sequence.get()).collect();
    assert_eq!(numbers, (1..=4 * EACH).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_has_the_file_open_as_well_sees_that_it_is_sealed() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let (one, other) = (Journal::open(&file).unwrap(), Journal::open(&file).unwrap());
    other.append(Append::to(&order(1)).event(event(1))).await.unwrap();
    one.seal().await.unwrap();
    let refused = other.append(Append::to(&order(1)).event(event(2))).await.unwrap_err();
    assert!(matches!(refused, JournalError::Sealed), "{refused}");
    assert_eq!(numbers(&other, &order(1)).await, [1]);
}

/// A clock that was years ahead for a moment would else make every claim of those years look at all
/// that is due some day.
#[tokio::test]
async fn once_nothing_is_held_since_a_time_to_come_nobody_looks_for_it_any_more() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let (right, year) = (WallClock::system().now(), Duration::from_secs(31_556_952));
    let clock = WallClock::manual(right + 10 * year);
    let store = SqliteStore::builder(&file).clock(&clock).build().unwrap();
    let journal = Journal::on(store);
    let held = |key| Append::to(&order(key)).after(Sequence::START).event(event(key));
    let hour = Duration::from_secs(3_600);
    journal.append(held(1).due(Due::At(right)).held_by("a", hour)).await.unwrap();
    let appended = journal.append(held(2).held_by("a", hour)).await.unwrap();
    clock.set(right);
    let latest = || -> i64 {
        let by_hand = Connection::open(&file).unwrap();
        by_hand.query_row("SELECT held_since FROM journal_claims", [], |row| row.get(0)).unwrap()
    };
    assert!(latest() > crate::journal::values::micros(right));
    // Of another kind: what is held since then stays.
    assert_eq!(journal.claim(Claim::of(["other"])).await.unwrap(), []);
    assert!(latest() > crate::journal::values::micros(right));
    assert_eq!(journal.claim(Claim::of(["order"])).await.unwrap().len(), 1);
    assert_eq!(latest(), crate::journal::values::micros(right));
    // What was not due then is free as soon as it is due: it is held since a time to come as well.
    let due = Append::to(&order(2)).after(appended.sequence).due(Due::Now);
    journal.append(due).await.unwrap();
    assert_eq!(journal.claim(Claim::of(["order"])).await.unwrap().len(), 1);
    assert_eq!(latest(), crate::journal::values::micros(right));
}

#[tokio::test]
async fn a_renewal_of_what_is_lost_writes_nothing() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    journal.append(Append::to(&order(1)).event(event(1)).due(Due::Now)).await.unwrap();
    let leases = journal.claim(Claim::of(["order"])).await.unwrap();
    journal.append(Append::to(&order(1)).fenced(&leases[0]).release()).await.unwrap();
    let by_hand = Connection::open(&file).unwrap();
    let version =
        || -> i64 { by_hand.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap() };
    let before = version();
    assert_eq!(journal.renew(&leases, Duration::from_secs(9)).await.unwrap(), [false]);
    assert_eq!(version(), before);
}

fn refusal(file: &Path) -> String {
    let refused = Journal::open(file).unwrap_err();
    assert_eq!(refused.class(), Class::Permanent, "{refused}");
    refused.to_string()
}

#[test]
fn a_file_of_somebody_else_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let text = folder.file("text.db");
    fs::write(&text, "Dear diary, this is no database at all. ".repeat(100)).unwrap();
    let before = fs::read(&text).unwrap();
    assert!(refusal(&text).ends_with("is no SQLite database: give the journal a file of its own"));
    assert_eq!(fs::read(&text).unwrap(), before);

    let other = folder.file("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let before = fs::read(&other).unwrap();
    assert!(refusal(&other).contains("is a database of another program"));
    assert_eq!(fs::read(&other).unwrap(), before);

    for version in [2, 9] {
        let file = folder.file(&format!("{version}.db"));
        drop(Journal::open(&file).unwrap());
        let by_hand = Connection::open(&file).unwrap();
        by_hand.pragma_update(None, "user_version", version).unwrap();
        let said = refusal(&file);
        let words = format!("tables of version {version}, and this program knows version 3");
        assert!(said.contains(&words), "{said}");
        assert!(said.contains("run the program that wrote it, also to copy the journal"), "{said}");
    }
}

#[test]
fn a_path_that_cannot_be_opened_is_unavailable() {
    let folder = Folder::new();
    let refused = Journal::open(folder.file("nowhere/orders.db")).unwrap_err();
    assert_eq!(refused.class(), Class::Transient);
    assert!(refused.to_string().starts_with("opening the journal failed"), "{refused}");
    assert!(refused.to_string().ends_with("nowhere; make it first"), "{refused}");
    assert!(refusal(&folder.file("")).ends_with("is a folder: name a file that is in it"));
}

#[test]
fn names_under_which_nothing_would_be_kept_are_refused() {
    for name in ["", ":memory:", "file:orders?mode=memory"] {
        let refused = refusal(Path::new(name));
        let words = format!("`path` must be the name of a file, but is {name:?}");
        assert!(refused.contains(&words), "{refused}");
    }
}

#[tokio::test]
async fn words_that_are_refused_are_told_in_quotes() {
    let journal = Journal::in_memory();
    let refused = journal.append(Append::to(&order(1)).event(Event::bytes("", 1, []))).await;
    assert!(refused.unwrap_err().to_string().contains("but is \"\""));
    let refused = journal.append(Append::to(&order(1)).status("a\nb").event(event(1))).await;
    assert!(refused.unwrap_err().to_string().contains("but is \"a\\nb\""));
}

#[tokio::test]
async fn one_that_the_file_refuses_fails_alone_and_everybody_else_is_written() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    journal.append(Append::to(&order(0))).await.unwrap();
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON journal_records
                  WHEN new.name = 'Poison' BEGIN SELECT RAISE(ABORT, 'poison'); END";
    Connection::open(&file).unwrap().execute_batch(poison).unwrap();
    // All of them wait for the same commit: who is asked first holds the lock.
    let by_hand = Connection::open(&file).unwrap();
    by_hand.execute_batch("BEGIN IMMEDIATE").unwrap();
    let appends = (0..20).map(|number| {
        let journal = journal.clone();
        let event = if number == 11 { Event::bytes("Poison", 1, []) } else { event(number) };
        let append = Append::to(&order(number)).event(event);
        tokio::spawn(async move { journal.append(append).await })
    });
    let appends: Vec<_> = appends.collect();
    tokio::task::yield_now().await;
    by_hand.execute_batch("COMMIT").unwrap();
    for (number, append) in appends.into_iter().enumerate() {
        match append.await.unwrap() {
            Ok(appended) => assert_eq!((appended.sequence.get(), number != 11), (1, true)),
            Err(error) => {
                assert_eq!(number, 11);
                assert!(matches!(error, JournalError::Unavailable { .. }), "{error}");
                assert!(error.to_string().contains("poison"), "{error}");
            }
        }
    }
    assert_eq!(journal.read(&order(11), Sequence::START, 9).await.unwrap(), []);
}

#[tokio::test]
async fn who_has_gone_before_it_was_begun_gets_nothing_written() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    let by_hand = Connection::open(&file).unwrap();
    by_hand.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The first one is being written as long as the lock is held, and the second one waits.
    let first = tokio::spawn({
        let journal = journal.clone();
        async move { journal.append(Append::to(&order(1)).event(event(1))).await }
    });
    tokio::task::yield_now().await;
    let mut second = Box::pin(journal.append(Append::to(&order(2)).event(event(2))));
    let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(second.as_mut().poll(cx)));
    assert!(polled.await.is_pending());
    drop(second);
    by_hand.execute_batch("COMMIT").unwrap();
    first.await.unwrap().unwrap();
    journal.append(Append::to(&order(3)).event(event(3))).await.unwrap();
    assert_eq!(numbers(&journal, &order(1)).await, [1]);
    // It went into no commit, or into the first one: whole or not at all.
    let second = numbers(&journal, &order(2)).await;
    assert!(second.is_empty() || second == [2], "{second:?}");
}

/// Cuts the log behind the last commit that was acknowledged, at every byte: what was acknowledged
/// is there, and what came after it whole or not at all.
#[tokio::test]
async fn a_log_that_breaks_off_anywhere_behind_the_last_answer_loses_nothing() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let wal = folder.file("orders.db-wal");
    // Small pages, so that there are some thousand bytes to cut at, and not some ten thousand.
    Connection::open(&file).unwrap().execute_batch("PRAGMA page_size = 512; VACUUM").unwrap();
    let journal = Journal::open(&file).unwrap();
    for number in 0..3 {
        journal.append(Append::to(&order(1)).event(event(number))).await.unwrap();
    }
    let acknowledged = fs::metadata(&wal).unwrap().len();
    let batch = [10, 11].map(|number| Append::to(&order(number)).event(event(number)));
    journal.append_all(batch).await.unwrap();
    let (database, log) = (fs::read(&file).unwrap(), fs::read(&wal).unwrap());
    let (first, last) = (usize::try_from(acknowledged).unwrap(), log.len());
    assert!(first < last, "the batch went into the log");

    let mut whole = 0;
    for length in first..=last {
        let (cut, cut_log) = (folder.file("cut.db"), folder.file("cut.db-wal"));
        fs::write(&cut, &database).unwrap();
        fs::write(&cut_log, &log[..length]).unwrap();
        // By hand, because it is some thousand times.
        let opened = Connection::open(&cut).unwrap();
        let count = |key: u32| -> u32 {
            opened
                .query_row(
                    "SELECT count(*) FROM journal_records r JOIN journal_heads s ON s.id = r.stream
                     WHERE s.key = ?1 AND s.sequence >= r.sequence",
                    [key.to_string()],
                    |row| row.get(0),
                )
                .unwrap()
        };
        assert_eq!(count(1), 3, "cut at {length}");
        assert_eq!(count(10), count(11), "cut at {length}: a batch is whole or not there");
        whole += count(10);
        drop(opened);
        for left in [cut, cut_log, folder.file("cut.db-shm")] {
            let _ = fs::remove_file(left);
        }
    }
    assert_eq!(whole, 1, "only the whole log has the batch");
}
