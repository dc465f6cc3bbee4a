use alloc::sync::Arc;
use std::path::PathBuf;

use super::writer::Writer;
use super::{RedbStore, open};
use crate::error::Invalid;
use crate::journal::JournalError;
use crate::journal::group::{Settings, Threads, check_place};
use crate::time::WallClock;

/// Settings of a [`RedbStore`].
///
/// # Examples
///
/// ```
/// use reliability::journal::RedbStore;
///
/// let refused = RedbStore::builder("orders.redb").queue(0).build();
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "`journal`: `queue` must be 1 to 1000000, but is 0; give `queue` such a value",
/// );
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RedbBuilder {
    path: PathBuf,
    settings: Settings,
    cache_bytes: usize,
    quick_recovery: bool,
}

impl RedbBuilder {
    pub(super) const fn new(path: PathBuf) -> Self {
        let settings = Settings::new();
        Self { path, settings, cache_bytes: 64 << 20, quick_recovery: false }
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

    /// How much of the file may be kept in memory, in bytes; 1 MiB to 64 GiB, by default 64 MiB.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Whether the file is open at once after a crash, however large it is. Every commit then waits
    /// twice for the disk and writes more. By default it is not, and an opening after a crash reads
    /// the whole file.
    pub fn quick_recovery(mut self, quick: bool) -> Self {
        self.quick_recovery = quick;
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
    /// file belongs to another program or a newer version or is damaged,
    /// [`JournalError::Unavailable`] when it cannot be opened, also because it is open already, or
    /// no thread can be started.
    pub fn build(self) -> Result<RedbStore, JournalError> {
        let Self { path, settings, cache_bytes, quick_recovery } = self;
        settings.check()?;
        if !(1 << 20..=64 << 30).contains(&cache_bytes) {
            return Err(
                Invalid::new("journal", "cache_bytes", "1 MiB to 64 GiB", cache_bytes).into()
            );
        }
        check_place(&path)?;
        let database = Arc::new(open::open(&path, cache_bytes)?);
        let writer = Writer { database: Arc::clone(&database), quick_recovery };
        Ok(RedbStore::new(path, Threads::start(writer, database, settings.closing())?))
    }
}
