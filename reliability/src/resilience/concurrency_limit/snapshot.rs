use core::time::Duration;

use super::Priority;
use crate::error::Name;

/// What a [`ConcurrencyLimit`](super::ConcurrencyLimit) looks like from outside.
///
/// # Examples
///
/// ```
/// use reliability::resilience::concurrency_limit::{ConcurrencyLimit, Priority};
///
/// let limit = ConcurrencyLimit::builder("inventory").initial(20).build()?;
/// let inside = limit.acquire()?;
///
/// let now = limit.snapshot();
/// assert_eq!((now.algorithm, now.limit, now.in_flight), ("gradient2", 20, 1));
/// assert_eq!((now.windows, now.latency), (0, None));
/// assert_eq!(now.rejected(Priority::Critical), 0);
/// # drop(inside);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The name it was made with.
    pub name: Name,
    /// The algorithm: `"aimd"`, `"vegas"` or `"gradient2"`.
    pub algorithm: &'static str,
    /// How many calls may be inside at a time, now.
    pub limit: u32,
    /// How many are: more than `limit` only while the surplus of a lowered limit runs to its end.
    pub in_flight: u32,
    /// Windows of calls that the limit was found by.
    pub windows: u64,
    /// The mean latency of the last of them.
    pub latency: Option<Duration>,
    pub(super) rejected: [u64; 4],
}

impl Snapshot {
    /// Calls of that priority that were refused since it was made.
    pub fn rejected(&self, priority: Priority) -> u64 {
        self.rejected[priority as usize]
    }
}
