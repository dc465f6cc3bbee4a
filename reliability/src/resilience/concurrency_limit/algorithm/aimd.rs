use core::time::Duration;

use super::Sample;

/// Additive increase, multiplicative decrease: one more after each good window, a tenth less after
/// each bad one.
///
/// ```text
/// limit' = floor(limit * backoff)   when calls were dropped, or latency > timeout
///          limit + 1                when at least half of the places were in use
///          limit                    otherwise
/// ```
///
/// It asks only whether calls were dropped, so it works where latency says nothing, and needs a
/// timeout, or a dependency that refuses, where latency is all there is: it finds its limit by going
/// beyond it. Chiu and Jain, *Analysis of the Increase and Decrease Algorithms for Congestion
/// Avoidance in Computer Networks* (1989), show that of the four combinations only this one is both
/// stable and fair among clients that know nothing of each other.
///
/// The figures are those of Netflix's concurrency-limits (`AIMDLimit`), which steps by each call. Here
/// it is by each window, as congestion control in networks does it once in a round trip: when a server
/// stalls, twenty calls that time out together are one piece of news, and not twenty that leave an
/// eighth of the limit. In the simulation of this crate's tests a step for each call loses more than
/// 10 % of the goodput once the capacity is halved, because a limit that grows by one with each answer
/// is too high for most of the time.
///
/// # Examples
///
/// ```
/// use reliability::resilience::concurrency_limit::{Aimd, ConcurrencyLimit};
///
/// let gentle = Aimd { backoff: 0.95, ..Aimd::standard() };
/// let limit = ConcurrencyLimit::builder("inventory").algorithm(gentle).build()?;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aimd {
    /// What a bad window multiplies the limit by: 0.5 to below 1. Default: 0.9.
    pub backoff: f64,
    /// The mean latency above which a window is bad though nothing was dropped: above zero. Default: 5 s,
    /// a last resort; what a call may take says its `timeout`.
    pub timeout: Duration,
}

impl Aimd {
    /// The figures of the original.
    pub const fn standard() -> Self {
        Self { backoff: 0.9, timeout: Duration::from_secs(5) }
    }

    pub(super) fn step(&self, limit: f64, sample: &Sample) -> f64 {
        if sample.dropped || sample.latency > self.timeout {
            // Whole calls, so that each bad window takes at least one. The product of 180 and 0.7 is
            // one step of a float below 126.
            let whole = (limit * self.backoff * (1.0 + 2.0 * f64::EPSILON)) as u32;
            f64::from(whole).min(limit - 1.0)
        } else if sample.is_far_below(limit) {
            limit
        } else {
            limit + 1.0
        }
    }
}

impl Default for Aimd {
    fn default() -> Self {
        Self::standard()
    }
}
