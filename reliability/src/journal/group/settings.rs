use crate::error::Invalid;
use crate::time::WallClock;

/// How much may wait, and how much goes into one commit.
#[derive(Debug, Clone)]
pub(in crate::journal) struct Settings {
    /// Calls that may wait.
    pub(in crate::journal) queue: usize,
    /// Bytes of theirs.
    pub(in crate::journal) queue_bytes: usize,
    /// Calls of one commit.
    pub(in crate::journal) group: usize,
    /// Bytes of theirs, beyond which no further one is taken.
    pub(in crate::journal) group_bytes: usize,
    pub(in crate::journal) clock: WallClock,
    /// Whether the end of the store waits for the ends of its threads.
    pub(super) closing: bool,
}

impl Settings {
    pub(in crate::journal) const fn new() -> Self {
        let (queue, queue_bytes, group, group_bytes) = (1_024, 64 << 20, 512, 8 << 20);
        Self { queue, queue_bytes, group, group_bytes, clock: WallClock::system(), closing: false }
    }

    /// For a file that can be opened again only when it is closed.
    #[cfg(feature = "redb")]
    pub(in crate::journal) fn closing(mut self) -> Self {
        self.closing = true;
        self
    }

    pub(in crate::journal) fn check(&self) -> Result<(), Invalid> {
        for (name, value, most, range) in [
            ("queue", self.queue, 1_000_000, "1 to 1000000"),
            ("queue_bytes", self.queue_bytes, 1 << 30, "1 to 1073741824"),
            ("group", self.group, 100_000, "1 to 100000"),
            ("group_bytes", self.group_bytes, 1 << 30, "1 to 1073741824"),
        ] {
            if !(1..=most).contains(&value) {
                return Err(Invalid::new("journal", name, range, value));
            }
        }
        Ok(())
    }
}
