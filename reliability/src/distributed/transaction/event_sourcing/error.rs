use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use super::{EventError, OutOfPlace};
use crate::error::{Class, Fault, Invalid};
use crate::journal::{JournalError, Sequence, StreamId};

/// Why an aggregate cannot be had.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::LoadError;
/// use reliability::error::{Class, Fault};
/// use reliability::journal::JournalError;
///
/// let error = LoadError::from(JournalError::Closed);
/// assert_eq!(error.class(), Class::Permanent);
/// assert_eq!(error.to_string(), "the journal was closed; open it again");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The journal cannot be read.
    Journal(JournalError),
    /// A record is no event of this program.
    Event {
        /// Whose stream it is in.
        stream: StreamId,
        /// Its number there.
        sequence: Sequence,
        /// What is wrong with it.
        source: Box<EventError>,
    },
    /// A record is an event that cannot happen where it stands: another program has written it, or
    /// what is declared has changed.
    OutOfPlace {
        /// Whose stream it is in.
        stream: StreamId,
        /// Its number there.
        sequence: Sequence,
        /// What was declared.
        source: OutOfPlace,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Event { stream, sequence, source } => {
                write!(f, "record {sequence} of `{stream}` cannot be read: {source}")
            }
            Self::OutOfPlace { stream, sequence, source } => {
                write!(f, "record {sequence} of `{stream}` cannot be applied: {source}")
            }
        }
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Journal(error) => error.source(),
            Self::Event { source, .. } => Some(&**source),
            Self::OutOfPlace { source, .. } => Some(source),
        }
    }
}

impl Fault for LoadError {
    fn class(&self) -> Class {
        match self {
            Self::Journal(error) => error.class(),
            Self::Event { .. } | Self::OutOfPlace { .. } => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<JournalError> for LoadError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<Invalid> for LoadError {
    fn from(invalid: Invalid) -> Self {
        Self::Journal(invalid.into())
    }
}

/// Why a command was not carried out; `R` is why an aggregate refuses.
///
/// Nothing was written, unless it is [`Uncertain`](Self::Uncertain).
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::CommandError;
/// use reliability::error::{Class, Fault};
///
/// let error = CommandError::<String>::Contended { attempts: 8 };
/// assert_eq!(error.class(), Class::Transient);
/// assert_eq!(error.refused(), None);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum CommandError<R> {
    /// The aggregate does not do this.
    Refused(R),
    /// The aggregate could not be read.
    Load(LoadError),
    /// Somebody else was quicker, again and again.
    Contended {
        /// How often it was decided.
        attempts: u32,
    },
    /// What was decided cannot happen in the state in which it was decided, which is a mistake in
    /// `decide` or in what is declared.
    OutOfPlace(OutOfPlace),
    /// The key of the command was that of another one.
    KeyTaken {
        /// The key.
        key: String,
        /// What the other command was for.
        stream: StreamId,
    },
    /// It may have been carried out or not. With a key, give the same command again: it is not
    /// carried out twice.
    Uncertain {
        /// Why the journal does not know.
        source: Box<JournalError>,
    },
    /// The journal could not be written.
    Journal(JournalError),
}

impl<R> CommandError<R> {
    /// Why the aggregate refused, if it did.
    pub const fn refused(&self) -> Option<&R> {
        match self {
            Self::Refused(refused) => Some(refused),
            _ => None,
        }
    }
}

impl<R: fmt::Debug> fmt::Display for CommandError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => write!(f, "the command was refused: {refused:?}"),
            Self::Load(error) => error.fmt(f),
            Self::Contended { attempts } => write!(
                f,
                "somebody else was quicker {attempts} times; try again, or give fewer writers the \
                 same aggregate"
            ),
            Self::OutOfPlace(error) => write!(f, "what was decided cannot happen: {error}"),
            Self::KeyTaken { key, stream } => write!(
                f,
                "the key `{key}` is that of a command for `{stream}`: give every command a key of \
                 its own"
            ),
            Self::Uncertain { source } => write!(
                f,
                "the command may have been carried out or not ({source}); with a key it can be \
                 given again"
            ),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl<R: fmt::Debug> Error for CommandError<R> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::OutOfPlace(error) => Some(error),
            Self::Uncertain { source } => Some(source),
            Self::Journal(error) => error.source(),
            _ => None,
        }
    }
}

impl<R: fmt::Debug + Send + Sync + 'static> Fault for CommandError<R> {
    fn class(&self) -> Class {
        match self {
            Self::Load(error) => error.class(),
            Self::Contended { .. } | Self::Uncertain { .. } => Class::Transient,
            Self::Journal(error) => error.class(),
            _ => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<R> From<LoadError> for CommandError<R> {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl<R> From<JournalError> for CommandError<R> {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl<R> From<Invalid> for CommandError<R> {
    fn from(invalid: Invalid) -> Self {
        Self::Journal(invalid.into())
    }
}
