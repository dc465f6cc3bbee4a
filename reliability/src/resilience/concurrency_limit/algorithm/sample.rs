use core::time::Duration;

/// What a window of calls has shown: what an [`Estimator`](super::Estimator) steps by.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::concurrency_limit::Sample;
///
/// let quiet = Sample::new(Duration::from_millis(20), 12);
/// let drowning = Sample::new(Duration::from_millis(900), 64).dropped();
/// assert!(drowning.latency > quiet.latency);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// The mean latency of the calls of the window.
    pub latency: Duration,
    /// The most calls that were inside at once, each counted when it was admitted, itself included.
    pub in_flight: u32,
    /// How many calls the window has.
    pub calls: u32,
    /// Whether too many of them were dropped: timed out, or refused by a dependency that has too
    /// much to do.
    pub dropped: bool,
}

impl Sample {
    /// A window of one call, which was not dropped.
    pub const fn new(latency: Duration, in_flight: u32) -> Self {
        Self { latency, in_flight, calls: 1, dropped: false }
    }

    /// The same window, with this many calls.
    #[must_use]
    pub const fn calls(mut self, calls: u32) -> Self {
        self.calls = calls;
        self
    }

    /// The same window, with too many calls dropped.
    #[must_use]
    pub const fn dropped(mut self) -> Self {
        self.dropped = true;
        self
    }

    /// Nanoseconds, at least one: what is divided by.
    pub(super) fn nanos(&self) -> f64 {
        (self.latency.as_nanos() as f64).max(1.0)
    }

    /// Whether fewer than half of the places were in use: then the latency says nothing about the
    /// limit, and a limit that grew would only be one that nobody has ever tried.
    pub(super) fn is_far_below(&self, limit: f64) -> bool {
        f64::from(self.in_flight) * 2.0 < limit
    }
}
