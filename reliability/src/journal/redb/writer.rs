//! The transactions of the thread that writes.

use alloc::sync::Arc;

use redb::{Database, Durability};

use super::error::{failed, no_table, not_begun, not_committed};
use super::write::Tables;
use crate::journal::JournalError;
use crate::journal::group::{Engine, Failed, Work};
use crate::time::WallClock;

const WRITING: &str = "writing to the journal";

/// The database, and how it commits.
pub(super) struct Writer {
    pub(super) database: Arc<Database>,
    pub(super) quick_recovery: bool,
}

impl Engine for Writer {
    fn transact(&mut self, clock: &WallClock, work: Work<'_>) -> Result<(), Failed> {
        let begun = self.database.begin_write();
        let mut begun = begun.map_err(|error| Failed::ToBegin(not_begun(WRITING, error)))?;
        // The default, and what everything else is worth nothing without.
        begun.set_durability(Durability::Immediate).map_err(|error| {
            let source = alloc::string::ToString::to_string(&error).into();
            Failed::ToBegin(JournalError::Unavailable { what: WRITING, source })
        })?;
        begun.set_quick_repair(self.quick_recovery);
        let tables = Tables::open(&begun, clock.now());
        let mut tables = tables.map_err(|error| Failed::ToBegin(no_table(WRITING, error)))?;
        work(&mut tables).map_err(Failed::Before)?;
        match tables.close().map_err(|error| Failed::Before(failed(WRITING, error)))? {
            true => begun.commit().map_err(|error| match not_committed(error) {
                Ok(unknown) => Failed::While(unknown),
                Err(nothing) => Failed::Before(nothing),
            }),
            // A claim that finds nothing, or an append that is refused, costs no disk.
            false => begun.abort().map_err(|error| Failed::Before(failed(WRITING, error))),
        }
    }
}
