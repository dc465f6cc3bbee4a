use alloc::string::String;
use core::error::Error;
use core::fmt;

use super::Decision;
use crate::error::{Class, Fault, Invalid};
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

impl Fault for TccError {
    fn class(&self) -> Class {
        match self {
            Self::Begun { .. } | Self::Over { .. } | Self::Invalid(_) => Class::Permanent,
            Self::Journal(error) => error.class(),
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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
/// ```
/// use reliability::distributed::transaction::tcc::ReserveError;
/// use reliability::error::{Class, Fault};
///
/// let refused = ReserveError::Refused("no seat is left");
/// assert_eq!(refused.to_string(), "refused: no seat is left");
/// assert_eq!(refused.class(), Class::Permanent);
/// ```
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

impl<R: fmt::Display + fmt::Debug> Error for ReserveError<R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Failed(error) => Some(error),
        }
    }
}

impl<R: fmt::Display> Fault for ReserveError<R> {
    fn class(&self) -> Class {
        match self {
            // Asked again, it says the same; and a transaction of which a write has failed goes no
            // further, whatever that write has met with: begin another one.
            Self::Refused(_) | Self::Failed(_) => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<R, E: Into<TccError>> From<E> for ReserveError<R> {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn away() -> TccError {
        let source = "no such disk".into();
        TccError::Journal(JournalError::Unavailable { what: "asking the disk", source })
    }

    #[test]
    fn only_a_journal_that_is_away_is_worth_another_try() {
        let id = || String::from("order-17");
        let table = [
            (TccError::Begun { id: id() }, Class::Permanent),
            (TccError::Over { id: id(), decision: None }, Class::Permanent),
            (Invalid::new("tcc", "id", "some text", "none").into(), Class::Permanent),
            (JournalError::Closed.into(), Class::Permanent),
            (away(), Class::Transient),
        ];
        for (error, class) in table {
            assert_eq!(error.class(), class, "{error}");
            assert_eq!(ReserveError::<String>::Failed(error).class(), Class::Permanent);
        }
        assert_eq!(ReserveError::Refused("sold out").class(), Class::Permanent);
    }

    #[test]
    fn what_keeps_a_participant_from_being_reserved_leads_to_what_the_disk_has_said() {
        let failed = ReserveError::<String>::Failed(away());
        let mut why = failed.source();
        let mut told = alloc::vec::Vec::new();
        while let Some(error) = why {
            told.push(error.to_string());
            why = error.source();
        }
        let whole = "asking the disk failed, and nothing was written: no such disk";
        assert_eq!(told, [whole, whole, "no such disk"]);
        assert!(ReserveError::Refused("sold out").source().is_none());
    }
}
