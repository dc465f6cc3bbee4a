//! Keep one call alive.
//!
//! A call to something that can fail has these questions to answer, and each layer here answers one:
//!
//! | layer | question | type |
//! |---|---|---|
//! | `fallback` | what do we say when there is no answer? | a function |
//! | `cache` | do we know the answer already? | `Cache`, with the feature `cache` |
//! | `deadline` | how long may the whole call take? | [`Deadline`](crate::time::Deadline) |
//! | `degrade` | what can be left out for a while? | [`Degrade`] |
//! | `retry` | is it worth another try, and when? | [`Retry`], [`Backoff`], [`RetryBudget`] |
//! | `breaker` | is it worth trying at all? | [`Breaker`] |
//! | `rate_limit` | how many calls may there be in so much time? | [`RateLimit`] |
//! | `concurrency_limit` | how many calls does the dependency bear at once? | [`ConcurrencyLimit`] |
//! | `bulkhead` | how many calls may run at once? | [`Bulkhead`] |
//! | `hedge` | is it late, and worth asking a second time? | [`Hedge`] |
//! | `timeout` | how long may one attempt take? | a duration, or [`Timeout`] |
//! | `chaos` | what if the dependency were slow, broken or silent? | `Chaos`, feature `chaos` |
//!
//! They are composed in a [`Policy`], in the order in which they are written, outermost first; the
//! attribute `#[resilient(..)]` writes the policy for you. Why one value and not one wrapper per
//! layer: see [`policy`].
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use reliability::error::Rejected;
//! use reliability::resilience::{Breaker, Policy, Retry};
//!
//! let policy = Policy::builder("price")
//!     .deadline(Duration::from_secs(3))
//!     .retry(Retry::standard())
//!     .breaker(Breaker::builder("price").build()?)
//!     .timeout(Duration::from_millis(800))
//!     .build()?;
//!
//! let price = policy.call(|| async { Ok::<_, Rejected>(42) }).await?;
//! assert_eq!(price, 42);
//! # Ok(())
//! # }
//! ```
//!
//! What the layers make of an error is said in one table,
//! [`Disposition`](crate::error::Disposition). What they have counted is in
//! [`telemetry::snapshot`](crate::telemetry::snapshot), and [`registry`] hands out every policy of
//! the process, to inspect and to change while it works.

pub mod breaker;
#[cfg(feature = "std")]
pub mod bulkhead;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "chaos")]
pub mod chaos;
pub mod concurrency_limit;
#[cfg(feature = "config")]
pub mod config;
#[cfg(feature = "std")]
pub(crate) mod declared;
#[cfg(feature = "std")]
pub mod degrade;
#[cfg(feature = "std")]
pub mod hedge;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "std")]
pub(crate) mod keyed;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod metrics;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod observe;
#[cfg(feature = "dashboard")]
mod panel;
#[cfg(feature = "std")]
pub mod policy;
pub mod rate_limit;
#[cfg(feature = "std")]
pub mod registry;
pub mod retry;
#[cfg(feature = "std")]
pub mod single_flight;
mod split_mix;
#[cfg(feature = "std")]
pub mod timeout;
#[cfg(feature = "tower")]
pub mod tower;

#[cfg(all(
    test,
    feature = "std",
    feature = "macros",
    not(feature = "chaos"),
    not(reliability_loom)
))]
mod without_chaos;

pub use crate::error::Invalid;
pub use breaker::Breaker;
#[cfg(feature = "std")]
pub use bulkhead::Bulkhead;
#[cfg(feature = "cache")]
pub use cache::Cache;
#[cfg(feature = "chaos")]
pub use chaos::Chaos;
#[cfg(feature = "std")]
pub use concurrency_limit::{ConcurrencyLimit, Priority};
#[cfg(feature = "std")]
pub use degrade::Degrade;
#[cfg(feature = "std")]
pub use hedge::Hedge;
#[cfg(feature = "cache")]
pub use policy::LookUp;
#[cfg(feature = "std")]
pub use policy::{
    Attempt, Call, Classifier, Fallback, HedgedAttempt, IdempotencyKey, Layer, Next, Pause, Policy,
    PolicyBuilder, Settings, Totals,
};
#[cfg(feature = "std")]
pub use rate_limit::RateLimit;
/// Puts an async function, or every async function of an `impl` block, under a policy.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use reliability::error::{Fault, Rejected};
/// use reliability::resilience::resilient;
///
/// #[derive(Debug, Fault)]
/// enum PriceError {
///     #[fault(permanent)]
///     UnknownSku,
///     #[fault(from)]
///     Rejected(Rejected),
/// }
///
/// #[resilient(
///     fallback = list_price,
///     deadline = "3s",
///     retry(attempts = 4, backoff = exponential("50ms", max = "1s"), jitter = full),
///     breaker(window = count(100), failure_rate = 0.5, open_for = "5s"),
///     bulkhead(concurrent = 64, queue = 128, wait = "100ms"),
///     timeout = "800ms",
///     idempotent,
/// )]
/// async fn price(sku: &str, amount: u32) -> Result<u32, PriceError> {
///     if sku == "apple" { Ok(2 * amount) } else { Err(PriceError::UnknownSku) }
/// }
///
/// /// Gets the arguments and the error; may be sync or async.
/// fn list_price(_sku: &str, amount: u32, error: PriceError) -> Result<u32, PriceError> {
///     if amount == 1 { Ok(3) } else { Err(error) }
/// }
///
/// assert_eq!(price("apple", 7).await.unwrap(), 14);
/// assert_eq!(price("pear", 1).await.unwrap(), 3);
/// assert!(price("pear", 2).await.is_err());
/// # }
/// ```
///
/// **The written order is the nesting order**, outermost first. Orders that are certainly a mistake
/// do not compile: `timeout` outside of `retry`, `breaker` or `concurrency_limit`, `deadline` inside of
/// `retry`, `concurrency_limit` outside of `retry`, `degrade` inside of anything but `fallback`, `cache`
/// and `deadline`, `fallback` inside of anything but `deadline`,
/// `cache` inside of anything but `fallback` and `deadline`, anything but `timeout` and `chaos` inside
/// of `hedge`, anything inside of `chaos`.
///
/// # Layers
///
/// | layer | settings, with their ranges | default |
/// |---|---|---|
/// | `fallback = path` | a function that gets the arguments and then the error | |
/// | `fallback(path, except(..))` | classes that get no fallback: `transient`, `permanent`, `overloaded`, `cancelled` | none |
/// | `cache` | `ttl = ".."` and `key = expr` are required; `key` is anything of the arguments, several parts as a tuple. With the feature `cache` | |
/// | | `stale = ".."`: for how long an answer that is too old is better than nothing | none |
/// | | `capacity = 1..`: how many answers are kept; `wait = ".."`: for another call's answer | 10,000; 10 s |
/// | | `negative(permanent = "..", transient = "..", overloaded = "..")`: errors that are kept; they are `Clone` | none |
/// | | `refresh = background`: nobody waits for a refresh; the arguments are taken by value | `inline` |
/// | `deadline = ".."` | for the whole call, and for annotated functions that it calls | |
/// | `degrade(when = SWITCH, ..)` | what is done less of while that [`Degradation`](crate::error::recovery::Degradation) is raised; at least one of the next | |
/// | | `retry = off`, `hedge = off`: one attempt, one request | on |
/// | | `concurrency = share`: what part of `concurrency_limit` and `bulkhead` may be filled | 1 |
/// | | `shed = share`, or `shed(below = critical`, `high`, `normal, share = share)`: calls that are refused | none; all below |
/// | | `answer = path`: another answer for calls that are kept out, from a function as for `fallback`; for all calls, if nothing says which | the `fallback`, or the refusal |
/// | | `severe(..)`: `retry`, `hedge`, `concurrency` and `shed` from level 2 on | as at level 1 |
/// | | `priority = expr`: a [`Priority`], evaluated once per call | that of `concurrency_limit`, or critical |
/// | `retry` | `attempts = 2..=1000`, the first one included | 3 |
/// | | `backoff =` `constant("..")`, or `linear`, `exponential`, `fibonacci`, `decorrelated` `("..", max = "..")` | `exponential("100ms", max = "10s")` |
/// | | `exponential(.., factor = above 1, at most 100)` | 2 |
/// | | `jitter = none`, `full`, `equal` (not with `decorrelated`) | `full` |
/// | | `budget = "name"`, shared by all who write the name; or `budget(ratio = 0.001..=1, capacity = 1..=1_000_000, name = "..")` | no budget; 0.2, 100 |
/// | | `also(breaker_open)`: waits for the policy's own open breaker | no |
/// | | `retry_after_max = ".."`: who asks us to stay away for longer is not asked again | 60s |
/// | | `when = path`: the errors that are retried | by [`Fault`](crate::error::Fault) |
/// | `breaker` | `window = count(1..=1_000_000)`, `time("..")` from 100 ms to a day, or `consecutive(1..=1_000_000)` | `count(100)` |
/// | | `failure_rate =` above 0, at most 1 | 0.5 |
/// | | `slow_calls("..", share)`: what is slow, from 1 us to 7 days, and what share of it opens | none |
/// | | `min_calls = 1..=1_000_000` | 20 |
/// | | `open_for = ".."`, `open_growth(factor, "longest")`, from 1 ms to 7 days; `open_jitter = share` | 5 s, no growth, 0 |
/// | | `probes = 1..=255`; `half_open_for = ".."`, from 1 ms to 7 days | 3, 30 s |
/// | | `when = path`: the errors that count as failures | by [`Fault`](crate::error::Fault) |
/// | `rate_limit("100/s", ..)` | the rate: 1 to 1,000,000 calls per `ms`, `s`, `m`, `h` or `d`, or several of them: `"500/10s"`; at most 31 days | required |
/// | | `burst = 1..=1_000_000`: calls at once after a quiet time | as many as the rate says |
/// | | `algorithm = token_bucket`, `leaky_bucket`, `fixed_window`, `sliding_log`, `sliding_counter` | `token_bucket` |
/// | | `wait = ".."`: waits for its turn, at most so long, up to an hour | no wait; in a leaky bucket, its line |
/// | | `leases = 2..=10_000`, at most half of the burst: calls that a thread takes permits for at once | each by itself |
/// | | `key = expr`: what is [`Hash`], evaluated once per call; each key has the whole quota. With `policy = ..`, `rate_limit(key = expr)` says it to that policy's limit | one quota for all calls |
/// | | `capacity = 1..=16_777_216`: keys that are remembered, with `key` | 10,000 |
/// | `concurrency_limit` | `gradient2`, `vegas` or `aimd`: how the limit is found | `gradient2` |
/// | | `gradient2(tolerance = 1..=100, queue = 1..=1000, smoothing = share, long_window = 1..=1_000_000)` | as [`Gradient2`](concurrency_limit::Gradient2) |
/// | | `vegas(alpha = 1..=1000, beta = 1..=1000, alpha_share = 0..=1, beta_share = 0..=1, smoothing = share, no_load_smoothing = share, probe_every = 1..=1_000_000, probe_share = share)` | as [`Vegas`](concurrency_limit::Vegas) |
/// | | `aimd(backoff =` from 0.5 to below 1`, timeout = "..")` | as [`Aimd`](concurrency_limit::Aimd) |
/// | | `min`, `initial`, `max = 1..=16_777_215`, in this order | 4, 20, 1000 |
/// | | `priority = expr`: a [`Priority`], evaluated once per call | critical |
/// | | `shares(high = share, normal = share, low = share)`: what part of the limit a priority and those below it may fill | 0.9, 0.8, 0.5 |
/// | | `window = ".."`, `window_max = ".."` from 1 ms to 60 s, `samples = 1..=1_000_000`, `drop_rate =` from 0 to below 1: what a window of calls is | 100 ms, 1 s, 100, 0.05 |
/// | `bulkhead` | `concurrent = 1..=16_777_215`, required; `queue = 0..=65_535`, `wait = ".."` | as [`Bulkhead::builder`] |
/// | | `shed(target = "..", interval = "..")`, up to 60 s: refuses calls that waited longer in a queue that does not drain; `target` is shorter than `wait` | never; 5 ms, 100 ms |
/// | `hedge` | `after =` a quantile of what attempts took lately, from `p50` to `p99.9`, or a duration from 1 ms to an hour | `p95` |
/// | | `max = 1..=4`: so many beside the first request; `initial = ".."`: the delay until the quantile is known | 1, none |
/// | | `budget`, as for `retry` and only without it: both draw on one | the one of `retry`, or one with the defaults |
/// | `timeout = ".."` | for one attempt; shorter than the deadline | |
/// | `timeout = adaptive(p99 * 2, ..)` | a quantile, from `p50` to `p99.9`, times 1.25 to 100; `min = ".."`, `max = ".."`, from 1 ms to an hour | times 2, 50 ms, 2 s |
/// | `chaos` | faults on purpose, while it is switched on; checked, and left out, without the feature `chaos` | |
/// | | `latency("..", rate = share)`, or `latency("..".."..", rate = share)`, up to an hour | none |
/// | | `error(rate = share)`; `make = path`, a `fn() -> E` that makes the error | none; `Rejected` |
/// | | `hang(rate = share)`: wants a `timeout` or `deadline` | none |
/// | | `seed = 0..`: the same seed gives the same faults | random |
///
/// Durations are strings, a number and `ns`, `us`, `ms`, `s`, `m`, `h` or `d`, from 1 ns to 365 days:
/// `"1.5s"`. `retry` and `breaker` may stand without parentheses.
///
/// # Other settings
///
/// | setting | meaning |
/// |---|---|
/// | `idempotent` | running the body twice has the effect of running it once; `retry` and `hedge` want this or the next |
/// | `idempotency_key = expr` | the other side recognises a repeated call by this key: anything with `Display`, evaluated once per call, the same for all attempts; the body reads it with [`IdempotencyKey::current`] |
/// | `when = path` | a `fn(&E) -> bool` that says whether an error is worth another try, for an `E` without [`Fault`](crate::error::Fault) |
/// | `policy = expr` | a [`Policy`] from elsewhere, or a reference, `Arc` or `LazyLock` of one (whatever derefs to it), instead of layers. Its `retry` and its `hedge` apply only where the function says `idempotent` or `idempotency_key`; else there is one attempt, with one request. With `&mut` arguments it retries and does not hedge |
/// | `key = expr` | one policy for each key, anything with `Display`, named `function/key`; the `capacity = 1000` keys used last are kept (at most 1,000,000) |
/// | `monitor`, `monitor = expr` | errors of all attempts are shown to [`ErrorMonitor::global`](crate::error::ErrorMonitor::global), or to the `&ErrorMonitor` that the expression names |
/// | `name = ".."` | the name of the policy, instead of the function's |
/// | `clock =` `precise`, `coarse`, `ticked` | what cache, breaker, rate limit, adaptive limit and bulkhead read; see [`Clock`](crate::time::Clock) |
/// | `crate = ::path` | where this crate is, for those who re-export or rename it |
///
/// # What the function needs
///
/// - It is `async` and returns a `Result<T, E>`, or an alias of one.
/// - `E` implements [`From<Rejected>`](crate::error::Rejected), so that a refusal reaches the
///   caller, and [`Fault`](crate::error::Fault), so that the policies know what an error means; or
///   there is `when = path`.
/// - With `retry`, arguments taken by value are [`Clone`]: each attempt that another one may follow
///   gets a clone, and the last one the argument itself. With `fallback`, every attempt gets a clone
///   and the fallback the argument. Without both nothing is cloned. References are passed on as they
///   are.
/// - With `hedge`, two bodies may run at once: arguments by value are [`Clone`] and [`Sync`], and there
///   is no `&mut self` and no `&mut` argument.
/// - With `retry`, a result cannot borrow from `&mut self` or another `&mut` argument.
///
/// # One policy per function
///
/// The policy is made when the function is first called, and lives as long as the process; no call
/// allocates for it. [`registry`] lists it from before `main`. A generic function has one for all
/// its types. So would a default method of a trait for all implementors: there `policy = ..` or
/// `key = ..` is required. (The attribute finds that out by the size of `Self`: in a trait that has
/// `Sized` as a supertrait it does not.)
///
/// # On an `impl` block
///
/// Every `async fn` gets a policy of its own, named `Type::function`; functions that are not async
/// are left alone. A method may carry a `#[resilient(..)]` of its own, which replaces the one of the
/// block, or `#[resilient(skip)]`. Write it above `#[async_trait]`.
///
/// # With other attributes
///
/// `#[traced]` and `#[resilient]` are put in order whichever stands first: one span around all
/// attempts.
///
/// # Cancel safety
///
/// Dropping the future gives back what the call holds, and counts it as cancelled; see [`Call`].
///
/// # Panics
///
/// - On the first call, when a setting that only the running program knows is refused: a budget that
///   another function declared with other figures.
/// - When a call has to wait for what a timer ends - under `deadline`, `timeout`, `bulkhead` or
///   `hedge`, for another call's answer in `cache`, for a turn at `rate_limit`, for what `chaos` does,
///   or between two attempts - outside of a tokio runtime whose time driver is enabled, as it is by
///   `#[tokio::main]`.
///
/// # Features
///
/// It is there with `macros`, `std` and `resilience`.
#[cfg(all(feature = "std", feature = "macros"))]
pub use reliability_macros::resilient;
#[cfg(feature = "std")]
pub use retry::Retry;
pub use retry::{Backoff, Jitter, RetryBudget};
#[cfg(feature = "std")]
pub use timeout::Timeout;
