use core::fmt;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::sre::arithmetic::engine::Moment;
use crate::time::{Clock, Instant, wall_clock};

/// What an SLO tells the time by: a clock that nobody sets, for windows, and the calendar.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// use reliability::sre::Timeline;
/// use reliability::time::ManualClock;
///
/// let manual = ManualClock::new();
/// let timeline = Timeline::simulated(manual.clock(), UNIX_EPOCH);
/// manual.advance(Duration::from_secs(60));
/// assert_eq!(timeline.calendar(), UNIX_EPOCH + Duration::from_secs(60));
///
/// // That of the machine.
/// assert!(Timeline::system().calendar() > UNIX_EPOCH);
/// ```
#[derive(Clone)]
pub struct Timeline {
    clock: Clock,
    begin: Instant,
    /// The calendar at the beginning; `None` for that of the system, whatever it says.
    simulated: Option<SystemTime>,
}

impl Timeline {
    /// The clock and the calendar of the system. Time in which the machine sleeps is not counted.
    pub fn system() -> Self {
        let clock = Clock::precise();
        Self { begin: clock.now(), clock, simulated: None }
    }

    /// A calendar that begins at `begin`, now, and goes on as the clock does: for simulations and
    /// tests.
    pub fn simulated(clock: Clock, begin: SystemTime) -> Self {
        Self { begin: clock.now(), clock, simulated: Some(begin) }
    }

    /// What the calendar says now.
    pub fn calendar(&self) -> SystemTime {
        match self.simulated {
            Some(begin) => begin.checked_add(self.elapsed()).unwrap_or(begin),
            None => wall_clock(),
        }
    }

    /// The same, counted from now on.
    pub(in crate::sre) fn restarted(&self) -> Self {
        let simulated = self.simulated.map(|_| self.calendar());
        Self { begin: self.clock.now(), clock: self.clock.clone(), simulated }
    }

    fn elapsed(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.begin)
    }

    /// Now, for an engine that was at `origin_millis` when this began.
    pub(in crate::sre) fn now(&self, origin_millis: u64) -> Moment {
        let elapsed = u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX);
        Moment {
            millis: origin_millis.saturating_add(elapsed),
            unix_seconds: unix_seconds(self.calendar()),
        }
    }
}

pub(in crate::sre) fn unix_seconds(at: SystemTime) -> i64 {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => seconds(after),
        Err(before) => -seconds(before.duration()),
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline").field("clock", &self.clock).finish_non_exhaustive()
    }
}
