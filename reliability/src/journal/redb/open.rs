//! Opening a file, and telling whether it is one of ours.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageError, TableHandle};

use super::error::{damaged, failed, no_table, not_begun, not_committed, unusable};
use super::tables::{CLAIMABLE, HELD, NAMES, NUMBERS, PLACES, RECORDS, STREAMS, VERSION};
use crate::journal::JournalError;

/// The version of the tables.
const SCHEMA: u64 = 1;

const OPENING: &str = "opening the journal";

pub(super) fn open(path: &Path, cache_bytes: usize) -> Result<Database, JournalError> {
    let is_new = !path.exists();
    begin_anew_what_was_never_begun(path).map_err(|error| refused(path, error.into()))?;
    let open = || Builder::new().set_cache_size(cache_bytes).create(path);
    // It panics at what cannot be in a file that it has written.
    let opened = catch_unwind(AssertUnwindSafe(open));
    let opened = opened.map_err(|_| damaged(OPENING, "it makes no sense"))?;
    let database = opened.map_err(|error| refused(path, error))?;
    if identify(&database, path)? < SCHEMA {
        create(&database)?;
    }
    if is_new {
        // The file is on the disk; that its folder has it must be, too.
        keep_in_folder(path)
            .map_err(|source| JournalError::Unavailable { what: OPENING, source: source.into() })?;
    }
    Ok(database)
}

/// redb writes nine bytes at the beginning as the last thing when it makes a file, and refuses a
/// file without them. Who died before that has left one in which there is nothing yet.
fn begin_anew_what_was_never_begun(path: &Path) -> io::Result<()> {
    const HEADER: usize = 512;
    const LARGEST: u64 = 16 << 20;
    let Ok(length) = path.metadata().map(|it| it.len()) else { return Ok(()) };
    if length == 0 || length > LARGEST {
        return Ok(());
    }
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    // Somebody may be making it right now.
    if file.try_lock().is_err() {
        return Ok(());
    }
    let mut bytes = alloc::vec::Vec::new();
    file.read_to_end(&mut bytes)?;
    let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let rest = bytes.get(HEADER..).unwrap_or_default();
    match bytes.len() > HEADER && is_zero(&bytes[..9]) && is_zero(rest) {
        true => file.set_len(0),
        false => Ok(()),
    }
}

fn keep_in_folder(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn refused(path: &Path, error: DatabaseError) -> JournalError {
    let path = path.display();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            let told = alloc::format!(
                "{path} is open already, here or in another process, and redb lets in one at a \
                 time; share the `Journal`, or take a store that several processes can share"
            );
            JournalError::Unavailable { what: OPENING, source: told.into() }
        }
        DatabaseError::Storage(StorageError::Io(error))
            if error.kind() == ErrorKind::InvalidData =>
        {
            unusable(alloc::format!(
                "{path} is no redb database: give the journal a file of its own"
            ))
        }
        DatabaseError::UpgradeRequired(version) => unusable(alloc::format!(
            "{path} is written by an older redb, in format {version}: bring it up with that one, \
             or give the journal a file of its own"
        )),
        DatabaseError::Storage(error) => failed(OPENING, error),
        error => {
            let source = alloc::string::ToString::to_string(&error).into();
            JournalError::Unavailable { what: OPENING, source }
        }
    }
}

/// The version of the tables in the file: 0 if there are none at all.
fn identify(database: &Database, path: &Path) -> Result<u64, JournalError> {
    let path = path.display();
    let reading = database.begin_read().map_err(|error| not_begun(OPENING, error))?;
    let mut tables = reading.list_tables().map_err(|error| failed(OPENING, error))?;
    let mut others = reading.list_multimap_tables().map_err(|error| failed(OPENING, error))?;
    if !tables.any(|table| table.name() == NUMBERS.name()) {
        let tables = reading.list_tables().map_err(|error| failed(OPENING, error))?;
        return match tables.count() == 0 && others.next().is_none() {
            true => Ok(0),
            false => Err(unusable(alloc::format!(
                "{path} is a database of another program: give the journal a file of its own"
            ))),
        };
    }
    let numbers = reading.open_table(NUMBERS).map_err(|error| no_table(OPENING, error))?;
    let version = numbers.get(VERSION).map_err(|error| failed(OPENING, error))?;
    match version.map(|version| version.value()) {
        Some(SCHEMA) => Ok(SCHEMA),
        Some(newer) => Err(unusable(alloc::format!(
            "{path} has tables of version {newer}, and this program knows version {SCHEMA}: \
             run the program that wrote it, or a newer one"
        ))),
        None => Err(damaged(OPENING, "it does not say its version")),
    }
}

fn create(database: &Database) -> Result<(), JournalError> {
    let making = database.begin_write().map_err(|error| not_begun(OPENING, error))?;
    let missing = |error| no_table(OPENING, error);
    making.open_table(NAMES).map_err(missing)?;
    making.open_table(STREAMS).map_err(missing)?;
    making.open_table(RECORDS).map_err(missing)?;
    making.open_table(PLACES).map_err(missing)?;
    making.open_table(CLAIMABLE).map_err(missing)?;
    making.open_table(HELD).map_err(missing)?;
    let mut numbers = making.open_table(NUMBERS).map_err(missing)?;
    numbers.insert(VERSION, SCHEMA).map_err(|error| failed(OPENING, error))?;
    drop(numbers);
    making.commit().map_err(|error| not_committed(error).unwrap_or_else(|error| error))
}
