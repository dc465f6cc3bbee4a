use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// How values were spread over a period: what a histogram has counted, of which quantiles are
/// estimated.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::telemetry::golden::Durations;
///
/// // Twenty calls: ten of at most 100 ms, and ten of at most a second.
/// let calls = Durations::new(vec![0.1, 1.0], vec![10, 10, 0]);
/// assert_eq!(calls.count(), 20);
/// let half = calls.quantile(0.75).map(|estimate| estimate.duration());
/// assert_eq!(half, Some(Duration::from_millis(550)));
/// assert_eq!(Durations::default().quantile(0.5), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Durations {
    /// Upper bounds, growing.
    bounds: Vec<f64>,
    /// One more.
    counts: Vec<u64>,
}

/// A quantile, as well as the bounds of a histogram tell it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::telemetry::golden::Durations;
///
/// // Ten calls of at most 100 ms, and ten of more than a second.
/// let calls = Durations::new(vec![0.1, 1.0], vec![10, 0, 10]);
/// let median = calls.quantile(0.5).unwrap();
/// assert_eq!((median.duration(), median.is_beyond()), (Duration::from_millis(100), false));
/// assert_eq!(calls.quantile(0.9).unwrap().to_string(), ">1s");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    seconds: f64,
    beyond: bool,
}

impl Durations {
    /// Counts between bounds in seconds, one more than there are bounds; what is no number among the
    /// bounds, or not above the one before, ends them, and all that is above is counted together.
    pub fn new(bounds: Vec<f64>, counts: Vec<u64>) -> Self {
        let mut this = Self { bounds, counts };
        let mut last = f64::NEG_INFINITY;
        let grows = |bound: &&f64| {
            let grows = bound.is_finite() && **bound > last;
            last = **bound;
            grows
        };
        let good = this.bounds.iter().take_while(grows).count();
        this.bounds.truncate(good);
        let beyond = this.counts.iter().skip(good).fold(0_u64, |sum, it| sum.saturating_add(*it));
        this.counts.resize(good, 0);
        this.counts.push(beyond);
        this
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// What that share of them did not exceed, 0 to 1: a value between the two bounds where it lies,
    /// as Prometheus has it. `None` where there were none, or `share` is no share.
    pub fn quantile(&self, share: f64) -> Option<Estimate> {
        let all = self.count();
        if all == 0 || !(0.0..=1.0).contains(&share) {
            return None;
        }
        let rank = share * all as f64;
        let mut below = 0.0;
        for (at, count) in self.counts.iter().enumerate() {
            let count = *count as f64;
            if count > 0.0 && below + count >= rank {
                return Some(self.between(at, (rank - below) / count));
            }
            below += count;
        }
        // Rounded away among numbers beyond 2^53.
        Some(self.between(self.counts.len() - 1, 1.0))
    }

    /// That far into the bucket.
    fn between(&self, bucket: usize, part: f64) -> Estimate {
        let before = bucket.checked_sub(1).and_then(|before| self.bounds.get(before)).copied();
        match self.bounds.get(bucket) {
            Some(bound) => {
                let start = before.unwrap_or(0.0).min(*bound);
                let seconds = start + (bound - start) * part.clamp(0.0, 1.0);
                Estimate { seconds, beyond: false }
            }
            None => Estimate { seconds: before.unwrap_or(0.0), beyond: true },
        }
    }

    /// Adds what another histogram has counted. Where the bounds differ, those that both have stay, so
    /// that counts are exact.
    pub(super) fn add(&mut self, other: &Self) {
        if self.counts.is_empty() {
            self.clone_from(other);
            return;
        }
        if other.counts.is_empty() {
            return;
        }
        let both: Vec<f64> =
            self.bounds.iter().filter(|bound| other.bounds.contains(bound)).copied().collect();
        let (ours, theirs) = (self.between_bounds(&both), other.between_bounds(&both));
        self.counts = ours.iter().zip(theirs).map(|(a, b)| a.saturating_add(b)).collect();
        self.bounds = both;
    }

    /// The counts between some of the bounds.
    fn between_bounds(&self, some: &[f64]) -> Vec<u64> {
        let mut counts = alloc::vec![0_u64; some.len() + 1];
        for (at, count) in self.counts.iter().enumerate() {
            let bound = self.bounds.get(at).copied().unwrap_or(f64::INFINITY);
            let place = some.partition_point(|it| *it < bound);
            if let Some(sum) = counts.get_mut(place) {
                *sum = sum.saturating_add(*count);
            }
        }
        counts
    }
}

impl Estimate {
    /// The value; of one that is [beyond](Self::is_beyond) the last bound, that bound.
    pub fn duration(self) -> Duration {
        Duration::try_from_secs_f64(self.seconds.max(0.0)).unwrap_or(Duration::MAX)
    }

    /// Whether it is above the last bound, so that nothing more is known of it.
    pub const fn is_beyond(self) -> bool {
        self.beyond
    }
}

impl fmt::Display for Estimate {
    /// As `85ms`, `1.2s`, or `>10s`: two digits are what bounds are good for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.duration().as_secs_f64() {
            seconds if seconds >= 1.0 => (seconds, "s"),
            seconds if seconds >= 1e-3 => (seconds * 1e3, "ms"),
            seconds => (seconds * 1e6, "us"),
        };
        let beyond = if self.beyond { ">" } else { "" };
        let digits = usize::from(value < 10.0 && value.fract() > 0.05 && value.fract() < 0.95);
        f.pad(&alloc::format!("{beyond}{value:.digits$}{unit}"))
    }
}
