use alloc::string::String;
use alloc::vec::Vec;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
    pub(crate) fn read(&mut self) -> io::Result<()> {
        self.read_if_changed().map(drop)
    }

    /// What it said when it was last read.
    pub(crate) fn seen(&self) -> &[u8] {
        self.seen.as_deref().unwrap_or_default()
    }

    /// Whether it says something else now than when it was last read.
    pub(crate) fn read_if_changed(&mut self) -> io::Result<bool> {
        let what = std::fs::metadata(&self.path)?.file_type();
        if !what.is_file() && !what.is_dir() {
            // To open a pipe would wait for somebody who writes to it.
            let why = "expected a file, got a pipe, a socket or a device";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let mut now = Vec::new();
        File::open(&self.path)?.take(self.bytes_max as u64 + 1).read_to_end(&mut now)?;
        let changed = self.seen.as_ref() != Some(&now);
        self.seen = Some(now);
        Ok(changed)
    }
}

#[cfg(all(test, unix, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let mut file = WatchedFile::at(Path::new("/dev/null"), 10);
        let error = file.read_if_changed().expect_err("a device");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(file.seen().is_empty());
    }
}
