use alloc::string::ToString;

use super::Snapshot;
use crate::error::Name;
use crate::sync::Counters;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Hit,
    NegativeHit,
    Stale,
    Miss,
    Refresh,
    StaleIfError,
    Coalesced,
    WaitGivenUp,
    HandedOver,
    Evicted,
}

impl Mark {
    const COUNT: usize = 10;
}

/// The counters of a cache: lock-free, a cache line per thread.
#[derive(Debug)]
pub(super) struct Tally {
    counters: Counters<{ Mark::COUNT }>,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { counters: Counters::new() }
    }

    #[inline]
    pub(super) fn count(&self, mark: Mark) {
        self.counters.add(mark as usize, 1);
    }

    pub(super) fn evicted(&self) {
        self.count(Mark::Evicted);
    }

    pub(super) fn snapshot(&self, name: &Name, size: u64, in_flight: u64) -> Snapshot {
        let sums = self.counters.sums();
        let of = |mark: Mark| sums[mark as usize];
        Snapshot {
            name: name.to_string(),
            hits: of(Mark::Hit),
            negative_hits: of(Mark::NegativeHit),
            stale: of(Mark::Stale),
            misses: of(Mark::Miss),
            refreshes: of(Mark::Refresh),
            stale_if_error: of(Mark::StaleIfError),
            coalesced: of(Mark::Coalesced),
            waits_given_up: of(Mark::WaitGivenUp),
            handed_over: of(Mark::HandedOver),
            evictions: of(Mark::Evicted),
            size,
            in_flight,
        }
    }
}
