use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

use crate::error::{Class, Fault};
use crate::journal::JournalError;

/// Why a projection could not take in an event: any error, by `?`.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Why a projection does not go on.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::ProjectionError;
/// use reliability::error::{Class, Fault};
/// use reliability::journal::JournalError;
///
/// let error = ProjectionError::from(JournalError::Closed);
/// assert_eq!(error.class(), Class::Permanent);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ProjectionError {
    /// The journal cannot be read.
    Journal(JournalError),
    /// The database of the read model does not answer or refuses.
    Store(Failure),
    /// The model could not be made empty.
    Reset(Failure),
    /// Who is to be told of events cannot be reached.
    Away(Failure),
    /// So many events could not be taken in that this is no matter of single ones.
    TooManyParked {
        /// How many.
        parked: usize,
    },
}

impl fmt::Display for ProjectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Store(error) => write!(f, "the database of the read model failed: {error}"),
            Self::Reset(error) => write!(f, "the read model could not be made empty: {error}"),
            Self::Away(error) => write!(f, "who is told of events is away: {error}"),
            Self::TooManyParked { parked } => write!(
                f,
                "{parked} events could not be taken in: mend the projection, and build it anew or \
                 retry what is parked"
            ),
        }
    }
}

impl Error for ProjectionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Journal(error) => error.source(),
            Self::Store(error) | Self::Reset(error) | Self::Away(error) => Some(&**error),
            Self::TooManyParked { .. } => None,
        }
    }
}

impl Fault for ProjectionError {
    fn class(&self) -> Class {
        match self {
            Self::Journal(error) => error.class(),
            Self::Store(_) | Self::Reset(_) | Self::Away(_) => Class::Transient,
            Self::TooManyParked { .. } => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<JournalError> for ProjectionError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// A failure that says nothing of the event: it is not parked for that.
#[derive(Debug)]
pub(in super::super) struct Away(pub(in super::super) Failure);

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Away {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// What a database has met with.
pub(super) fn store(error: impl Error + Send + Sync + 'static) -> ProjectionError {
    ProjectionError::Store(Box::new(error))
}
