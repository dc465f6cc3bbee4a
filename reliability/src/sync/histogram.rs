use core::fmt;
use core::time::Duration;

use super::Counters;
use super::atomic::{AtomicU64, Ordering};
use super::buckets::{BUCKETS, Bucket, RANGE_START_NANOS, middle_nanos, rank, saturating_nanos};

const BELOW: usize = 0;
const NANOS: usize = 1;

/// How long calls took: a fixed 4.3 KiB, however many there were.
///
/// The buckets are log-linear: every doubling of the duration, from 1.024 us to 73 minutes, is cut
/// into eight equal parts. A quantile answers with the middle of its bucket, and so is off by **at
/// most 1/16 of the true value**, or by 1.024 us where that is more. Beyond 73 minutes it answers
/// with the longest duration seen.
///
/// A list of durations would be exact and grow with the traffic; a mean would be small and hide
/// the tail. Recording is one relaxed addition, with a compare-and-swap only when the duration is
/// the longest so far, and never waits for a reader. What is shorter than 1.024 us is counted on a
/// cache line of the thread's own, because a call that is ready at once should cost two threads no
/// more than one; longer calls share the lines of their buckets.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use reliability::sync::Histogram;
///
/// static LATENCY: Histogram = Histogram::new();
///
/// for millis in 1..=100 {
///     LATENCY.record(Duration::from_millis(millis));
/// }
///
/// let latency = LATENCY.snapshot();
/// assert_eq!(latency.count(), 100);
/// assert_eq!(latency.max(), Some(Duration::from_millis(100)));
///
/// let p90 = latency.quantile(0.90).unwrap_or_default();
/// assert!(p90.abs_diff(Duration::from_millis(90)) <= Duration::from_millis(90) / 16);
/// ```
pub struct Histogram {
    /// Those below the buckets, and the sum of all: what each call writes lies side by side.
    below_and_nanos: Counters<2>,
    buckets: [AtomicU64; BUCKETS],
    above: AtomicU64,
    max_nanos: AtomicU64,
}

impl Histogram {
    /// A histogram without entries.
    #[cfg(not(reliability_loom))]
    pub const fn new() -> Self {
        Self {
            below_and_nanos: Counters::new(),
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            above: AtomicU64::new(0),
            max_nanos: AtomicU64::new(0),
        }
    }

    /// A histogram without entries.
    #[cfg(reliability_loom)]
    pub fn new() -> Self {
        Self {
            below_and_nanos: Counters::new(),
            buckets: core::array::from_fn(|_| AtomicU64::new(0)),
            above: AtomicU64::new(0),
            max_nanos: AtomicU64::new(0),
        }
    }

    /// Counts one call that took `duration`.
    #[inline]
    pub fn record(&self, duration: Duration) {
        self.record_many(duration, 1);
    }

    /// Counts `calls` calls that took `duration` each.
    ///
    /// For who samples one call in `calls`, or counts by other means what took no time.
    #[inline]
    pub fn record_many(&self, duration: Duration, calls: u64) {
        if calls == 0 {
            return;
        }
        let nanos = saturating_nanos(duration);
        // Seldom true once traffic flows, and then nothing is written.
        if nanos > self.max_nanos.load(Ordering::Relaxed) {
            self.max_nanos.fetch_max(nanos, Ordering::Relaxed);
        }
        self.below_and_nanos.add(NANOS, nanos.wrapping_mul(calls));
        // Release, after the maximum: whoever sees the entry sees a maximum that covers it. One below
        // the buckets may show first; its maximum is then late by less than 1.024 us.
        match Bucket::of(nanos) {
            Bucket::Below => self.below_and_nanos.add(BELOW, calls),
            Bucket::At(index) => {
                self.buckets[index].fetch_add(calls, Ordering::Release);
            }
            Bucket::Above => {
                self.above.fetch_add(calls, Ordering::Release);
            }
        }
    }

    /// The entries as they are now.
    ///
    /// Beside concurrent recording a snapshot holds every entry that was complete before it began,
    /// and any of those made meanwhile.
    pub fn snapshot(&self) -> HistogramSnapshot {
        let [below, nanos] = self.below_and_nanos.sums();
        let buckets = core::array::from_fn(|index| self.buckets[index].load(Ordering::Acquire));
        let above = self.above.load(Ordering::Acquire);
        let max_nanos = self.max_nanos.load(Ordering::Relaxed);
        HistogramSnapshot { below, buckets, above, max_nanos, nanos }
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.snapshot().fmt(f)
    }
}

/// What a [`Histogram`] held at one moment.
///
/// All answers of one snapshot are about the same entries. See [`Histogram`] for the error bound.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use reliability::sync::Histogram;
///
/// let latency = Histogram::new();
/// latency.record(Duration::from_millis(2));
/// // One call of ten is timed, and counts for all of them.
/// latency.record_many(Duration::from_millis(30), 10);
///
/// let now = latency.snapshot();
/// assert_eq!(now.count(), 11);
/// assert_eq!(now.sum(), Duration::from_millis(302));
/// assert_eq!(now.max(), Some(Duration::from_millis(30)));
/// assert!(now.quantile(0.5) > Some(Duration::from_millis(28)));
/// ```
#[derive(Clone)]
pub struct HistogramSnapshot {
    below: u64,
    buckets: [u64; BUCKETS],
    above: u64,
    max_nanos: u64,
    nanos: u64,
}

impl HistogramSnapshot {
    /// The same with that many more entries that took no time at all.
    #[cfg(all(feature = "std", feature = "resilience"))]
    pub(crate) fn with_immediate(mut self, calls: u64) -> Self {
        self.below = self.below.wrapping_add(calls);
        self
    }

    /// How many calls were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(self.below.wrapping_add(self.above), |sum, n| sum.wrapping_add(*n))
    }

    /// All durations together, exact; it wraps after 584 years. Beside concurrent recording it may have
    /// calls that are not counted yet.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.nanos)
    }

    /// How many durations there are below each of these edges in nanoseconds and not below the one
    /// before, and last how many are not below any. Exact where an edge is a power of two from 2^10.
    #[cfg(all(feature = "std", feature = "telemetry", feature = "resilience"))]
    pub(crate) fn counts_between(&self, edges: &[u64]) -> alloc::vec::Vec<u64> {
        let mut counts = alloc::vec![0_u64; edges.len() + 1];
        let mut count = |nanos: u64, calls: u64| {
            let slot = edges.partition_point(|edge| *edge <= nanos);
            counts[slot] = counts[slot].wrapping_add(calls);
        };
        count(0, self.below);
        for (index, calls) in self.buckets.iter().enumerate() {
            count(middle_nanos(index), *calls);
        }
        count(super::buckets::RANGE_END_NANOS, self.above);
        counts
    }

    /// The longest duration recorded, exact; `None` when nothing was.
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_nanos(self.max_nanos))
    }

    /// The duration that a share `q` of the calls did not exceed; `None` when nothing was recorded.
    ///
    /// By nearest rank: of `n` sorted durations the one at `ceil(q * n)`, counted from one. `q` is
    /// 0 to 1, and a number outside is taken as the nearer end; `NaN` counts as 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use reliability::sync::Histogram;
    ///
    /// let latency = Histogram::new();
    /// assert_eq!(latency.snapshot().quantile(0.5), None);
    ///
    /// latency.record_many(Duration::ZERO, 99);
    /// latency.record(Duration::from_secs(1));
    /// let snapshot = latency.snapshot();
    /// assert!(snapshot.quantile(0.99) < Some(Duration::from_micros(2)));
    /// assert!(snapshot.quantile(1.0) > Some(Duration::from_millis(900)));
    /// ```
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = rank(q, count);
        let mut seen = self.below;
        if rank <= seen {
            return Some(self.at_most_max(RANGE_START_NANOS / 2));
        }
        for (index, entries) in self.buckets.iter().enumerate() {
            seen = seen.saturating_add(*entries);
            if rank <= seen {
                return Some(self.at_most_max(middle_nanos(index)));
            }
        }
        Some(Duration::from_nanos(self.max_nanos))
    }

    /// No entry is longer than the maximum, so the answer is only ever moved towards the truth.
    fn at_most_max(&self, nanos: u64) -> Duration {
        Duration::from_nanos(nanos.min(self.max_nanos))
    }
}

impl fmt::Debug for HistogramSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &self.quantile(0.50))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish()
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;

#[cfg(all(test, reliability_loom))]
mod loom_tests;
