use alloc::string::String;

use crate::journal::JournalError;

/// What statements came to: what SQLite could not do is outside, what the journal refuses inside.
pub(super) type Outcome<T> = rusqlite::Result<Result<T, JournalError>>;

/// The error of something that has written nothing.
pub(super) fn unavailable(what: &'static str) -> impl Fn(rusqlite::Error) -> JournalError {
    move |source| JournalError::Unavailable { what, source: source.into() }
}

pub(super) fn unusable(what: String) -> JournalError {
    JournalError::Unusable { what }
}
