use alloc::vec::Vec;
use core::fmt;

use crate::error::ErrorMonitor;
use crate::error::monitor::monitors;

use super::{ChaosSnapshot, PolicySnapshot, RateLimitSnapshot, Snapshot};

/// What can tell its state: implemented by the modules above this one, which submit it before
/// `main`, so that telemetry need not know them.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// The state of all policies that the source knows.
    pub(crate) policies: fn() -> Vec<PolicySnapshot>,
    /// The state of the rate limits that are found by name.
    pub(crate) rate_limits: fn() -> Vec<RateLimitSnapshot>,
    /// The state of all chaos that the source knows.
    pub(crate) chaos: fn() -> Vec<ChaosSnapshot>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

inventory::collect!(Source);

/// What every policy of the process has counted so far.
///
/// Counters are read one after the other while calls go on, so sums of one snapshot may differ by
/// the calls that ended in between. Each counter only ever grows.
///
/// # Examples
///
/// See the [module](super).
pub fn snapshot() -> Snapshot {
    let sources = || inventory::iter::<Source>.into_iter();
    Snapshot {
        policies: sources().flat_map(|source| (source.policies)()).collect(),
        rate_limits: sources().flat_map(|source| (source.rate_limits)()).collect(),
        chaos: sources().flat_map(|source| (source.chaos)()).collect(),
        errors: monitors().iter().map(ErrorMonitor::snapshot).collect(),
    }
}
