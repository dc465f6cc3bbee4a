//! What the settings may be.
//!
//! The builders of the runtime crate refuse everything else as well, but only when the function is
//! first called. They are tested against these ranges, so that neither side goes its own way.

use core::{
    ops::{Range, RangeInclusive},
    time::Duration,
};

/// How many attempts a call may make.
pub const ATTEMPTS: RangeInclusive<u32> = 1..=1_000;
/// Tokens that a full retry budget holds.
pub const BUDGET_CAPACITY: RangeInclusive<u32> = 1..=1_000_000;
/// The smallest share of a token that a first attempt deposits in a retry budget.
pub const BUDGET_RATIO_MIN: f64 = 0.001;
/// The smallest share of calls.
pub const SHARE_MIN: f64 = 0.000_001;
/// Calls that a breaker judges by.
pub const CALLS: RangeInclusive<u32> = 1..=1_000_000;
/// Calls that a half-open breaker admits.
pub const PROBES: RangeInclusive<u32> = 1..=255;
/// How far a breaker's window of time reaches back.
pub const TIME_WINDOW: RangeInclusive<Duration> = Duration::from_millis(100)..=days(1);
/// From what time on a call is slow.
pub const SLOW_AFTER: RangeInclusive<Duration> = Duration::from_micros(1)..=days(7);
/// How long a breaker stays open, or half-open.
pub const OPEN_FOR: RangeInclusive<Duration> = Duration::from_millis(1)..=days(7);
/// Permits of a rate limit per period, and its burst.
pub const PERMITS: RangeInclusive<u32> = 1..=1_000_000;
/// The period of a rate limit.
pub const RATE_PERIOD: RangeInclusive<Duration> = Duration::from_millis(1)..=days(31);
/// How long a call waits for its permit at most.
pub const RATE_WAIT: RangeInclusive<Duration> =
    Duration::from_nanos(1)..=Duration::from_secs(3_600);
/// Permits that a thread takes at once, if the burst is large enough.
pub const LEASES: RangeInclusive<u32> = 2..=10_000;
/// Keys that a rate limit remembers.
pub const RATE_KEYS: RangeInclusive<u32> = 1..=16_777_216;
/// The longest time in which a burst comes back.
pub const FILL_MAX: Duration = days(30 * 365);
/// Calls inside a bulkhead.
pub const CONCURRENT: RangeInclusive<u32> = 1..=16_777_215;
/// Calls that wait for a place in a bulkhead.
pub const QUEUE: RangeInclusive<u32> = 0..=65_535;
/// How much later chaos lets an attempt begin.
pub const LATENCY: RangeInclusive<Duration> = Duration::from_nanos(1)..=Duration::from_secs(3_600);
/// How long a queue may be slow before calls are shed, and how slow.
pub const SHED_INTERVAL: RangeInclusive<Duration> =
    Duration::from_nanos(1)..=Duration::from_secs(60);
/// Calls in a window of an adaptive limit.
pub const SAMPLES: RangeInclusive<u32> = 1..=1_000_000;
/// How long a window of an adaptive limit is open at least.
pub const SAMPLING_WINDOW: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(60);
/// The same, unless `window` says.
pub const SAMPLING_WINDOW_USUAL: Duration = Duration::from_millis(100);
/// The share of dropped calls that makes a window a bad one.
pub const DROP_RATE: Range<f64> = 0.0..1.0;
/// What AIMD multiplies its limit by.
pub const BACKOFF: Range<f64> = 0.5..1.0;
/// By what factor latency may grow under Gradient2.
pub const TOLERANCE: RangeInclusive<f64> = 1.0..=100.0;
/// Calls that may wait at the dependency, for Vegas and Gradient2.
pub const QUEUED: RangeInclusive<u32> = 1..=1_000;
/// The same as a share of the limit, for Vegas.
pub const QUEUED_SHARE: RangeInclusive<f64> = 0.0..=1.0;
/// Windows of Gradient2's long mean, and calls between probes of Vegas.
pub const LONG: RangeInclusive<u32> = 1..=1_000_000;
/// The queue below which Vegas lets its limit grow, and above which it lets it shrink.
pub const VEGAS_QUEUE: [u32; 2] = [3, 6];
/// The same as shares of the limit.
pub const VEGAS_QUEUE_SHARE: [f64; 2] = [0.1, 0.2];
/// What part of an adaptive limit calls of high, normal and low priority may fill.
pub const SHARES: [f64; 3] = [0.9, 0.8, 0.5];
/// For how long an answer is everybody's.
pub const TTL: RangeInclusive<Duration> = Duration::from_millis(1)..=days(365);
/// For how long after that it is better than nothing.
pub const STALE: RangeInclusive<Duration> = Duration::ZERO..=days(365);
/// For how long an error is kept.
pub const NEGATIVE: RangeInclusive<Duration> = Duration::ZERO..=days(1);
/// How long a call waits for another one's answer.
pub const FLIGHT_WAIT: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(3_600);
/// How many answers are kept.
pub const CACHE_CAPACITY: RangeInclusive<u32> = 1..=u32::MAX;
/// Requests that an attempt sends beside the first one.
pub const HEDGES: RangeInclusive<u32> = 1..=4;
/// When a hedge is sent.
pub const HEDGE_AFTER: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(3_600);
/// The quantiles that hedges and timeouts may follow, in millionths.
pub const QUANTILE_MILLIONTHS: RangeInclusive<u32> = 500_000..=999_000;
/// What an adaptive timeout is at least and at most.
pub const ADAPTIVE_TIMEOUT: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(3_600);
/// How many times the quantile an adaptive timeout is.
pub const ADAPTIVE_FACTOR: RangeInclusive<f64> = 1.25..=100.0;
/// What an adaptive timeout is at least, unless `min` says.
pub const ADAPTIVE_MIN: Duration = Duration::from_millis(50);
/// What an adaptive timeout is at most, unless `max` says.
pub const ADAPTIVE_MAX: Duration = Duration::from_secs(2);
/// Keys whose policies are kept.
pub(super) const KEYS: RangeInclusive<u32> = 1..=1_000_000;

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}
