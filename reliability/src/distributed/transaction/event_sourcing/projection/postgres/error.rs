use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::error::{Class, Fault, Invalid};

/// What a read model in PostgreSQL can meet with.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::PostgresReadStore;
/// use reliability::error::{Class, Fault};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let refused = PostgresReadStore::builder("port=much").build().await.unwrap_err();
/// assert_eq!(refused.class(), Class::Permanent);
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PostgresReadError {
    /// A setting that cannot be.
    Invalid(Invalid),
    /// The server cannot be reached, or refuses. Nothing was committed, unless the connection was
    /// lost during a commit: then the place that is kept says how it went.
    Server(tokio_postgres::Error),
    /// The server has not answered in time, or the transaction was given up before.
    Late,
    /// The tables hold what no read store writes.
    Unreadable {
        /// What it is.
        what: String,
    },
}

impl fmt::Display for PostgresReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Server(error) => match error.as_db_error() {
                Some(said) => {
                    write!(f, "the server says {} ({})", said.message(), said.code().code())
                }
                None => match error.source() {
                    Some(source) => write!(f, "{error}: {source}"),
                    None => error.fmt(f),
                },
            },
            Self::Late => f.write_str("the server has not answered in time; begin again"),
            Self::Unreadable { what } => write!(f, "{what}; mend it by hand, or build it anew"),
        }
    }
}

impl Error for PostgresReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // Its text is told already.
            Self::Server(error) => error.source().and_then(Error::source),
            _ => None,
        }
    }
}

impl Fault for PostgresReadError {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) | Self::Unreadable { .. } => Class::Permanent,
            Self::Server(_) | Self::Late => Class::Transient,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<tokio_postgres::Error> for PostgresReadError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<Invalid> for PostgresReadError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}
