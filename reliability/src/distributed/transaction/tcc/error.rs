use alloc::string::String;
use core::error::Error;
use core::fmt;

use super::Decision;
use crate::error::Invalid;
use crate::journal::JournalError;

/// Why a transaction could not be carried on. What becomes of it is in the journal: whoever
/// recovers does what was decided, and cancels what was not.
///
/// # Examples
///
/// See [`Coordinator::begin`](super::Coordinator::begin).
#[derive(Debug)]
#[non_exhaustive]
pub enum TccError {
    /// There is, or was, a transaction of that id.
    Begun {
        /// The id.
        id: String,
    },
    /// It is decided already: it has expired, or another process has taken it over.
    Over {
        /// The id.
        id: String,
        /// How it ends, where that is known here.
        decision: Option<Decision>,
    },
    /// What was handed over makes no sense; the transaction was cancelled.
    Invalid(Invalid),
    /// The journal does not answer, or cannot.
    Journal(JournalError),
}

impl fmt::Display for TccError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begun { id } => write!(
                f,
                "expected a new id, but there is a transaction `{id}`; give each its own, such as \
                 that of the order"
            ),
            Self::Over { id, decision: Some(decision) } => {
                write!(f, "`{id}` is decided: {decision}; it may have expired, begin another one")
            }
            Self::Over { id, decision: None } => write!(
                f,
                "`{id}` was taken over by another process, which ends it; begin another one if it \
                 was cancelled"
            ),
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl Error for TccError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(invalid) => Some(invalid),
            Self::Journal(error) => Some(error),
            Self::Begun { .. } | Self::Over { .. } => None,
        }
    }
}

impl From<Invalid> for TccError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<JournalError> for TccError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// Why a participant is not reserved. The transaction is cancelled by then, or will be.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug)]
#[non_exhaustive]
pub enum ReserveError<R> {
    /// The participant has said no.
    Refused(R),
    /// The transaction cannot go on.
    Failed(TccError),
}

impl<R: fmt::Display> fmt::Display for ReserveError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => write!(f, "refused: {refused}"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<R: fmt::Display + fmt::Debug> Error for ReserveError<R> {}

impl<R, E: Into<TccError>> From<E> for ReserveError<R> {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
