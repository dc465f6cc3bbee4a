use alloc::sync::Arc;
use core::time::Duration;
use std::time::SystemTime;

use crate::sync::Mutex;

/// What the calendar says, for dates that other machines have written. Steps when somebody sets the
/// clock, so no limit of a policy is measured with it.
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// What the calendar says: the system's, or one that a test sets. Clones show the same.
///
/// It goes into what outlives the process, and steps when somebody sets the clock. What waits in
/// this process is measured with a [`Clock`](super::Clock).
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use reliability::time::WallClock;
///
/// let clock = WallClock::manual(SystemTime::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(60));
/// assert!(WallClock::system().now() > clock.now());
/// ```
#[derive(Debug, Clone, Default)]
pub struct WallClock(Option<Arc<Mutex<SystemTime>>>);

impl WallClock {
    /// The clock of the system.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is set.
    pub fn manual(now: SystemTime) -> Self {
        Self(Some(Arc::new(Mutex::new(now))))
    }

    /// What it shows.
    pub fn now(&self) -> SystemTime {
        match &self.0 {
            None => wall_clock(),
            Some(now) => *now.lock(),
        }
    }

    /// Sets it, also back. The system's clock is not touched.
    pub fn set(&self, now: SystemTime) {
        if let Some(shown) = &self.0 {
            *shown.lock() = now;
        }
    }

    /// Sets it forward by so much. The system's clock is not touched.
    pub fn advance(&self, by: Duration) {
        if let Some(shown) = &self.0 {
            let mut shown = shown.lock();
            *shown = shown.checked_add(by).unwrap_or(*shown);
        }
    }
}
