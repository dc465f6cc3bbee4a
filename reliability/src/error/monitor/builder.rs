use super::ErrorMonitor;
use super::handle::Settings;
use crate::error::{Invalid, Name};
use crate::time::Clock;

/// Settings of an [`ErrorMonitor`] that is yet to be made.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, ErrorMonitor};
/// use reliability::time::{Instant, ManualClock};
///
/// let time = ManualClock::new();
/// let errors = ErrorMonitor::builder("import").capacity(32).clock(time.clock()).build()?;
/// errors.record(&Class::Transient);
/// time.set(Instant::from_nanos(2_000_000_000));
/// assert_eq!(errors.snapshot().groups[0].last_seen_ago.as_secs(), 2);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct MonitorBuilder {
    name: Name,
    settings: Settings,
    clock: Clock,
}

impl MonitorBuilder {
    pub(super) fn new(name: Name) -> Self {
        Self { name, settings: Settings::standard(), clock: Clock::default() }
    }

    /// How many kinds of error are kept apart: 1 to [`CAPACITY_MAX`](ErrorMonitor::CAPACITY_MAX),
    /// 4096. Default: [`DEFAULT_CAPACITY`](ErrorMonitor::DEFAULT_CAPACITY), 128.
    ///
    /// Memory is taken as kinds appear, up to 2 KiB each.
    pub fn capacity(mut self, capacity: u32) -> Self {
        self.settings.capacity = capacity;
        self
    }

    /// The clock for first and last seen, and for the rate. Default: [`Clock::precise`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the monitor; [`monitors`](super::monitors) lists it as long as a clone of it lives.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when the capacity is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::ErrorMonitor;
    ///
    /// let invalid = ErrorMonitor::builder("shop").capacity(0).build().unwrap_err();
    /// assert_eq!(invalid.setting(), "capacity");
    /// ```
    pub fn build(self) -> Result<ErrorMonitor, Invalid> {
        self.settings.validate(&self.name)?;
        Ok(self.build_unchecked())
    }

    /// For settings that are known to be valid.
    pub(super) fn build_unchecked(self) -> ErrorMonitor {
        ErrorMonitor::new(self.name, self.settings, self.clock)
    }
}
