//! What takes part: a shelf in a SQLite file of its own.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use reliability::distributed::transaction::three_phase::Member;
use reliability::distributed::transaction::two_phase::{
    Answer, Resource, TransactionId, Unreachable,
};
use reliability::distributed::transaction::{Decision, Followed, Vote};
use rusqlite::{Connection, OptionalExtension};

pub(crate) struct Shelf {
    name: String,
    database: Mutex<Connection>,
}

impl Shelf {
    pub(crate) fn open(folder: &Path, name: &str) -> rusqlite::Result<Self> {
        let database = Connection::open(folder.join(name).with_extension("db"))?;
        let table =
            "CREATE TABLE IF NOT EXISTS part (name TEXT PRIMARY KEY, work TEXT, state TEXT)";
        database.execute_batch(table)?;
        Ok(Self { name: name.to_owned(), database: Mutex::new(database) })
    }

    /// What has become of its part in a transaction: `promised`, `commit` or `abort`.
    pub(crate) fn state(&self, transaction: &str) -> rusqlite::Result<Option<String>> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let state = "SELECT state FROM part WHERE name = ?1";
        database.query_row(state, [transaction], |row| row.get(0)).optional()
    }

    /// What is over stays as it is.
    fn write(&self, transaction: &str, work: &str, state: &str) -> rusqlite::Result<()> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let write = "INSERT INTO part VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET state = ?3 WHERE state = 'promised'";
        database.execute(write, [transaction, work, state]).map(drop)
    }

    fn follow(&self, transaction: &TransactionId, told: Decision) -> Answer<'_, Followed> {
        let id = transaction.to_string();
        let followed = self.write(&id, "", told.as_str()).and_then(|()| self.state(&id));
        Box::pin(async move {
            match followed {
                Ok(Some(state)) if state == told.as_str() => Ok(Followed::AsTold),
                Ok(_) => Ok(Followed::Against),
                Err(error) => Err(Unreachable::new(&self.name, error)),
            }
        })
    }
}

impl Resource for Shelf {
    fn name(&self) -> &str {
        &self.name
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.follow(transaction, Decision::Commit)
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.follow(transaction, Decision::Abort)
    }
}

impl Member for Shelf {
    fn prepare(&self, transaction: &TransactionId, work: &str) -> Answer<'_, Vote> {
        let promised = self.write(&transaction.to_string(), work, "promised");
        Box::pin(async move {
            promised.map(|()| Vote::Yes).map_err(|error| Unreachable::new(&self.name, error))
        })
    }
}
