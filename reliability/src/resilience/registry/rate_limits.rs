use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::error::Name;
use crate::resilience::Invalid;
use crate::resilience::rate_limit::{Settings, listed};
#[cfg(feature = "telemetry")]
use crate::telemetry::RateLimitSnapshot;

/// A rate limit of the process that counts per key, or is shared by processes through a store.
///
/// It may be a layer of a policy or be asked by hand. A limit without keys that is a layer is found
/// with its policy.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{KeyedRateLimit, Quota};
/// use reliability::resilience::registry;
///
/// let tenants = KeyedRateLimit::<u64>::builder("entry-tenants")
///     .quota(Quota::per_second(10))
///     .build()?;
/// tenants.check(&7);
///
/// let entry = registry::find_rate_limit("entry-tenants").expect("it is listed");
/// assert_eq!(entry.name(), tenants.name());
/// assert_eq!(entry.settings().quota, Quota::per_second(10));
/// assert_eq!(entry.snapshot().keys.map(|keys| keys.remembered), Some(1));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Clone)]
pub struct RateLimitEntry(Arc<dyn listed::Listed>);

impl RateLimitEntry {
    /// The name it was made with.
    pub fn name(&self) -> &Name {
        self.0.name()
    }

    /// The settings in use.
    pub fn settings(&self) -> Settings {
        self.0.settings()
    }

    /// What it has counted, and how it does.
    #[cfg(feature = "telemetry")]
    pub fn snapshot(&self) -> RateLimitSnapshot {
        self.0.snapshot()
    }
}

impl fmt::Debug for RateLimitEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitEntry")
            .field("name", self.name())
            .field("settings", &self.settings())
            .finish_non_exhaustive()
    }
}

/// All rate limits that count per key or are shared through a store, in the order in which they
/// were built; each is listed until its last clone is dropped.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{KeyedRateLimit, Quota};
/// use reliability::resilience::registry;
///
/// let limit = KeyedRateLimit::<u64>::builder("per-customer").quota(Quota::per_hour(1)).build()?;
///
/// for entry in registry::rate_limits() {
///     println!("{}: {}", entry.name(), entry.settings().quota);
/// }
/// let found = registry::find_rate_limit("per-customer").map(|entry| entry.settings());
/// assert_eq!(found, Some(limit.settings()));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
pub fn rate_limits() -> Vec<RateLimitEntry> {
    listed::listed().into_iter().map(RateLimitEntry).collect()
}

/// The first of the [`rate_limits`] with that name.
///
/// # Examples
///
/// See [`RateLimitEntry`].
pub fn find_rate_limit(name: &str) -> Option<RateLimitEntry> {
    rate_limits().into_iter().find(|entry| entry.name().as_str() == name)
}

/// Changes settings of the [`rate_limits`] of that name, of all of them or of none. `change` is
/// called for each of them; what was used stays used.
///
/// # Errors
///
/// [`Invalid`], and nothing has changed, when there is none of that name, or when one of them cannot
/// work with the new settings.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{KeyedRateLimit, Quota};
/// use reliability::resilience::registry;
///
/// let limit = KeyedRateLimit::<u64>::builder("per-seller").quota(Quota::per_hour(1)).build()?;
/// registry::reconfigure_rate_limit("per-seller", |settings| settings.quota = Quota::per_hour(2))?;
/// assert_eq!(limit.settings().quota, Quota::per_hour(2));
///
/// let unknown = registry::reconfigure_rate_limit("per-buyer", |_| {}).unwrap_err();
/// assert_eq!(unknown.setting(), "name");
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
pub fn reconfigure_rate_limit(
    name: &str,
    mut change: impl FnMut(&mut Settings),
) -> Result<(), Invalid> {
    let mut changes = Vec::new();
    for RateLimitEntry(limit) in rate_limits() {
        if limit.name().as_str() != name {
            continue;
        }
        let mut settings = limit.settings();
        change(&mut settings);
        limit.check(&settings)?;
        changes.push((limit, settings));
    }
    if changes.is_empty() {
        let expected = "that of a limit that counts per key, or is shared through a store";
        let name = Name::from(alloc::string::String::from(name));
        return Err(Invalid::new(name, "name", expected, "that of none")
            .with_advice("`registry::rate_limits()` has all of them; one that is a layer of a policy, and counts all its calls together, changes with `registry::reconfigure`"));
    }
    for (limit, settings) in changes {
        limit.apply(&settings);
    }
    Ok(())
}
