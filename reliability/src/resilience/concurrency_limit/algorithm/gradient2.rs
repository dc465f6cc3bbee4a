use super::Sample;

/// Compares the latency of now with that of the last minutes, and shrinks the limit by as much as
/// latency has grown.
///
/// ```text
/// long     = exponential mean of latency over `long_window` windows
/// gradient = tolerance * long / latency, at least 0.5, at most 1
/// target   = limit * gradient + queue        a good window
///            limit * 0.5                     a window with dropped calls
/// limit'   = (1 - smoothing) * limit + smoothing * target
/// ```
///
/// Means, not minima: the latency of calls that do different work is spread so widely that the
/// lowest one is nobody's, and a limit derived from it turns away calls that there is room for. The
/// limit does not grow while fewer than half of the places are in use. When `long` is more than
/// twice the latency of now, an overload has just ended, and `long` is brought down by 5 % a window
/// instead of slowly.
///
/// The formula and its figures are those of Netflix's concurrency-limits (`Gradient2Limit`); that
/// dropped calls count is our own: who refuses at once answers fast, and would otherwise be sent
/// more.
///
/// # What it cannot see
///
/// An overload that lasts longer than the long window becomes the latency that it knows. Give calls
/// a `timeout`: what takes longer is dropped, and brings the limit down again.
///
/// # Examples
///
/// ```
/// use reliability::resilience::concurrency_limit::{ConcurrencyLimit, Gradient2};
///
/// let strict = Gradient2 { tolerance: 1.2, ..Gradient2::standard() };
/// let limit = ConcurrencyLimit::builder("inventory").algorithm(strict).build()?;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gradient2 {
    /// By what factor latency may grow before the limit shrinks: 1 to 100. Default: 1.5.
    pub tolerance: f64,
    /// How many calls may wait at the dependency, and by how much the limit is drawn upwards:
    /// 1 to 1000. Default: 4.
    pub queue: u32,
    /// How much of the way to its target the limit goes in one window: above 0, at most 1.
    /// Default: 0.2.
    pub smoothing: f64,
    /// Over how many windows the long mean is taken: 1 to 1,000,000. Default: 6000, which is ten
    /// minutes of windows of 100 ms.
    pub long_window: u32,
}

impl Gradient2 {
    /// The figures of the original, for windows of 100 ms instead of a second: ten minutes are ten
    /// times as many of them.
    pub const fn standard() -> Self {
        Self { tolerance: 1.5, queue: 4, smoothing: 0.2, long_window: 6_000 }
    }

    pub(super) fn step(&self, memory: &mut Memory, limit: f64, sample: &Sample) -> f64 {
        let latency = sample.nanos();
        let long = memory.add(latency, self.long_window);
        let target = if sample.dropped {
            limit * GRADIENT_MIN
        } else if sample.is_far_below(limit) {
            limit
        } else {
            let gradient = (self.tolerance * long / latency).clamp(GRADIENT_MIN, 1.0);
            limit * gradient + f64::from(self.queue)
        };
        (1.0 - self.smoothing) * limit + self.smoothing * target
    }
}

impl Default for Gradient2 {
    fn default() -> Self {
        Self::standard()
    }
}

/// One outlier does not take more than half.
const GRADIENT_MIN: f64 = 0.5;
/// Windows whose plain mean the long one begins with.
const WARM_UP: u32 = 10;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// Nanoseconds.
    long: f64,
    windows: u32,
}

impl Memory {
    /// Takes in a window, and answers the mean with it.
    fn add(&mut self, latency: f64, long_window: u32) -> f64 {
        if self.windows < WARM_UP {
            self.windows += 1;
            self.long += (latency - self.long) / f64::from(self.windows);
        } else {
            self.long += (latency - self.long) * 2.0 / (f64::from(long_window) + 1.0);
        }
        let long = self.long;
        if long > 2.0 * latency {
            self.long *= 0.95;
        }
        long
    }
}
