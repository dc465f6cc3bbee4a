use alloc::string::{String, ToString};

use rusqlite::{Error, ErrorCode};

use crate::journal::JournalError;

/// What statements came to: what SQLite could not do is outside, what the journal refuses inside.
pub(super) type Outcome<T> = rusqlite::Result<Result<T, JournalError>>;

/// The error of something that has written nothing.
pub(super) fn unavailable(what: &'static str, error: &Error) -> JournalError {
    match error.sqlite_error_code() {
        // Another try would find the same.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => unusable(alloc::format!(
            "{what} found the file damaged ({error}): stop, keep the file and those beside it, \
             and go on with a backup or with what `sqlite3 FILE .recover` saves"
        )),
        Some(ErrorCode::DatabaseBusy) => JournalError::Unavailable {
            what,
            source: alloc::format!(
                "another process wrote for longer than the busy timeout ({error}); let it write \
                 less at a time, or set a longer `busy_timeout`"
            )
            .into(),
        },
        Some(_) => JournalError::Unavailable { what, source: error.to_string().into() },
        // SQLite found nothing wrong: somebody has written by hand what no journal writes.
        None => JournalError::Unreadable {
            what: alloc::format!("{what} found what no journal writes; mend it by hand"),
            source: Some(error.to_string().into()),
        },
    }
}

pub(super) fn unusable(what: String) -> JournalError {
    JournalError::Unusable { what }
}
