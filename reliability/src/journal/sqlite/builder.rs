use core::time::Duration;
use std::path::PathBuf;

use super::writer::Writer;
use super::{SqliteStore, open};
use crate::error::Invalid;
use crate::journal::JournalError;
use crate::journal::group::{Settings, Threads};
use crate::time::WallClock;

/// Settings of a [`SqliteStore`].
///
/// # Examples
///
/// ```
/// use reliability::journal::SqliteStore;
///
/// let refused = SqliteStore::builder("orders.db").queue(0).build();
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "`journal`: `queue` must be 1 to 1000000, but is 0; give `queue` such a value",
/// );
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct SqliteBuilder {
    path: PathBuf,
    settings: Settings,
    busy: Duration,
}

impl SqliteBuilder {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, settings: Settings::new(), busy: Duration::from_secs(5) }
    }

    /// How many calls may wait for the thread that writes; 1 to 1,000,000, by default 1,024. Those
    /// who come when it is full wait for room.
    pub fn queue(mut self, calls: usize) -> Self {
        self.settings.queue = calls;
        self
    }

    /// How many bytes may wait for it; 1 to 1 GiB, by default 64 MiB. Those who come when there is
    /// no room for what they bring wait for it.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.settings.queue_bytes = bytes;
        self
    }

    /// How many calls at most go into one commit; 1 to 100,000, by default 512.
    pub fn group(mut self, calls: usize) -> Self {
        self.settings.group = calls;
        self
    }

    /// How many bytes make a commit full, so that no further call goes into it; 1 to 1 GiB, by
    /// default 8 MiB.
    pub fn group_bytes(mut self, bytes: usize) -> Self {
        self.settings.group_bytes = bytes;
        self
    }

    /// How long to wait for another process that writes; up to a minute, by default 5 seconds.
    pub fn busy_timeout(mut self, time: Duration) -> Self {
        self.busy = time;
        self
    }

    /// What the store takes for the time of day: the system's clock by default.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.settings.clock = clock.clone();
        self
    }

    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] for a setting out of its range, [`JournalError::Unusable`] when the
    /// file belongs to another program or another version of this one,
    /// [`JournalError::Unavailable`] when it cannot be opened or no thread can be started.
    pub fn build(self) -> Result<SqliteStore, JournalError> {
        let Self { path, settings, busy } = self;
        settings.check()?;
        if busy > Duration::from_secs(60) {
            let got = alloc::format!("{busy:?}");
            return Err(Invalid::new("journal", "busy_timeout", "at most a minute", got).into());
        }
        open::check(&path)?;
        let to_write = open::to_write(&path, busy)?;
        let to_read = open::to_read(&path, busy)?;
        Ok(SqliteStore::new(path, Threads::start(Writer::new(to_write), to_read, settings)?))
    }
}
