use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::error::{Class, Fault};
use crate::journal::{JournalError, StreamId};

/// Why a journal was not copied.
///
/// # Examples
///
/// ```
/// use reliability::journal::{self, Append, CopyError, Journal, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let (from, to) = (Journal::in_memory(), Journal::in_memory());
/// to.append(Append::to(&StreamId::new("order", "1")?)).await?;
/// let refused = journal::copy(&from, &to).await.unwrap_err();
/// assert!(matches!(refused, CopyError::Differs { .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum CopyError {
    /// Somebody still works in the journal that is to be copied.
    Held {
        /// At that stream.
        stream: StreamId,
    },
    /// In the journal that is copied into is something else.
    Differs {
        /// What.
        what: String,
    },
    /// The journal that is copied failed.
    From(JournalError),
    /// The journal that is copied into failed.
    To(JournalError),
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { stream } => write!(
                f,
                "somebody works at `{stream}` in the journal that is to be copied: let all workers \
                 end, or wait until its lease has run out"
            ),
            Self::Differs { what } => write!(
                f,
                "the journal that is copied into is neither empty nor a copy of this one: {what}; \
                 give the copy a place of its own"
            ),
            Self::From(error) => write!(f, "the journal that is copied: {error}"),
            Self::To(error) => write!(f, "the journal that is copied into: {error}"),
        }
    }
}

impl Error for CopyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::From(error) | Self::To(error) => Some(error),
            Self::Held { .. } | Self::Differs { .. } => None,
        }
    }
}

impl Fault for CopyError {
    fn class(&self) -> Class {
        match self {
            Self::Held { .. } => Class::Transient,
            Self::Differs { .. } => Class::Permanent,
            Self::From(error) | Self::To(error) => error.class(),
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
