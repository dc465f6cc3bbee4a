use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use super::{Epoch, Sequence, StreamId};
use crate::error::{Class, Fault, Invalid};

/// What went wrong between a program and its journal.
///
/// Every method of a journal can fail, and says whether something may have been written: after
/// [`Unknown`](Self::Unknown) it may, after everything else it was not.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Fault};
/// use reliability::journal::{Append, Event, Journal, JournalError, Sequence, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), JournalError> {
/// let (journal, order) = (Journal::in_memory(), StreamId::new("order", "4711")?);
/// let first = || Append::to(&order).after(Sequence::START).event(Event::bytes("Placed", 1, []));
/// journal.append(first()).await?;
/// let error = journal.append(first()).await.expect_err("it is there already");
/// assert!(matches!(error, JournalError::Conflict { .. }));
/// assert_eq!(error.class(), Class::Permanent);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// The stream is not where the append expected it to be: somebody else has written. Read on
    /// from there, and decide anew.
    Conflict {
        /// Whose stream it is.
        stream: StreamId,
        /// The sequence that the append was to follow.
        expected: Sequence,
        /// The sequence of the last record there is.
        found: Sequence,
    },
    /// Somebody else has claimed the stream since: this worker was taken for dead. Stop working at
    /// it, and undo nothing.
    Fenced {
        /// Whose stream it is.
        stream: StreamId,
        /// The epoch that was shown.
        shown: Epoch,
        /// The epoch that is.
        current: Epoch,
    },
    /// The stream is due or held, so it cannot be forgotten now.
    Busy {
        /// Whose stream it is.
        stream: StreamId,
    },
    /// The journal is sealed: it was moved to another place, or is being moved. Open that one.
    Sealed,
    /// The store does not answer or refuses. Nothing was written; it may be later.
    Unavailable {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store failed while it made the append durable: it may be there, or not. Make the same
    /// append again after the same sequence: it is not made twice. A [`Conflict`](Self::Conflict)
    /// says that the record behind it is there, this one or somebody else's; read it to find out.
    Unknown {
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A value that cannot be written, or what was written cannot be read.
    Unreadable {
        /// What is unreadable.
        what: String,
        /// Why.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The store is of another program, another version, or broken.
    Unusable {
        /// What was found and what to do.
        what: String,
    },
    /// An argument that makes no sense.
    Invalid(Invalid),
    /// The journal has been closed.
    Closed,
}

impl JournalError {
    /// Whether the append may have been written all the same.
    pub const fn may_be_written(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { stream, expected, found } => {
                write!(f, "stream `{stream}` was expected to ")?;
                match expected.get() {
                    0 => write!(f, "be empty")?,
                    last => write!(f, "end with record {last}")?,
                }
                match found.get() {
                    0 => write!(f, ", but is empty")?,
                    last => write!(f, ", but ends with record {last}")?,
                }
                f.write_str("; read it again and decide anew")
            }
            Self::Fenced { stream, shown, current } => write!(
                f,
                "stream `{stream}` is in epoch {current}, and epoch {shown} was shown: another \
                 worker has claimed it; stop working at it"
            ),
            Self::Busy { stream } => {
                write!(f, "stream `{stream}` is due or held; end its work first")
            }
            Self::Sealed => f.write_str(
                "the journal is sealed, because it was copied to another place or is being copied: \
                 open that one, or `unseal` this one if the copy is given up",
            ),
            Self::Unavailable { what, source } => {
                write!(f, "{what} failed, and nothing was written: {source}")
            }
            Self::Unknown { source } => write!(
                f,
                "it may have been written or not: {source}; make it again after the same sequence, \
                 and read the stream if that is a conflict"
            ),
            Self::Unreadable { what, source: None } | Self::Unusable { what } => f.write_str(what),
            Self::Unreadable { what, source: Some(source) } => write!(f, "{what}: {source}"),
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Closed => f.write_str("the journal was closed; open it again"),
        }
    }
}

impl Error for JournalError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable { source, .. }
            | Self::Unknown { source }
            | Self::Unreadable { source: Some(source), .. } => Some(&**source),
            Self::Invalid(invalid) => Some(invalid),
            _ => None,
        }
    }
}

impl Fault for JournalError {
    fn class(&self) -> Class {
        match self {
            Self::Busy { .. } | Self::Unavailable { .. } | Self::Unknown { .. } => Class::Transient,
            _ => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Invalid> for JournalError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_conflict_says_what_is_there() {
        let told = |expected, found| {
            let stream = StreamId::new("order", "1").unwrap();
            let (expected, found) = (Sequence::new(expected), Sequence::new(found));
            JournalError::Conflict { stream, expected, found }.to_string()
        };
        let words = "stream `order/1` was expected to be empty, but ends with record 2; read it \
                     again and decide anew";
        assert_eq!(told(0, 2), words);
        assert!(told(3, 0).contains("to end with record 3, but is empty"));
    }
}
