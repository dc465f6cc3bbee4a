use super::Sample;
use super::estimator::Bounds;

/// Keeps a queue of a few calls at the dependency: grows while there is hardly any, shrinks when
/// there is too much of one.
///
/// ```text
/// queue  = ceil(limit * (1 - no_load / latency))
/// step   = max(1, floor(log10(limit)))
/// low    = max(alpha * step, floor(alpha_share * limit))
/// high   = max(beta * step, floor(beta_share * limit))
/// limit' = limit - step          when calls were dropped, or queue > high
///          limit                 when fewer than half of the places were in use
///          limit + beta * step   when queue <= step
///          limit + step          when queue < low
///          limit                 otherwise
/// ```
///
/// `no_load` is the latency of a dependency that has nothing else to do. By Little's law
/// `limit * no_load / latency` calls are being worked on, and the rest waits. Brakmo and Peterson,
/// *TCP Vegas* (1995), section 3.2; the steps that grow with the limit are those of Netflix's
/// concurrency-limits (`VegasLimit`), and the shares are those that its documentation speaks of. As
/// there, calls are whole: `queue`, `low` and `high` are compared as whole numbers.
///
/// # What is different from the original, and why
///
/// - **Windows, not single calls.** The original takes the lowest latency of any call for `no_load`.
///   Packets of a connection all take the same time; calls do not, and the fastest of a thousand
///   says nothing about the others: nearly all of the limit seems to be a queue, and the limit falls
///   to its floor. Here a window's mean is compared with a mean.
/// - **`no_load` falls slowly**, by `no_load_smoothing` of the difference for each window below it:
///   means of windows scatter too, and the lowest of a hundred is a bad estimate for all.
/// - **A probe**, as follows.
///
/// In the simulation of this crate's tests, with calls whose cost varies as that of database queries
/// does, the original's rules answer less than half of what the best fixed limit does, in each phase;
/// these answer more than 90 %. [`Vegas::published`] has the original's figures, for calls of even
/// cost.
///
/// # The probe
///
/// A `no_load` that only ever falls would be wrong for good after the dependency has become slower;
/// so it is measured anew from time to time. Measured under load, as the original does, it would
/// contain the queue of that moment, the limit would grow by that, and the next measurement would
/// contain more: after an hour at full load the limit has no meaning. So for one or two windows the
/// limit is lowered to `probe_share` of itself, the queue runs empty, and what is then measured is
/// the dependency. Calls that were admitted before are not taken into account.
///
/// The concurrency of the probe is a share, not a number, and not `min`: a low number turns most
/// calls away for as long as the probe takes, and a high floor keeps a dependency drowning that has
/// lost half of its machines. The limit does not go below `min`, in probes either; where
/// `probe_share` would lead there, the probe is made with `min`. The first probe comes after a tenth
/// of the usual calls, since the beginning of a process is a bad time to measure.
///
/// # Examples
///
/// ```
/// use reliability::resilience::concurrency_limit::{ConcurrencyLimit, Vegas};
///
/// let rarely = Vegas { probe_every: 1_000, ..Vegas::standard() };
/// let limit = ConcurrencyLimit::builder("inventory").algorithm(rarely).build()?;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vegas {
    /// The queue, in steps, below which the limit grows: 1 to 1000. Default: 3.
    pub alpha: u32,
    /// The queue, in steps, above which the limit shrinks: at least `alpha`, at most 1000.
    /// Default: 6.
    pub beta: u32,
    /// The queue, as a share of the limit, below which the limit grows, where that is more: 0 to 1.
    /// Default: 0.1.
    pub alpha_share: f64,
    /// The queue, as a share of the limit, above which the limit shrinks, where that is more: at
    /// least `alpha_share`, at most 1. Default: 0.2, since means of a hundred calls differ by a
    /// tenth for no reason.
    pub beta_share: f64,
    /// How much of each change is made at once: above 0, at most 1. Default: 1, all of it.
    pub smoothing: f64,
    /// How far `no_load` follows a window that was faster: above 0, at most 1. Default: 0.1.
    pub no_load_smoothing: f64,
    /// After how many times `limit` calls to measure the latency without load anew, 1 to 1,000,000,
    /// shortened by a random share of up to a half so that clients do not probe together.
    /// Default: 300, which costs a quarter of the calls for a window or two in a few hundred.
    pub probe_every: u32,
    /// The share of the limit that is open while the probe lasts: above 0, at most 1.
    /// Default: 0.75. With 1 nobody is turned away for it, and the queue is measured too.
    pub probe_share: f64,
}

impl Vegas {
    /// Figures for calls whose cost varies.
    pub const fn standard() -> Self {
        Self {
            alpha: 3,
            beta: 6,
            alpha_share: 0.1,
            beta_share: 0.2,
            smoothing: 1.0,
            no_load_smoothing: 0.1,
            probe_every: 300,
            probe_share: 0.75,
        }
    }

    /// The figures of the original, with its probe under load.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::concurrency_limit::Vegas;
    ///
    /// assert_ne!(Vegas::published(), Vegas::standard());
    /// ```
    pub const fn published() -> Self {
        Self {
            alpha_share: 0.0,
            beta_share: 0.0,
            no_load_smoothing: 1.0,
            probe_every: 30,
            probe_share: 1.0,
            ..Self::standard()
        }
    }

    pub(super) fn step(
        &self,
        memory: &mut Memory,
        bounds: Bounds,
        limit: f64,
        sample: &Sample,
        random: u64,
    ) -> f64 {
        if let Some(probe) = memory.probe {
            return memory.step_probe(probe, limit, sample, random);
        }
        memory.calls = memory.calls.saturating_add(u64::from(sample.calls));
        if !sample.dropped && memory.calls as f64 >= self.probe_after(memory, limit) {
            let lowered = bounds.clamp(f64::from((limit * self.probe_share) as u32));
            // Where hardly anybody is inside there is no queue to run empty.
            if lowered < limit && !sample.is_far_below(limit) {
                memory.probe = Some(Probe { resume: limit, windows: 0 });
                return lowered;
            }
            memory.measured(sample.nanos(), random);
            return limit;
        }
        let latency = sample.nanos();
        if memory.no_load == 0.0 {
            memory.no_load = latency;
            if !sample.dropped {
                return limit;
            }
        }
        memory.no_load += (latency - memory.no_load).min(0.0) * self.no_load_smoothing;
        let next = bounds.clamp(self.next(limit, memory.no_load / latency, sample));
        (1.0 - self.smoothing) * limit + self.smoothing * next
    }

    fn next(&self, limit: f64, working_share: f64, sample: &Sample) -> f64 {
        let step = f64::from((limit as u32).checked_ilog10().unwrap_or(0).max(1));
        let queue = limit * (1.0 - working_share);
        // The product of 100 and 0.29 is one step of a float below 29.
        let whole = |share: f64| f64::from((limit * share * (1.0 + 2.0 * f64::EPSILON)) as u32);
        let low = (f64::from(self.alpha) * step).max(whole(self.alpha_share));
        let high = (f64::from(self.beta) * step).max(whole(self.beta_share));
        if sample.dropped {
            limit - step
        } else if sample.is_far_below(limit) {
            limit
        } else if queue <= step {
            limit + f64::from(self.beta) * step
        } else if queue <= low - 1.0 {
            // As much as ceil(queue) < low, since low is whole; and so is high.
            limit + step
        } else if queue > high {
            limit - step
        } else {
            limit
        }
    }

    fn probe_after(&self, memory: &Memory, limit: f64) -> f64 {
        let share = if memory.has_probed { 1.0 - memory.jitter / 2.0 } else { FIRST_PROBE };
        f64::from(self.probe_every) * limit * share
    }
}

impl Default for Vegas {
    fn default() -> Self {
        Self::standard()
    }
}

/// The share of `probe_every` after which the first probe comes.
const FIRST_PROBE: f64 = 0.1;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// Nanoseconds; 0 before the first window.
    no_load: f64,
    /// Since the last probe.
    calls: u64,
    /// 0 to 1.
    jitter: f64,
    has_probed: bool,
    probe: Option<Probe>,
}

#[derive(Debug, Clone, Copy)]
struct Probe {
    /// The limit to go on with.
    resume: f64,
    /// How many it has taken so far.
    windows: u32,
}

/// A probe whose windows still see calls from before is given up, and made again another time.
const PROBE_WINDOWS_MAX: u32 = 10;

impl Memory {
    fn step_probe(&mut self, probe: Probe, limit: f64, sample: &Sample, random: u64) -> f64 {
        // More than are let in now: some of them were admitted before.
        let mixed = f64::from(sample.in_flight) > limit;
        let windows = probe.windows + 1;
        if mixed && !sample.dropped && windows < PROBE_WINDOWS_MAX {
            self.probe = Some(Probe { windows, ..probe });
            return limit;
        }
        self.probe = None;
        if mixed || sample.dropped {
            self.calls = 0;
        } else {
            self.measured(sample.nanos(), random);
        }
        // What is dropped even at half of the limit is dropped at the whole one.
        if sample.dropped { limit } else { probe.resume }
    }

    fn measured(&mut self, latency: f64, random: u64) {
        self.no_load = latency;
        self.has_probed = true;
        self.calls = 0;
        self.jitter = (random >> 32) as f64 / (1_u64 << 32) as f64;
    }
}
