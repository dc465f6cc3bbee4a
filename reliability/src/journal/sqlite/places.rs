//! Where streams stand, one by one and together, as the thread that writes has left them.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::write::Place;
use crate::journal::StreamId;

/// The one row about all streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    /// The last one that was given.
    pub(super) epoch: i64,
    /// The last one that was given. One that was removed is not given again: SQLite keeps it, also
    /// where a person adds records by hand.
    pub(super) position: i64,
    /// No stream that is due, now or some day, is held since later: when it is to come, the clock
    /// was set back.
    pub(super) held_since: i64,
    pub(super) sealed: bool,
}

/// The places of the streams that were written to last, so that they need not be looked up again.
///
/// True as long as nobody else writes to the file: SQLite says when somebody has, and then all of
/// them are looked up anew.
#[derive(Debug, Default)]
pub(super) struct Places {
    known: HashMap<StreamId, Place>,
    pub(super) totals: Option<Totals>,
    /// What SQLite calls the state that others have left the file in.
    version: Option<i64>,
}

impl Places {
    const MOST: usize = 8_192;

    /// Forgets all of them if somebody else has written since.
    pub(super) fn of(mut self, version: i64) -> Self {
        if self.version.replace(version) != Some(version) {
            self.forget_streams();
            self.totals = None;
        }
        self
    }

    pub(super) fn get(&self, stream: &StreamId) -> Option<Place> {
        self.known.get(stream).copied()
    }

    pub(super) fn keep(&mut self, stream: &StreamId, place: Place) {
        if let Some(known) = self.known.get_mut(stream) {
            *known = place;
            return;
        }
        if self.known.len() >= Self::MOST {
            self.known.clear();
        }
        self.known.insert(stream.clone(), place);
    }

    pub(super) fn forget(&mut self, stream: &StreamId) {
        self.known.remove(stream);
    }

    pub(super) fn forget_streams(&mut self) {
        self.known.clear();
    }
}

impl Totals {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        // A person may have added records with the `sqlite3` tool, behind the last one of ours, or
        // have given them other positions.
        let mut select = connection.prepare_cached(
            "SELECT epoch, max((SELECT coalesce(max(position), 0) FROM journal_records),
                               (SELECT coalesce(max(seq), 0) FROM sqlite_sequence
                                WHERE name = 'journal_records')),
                    held_since, sealed FROM journal_claims",
        )?;
        select.query_row([], |row| {
            let (epoch, position) = (row.get(0)?, row.get(1)?);
            Ok(Self { epoch, position, held_since: row.get(2)?, sealed: row.get(3)? })
        })
    }

    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let Self { epoch, held_since, sealed, .. } = self;
        connection
            .prepare_cached("UPDATE journal_claims SET epoch = ?1, held_since = ?2, sealed = ?3")?
            .execute(params![epoch, held_since, sealed])?;
        Ok(())
    }

    /// Whether the row is the same.
    pub(super) fn says_the_same(self, other: Self) -> bool {
        Self { position: other.position, ..self } == other
    }
}
