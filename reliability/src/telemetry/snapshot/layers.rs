//! What the layers of a policy tell of themselves in a snapshot.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::error::plural;

/// How far a policy is degraded, and what it has done less of.
///
/// # Examples
///
/// ```
/// use reliability::error::recovery::Degradation;
/// use reliability::resilience::Policy;
/// use reliability::resilience::degrade::{Degrade, Measures};
/// use reliability::telemetry;
///
/// let search = Degradation::standard("search");
/// let degrade = Degrade::when(&search, Measures::none().shed(0.2));
/// let policy = Policy::builder("degrade-now").degrade(degrade).build()?;
/// search.raise();
///
/// let now = telemetry::snapshot();
/// let degrade = now.policy("degrade-now").and_then(|policy| policy.degrade.clone());
/// assert_eq!(degrade.map(|degrade| (degrade.level, degrade.times)), Some((1, 1)));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DegradeSnapshot {
    /// The name of the degradation that the policy follows.
    pub name: String,
    /// How far things are degraded: 0 is normal.
    pub level: u8,
    /// For how long things stay degraded if nothing raises it again.
    pub remaining: Option<Duration>,
    /// How often it went from normal to degraded.
    pub times: u64,
    /// How long things were degraded so far.
    pub lasted: Duration,
    /// Calls that were shed, by priority; priorities without calls are left out.
    pub shed: Vec<(&'static str, u64)>,
    /// Calls that were kept out because the part of the limit was full that may be filled.
    pub crowded: u64,
    /// Calls that were kept out and got an answer nevertheless.
    pub answered: u64,
    /// Attempts that would have been followed by another one.
    pub not_retried: u64,
}

/// The state of a breaker.
///
/// # Examples
///
/// ```
/// use reliability::resilience::{Breaker, Policy};
/// use reliability::telemetry;
///
/// let breaker = Breaker::standard("inventory");
/// let policy = Policy::builder("breaker-now").breaker(breaker.clone()).build()?;
/// breaker.force_open();
///
/// let now = telemetry::snapshot();
/// let breaker = now.policy("breaker-now").and_then(|policy| policy.breaker.clone());
/// let transitions = breaker.map(|breaker| breaker.transitions).unwrap_or_default();
/// assert_eq!(transitions, [("closed", "forced_open", 1)]);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// The breaker's name.
    pub name: String,
    /// The state that it is in, such as `"closed"` or `"half_open"`.
    pub state: &'static str,
    /// Calls that it refused.
    pub rejected: u64,
    /// Open periods in a row, without closing in between.
    pub trips: u32,
    /// How often it went from one state to another: `(from, to, times)`, without the zeros.
    pub transitions: Vec<(&'static str, &'static str, u64)>,
}

/// The state of a rate limit.
///
/// # Examples
///
/// ```
/// use reliability::resilience::Policy;
/// use reliability::resilience::rate_limit::{Quota, RateLimit};
/// use reliability::telemetry;
///
/// let limit = RateLimit::builder("partner-api").quota(Quota::per_day(100)).build()?;
/// let policy = Policy::builder("limit-now").rate_limit(limit.clone()).build()?;
/// limit.check();
///
/// let now = telemetry::snapshot();
/// let limit = now.policy("limit-now").and_then(|policy| policy.rate_limit.clone());
/// assert_eq!(limit.map(|limit| (limit.permits, limit.remaining)), Some((100, 99)));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitSnapshot {
    /// The limit's name.
    pub name: String,
    /// How it deals permits out, such as `"token_bucket"`.
    pub algorithm: &'static str,
    /// How many permits there are per period.
    pub permits: u32,
    /// The period.
    pub period: Duration,
    /// How many permits may be used at once.
    pub burst: u32,
    /// How many permits could be had now: of a limit that counts per key, by a new key; of one that is
    /// kept in a store, when that was last asked.
    pub remaining: u32,
    /// Calls that it refused.
    pub rejected: u64,
    /// What it remembers of keys, if it counts per key.
    pub keys: Option<RateLimitKeysSnapshot>,
    /// The store that it is kept in, if processes share it.
    pub store: Option<RateLimitStoreSnapshot>,
}

impl RateLimitSnapshot {
    /// Told only while its store is away.
    pub(super) fn fmt_row(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.store {
            Some(store) if store.away => writeln!(
                f,
                "THE STORE IS AWAY of rate limit {}: {} calls were decided without it",
                self.name, store.calls_away,
            ),
            _ => Ok(()),
        }
    }
}

/// The store of a rate limit that processes share.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "redis")] {
/// use reliability::resilience::rate_limit::redis::RedisRateLimit;
/// use reliability::telemetry;
///
/// let limit = RedisRateLimit::builder("store-now", "redis://127.0.0.1/").build()?;
/// let now = telemetry::snapshot();
/// let stores = now.rate_limits.iter().filter(|limit| limit.name == "store-now");
/// let away: Vec<_> = stores.filter_map(|limit| limit.store).map(|store| store.away).collect();
/// assert_eq!(away, [false]);
/// # }
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStoreSnapshot {
    /// Whether it did not answer when it was last asked.
    pub away: bool,
    /// How many calls were decided without it.
    pub calls_away: u64,
}

/// What a rate limit that counts per key remembers.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::KeyedRateLimit;
/// use reliability::telemetry;
///
/// let tenants = KeyedRateLimit::<u64>::builder("keys-now").capacity(5_000).build()?;
/// tenants.check(&7);
///
/// let now = telemetry::snapshot();
/// let limit = now.rate_limits.iter().find(|limit| limit.name == "keys-now");
/// let keys = limit.and_then(|limit| limit.keys).unwrap_or_default();
/// assert_eq!((keys.remembered, keys.capacity, keys.forgotten_early), (1, 5_000, 0));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitKeysSnapshot {
    /// How many keys are remembered now.
    pub remembered: u64,
    /// How many keys are remembered at most.
    pub capacity: u64,
    /// How many keys were forgotten before all of their permits had come back.
    pub forgotten_early: u64,
}

/// The state of an adaptive limit.
///
/// # Examples
///
/// ```
/// use reliability::resilience::{ConcurrencyLimit, Policy};
/// use reliability::telemetry;
///
/// let limit = ConcurrencyLimit::standard("inventory");
/// let policy = Policy::builder("adaptive-now").concurrency_limit(limit.clone()).build()?;
/// let inside = limit.acquire()?;
///
/// let now = telemetry::snapshot();
/// let limit = now.policy("adaptive-now").and_then(|policy| policy.concurrency_limit.clone());
/// assert_eq!(limit.map(|limit| (limit.limit, limit.in_flight)), Some((20, 1)));
/// # drop(inside);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConcurrencyLimitSnapshot {
    /// The limit's name.
    pub name: String,
    /// The algorithm that finds it: `"aimd"`, `"vegas"` or `"gradient2"`.
    pub algorithm: &'static str,
    /// How many calls may run at once, now.
    pub limit: u64,
    /// How many calls run now.
    pub in_flight: u64,
    /// Calls that it refused, by priority; priorities without calls are left out.
    pub rejected: Vec<(&'static str, u64)>,
    /// Windows of calls that the limit was found by.
    pub windows: u64,
    /// The mean latency of the last of them.
    pub latency: Option<Duration>,
}

/// The state of a bulkhead.
///
/// # Examples
///
/// ```
/// use reliability::resilience::{Bulkhead, Policy};
/// use reliability::telemetry;
///
/// let bulkhead = Bulkhead::builder("search").concurrent(8).build()?;
/// let policy = Policy::builder("bulkhead-now").bulkhead(bulkhead.clone()).build()?;
/// let inside = bulkhead.try_enter()?;
///
/// let now = telemetry::snapshot();
/// let bulkhead = now.policy("bulkhead-now").and_then(|policy| policy.bulkhead.clone());
/// assert_eq!(bulkhead.map(|places| (places.in_use, places.concurrent)), Some((1, 8)));
/// # drop(inside);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BulkheadSnapshot {
    /// The bulkhead's name.
    pub name: String,
    /// How many calls may run at once.
    pub concurrent: u64,
    /// How many calls run now.
    pub in_use: u64,
    /// How many calls wait for a place.
    pub queued: u64,
    /// Calls that it refused.
    pub rejected: u64,
}

/// What a chaos does, and has done so far.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "chaos")] {
/// use reliability::resilience::chaos::Chaos;
/// use reliability::telemetry;
///
/// let chaos = Chaos::builder("chaos-now").error(1.0).build()?;
/// chaos.switch_on();
/// chaos.strike();
///
/// let now = telemetry::snapshot();
/// let chaos = now.chaos.iter().find(|chaos| chaos.name == "chaos-now");
/// assert_eq!(chaos.map(|chaos| (chaos.on, chaos.errors)), Some((true, 1)));
/// # }
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ChaosSnapshot {
    /// Its name.
    pub name: String,
    /// Whether it is switched on: then faults are injected on purpose.
    pub on: bool,
    /// Where its random numbers begin.
    pub seed: u64,
    /// The share of attempts that are delayed.
    pub latency_rate: f64,
    /// The share of attempts that fail.
    pub error_rate: f64,
    /// The share of attempts that hang.
    pub hang_rate: f64,
    /// Attempts that were delayed.
    pub latencies: u64,
    /// Attempts that failed by it.
    pub errors: u64,
    /// Attempts that hung by it.
    pub hangs: u64,
}

impl ChaosSnapshot {
    /// Told only while it is on, and then so that nobody overlooks it.
    pub(super) fn fmt_row(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.on {
            return Ok(());
        }
        writeln!(
            f,
            "CHAOS IS ON: {} (seed {}) injected {}, {}, {}",
            self.name,
            self.seed,
            plural(self.latencies, "latency", "latencies"),
            plural(self.errors, "error", "errors"),
            plural(self.hangs, "hang", "hangs"),
        )
    }
}
