use alloc::collections::BTreeMap;
use core::fmt;

use super::{Key, Phase, Progress, Verdict};
use crate::sync::Mutex;

/// A barrier that is gone with the process: for tests, and for reservations that are.
///
/// It remembers every transaction until it is [forgotten](Self::forget).
///
/// # Examples
///
/// See the [module](super).
pub struct MemoryBarrier {
    progress: Mutex<BTreeMap<Key, Progress>>,
}

impl MemoryBarrier {
    /// One that has heard of nothing.
    pub fn new() -> Self {
        Self { progress: Mutex::new(BTreeMap::new()) }
    }

    /// What to do with a request; from here on it counts as done.
    pub fn enter(&self, key: &Key, phase: Phase) -> Verdict {
        self.run(key, phase, |_| {})
    }

    /// Does what a request asks for if it is to be done, before any other request gets a verdict.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::tcc::barrier::{Key, MemoryBarrier, Phase};
    ///
    /// let barrier = MemoryBarrier::new();
    /// let mut left = 5;
    /// for _ in 0..2 {
    ///     barrier.run(&Key::new("order-17", "stock"), Phase::Try, |_| left -= 1);
    /// }
    /// assert_eq!(left, 4);
    /// ```
    pub fn run(&self, key: &Key, phase: Phase, work: impl FnOnce(Phase)) -> Verdict {
        let mut all = self.progress.lock();
        let progress = all.get(key).copied().unwrap_or_default();
        let (verdict, now) = progress.enter(phase);
        if verdict.runs() {
            work(phase);
        }
        if now != progress {
            all.insert(key.clone(), now);
        }
        verdict
    }

    /// How far that participant is.
    pub fn progress(&self, key: &Key) -> Progress {
        self.progress.lock().get(key).copied().unwrap_or_default()
    }

    /// Forgets a transaction that is over, and of which nothing may be under way any more: a confirm
    /// that comes again would be refused, and a try would reserve.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::tcc::barrier::{Key, MemoryBarrier, Phase, Progress};
    ///
    /// let (barrier, key) = (MemoryBarrier::new(), Key::new("order-17", "stock"));
    /// barrier.enter(&key, Phase::Try);
    /// assert_eq!(barrier.progress(&key), Progress::Tried);
    /// barrier.forget(&key);
    /// assert_eq!(barrier.progress(&key), Progress::Nothing);
    /// ```
    pub fn forget(&self, key: &Key) {
        self.progress.lock().remove(key);
    }
}

impl Default for MemoryBarrier {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remembered = self.progress.lock().len();
        f.debug_struct("MemoryBarrier").field("remembered", &remembered).finish()
    }
}
