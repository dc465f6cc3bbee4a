use alloc::string::String;

/// What a cache has done since it was built.
///
/// A lookup is counted once: as what answered it, or as a call that did the work itself. While
/// calls are running the numbers are read one after the other, so they may be a few calls apart.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "cache")] {
/// use reliability::resilience::cache::Cache;
///
/// let prices = Cache::standard("price");
/// prices.insert("tea", 299_u32);
/// assert_eq!(prices.get::<u32>("tea"), Some(299));
///
/// let now = prices.snapshot();
/// assert_eq!((now.hits, now.misses, now.size), (1, 0, 1));
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheSnapshot {
    /// The name of the cache.
    pub name: String,
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
