use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use crate::distributed::transaction::two_phase::TransactionId;
use crate::error::{Class, Fault, Invalid};
use crate::journal::JournalError;

/// Why a transaction did not commit, or why its coordinator does not know whether it did.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::three_phase::ThreePhaseError;
/// use reliability::distributed::transaction::two_phase::TransactionId;
/// use reliability::error::{Class, Fault};
///
/// let transaction = TransactionId::new("order-1")?;
/// let silent = ThreePhaseError::NoVote { transaction, of: vec!["stock".into()] };
/// assert_eq!(silent.to_string(), "`order-1` is aborted: no vote of `stock` came in time");
/// assert_eq!(silent.class(), Class::Transient);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ThreePhaseError {
    /// A participant has said no. Nothing happens anywhere.
    Refused {
        /// Which transaction.
        transaction: TransactionId,
        /// Who has refused.
        by: String,
    },
    /// Participants did not answer in time. Nothing happens anywhere.
    NoVote {
        /// Which transaction.
        transaction: TransactionId,
        /// Who did not answer.
        of: Vec<String>,
    },
    /// The coordinator took so long that the participants have gone on without it, and have aborted.
    /// Nothing happens anywhere.
    Late {
        /// Which transaction.
        transaction: TransactionId,
    },
    /// There is, or was, a transaction of this name.
    NotNew {
        /// Which transaction.
        transaction: TransactionId,
    },
    /// The participants end without this coordinator, and it could not find out how. Ask it
    /// [later](super::Coordinator::find_out).
    Undecided {
        /// Which transaction.
        transaction: TransactionId,
        /// What the log says, if that is the reason.
        source: Option<Box<JournalError>>,
    },
    /// The journal cannot be read.
    Journal(JournalError),
    /// An argument that makes no sense.
    Invalid(Invalid),
}

impl fmt::Display for ThreePhaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { transaction, by } => {
                write!(f, "`{transaction}` is aborted: `{by}` has refused its part")
            }
            Self::NoVote { transaction, of } => {
                let of = of.join("`, `");
                write!(f, "`{transaction}` is aborted: no vote of `{of}` came in time")
            }
            Self::Late { transaction } => write!(
                f,
                "`{transaction}` is aborted: its coordinator took longer than a round, so the \
                 participants have gone on without it"
            ),
            Self::NotNew { transaction } => write!(
                f,
                "there was a transaction `{transaction}` before; take a name that none has had"
            ),
            Self::Undecided { transaction, source } => {
                write!(f, "how `{transaction}` ends is not known here")?;
                source.as_ref().map_or(Ok(()), |source| write!(f, " ({source})"))?;
                f.write_str(": its participants go on alone; ask them later, with `find_out`")
            }
            Self::Journal(error) => error.fmt(f),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl Error for ThreePhaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Undecided { source: Some(source), .. } => Some(&**source),
            Self::Journal(source) => Some(source),
            Self::Invalid(invalid) => Some(invalid),
            _ => None,
        }
    }
}

impl Fault for ThreePhaseError {
    fn class(&self) -> Class {
        match self {
            // Nothing has happened, so it may be tried again: as another transaction.
            Self::NoVote { .. } | Self::Late { .. } => Class::Transient,
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

impl From<JournalError> for ThreePhaseError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<Invalid> for ThreePhaseError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}
