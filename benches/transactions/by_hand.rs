//! What SQLite does when it is driven by hand: one insert for each record, into one table.

use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

/// About what a record of `Five` takes.
pub(crate) const PAYLOAD: [u8; 20] = [7; 20];

/// As many as the journal takes into a commit.
const MOST: usize = 512;

pub(crate) fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    let table = "CREATE TABLE records (id INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB)";
    connection.execute_batch(table).unwrap();
    connection
}

/// So many records in one commit.
pub(crate) fn write(connection: &Connection, records: u64) {
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..records {
        let insert = connection.prepare_cached("INSERT INTO records (payload) VALUES (?1)");
        insert.unwrap().execute([PAYLOAD.as_slice()]).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

/// Group commit and nothing else: whoever writes waits until his record is on the disk, and all who
/// have come meanwhile go into the next commit together.
pub(crate) struct GroupByHand(Sender<oneshot::Sender<()>>);

impl GroupByHand {
    /// Its thread ends when nobody can write any more.
    pub(crate) fn on(connection: Connection) -> Self {
        let (calls, called) = channel::<oneshot::Sender<()>>();
        thread::spawn(move || {
            while let Ok(first) = called.recv() {
                let mut group = vec![first];
                group.extend(called.try_iter().take(MOST - 1));
                write(&connection, group.len() as u64);
                for waiting in group {
                    waiting.send(()).unwrap();
                }
            }
        });
        Self(calls)
    }

    pub(crate) async fn write(&self) {
        let (written, waiting) = oneshot::channel();
        self.0.send(written).unwrap();
        waiting.await.unwrap();
    }
}
