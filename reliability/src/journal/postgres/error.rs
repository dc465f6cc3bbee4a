//! What the server's errors mean for who has asked.

use alloc::string::{String, ToString};

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::journal::JournalError;

/// How far a call came that failed.
#[derive(Debug)]
pub(super) enum Failed {
    /// It was not sent: the connection was gone.
    Gone,
    /// It was not sent: it could not be prepared.
    ToSend(Error),
    /// It was sent, and this came back.
    Sent(Error),
    /// It was sent, and no answer came in time.
    Late,
}

impl Failed {
    /// Whether the server has said no, and goes on: nothing of it has happened. An error that ends
    /// the session can also come after the commit.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Sent(error) | Self::ToSend(error) if !ends_session(error))
    }

    /// Whether the journal takes nothing any more, from nobody.
    pub(super) fn is_sealed(&self) -> bool {
        matches!(self, Self::Sent(error) if error.code().is_some_and(|it| it.code() == SEALED))
    }

    /// Whether the connection was gone before an answer came, or went with it.
    pub(super) fn is_lost(&self) -> bool {
        !self.is_refusal()
    }

    /// Whether the same call may be made at once: it was only in somebody's way, or not even sent.
    pub(super) fn is_passing(&self) -> bool {
        let collided = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
        match self {
            Self::Gone => true,
            Self::ToSend(error) => ends_session(error),
            Self::Sent(error) => error.code().is_some_and(|code| collided.contains(code)),
            Self::Late => false,
        }
    }

    /// What who wanted to read is told.
    pub(super) fn of_read(&self, what: &'static str) -> JournalError {
        match self {
            Self::ToSend(error) | Self::Sent(error) => untouched(what, error),
            Self::Gone => JournalError::Unavailable { what, source: GONE.into() },
            Self::Late => JournalError::Unavailable { what, source: LATE.into() },
        }
    }

    /// What who wanted to write is told.
    pub(super) fn of_write(&self, what: &'static str) -> JournalError {
        match self {
            Self::Sent(error) if ends_session(error) => {
                JournalError::Unknown { source: said(error).into() }
            }
            Self::Late => JournalError::Unknown { source: LATE.into() },
            Self::Gone | Self::ToSend(_) | Self::Sent(_) => self.of_read(what),
        }
    }
}

/// What `journal_open` says.
const SEALED: &str = "JS001";

const GONE: &str = "the connection was lost again and again";
const LATE: &str = "the server has not answered within the timeout";

fn ends_session(error: &Error) -> bool {
    match error.as_db_error() {
        Some(error) => !matches!(error.parsed_severity(), Some(Severity::Error)),
        None => true,
    }
}

/// The error of something that has written nothing.
pub(super) fn untouched(what: &'static str, error: &Error) -> JournalError {
    let Some(refused) = error.as_db_error() else {
        return match error.is_closed() || is_of_network(error) {
            true => JournalError::Unavailable { what, source: said(error).into() },
            false => unusable(alloc::format!("{what} failed: {}", said(error))),
        };
    };
    let code = refused.code().code();
    let advice = match code {
        SEALED => return JournalError::Sealed,
        "3D000" => "make the database first: `CREATE DATABASE`",
        "28000" | "28P01" => "look at the user, its password, and `pg_hba.conf`",
        "42501" => "let the user of the journal own its schema, or make the tables as their owner",
        "25006" => {
            "name the server that is written to, or all of them with \
                    `target_session_attrs=read-write`"
        }
        "XX001" | "XX002" => {
            "its files are damaged: stop, keep them, and go on with a backup or another server"
        }
        // No number is given twice.
        "2200H" => "the epochs or positions of this journal are used up: go on in a new one",
        _ if code.starts_with("42") => "its tables are not as a journal makes them: mend them",
        // Its numbers and texts are checked before, so no other try would be taken either.
        _ if code.starts_with("22") => "the server does not take such a value",
        _ => return JournalError::Unavailable { what, source: in_words(refused).into() },
    };
    unusable(alloc::format!("{what} failed: {}; {advice}", in_words(refused)))
}

pub(super) fn unusable(what: String) -> JournalError {
    JournalError::Unusable { what }
}

/// A row that no journal writes.
pub(super) fn unreadable(error: &Error) -> JournalError {
    JournalError::Unreadable {
        what: "the database has what no journal writes; mend it by hand".into(),
        source: Some(error.to_string().into()),
    }
}

fn is_of_network(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<std::io::Error>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn said(error: &Error) -> String {
    match error.as_db_error() {
        Some(refused) => in_words(refused),
        None => {
            let mut words = error.to_string();
            let source = std::error::Error::source(error).map(ToString::to_string);
            if let Some(source) = source.filter(|source| !words.contains(source.as_str())) {
                words.push_str(": ");
                words.push_str(&source);
            }
            words
        }
    }
}

fn in_words(error: &DbError) -> String {
    alloc::format!("the server says {} ({})", error.message(), error.code().code())
}
