use core::time::Duration;

/// A point on the timeline of one [`Clock`](super::Clock): nanoseconds since that clock's origin.
///
/// Instants of different clocks must not be compared. The timeline is 584 years long and all
/// arithmetic saturates, so a clock that jumps makes a wrong number and never a panic.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::time::Instant;
///
/// let start = Instant::from_nanos(1_000);
/// let end = start.saturating_add(Duration::from_nanos(500));
/// assert_eq!(end.saturating_duration_since(start), Duration::from_nanos(500));
/// assert_eq!(start.saturating_duration_since(end), Duration::ZERO);
/// assert_eq!(end.as_nanos(), 1_500);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// The origin of the clock.
    pub const ZERO: Instant = Instant(0);

    /// The point that many nanoseconds after the clock's origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the clock's origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// That much later, or the end of the timeline.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }

    /// How much later this is than `earlier`; zero if it is not later.
    pub const fn saturating_duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Nanoseconds of a duration, at most `u64::MAX` (584 years).
pub(crate) const fn saturating_nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}
