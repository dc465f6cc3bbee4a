//! The state file on its disk.

use alloc::string::{String, ToString};
use core::error::Error;
use core::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Sections;
use crate::error::{Class, Fault};

/// A state file that cannot be used.
///
/// That its content is broken is no such error: it is kept aside, and counting begins anew.
///
/// # Examples
///
/// ```
/// use reliability::sre::Watch;
///
/// let error = Watch::builder().state("no/such/folder/slo.state").by_hand().unwrap_err();
/// assert!(error.to_string().contains("no/such/folder"));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct StateError {
    path: PathBuf,
    what: &'static str,
    source: Option<io::Error>,
}

/// A state file that this process has for itself.
#[derive(Debug)]
pub(in crate::sre) struct StateFile {
    path: PathBuf,
    /// Locked as long as it is open, also against a process that is killed.
    _lock: File,
}

/// What was found in a file.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sre) enum Found {
    /// There was none.
    Nothing,
    Sections(Sections),
    /// It is broken, and was put aside.
    Broken {
        why: String,
    },
}

impl StateFile {
    /// Takes the file for this process, and reads it. `aside` tells broken files apart.
    pub(in crate::sre) fn open(path: &Path, aside: i64) -> Result<(Self, Found), StateError> {
        let failed = |what| {
            move |source: io::Error| StateError {
                path: path.to_owned(),
                what,
                source: Some(source),
            }
        };
        let lock = beside(path, "lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock);
        let lock = lock.map_err(failed("its lock cannot be opened"))?;
        lock.try_lock().map_err(|refused| match refused {
            TryLockError::WouldBlock => StateError {
                path: path.to_owned(),
                what: "another process has it; give each replica a file of its own",
                source: None,
            },
            TryLockError::Error(error) => failed("it cannot be locked")(error),
        })?;
        let file = Self { path: path.to_owned(), _lock: lock };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((file, Found::Nothing)),
            Err(error) => return Err(failed("it cannot be read")(error)),
        };
        let found = match Sections::decode(&bytes) {
            Ok(sections) => Found::Sections(sections),
            Err(wrong) => {
                let kept = (0..).map(|n| beside(path, &alloc::format!("broken-{aside}-{n}")));
                let kept = kept.into_iter().find(|kept| !kept.exists()).unwrap_or_default();
                fs::rename(path, &kept).map_err(failed("it is broken and cannot be put aside"))?;
                let (path, kept) = (path.display(), kept.display());
                Found::Broken { why: alloc::format!("{path}: {wrong}; it is kept as {kept}") }
            }
        };
        Ok((file, found))
    }

    /// Replaces the file whole: whoever is interrupted leaves the old one or the new one.
    pub(in crate::sre) fn write(&self, sections: &Sections) -> Result<(), StateError> {
        let fresh = beside(&self.path, "new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&fresh)?;
            file.write_all(&sections.encode())?;
            // Before the rename, which may reach the disk first otherwise.
            file.sync_data()?;
            fs::rename(&fresh, &self.path)
        };
        write().map_err(|source| StateError {
            path: self.path.clone(),
            what: "it cannot be written",
            source: Some(source),
        })
    }
}

/// The same path with one more extension.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

impl StateError {
    pub(in crate::sre) fn no_thread(source: io::Error) -> Self {
        let (path, what) = (PathBuf::new(), "the thread that writes it cannot be made");
        Self { path, what, source: Some(source) }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the state file {}: {}", self.path.display(), self.what)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for StateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

impl Fault for StateError {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string())
    }
}
