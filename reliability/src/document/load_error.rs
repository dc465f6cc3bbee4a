use alloc::string::String;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use std::io;
use std::path::Path;

use super::Mistakes;
use crate::error::{Class, Fault};

/// Why a file was not put to use. Nothing has changed.
///
/// Only a file that may be there in a moment is worth another try.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Fault};
/// use reliability::resilience::config;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("reliability-load-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let away = config::load(folder.join("away.toml")).unwrap_err();
/// assert_eq!(away.class(), Class::Transient);
///
/// std::fs::write(folder.join("policies.ini"), "")?;
/// let ini = config::load(folder.join("policies.ini")).unwrap_err();
/// assert_eq!(ini.class(), Class::Permanent);
/// assert!(ini.to_string().ends_with("its name has to end in .toml, .yaml, .yml or .json"));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum LoadError {
    /// It could not be read.
    Unreadable {
        /// The path that was asked for.
        path: String,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// It was read, but nothing can be done with it, whatever stands in it.
    Unusable {
        /// The path that was asked for.
        path: String,
        /// What is in the way, and what to do.
        why: String,
    },
    /// What stands in it makes no sense.
    Mistakes(Mistakes),
}

impl LoadError {
    pub(crate) fn unreadable(path: &Path, error: io::Error) -> Self {
        Self::Unreadable { path: path.display().to_string(), source: Arc::new(error) }
    }

    pub(crate) fn unusable(path: &Path, why: impl Into<String>) -> Self {
        Self::Unusable { path: path.display().to_string(), why: why.into() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, source } => write!(f, "`{path}` cannot be read: {source}"),
            Self::Unusable { path, why } => write!(f, "`{path}` cannot be used: {why}"),
            Self::Mistakes(mistakes) => mistakes.fmt(f),
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
            Self::Unreadable { source, .. } => Some(&**source),
            Self::Unusable { .. } | Self::Mistakes(_) => None,
        }
    }
}

impl From<Mistakes> for LoadError {
    fn from(mistakes: Mistakes) -> Self {
        Self::Mistakes(mistakes)
    }
}

impl Fault for LoadError {
    fn class(&self) -> Class {
        match self {
            // A file that is being replaced is there in a moment.
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Class::Transient
            }
            Self::Unreadable { source, .. } => source.class(),
            Self::Unusable { .. } | Self::Mistakes(_) => Class::Permanent,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_there_in_a_moment_is_worth_another_try() {
        let unreadable = |kind: io::ErrorKind| LoadError::unreadable(Path::new("a"), kind.into());
        for (error, class) in [
            (unreadable(io::ErrorKind::NotFound), Class::Transient),
            (unreadable(io::ErrorKind::Interrupted), Class::Transient),
            (unreadable(io::ErrorKind::OutOfMemory), Class::Overloaded),
            (unreadable(io::ErrorKind::PermissionDenied), Class::Permanent),
            (unreadable(io::ErrorKind::IsADirectory), Class::Permanent),
            (unreadable(io::ErrorKind::InvalidInput), Class::Permanent),
            (LoadError::unusable(Path::new("a"), "why"), Class::Permanent),
        ] {
            assert_eq!(error.class(), class, "{error}");
        }
    }
}
