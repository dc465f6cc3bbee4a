use crate::error::Name;
use crate::sync::Counters;

/// What a cache has done since it was built.
///
/// A lookup is counted once: as what answered it, or as a call that did the work itself. While
/// calls are running the numbers are read one after the other, so they may be a few calls apart.
///
/// # Examples
///
/// ```
/// use reliability::resilience::cache::Cache;
///
/// let prices = Cache::standard("price");
/// prices.insert("tea", 299_u32);
/// assert_eq!(prices.get::<u32>("tea"), Some(299));
/// assert_eq!((prices.snapshot().hits, prices.snapshot().size), (1, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The name of the cache.
    pub name: Name,
    /// Lookups that were answered by a fresh value.
    pub hits: u64,
    /// Lookups that were answered by an error that was kept.
    pub negative_hits: u64,
    /// Lookups that were answered by a stale value, because another call refreshed it, or because a
    /// refresh had just failed.
    pub stale: u64,
    /// Calls that found nothing, and did the work.
    pub misses: u64,
    /// Calls that found a stale value, and did the work to refresh it.
    pub refreshes: u64,
    /// Refreshes that failed, so that their caller was answered by the stale value.
    pub stale_if_error: u64,
    /// Calls that waited for the answer of another one, and got it.
    pub coalesced: u64,
    /// Calls that waited for the answer of another one in vain.
    pub waits_given_up: u64,
    /// Calls that did the work because the one they waited for was gone, or had failed.
    pub handed_over: u64,
    /// Entries thrown out because there was no room for them.
    pub evictions: u64,
    /// How many entries there are, those among them that are too old to be used.
    pub size: u64,
    /// How many keys are being worked on now.
    pub in_flight: u64,
}

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

    pub(super) fn snapshot(&self, name: Name, size: u64, in_flight: u64) -> Snapshot {
        let sums = self.counters.sums();
        let of = |mark: Mark| sums[mark as usize];
        Snapshot {
            name,
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
