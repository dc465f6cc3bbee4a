use alloc::string::String;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;

use crate::document::Mistakes;
use crate::error::{Class, Fault};

/// Why a file was not put to use. Nothing has changed.
#[derive(Clone)]
#[non_exhaustive]
pub enum LoadError {
    /// It could not be read.
    Unreadable {
        /// The path that was asked for.
        path: String,
        /// What the system says.
        source: Arc<std::io::Error>,
    },
    /// What stands in it makes no sense.
    Mistakes(Mistakes),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Unreadable { path, source } => {
                write!(f, "`{path}` cannot be read: {source}")
            }
            LoadError::Mistakes(mistakes) => mistakes.fmt(f),
        }
    }
}

impl fmt::Debug for LoadError {
    /// As for people: it is what they see of an error with which `main` ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for LoadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LoadError::Unreadable { source, .. } => Some(&**source),
            LoadError::Mistakes(_) => None,
        }
    }
}

impl From<Mistakes> for LoadError {
    fn from(mistakes: Mistakes) -> Self {
        LoadError::Mistakes(mistakes)
    }
}

impl Fault for LoadError {
    fn class(&self) -> Class {
        match self {
            // A file that is being replaced is there in a moment.
            LoadError::Unreadable { .. } => Class::Transient,
            LoadError::Mistakes(_) => Class::Permanent,
        }
    }
}
