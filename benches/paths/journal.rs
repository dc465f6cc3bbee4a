//! What it costs to write something down for good: a record of 200 bytes, alone and as one of 64 that
//! come at the same time, beside what the store itself allows when it is driven by hand.
//!
//! Figures are for one record. Those by hand keep the payload and a number, and nothing else: no
//! stream, no condition, no work that is due.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, measurement::WallTime};
use redb::{Database, TableDefinition};
use reliability::journal::{Append, Event, Journal, Sequence, StreamId};
use rusqlite::Connection;
use tokio::runtime::Runtime;

const PAYLOAD: [u8; 200] = [7; 200];
const CLIENTS: u64 = 64;

pub(super) fn paths(criterion: &mut Criterion) {
    let folder = Folder::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.expect("a runtime");
    for (name, clients) in [("journal_alone", 1), ("journal_together", CLIENTS)] {
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat).sample_size(20);
        let connection = by_hand_in_sqlite(&folder.file(name, "by_hand.db"));
        path(&mut group, "floor_sqlite", clients, |rounds| {
            timed(rounds, || write_to_sqlite(&connection, clients))
        });
        let journal = Journal::open(folder.file(name, "ours.db")).expect("a file");
        path(&mut group, "ours_sqlite", clients, |rounds| {
            appended(&runtime, &journal, clients, rounds)
        });
        let database = Database::create(folder.file(name, "by_hand.redb")).expect("a file");
        path(&mut group, "floor_redb", clients, |rounds| {
            timed(rounds, || write_to_redb(&database, clients))
        });
        let journal = Journal::open_redb(folder.file(name, "ours.redb")).expect("a file");
        path(&mut group, "ours_redb", clients, |rounds| {
            appended(&runtime, &journal, clients, rounds)
        });
        let journal = Journal::in_memory();
        path(&mut group, "ours_memory", clients, |rounds| {
            appended(&runtime, &journal, clients, rounds)
        });
        group.finish();
    }
}

/// Measures rounds of as many records as there are clients, for one record.
fn path(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    clients: u64,
    mut rounds: impl FnMut(u64) -> Duration,
) {
    group.bench_function(BenchmarkId::new(name, 1), |bencher| {
        bencher.iter_custom(|records| {
            let wanted = records.div_ceil(clients);
            rounds(wanted).mul_f64(records as f64 / (wanted * clients) as f64)
        });
    });
}

fn timed(rounds: u64, mut round: impl FnMut()) -> Duration {
    let start = Instant::now();
    (0..rounds).for_each(|_| round());
    start.elapsed()
}

/// Every client appends to a stream of its own, each record after the one before.
fn appended(runtime: &Runtime, journal: &Journal, clients: u64, rounds: u64) -> Duration {
    let start = Instant::now();
    let running: Vec<_> = (0..clients)
        .map(|client| {
            let journal = journal.clone();
            runtime.spawn(async move {
                let stream = StreamId::new("bench", &client.to_string()).expect("a name");
                let head = journal.head(&stream).await.expect("a head");
                let mut last = head.map_or(Sequence::START, |head| head.sequence);
                for _ in 0..rounds {
                    let append = Append::to(&stream).after(last);
                    let append = append.event(Event::bytes("Written", 1, PAYLOAD));
                    last = journal.append(append).await.expect("a place").sequence;
                }
            })
        })
        .collect();
    for client in running {
        runtime.block_on(client).expect("a client that ends");
    }
    start.elapsed()
}

fn by_hand_in_sqlite(file: &Path) -> Connection {
    let connection = Connection::open(file).expect("a file");
    connection.pragma_update(None, "journal_mode", "WAL").expect("a log");
    connection.pragma_update(None, "synchronous", "FULL").expect("a disk");
    let table = "CREATE TABLE records (id INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB)";
    connection.execute_batch(table).expect("a table");
    connection
}

fn write_to_sqlite(connection: &Connection, records: u64) {
    connection.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    for _ in 0..records {
        let insert = connection.prepare_cached("INSERT INTO records (payload) VALUES (?1)");
        insert.expect("a statement").execute([PAYLOAD.as_slice()]).expect("a row");
    }
    connection.execute_batch("COMMIT").expect("a commit");
}

fn write_to_redb(database: &Database, records: u64) {
    use redb::ReadableTable;

    let table = TableDefinition::<u64, &[u8]>::new("records");
    let writing = database.begin_write().expect("a transaction");
    {
        let mut table = writing.open_table(table).expect("a table");
        let last = table.last().expect("a tree").map_or(0, |(last, _)| last.value());
        for number in 1..=records {
            table.insert(last + number, PAYLOAD.as_slice()).expect("a row");
        }
    }
    writing.commit().expect("a commit");
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("bench-journal-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, group: &str, name: &str) -> PathBuf {
        self.0.join(format!("{group}_{name}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
