//! The transactions of the thread that writes.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use rusqlite::Connection;

use super::error::unavailable;
use super::places::Places;
use super::write::Writing;
use crate::journal::group::{self, Engine, Failed, Work};
use crate::journal::{Adopted, Append, Appended, Claim, JournalError, Lease, Removal};
use crate::time::WallClock;

/// What belongs to the thread that writes.
pub(super) struct Writer {
    connection: Connection,
    places: Places,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, places: Places::default() }
    }
}

impl Engine for Writer {
    fn transact(&mut self, clock: &WallClock, work: Work<'_>) -> Result<(), Failed> {
        let connection = &self.connection;
        // Waits for other processes that write. All who are in the group have waited then.
        connection.execute_batch("BEGIN IMMEDIATE").map_err(|it| Failed::ToBegin(failed(it)))?;
        let begun = Begun(connection);
        let version = version(connection).map_err(|it| Failed::Before(failed(it)))?;
        // They are gone with what is not committed.
        let places = core::mem::take(&mut self.places).of(version);
        let mut writing = Writing::new(connection, places, clock.now())
            .map_err(|it| Failed::Before(failed(it)))?;
        work(&mut writing).map_err(Failed::Before)?;
        let places = writing.finish().map_err(|it| Failed::Before(failed(it)))?;
        let written = connection.execute_batch("COMMIT");
        drop(begun);
        written.map_err(|error| {
            Failed::While(JournalError::Unknown { source: error.to_string().into() })
        })?;
        self.places = places;
        Ok(())
    }
}

/// Another one when another connection has committed, and never because of this one.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

/// Takes back what was not committed, also when the work panics.
struct Begun<'c>(&'c Connection);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        // Some errors have rolled back already.
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

impl group::Writing for Writing<'_> {
    fn append(&mut self, batch: &[Append]) -> group::Outcome<Vec<Appended>> {
        Self::append(self, batch).map_err(failed)
    }

    fn claim(&mut self, claim: &Claim) -> group::Outcome<Vec<Lease>> {
        Self::claim(self, claim).map_err(failed)
    }

    fn renew(&mut self, leases: &[Lease], length: Duration) -> group::Outcome<Vec<bool>> {
        Self::renew(self, leases, length).map(Ok).map_err(failed)
    }

    fn remove(&mut self, removal: &Removal) -> group::Outcome<()> {
        Self::remove(self, removal).map_err(failed)
    }

    fn is_sealed(&mut self) -> Result<bool, JournalError> {
        Ok(self.totals.get().sealed)
    }

    fn seal(&mut self, sealed: bool) -> group::Outcome<()> {
        Self::seal_all(self, sealed).map_err(failed)
    }

    fn adopt(&mut self, adopted: &Adopted) -> group::Outcome<()> {
        Self::adopt_all(self, adopted).map_err(failed)
    }
}

fn failed(error: rusqlite::Error) -> JournalError {
    unavailable("writing to the journal", &error)
}

#[cfg(all(test, not(reliability_loom)))]
#[allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]
mod tests {
    use core::cell::Cell;

    use tokio::sync::oneshot;

    use super::super::open;
    use super::*;
    use crate::journal::StreamId;
    use crate::journal::group::{Call, Write, write};

    std::thread_local! {
        static WAITED: Cell<u32> = const { Cell::new(0) };
    }

    /// A group of hundreds would stand still for an hour, when each of them waited by itself.
    #[test]
    fn a_group_waits_once_for_another_process_and_not_each_of_it() {
        let file = std::format!("journal-writer-{}.db", std::process::id());
        let file = std::env::temp_dir().join(file);
        let mut connection = open::to_write(&file, Duration::ZERO).unwrap();
        let gives_up = |_: i32| {
            WAITED.set(WAITED.get() + 1);
            false
        };
        connection.busy_handler(Some(gives_up)).unwrap();
        let by_hand = Connection::open(&file).unwrap();
        by_hand.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (mut group, mut answers) = (Vec::new(), Vec::new());
        for key in ["1", "2", "3"] {
            let (answer, answered) = oneshot::channel();
            let append = Append::to(&StreamId::new("order", key).unwrap());
            group.push(Write::Append(Call::new(alloc::vec![append], answer, None)));
            answers.push(answered);
        }
        let mut writer = Writer::new(connection);
        assert!(!write(&mut writer, &mut group, &WallClock::system()));
        for mut answered in answers {
            let refused = answered.try_recv().unwrap().unwrap_err();
            assert!(matches!(refused, JournalError::Unavailable { .. }), "{refused}");
        }
        assert_eq!(WAITED.get(), 1);
        drop((writer, by_hand));
        for end in ["", "-wal", "-shm"] {
            let mut path = file.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}
