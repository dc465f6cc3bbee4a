use alloc::string::String;
use alloc::vec::Vec;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::LoadError;

/// A file of settings that is read again and again.
///
/// What counts is what it says, not when it was written: a link that points elsewhere now is a change,
/// and two changes in one tick of the file system's clock are not missed.
#[derive(Debug)]
pub(crate) struct WatchedFile {
    path: PathBuf,
    bytes_max: usize,
    /// What it held when it was last read, right or wrong.
    seen: Option<Vec<u8>>,
}

impl WatchedFile {
    /// Nothing is read yet; later one byte more than `bytes_max` at most, so that a longer file is seen
    /// to be longer.
    pub(crate) fn at(path: &Path, bytes_max: usize) -> Self {
        Self { path: path.to_path_buf(), bytes_max, seen: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Reads what it says now.
    pub(crate) fn read(&mut self) -> Result<(), LoadError> {
        self.read_if_changed().map(drop)
    }

    /// What it said when it was last read.
    pub(crate) fn seen(&self) -> &[u8] {
        self.seen.as_deref().unwrap_or_default()
    }

    /// Whether it says something else now than when it was last read.
    pub(crate) fn read_if_changed(&mut self) -> Result<bool, LoadError> {
        let unreadable = |error| LoadError::unreadable(&self.path, error);
        let what = std::fs::metadata(&self.path).map_err(unreadable)?.file_type();
        if !what.is_file() && !what.is_dir() {
            // To open a pipe would wait for somebody who writes to it.
            let why = "expected a file, got a pipe, a socket or a device";
            return Err(unreadable(io::Error::new(io::ErrorKind::InvalidInput, why)));
        }
        let mut now = Vec::new();
        let file = File::open(&self.path).map_err(unreadable)?;
        file.take(self.bytes_max as u64 + 1).read_to_end(&mut now).map_err(unreadable)?;
        let changed = self.seen.as_ref() != Some(&now);
        self.seen = Some(now);
        Ok(changed)
    }
}

#[cfg(all(test, unix, not(reliability_loom)))]
mod tests {
    use super::*;
    use crate::error::{Class, Fault as _};

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let mut file = WatchedFile::at(Path::new("/dev/null"), 10);
        let error = file.read_if_changed().expect_err("a device");
        assert_eq!(error.class(), Class::Permanent);
        assert!(error.to_string().contains("got a pipe, a socket or a device"), "{error}");
        assert!(file.seen().is_empty());
    }
}
