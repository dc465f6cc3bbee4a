use core::any::Any;
use core::fmt;
use core::time::Duration;

use alloc::sync::Arc;

use super::behind::Weigher;
use super::settings::HOUR;
use super::{Cache, Settings, Value};
use crate::error::Name;
use crate::resilience::Invalid;
use crate::time::Clock;

/// Settings of a [`Cache`] that is yet to be made.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::cache::Cache;
/// use reliability::time::ManualClock;
///
/// let time = ManualClock::new();
/// let prices = Cache::builder("price")
///     .ttl(Duration::from_secs(60))
///     .stale(Duration::from_secs(600))
///     .negative_permanent(Duration::from_secs(10))
///     .negative_transient(Duration::from_millis(500))
///     .negative_overloaded(Duration::from_secs(1))
///     .wait(Duration::from_secs(2))
///     .refresh_pause(Duration::from_secs(5))
///     .capacity(50_000)
///     .kept_max(Duration::from_secs(3600))
///     .clock(time.clock())
///     .build()?;
/// prices.insert("tea", 299_u32);
/// assert_eq!(prices.get::<u32>("tea"), Some(299));
///
/// // No longer fresh: who asks now is to find out anew.
/// time.advance(Duration::from_secs(61));
/// assert_eq!(prices.get::<u32>("tea"), None);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct CacheBuilder {
    pub(super) name: Name,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) kept_max: Option<Duration>,
    pub(super) weigher: Option<Weigher>,
}

impl CacheBuilder {
    pub(super) fn new(name: Name) -> Self {
        let settings = Settings::standard();
        Self { name, settings, clock: Clock::default(), kept_max: None, weigher: None }
    }

    /// For how long an answer is everybody's. See [`Settings::ttl`].
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.settings.ttl = ttl;
        self
    }

    /// For how long after that it is better than nothing. See [`Settings::stale`].
    pub fn stale(mut self, stale: Duration) -> Self {
        self.settings.stale = stale;
        self
    }

    /// For how long permanent errors are answers. See [`Settings::negative`].
    pub fn negative_permanent(mut self, ttl: Duration) -> Self {
        self.settings.negative.permanent = ttl;
        self
    }

    /// For how long transient errors are answers. See [`Settings::negative`].
    pub fn negative_transient(mut self, ttl: Duration) -> Self {
        self.settings.negative.transient = ttl;
        self
    }

    /// For how long overloaded errors are answers. See [`Settings::negative`].
    pub fn negative_overloaded(mut self, ttl: Duration) -> Self {
        self.settings.negative.overloaded = ttl;
        self
    }

    /// How long a call waits for the answer of another one. See [`Settings::wait`].
    pub fn wait(mut self, wait: Duration) -> Self {
        self.settings.wait = wait;
        self
    }

    /// How long a stale answer is left alone after a refresh that failed. See
    /// [`Settings::refresh_pause`].
    pub fn refresh_pause(mut self, pause: Duration) -> Self {
        self.settings.refresh_pause = pause;
        self
    }

    /// How many answers are kept, or their weight. See [`Settings::capacity`].
    pub fn capacity(mut self, capacity: u32) -> Self {
        self.settings.capacity = capacity;
        self
    }

    /// Weighs the values of one type, where an entry more or less is not a measure of memory:
    /// [`capacity`](Self::capacity) is then the sum of their weights, each of which is at least one.
    /// All else, errors among it, weighs one.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::cache::Cache;
    ///
    /// let pages = Cache::builder("page")
    ///     .capacity(64 * 1024 * 1024)
    ///     .weigher(|page: &String| page.len().try_into().unwrap_or(u32::MAX))
    ///     .build()?;
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn weigher<T: Value>(mut self, weigh: impl Fn(&T) -> u32 + Send + Sync + 'static) -> Self {
        self.weigher = Some(Arc::new(move |value: &(dyn Any + Send + Sync)| {
            // What weighs nothing would be kept without bound.
            value.downcast_ref().map_or(1, |value| weigh(value).max(1))
        }));
        self
    }

    /// The longest `ttl` plus `stale` that [`Cache::reconfigure`] may ask for: after that time an entry
    /// is given up, looked up or not, when moka tidies up or its place is wanted. Default: an hour, or
    /// what the settings ask for if that is longer.
    pub fn kept_max(mut self, kept_max: Duration) -> Self {
        self.kept_max = Some(kept_max);
        self
    }

    /// The clock that decides what is fresh. Default: [`Clock::precise`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the cache.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a setting is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::resilience::cache::Cache;
    ///
    /// let invalid = Cache::builder("price").ttl(Duration::ZERO).build().unwrap_err();
    /// assert_eq!(invalid.setting(), "ttl");
    /// ```
    pub fn build(self) -> Result<Cache, Invalid> {
        self.settings.validate(&self.name)?;
        let needed = self.settings.kept();
        let kept_max = self.kept_max.unwrap_or(needed.max(HOUR));
        if kept_max < needed {
            let expected = alloc::format!("at least {needed:?}, for which entries are to be kept");
            let got = alloc::format!("{kept_max:?}");
            return Err(Invalid::new(self.name, "kept_max", expected, got));
        }
        Ok(Cache::new(self, kept_max))
    }
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("clock", &self.clock)
            .field("kept_max", &self.kept_max)
            .finish_non_exhaustive()
    }
}
