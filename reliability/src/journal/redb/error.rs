use alloc::string::{String, ToString};
use std::io::ErrorKind;

use redb::{CommitError, StorageError, TableError, TransactionError};

use crate::journal::JournalError;

/// The error of something that has written nothing.
pub(super) fn failed(what: &'static str, error: StorageError) -> JournalError {
    match error {
        // Another try would find the same.
        StorageError::Corrupted(_) => damaged(what, &error.to_string()),
        StorageError::PreviousIo | StorageError::DatabaseClosed | StorageError::LockPoisoned(_) => {
            unusable(alloc::format!(
                "{what} is not possible any more since the disk has failed or the store has \
                 panicked ({error}): open the journal again, which mends the file"
            ))
        }
        StorageError::Io(error) if error.kind() == ErrorKind::InvalidData => {
            damaged(what, &error.to_string())
        }
        StorageError::Io(error) => JournalError::Unavailable { what, source: error.into() },
        error => JournalError::Unavailable { what, source: error.to_string().into() },
    }
}

pub(super) fn not_begun(what: &'static str, error: TransactionError) -> JournalError {
    match error {
        TransactionError::Storage(error) => failed(what, error),
        error => JournalError::Unavailable { what, source: error.to_string().into() },
    }
}

pub(super) fn no_table(what: &'static str, error: TableError) -> JournalError {
    match error {
        TableError::Storage(error) => failed(what, error),
        error => damaged(what, &error.to_string()),
    }
}

/// `Err` where nothing was written, and `Ok` with what to say where nobody knows.
pub(super) fn not_committed(error: CommitError) -> Result<JournalError, JournalError> {
    match error {
        CommitError::TransactionPoisoned => {
            let source = "a step of it has failed half way".into();
            Err(JournalError::Unavailable { what: "writing to the journal", source })
        }
        error => Ok(JournalError::Unknown { source: error.to_string().into() }),
    }
}

pub(super) fn damaged(what: &'static str, error: &str) -> JournalError {
    unusable(alloc::format!(
        "{what} found the file damaged ({error}): stop, keep the file, and go on with a backup"
    ))
}

pub(super) fn unusable(what: String) -> JournalError {
    JournalError::Unusable { what }
}
