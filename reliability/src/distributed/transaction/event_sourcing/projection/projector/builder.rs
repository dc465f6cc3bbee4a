use core::fmt;
use core::time::Duration;

use super::Projector;
use crate::error::Invalid;
use crate::journal::Journal;
use crate::time::WallClock;

/// Settings of a [`Projector`].
///
/// # Examples
///
/// See [`Projector`], and its [`builder`](Projector::builder).
#[must_use = "a builder does nothing until `build` is called"]
pub struct ProjectorBuilder<S, P>(pub(super) Projector<S, P>);

impl<S, P> ProjectorBuilder<S, P> {
    /// How many records are looked at in one transaction; 1 to 100,000, by default 500.
    pub fn page(mut self, records: usize) -> Self {
        self.0.page = records;
        self
    }

    /// How often an event is tried before it is parked; 1 to 100, by default 3.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// How often to look, also when nobody says that something was written; 1 ms to an hour, by
    /// default a second. After a failure, the first wait is so long.
    pub fn every(mut self, time: Duration) -> Self {
        self.0.every = time;
        self
    }

    /// By which clock the lag is told: the system's by default.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.0.clock = clock.clone();
        self
    }

    /// The projector.
    ///
    /// # Errors
    ///
    /// When a setting is out of its range.
    pub fn build(self) -> Result<Projector<S, P>, Invalid> {
        let Projector { page, attempts, every, .. } = &self.0;
        if !(1..=Journal::LONGEST_PAGE).contains(page) {
            return Err(Invalid::new("projector", "page", "1 to 100000", page));
        }
        if !(1..=100).contains(attempts) {
            return Err(Invalid::new("projector", "attempts", "1 to 100", attempts));
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(3_600)).contains(every) {
            let got = alloc::format!("{every:?}");
            return Err(Invalid::new("projector", "every", "1 ms to an hour", got));
        }
        Ok(self.0)
    }
}

impl<S, P> fmt::Debug for ProjectorBuilder<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProjectorBuilder").field(&self.0).finish()
    }
}
