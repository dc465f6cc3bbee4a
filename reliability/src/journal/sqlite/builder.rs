use alloc::sync::Arc;
use core::time::Duration;
use std::path::PathBuf;

use tokio::sync::mpsc;

use super::{SqliteStore, open, reader, writer};
use crate::error::Invalid;
use crate::journal::{Changed, JournalError};
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
    queue: usize,
    group: usize,
    busy: Duration,
    clock: WallClock,
}

impl SqliteBuilder {
    pub(super) const fn new(path: PathBuf) -> Self {
        let (queue, group, busy) = (1_024, 512, Duration::from_secs(5));
        Self { path, queue, group, busy, clock: WallClock::system() }
    }

    /// How many calls may wait for the thread that writes; 1 to 1,000,000, by default 1,024. Those
    /// who come when it is full wait for room.
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// How many calls at most go into one commit; 1 to 100,000, by default 512.
    pub fn group(mut self, calls: usize) -> Self {
        self.group = calls;
        self
    }

    /// How long to wait for another process that writes; up to a minute, by default 5 seconds.
    pub fn busy_timeout(mut self, time: Duration) -> Self {
        self.busy = time;
        self
    }

    /// What the store takes for the time of day: the system's clock by default.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] for a setting out of its range, [`JournalError::Unusable`] when the
    /// file belongs to another program or a newer version, [`JournalError::Unavailable`] when it
    /// cannot be opened or no thread can be started.
    pub fn build(self) -> Result<SqliteStore, JournalError> {
        let Self { path, queue, group, busy, clock } = self;
        if !(1..=1_000_000).contains(&queue) {
            return Err(Invalid::new("journal", "queue", "1 to 1000000", queue).into());
        }
        if !(1..=100_000).contains(&group) {
            return Err(Invalid::new("journal", "group", "1 to 100000", group).into());
        }
        if busy > Duration::from_secs(60) {
            let got = alloc::format!("{busy:?}");
            return Err(Invalid::new("journal", "busy_timeout", "at most a minute", got).into());
        }
        open::check(&path)?;
        let to_write = open::to_write(&path, busy)?;
        let to_read = open::to_read(&path, busy)?;
        let changed = Arc::new(Changed::new());
        let (writes, queued) = mpsc::channel(queue);
        writer::start(to_write, queued, group, clock, Arc::clone(&changed))?;
        let (reads, queued) = mpsc::channel(queue);
        reader::start(to_read, queued)?;
        Ok(SqliteStore::new(path, writes, reads, changed))
    }
}
