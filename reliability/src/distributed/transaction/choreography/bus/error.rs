use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::error::{Class, Fault, Invalid};

type Source = Box<dyn Error + Send + Sync>;

/// What went wrong between a program and its bus.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::bus::{
///     Bus, BusError, Envelope, JournalBus, TransactionId,
/// };
/// use reliability::error::{Class, Fault};
/// use reliability::journal::Event;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let placed = Event::json("Placed", 1, &"tea")?;
/// let envelope = Envelope::new("place_order", TransactionId::new(1), "order-1", placed)?;
/// let error = JournalBus::in_memory().publish(envelope).await.expect_err("there is no group");
/// assert!(matches!(error, BusError::Nobody { .. }));
/// assert_eq!(error.class(), Class::Transient);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum BusError {
    /// The bus does not answer or refuses. Nothing has happened; it may later.
    Unavailable {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: Source,
    },
    /// The bus failed while it made something durable: it may have happened. Do it again.
    Unknown {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: Source,
    },
    /// There is no group that it could be kept for. [Declare](super::Bus::declare) them first.
    Nobody {
        /// What nobody listens to.
        topic: String,
    },
    /// It holds as much as it may, because somebody does not keep up. Some groups may have it: publish
    /// it again later.
    Full {
        /// What is full.
        what: String,
    },
    /// What came is no envelope.
    Unreadable {
        /// What is unreadable, and why.
        what: String,
    },
    /// The broker is set up for something else, or is of another version.
    Unusable {
        /// What was found and what to do.
        what: String,
    },
    /// An argument that makes no sense.
    Invalid(Invalid),
    /// The bus has been closed.
    Closed,
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { what, source } => {
                write!(f, "{what} failed, and nothing has happened: {source}")
            }
            Self::Unknown { what, source } => {
                write!(f, "{what} failed, and may have happened: {source}; do it again")
            }
            Self::Nobody { topic } => write!(
                f,
                "nobody listens to `{topic}`: declare the groups of all participants before the \
                 first event is published"
            ),
            Self::Unreadable { what } | Self::Unusable { what } | Self::Full { what } => {
                f.write_str(what)
            }
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Closed => f.write_str("the bus was closed; open it again"),
        }
    }
}

impl Error for BusError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable { source, .. } | Self::Unknown { source, .. } => Some(&**source),
            Self::Invalid(invalid) => Some(invalid),
            _ => None,
        }
    }
}

impl Fault for BusError {
    fn class(&self) -> Class {
        match self {
            Self::Unavailable { .. } | Self::Unknown { .. } | Self::Nobody { .. } => {
                Class::Transient
            }
            Self::Full { .. } => Class::Overloaded,
            _ => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Invalid> for BusError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}
