use alloc::string::String;
use core::error::Error;
use core::fmt;

use super::{TransactionId, Unreachable};
use crate::error::{Class, Fault, Invalid};
use crate::journal::JournalError;

/// Why a transaction did not commit, or why nobody knows yet whether it does.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::two_phase::{TransactionId, TwoPhaseError};
/// use reliability::error::{Class, Fault};
///
/// let transaction = TransactionId::new("transfer-4711")?;
/// let refused = TwoPhaseError::Refused { transaction, by: "stock".into() };
/// assert_eq!(refused.to_string(), "`transfer-4711` is aborted: `stock` has refused its part");
/// assert_eq!(refused.class(), Class::Permanent);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TwoPhaseError {
    /// A participant has said no. Nothing happens anywhere.
    Refused {
        /// Which transaction.
        transaction: TransactionId,
        /// Who has refused.
        by: String,
    },
    /// A participant did not answer in time. Nothing happens anywhere.
    NoVote {
        /// Which transaction.
        transaction: TransactionId,
        /// Who did not answer.
        source: Unreachable,
    },
    /// Somebody who recovers has taken this coordinator for dead, and has aborted. Nothing happens
    /// anywhere.
    TakenOver {
        /// Which transaction.
        transaction: TransactionId,
    },
    /// There was a transaction of this name already, and it has committed.
    NotNew {
        /// Which transaction.
        transaction: TransactionId,
    },
    /// The log does not answer, so whether the decision is in it is not known. Do neither take it
    /// for done nor do it again: recovery finds out, and tells everybody.
    Undecided {
        /// Which transaction.
        transaction: TransactionId,
        /// What the log says.
        source: JournalError,
    },
    /// A participant does not do what an operator wants: it or its journal does not answer.
    Unreachable(Unreachable),
    /// The journal cannot be read.
    Journal(JournalError),
    /// An argument that makes no sense.
    Invalid(Invalid),
}

impl fmt::Display for TwoPhaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { transaction, by } => {
                write!(f, "`{transaction}` is aborted: `{by}` has refused its part")
            }
            Self::NoVote { transaction, source } => {
                write!(f, "`{transaction}` is aborted: {source}")
            }
            Self::TakenOver { transaction } => write!(
                f,
                "`{transaction}` is aborted: it took so long that recovery has taken its \
                 coordinator for dead; give recovery a longer `grace`"
            ),
            Self::NotNew { transaction } => write!(
                f,
                "`{transaction}` has been committed before; take a name that no transaction has had"
            ),
            Self::Undecided { transaction, source } => write!(
                f,
                "whether `{transaction}` commits is not known yet ({source}); recovery finds out"
            ),
            Self::Unreachable(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl Error for TwoPhaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoVote { source, .. } | Self::Unreachable(source) => Some(source),
            Self::Undecided { source, .. } | Self::Journal(source) => Some(source),
            Self::Invalid(invalid) => Some(invalid),
            Self::Refused { .. } | Self::TakenOver { .. } | Self::NotNew { .. } => None,
        }
    }
}

impl Fault for TwoPhaseError {
    fn class(&self) -> Class {
        match self {
            // Nothing has happened, so it may be tried again: as another transaction, or as the same
            // word of an operator.
            Self::NoVote { .. } | Self::TakenOver { .. } | Self::Unreachable(_) => Class::Transient,
            Self::Journal(error) => error.class(),
            // A second try could happen beside the first.
            Self::Undecided { .. }
            | Self::Refused { .. }
            | Self::NotNew { .. }
            | Self::Invalid(_) => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<JournalError> for TwoPhaseError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<Invalid> for TwoPhaseError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}
