mod layers;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::CacheSnapshot;
use crate::error::{Class, Reason, plural};

pub use layers::{
    BreakerSnapshot, BulkheadSnapshot, ChaosSnapshot, ConcurrencyLimitSnapshot, DegradeSnapshot,
    RateLimitKeysSnapshot, RateLimitSnapshot, RateLimitStoreSnapshot,
};

/// What every policy has counted, at one moment.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::Policy;
/// use reliability::telemetry;
///
/// let policy = Policy::builder("stock-level").timeout(Duration::from_secs(1)).build()?;
/// let now = telemetry::snapshot();
/// let calls: u64 = now.policies.iter().map(|policy| policy.finished()).sum();
/// println!("{calls} calls under {} policies so far", now.policies.len());
/// assert!(now.policy("stock-level").is_some());
/// assert!(now.policy("unheard-of").is_none());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// One entry per policy: the declared ones first, then those built by hand.
    pub policies: Vec<PolicySnapshot>,
    /// Rate limits that count per key or are shared through a store, in a policy or not.
    pub rate_limits: Vec<RateLimitSnapshot>,
    /// Every chaos of the process, on or off; empty without the feature `chaos`.
    pub chaos: Vec<ChaosSnapshot>,
    /// What each error monitor of the process knows.
    #[cfg(feature = "std")]
    pub errors: Vec<crate::error::monitor::Snapshot>,
}

impl Snapshot {
    /// The first policy of that name.
    pub fn policy(&self, name: &str) -> Option<&PolicySnapshot> {
        self.policies.iter().find(|policy| policy.name == name)
    }
}

/// What one policy has counted since it was built.
///
/// `ok`, `failed`, `rejected`, `cancelled` and `panicked` are the ways in which calls end: each
/// call is in exactly one of them.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::error::{Class, Reason, Rejected};
/// use reliability::resilience::{Breaker, Policy};
/// use reliability::telemetry;
///
/// let breaker = Breaker::standard("rates");
/// let policy = Policy::builder("rates-now").breaker(breaker.clone()).build()?;
/// policy.call(async || Ok::<_, Rejected>(7)).await?;
/// breaker.force_open();
/// assert!(policy.call(async || Ok::<_, Rejected>(7)).await.is_err());
///
/// let now = telemetry::snapshot();
/// let rates = now.policy("rates-now").ok_or("the policy is listed")?;
/// assert_eq!((rates.ok, rates.finished()), (1, 2));
/// assert_eq!(rates.rejected_for(Reason::BreakerOpen), 1);
/// assert_eq!(rates.failed_as(Class::Transient), 0);
/// assert_eq!(rates.layers, ["breaker"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct PolicySnapshot {
    /// The policy's name.
    pub name: String,
    /// Where it is declared, as `module::item (file:line)`; `None` when it was built by hand.
    pub site: Option<String>,
    /// Its layers, outermost first.
    pub layers: Vec<&'static str>,
    /// Calls that ended well.
    pub ok: u64,
    /// Calls that ended with an error, by class; classes without calls are left out.
    pub failed: Vec<(&'static str, u64)>,
    /// Calls that the policy refused or gave up, by reason; reasons without calls are left out.
    pub rejected: Vec<(&'static str, u64)>,
    /// Calls whose future was dropped before it was done.
    pub cancelled: u64,
    /// Calls whose work panicked.
    pub panicked: u64,
    /// Attempts after the first one.
    pub retries: u64,
    /// Retries that the budget denied.
    pub retries_denied: u64,
    /// Requests that were sent because an earlier one of the same attempt was late.
    pub hedges: u64,
    /// Hedges that answered first.
    pub hedges_won: u64,
    /// Hedges that the budget denied.
    pub hedges_denied: u64,
    /// Calls that asked their fallback.
    pub fallbacks: u64,
    /// How long calls took.
    pub latency: Latency,
    /// How long attempts took lately, and for how long an attempt is waited for as of now.
    pub attempts: AttemptsSnapshot,
    /// What the policy does less of, if it has a `degrade`.
    pub degrade: Option<DegradeSnapshot>,
    /// The policy's breaker, if it has one.
    pub breaker: Option<BreakerSnapshot>,
    /// The policy's rate limit, if it has one.
    pub rate_limit: Option<RateLimitSnapshot>,
    /// The policy's adaptive limit, if it has one.
    pub concurrency_limit: Option<ConcurrencyLimitSnapshot>,
    /// The policy's bulkhead, if it has one.
    pub bulkhead: Option<BulkheadSnapshot>,
    /// The policy's cache, if it has one.
    pub cache: Option<CacheSnapshot>,
}

impl PolicySnapshot {
    /// Calls that ended, whichever way.
    pub fn finished(&self) -> u64 {
        let sum = |counts: &[(&str, u64)]| counts.iter().map(|(_, count)| count).sum::<u64>();
        self.ok + sum(&self.failed) + sum(&self.rejected) + self.cancelled + self.panicked
    }

    /// Calls refused or given up for that reason.
    pub fn rejected_for(&self, reason: Reason) -> u64 {
        of(&self.rejected, reason.as_str())
    }

    /// Calls that ended with an error of that class.
    pub fn failed_as(&self, class: Class) -> u64 {
        of(&self.failed, class.as_str())
    }
}

fn of(counts: &[(&str, u64)], wanted: &str) -> u64 {
    counts.iter().find(|(name, _)| *name == wanted).map_or(0, |(_, count)| *count)
}

/// Quantiles of how long calls took, from the moment when they first had to wait.
///
/// A call that never waited reads no clock and counts as less than a microsecond. Quantiles are
/// within the relative error of [`Histogram`](crate::sync::Histogram); `None` before the first
/// call.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::Policy;
/// use reliability::telemetry;
///
/// let policy = Policy::builder("latency-now").timeout(Duration::from_secs(1)).build()?;
/// let now = telemetry::snapshot();
/// // Nobody has called it yet.
/// assert_eq!(now.policy("latency-now").and_then(|policy| policy.latency.p99), None);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    /// Half of the calls were no slower.
    pub p50: Option<Duration>,
    /// 90 % of the calls were no slower.
    pub p90: Option<Duration>,
    /// 99 % of the calls were no slower.
    pub p99: Option<Duration>,
    /// No call was slower.
    pub max: Option<Duration>,
}

/// What attempts took lately, and what follows from it.
///
/// Only attempts that had to wait are counted, without queues and pauses; see
/// [`Sketch`](crate::sync::Sketch) for what is recent, and for the relative error. `None` before the
/// first of them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::{Hedge, Policy};
/// use reliability::telemetry;
///
/// let policy = Policy::builder("attempts-now")
///     .hedge(Hedge::after(Duration::from_millis(80)))
///     .timeout(Duration::from_secs(1))
///     .build()?;
/// let now = telemetry::snapshot();
/// let attempts = now.policy("attempts-now").map(|policy| policy.attempts).unwrap_or_default();
/// assert_eq!(attempts.timeout, Some(Duration::from_secs(1)));
/// assert_eq!(attempts.hedge_after, Some(Duration::from_millis(80)));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptsSnapshot {
    /// How many attempts of late the quantiles rest on.
    pub recent: u64,
    /// Half of them were no slower.
    pub p50: Option<Duration>,
    /// 95 % of them were no slower.
    pub p95: Option<Duration>,
    /// 99 % of them were no slower.
    pub p99: Option<Duration>,
    /// The timeout in force; an adaptive one changes by itself. `None` without `timeout`.
    pub timeout: Option<Duration>,
    /// After how long a hedge is sent. `None` without `hedge`, and while too little is known.
    pub hedge_after: Option<Duration>,
}

impl fmt::Display for Snapshot {
    /// A table: one line per policy, one more where it is degraded, one per rate limit whose store is
    /// away, and one per chaos that is on; then the groups of errors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9}  breaker",
            "policy", "ok", "failed", "rejected", "retries", "p50", "p99",
        )?;
        for policy in &self.policies {
            policy.fmt_row(f)?;
        }
        for policy in &self.policies {
            policy.fmt_degraded(f)?;
        }
        for limit in &self.rate_limits {
            limit.fmt_row(f)?;
        }
        for chaos in &self.chaos {
            chaos.fmt_row(f)?;
        }
        #[cfg(feature = "std")]
        for errors in &self.errors {
            errors.fmt(f)?;
        }
        Ok(())
    }
}

impl PolicySnapshot {
    fn fmt_row(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |counts: &[(&str, u64)]| counts.iter().map(|(_, count)| count).sum::<u64>();
        writeln!(
            f,
            "{:<24} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9}  {}",
            self.name,
            self.ok,
            sum(&self.failed),
            sum(&self.rejected),
            self.retries,
            Millis(self.latency.p50),
            Millis(self.latency.p99),
            self.breaker.as_ref().map_or("-", |breaker| breaker.state),
        )
    }

    fn fmt_degraded(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(degrade) = self.degrade.as_ref().filter(|degrade| degrade.level > 0) else {
            return Ok(());
        };
        let kept_out = degrade.shed.iter().map(|(_, count)| count).sum::<u64>() + degrade.crowded;
        writeln!(
            f,
            "DEGRADED: {} follows {}, level {}; kept out {} so far",
            self.name,
            degrade.name,
            degrade.level,
            plural(kept_out, "call", "calls"),
        )
    }
}

/// A duration in milliseconds with one digit, or a dash.
struct Millis(Option<Duration>);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.pad("-"),
            Some(duration) => f.pad(&alloc::format!("{:.1} ms", duration.as_secs_f64() * 1000.0)),
        }
    }
}
