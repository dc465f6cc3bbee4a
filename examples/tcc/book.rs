//! What the airline and the hotel keep, each in a SQLite file of its own, behind a barrier.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use reliability::distributed::transaction::tcc::Transient;
use reliability::distributed::transaction::tcc::barrier::{Key, Phase, SqliteBarrier, Verdict};
use reliability_examples::process;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

#[derive(Debug)]
pub(crate) struct Book {
    database: Mutex<Connection>,
    /// When so much of that was done, the process dies right behind the commit.
    dies: Option<(Phase, u32)>,
}

impl Book {
    /// The book of that name, with so many places for guests.
    pub(crate) fn open(
        folder: &Path,
        name: &str,
        places: u32,
        dies: Option<(Phase, u32)>,
    ) -> rusqlite::Result<Self> {
        let database = Connection::open(folder.join(name).with_extension("db"))?;
        SqliteBarrier::make_table(&database)?;
        database.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS places (one INTEGER PRIMARY KEY, free INTEGER);
             INSERT OR IGNORE INTO places VALUES (1, {places});
             CREATE TABLE IF NOT EXISTS booking (trip TEXT, guests INTEGER, state TEXT);
             CREATE TABLE IF NOT EXISTS asked (trip TEXT, phase TEXT, verdict TEXT);"
        ))?;
        Ok(Self { database: Mutex::new(database), dies })
    }

    /// Does what it is asked for, if it is not too late and not the second time; `false` is a no.
    pub(crate) fn ask(&self, key: &Key, phase: Phase, guests: u32) -> rusqlite::Result<bool> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let own = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let verdict = SqliteBarrier::enter(&own, key, phase)?;
        if verdict.runs() && !change(&own, &key.transaction, phase, guests)? {
            // It rolls back, the barrier's note as well: nothing was tried.
            return Ok(false);
        }
        let word = match verdict {
            Verdict::Run => "done",
            Verdict::Repeated => "repeated",
            Verdict::Empty => "empty",
            _ => "refused",
        };
        let asked = [key.transaction.as_str(), phase.as_str(), word];
        own.execute("INSERT INTO asked VALUES (?1, ?2, ?3)", asked)?;
        let done = "SELECT count(*) FROM asked WHERE phase = ?1 AND verdict = 'done'";
        let done: u32 = own.query_row(done, [phase.as_str()], |row| row.get(0))?;
        own.commit()?;
        if verdict.runs() && self.dies == Some((phase, done)) {
            process::die();
        }
        Ok(verdict.is_fine())
    }

    /// The same for what must not be refused.
    pub(crate) fn told(&self, key: &Key, phase: Phase, guests: u32) -> Result<(), Transient> {
        match self.ask(key, phase, guests)? {
            true => Ok(()),
            false => Err(Transient::new(format!("{key} cannot {phase} any more"))),
        }
    }
}

fn change(own: &Transaction<'_>, trip: &str, phase: Phase, guests: u32) -> rusqlite::Result<bool> {
    let state = |state| own.execute("UPDATE booking SET state = ?2 WHERE trip = ?1", [trip, state]);
    match phase {
        Phase::Try => {
            let hold = "UPDATE places SET free = free - ?1 WHERE free >= ?1";
            if own.execute(hold, [guests])? == 0 {
                return Ok(false);
            }
            own.execute("INSERT INTO booking VALUES (?1, ?2, 'held')", params![trip, guests])?;
        }
        Phase::Confirm => drop(state("sold")?),
        Phase::Cancel => {
            state("freed")?;
            own.execute("UPDATE places SET free = free + ?1", [guests])?;
        }
    }
    Ok(true)
}
