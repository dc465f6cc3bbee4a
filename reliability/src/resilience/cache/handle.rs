use alloc::sync::Arc;
use core::fmt;
use core::future::Future;

use super::asking::Asking;
use super::entry::{Age, AnyEntry, Entry};
use super::get_or::GetOr;
use super::inner::Inner;
use super::key::Asked;
use super::look_up::LookUp;
use super::snapshot::Mark;
use super::{CacheBuilder, Key, Settings, Sharing, Snapshot, Value};
use crate::error::{Fault, Name, Rejected};
use crate::resilience::Invalid;

/// Keeps answers for those who ask again, and lets one caller at a time find them out.
///
/// A handle: clones are the same cache. See the [module](super) for why and when.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::cache::Cache;
///
/// let prices = Cache::builder("price")
///     .ttl(Duration::from_secs(30))
///     .stale(Duration::from_secs(300))
///     .build()?;
///
/// let price = prices.get_or("tea", || async { Ok::<u32, Rejected>(299) }).await?;
/// let again = prices.get_or("tea", || async { Ok::<u32, Rejected>(499) }).await?;
/// assert_eq!((price, again), (299, 299));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cache(pub(super) Arc<Inner>);

impl Cache {
    /// A cache of that name with [standard settings](Settings::standard).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::resilience::cache::Cache;
    ///
    /// assert_eq!(Cache::standard("price").settings().ttl, Duration::from_secs(30));
    /// ```
    pub fn standard(name: impl Into<Name>) -> Self {
        let builder = CacheBuilder::new(name.into());
        let kept_max = super::settings::HOUR;
        Self::new(builder, kept_max)
    }

    /// Starts from the standard settings. `name` stands in refusals and logs.
    pub fn builder(name: impl Into<Name>) -> CacheBuilder {
        CacheBuilder::new(name.into())
    }

    /// The answer for a key: the one that is kept, or else what `work` finds out, which is kept for
    /// others.
    ///
    /// Of those who find nothing, one works at a time, and the others wait for its answer. An error
    /// is for the caller whose work it was: the next one that waits does its own work. Where errors
    /// can be cloned, [`get_or_share`](Cache::get_or_share) gives them to all.
    ///
    /// # Errors
    ///
    /// The error of the work; or what became of a [`Rejected`]: the refusal that the work of another
    /// caller met, and [`TimedOut`](crate::error::Reason::TimedOut) or
    /// [`DeadlineExceeded`](crate::error::Reason::DeadlineExceeded) when the wait for it took longer
    /// than [`wait`](Settings::wait) or the [`Deadline`](crate::time::Deadline) allows.
    ///
    /// # Panics
    ///
    /// When it has to wait outside of a tokio runtime whose time driver is enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the work, and the next one that waits does its own.
    ///
    /// # Examples
    ///
    /// See [`Cache`].
    pub fn get_or<K, T, E, F, Fut>(&self, key: K, work: F) -> impl Future<Output = Result<T, E>>
    where
        K: Key,
        T: Value,
        E: Fault + From<Rejected>,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let sharing = Sharing::values();
        GetOr::new(self.look_up(key, sharing), sharing, work)
    }

    /// As [`get_or`](Cache::get_or), and errors are for all who waited; by
    /// [`negative`](Settings::negative) also for those who come later.
    ///
    /// # Errors
    ///
    /// As [`get_or`](Cache::get_or), and the error of another caller's work.
    ///
    /// # Panics
    ///
    /// As [`get_or`](Cache::get_or).
    ///
    /// # Cancel safety
    ///
    /// As [`get_or`](Cache::get_or).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use reliability::error::{Fault, Rejected};
    /// use reliability::resilience::cache::Cache;
    ///
    /// #[derive(Debug, Clone, PartialEq, Fault)]
    /// enum PriceError {
    ///     #[fault(permanent)]
    ///     NoSuchArticle,
    ///     #[fault(from)]
    ///     Rejected(Rejected),
    /// }
    ///
    /// let prices =
    ///     Cache::builder("price").negative_permanent(Duration::from_secs(10)).build()?;
    ///
    /// for _ in 0..2 {
    ///     let work = || async { Err(PriceError::NoSuchArticle) };
    ///     let price: Result<u32, _> = prices.get_or_share("pear", work).await;
    ///     assert_eq!(price, Err(PriceError::NoSuchArticle));
    /// }
    /// assert_eq!((prices.snapshot().misses, prices.snapshot().negative_hits), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_or_share<K, T, E, F, Fut>(
        &self,
        key: K,
        work: F,
    ) -> impl Future<Output = Result<T, E>>
    where
        K: Key,
        T: Value,
        E: Fault + From<Rejected> + Clone + Send + Sync + 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let sharing = Sharing::errors();
        GetOr::new(self.look_up(key, sharing), sharing, work)
    }

    /// Looks a key up: an answer, or the lead, which is the right to find it out. Waits while
    /// another call has the lead.
    ///
    /// # Errors
    ///
    /// The answer may be an error, as with [`get_or`](Cache::get_or).
    ///
    /// # Panics
    ///
    /// As [`get_or`](Cache::get_or).
    ///
    /// # Cancel safety
    ///
    /// As [`LookUp`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::Classifier;
    /// use reliability::resilience::cache::{Cache, Found, Sharing};
    ///
    /// let prices = Cache::standard("price");
    /// let errors = Sharing::<Rejected>::errors();
    /// let price = match prices.look_up("tea", errors).await {
    ///     Found::Answer(answer) => answer,
    ///     Found::Lead(lead) => lead.settle(Ok(299_u32), &Classifier::by_fault(), errors),
    /// };
    /// assert_eq!(price, Ok(299));
    /// # }
    /// ```
    pub fn look_up<K: Key, T: Value, E>(&self, key: K, sharing: Sharing<E>) -> LookUp<'_, K, T, E> {
        LookUp::new(Asking::new(self, key, sharing))
    }

    /// The fresh value under a key.
    ///
    /// # Examples
    ///
    /// See [`Key`].
    pub fn get<T: Value>(&self, key: impl Key) -> Option<T> {
        self.get_under(&key)
    }

    fn get_under<K: Key, T: Value>(&self, key: &K) -> Option<T> {
        let found = self.glance::<K, T>(key, self.hash::<T>(key));
        let (entry, _) = found.entry.filter(|(_, age)| *age == Age::Fresh)?;
        let value = entry.as_value_under::<K, T>()?.clone();
        self.tally().count(Mark::Hit);
        Some(value)
    }

    /// Keeps a value that came some other way, such as the one that was just written. Who waits for
    /// a call that began before gets that one's answer, which is then not kept.
    ///
    /// # Examples
    ///
    /// See [`Key`].
    pub fn insert<T: Value>(&self, key: impl Key, value: T) {
        let hash = self.hash::<T>(&key);
        self.store().put(Entry::value(key.keep(), hash, value, self.now()));
    }

    /// Forgets what is kept under a key, value or error; true if there was something. A call that
    /// works on it answers those who wait for it already, and its answer is not kept.
    ///
    /// `T` is the type of the value: one key may be used for several types.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::cache::Cache;
    ///
    /// let prices = Cache::standard("price");
    /// prices.insert("tea", 299_u32);
    /// assert!(prices.invalidate::<u32>("tea"));
    /// assert_eq!(prices.get::<u32>("tea"), None);
    /// ```
    pub fn invalidate<T: Value>(&self, key: impl Key) -> bool {
        self.invalidate_under::<_, T>(&key)
    }

    fn invalidate_under<K: Key, T: Value>(&self, key: &K) -> bool {
        let is = |entry: &AnyEntry| entry.is::<K, T>(key);
        self.store().take(&Asked { hash: self.hash::<T>(key), is: &is })
    }

    /// Forgets everything, as [`invalidate`](Cache::invalidate) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::cache::Cache;
    ///
    /// let prices = Cache::standard("price");
    /// prices.insert("tea", 299_u32);
    /// prices.clear();
    /// assert_eq!(prices.get::<u32>("tea"), None);
    /// ```
    pub fn clear(&self) {
        self.store().clear();
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.0.settings.load()
    }

    /// Changes settings. Entries are kept, and judged by the new settings from now on.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing has changed, when a setting is out of its range, when the capacity is
    /// another one, because memory is laid out for it, and when entries would be kept for longer than
    /// [`kept_max`](CacheBuilder::kept_max).
    ///
    /// # Examples
    ///
    /// See [`Settings`].
    pub fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let mut settings = self.settings();
        change(&mut settings);
        self.check(&settings)?;
        self.apply(&settings);
        Ok(())
    }

    /// What it has done since it was built. Costs moka's pending work, and a look at all places in
    /// front of it, so not for hot paths.
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
    pub fn snapshot(&self) -> Snapshot {
        let (size, in_flight) = (self.store().len(), self.store().in_flight() as u64);
        self.tally().snapshot(self.name(), size, in_flight)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("now", &self.snapshot())
            .field("settings", &self.settings())
            .finish()
    }
}
