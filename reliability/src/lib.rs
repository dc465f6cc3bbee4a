//! Reliability that is declared on a function, checked by the compiler, and visible from outside.
//!
//! ```
//! use reliability::prelude::*;
//!
//! #[resilient(
//!     deadline = "3s",
//!     retry(attempts = 4, backoff = exponential("50ms", max = "1s")),
//!     breaker(failure_rate = 0.5, open_for = "5s"),
//!     timeout = "800ms",
//!     idempotent,
//! )]
//! async fn price(sku: &str) -> Result<u32, Rejected> {
//!     // Ask the inventory over the network.
//!     Ok(if sku == "tea" { 299 } else { 499 })
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Rejected> {
//! // As before, and never longer than three seconds.
//! assert_eq!(price("tea").await?, 299);
//! # Ok(())
//! # }
//! ```
//!
//! - **Declared**: the layers around a call stand on the function, in the order in which they nest.
//! - **Checked**: a body that may run twice without saying so, layers in an order that is certainly
//!   a mistake, a transition that a machine does not declare: none of them compiles, and the
//!   message says what to write instead.
//! - **Visible**: every policy is counted, listed, and can be changed while it works.
//!
//! # Where to go
//!
//! Read the first chapter of the [`guide`], then the modules as you need them:
//!
//! | Module | What it is for |
//! |---|---|
//! | `distributed` | agree with other processes: sagas, choreography, two-phase and three-phase commit, TCC, event sourcing |
//! | [`error`] | what went wrong, is it worth another try, and what to do when that is not enough |
//! | `journal` | a durable log: ordered, fenced streams of records, in memory, in a file or in PostgreSQL |
//! | [`resilience`] | keep one call alive: fallback, cache, deadline, retry, breaker, rate limit, adaptive concurrency limit, bulkhead, hedge, timeout, chaos |
//! | [`sre`] | promise something, and keep count: objectives, error budgets, burn rates, alerts |
//! | [`state`] | one enum declares a machine; what it does not declare does not compile |
//! | [`telemetry`] | metrics, traces and logs of the process and its policies; what is kept of them, where it goes, and a page to look at |
//! | `testing` | for your tests: fake time, scripted dependencies, assertions on policies |
//! | [`time`] | clocks, and deadlines that travel with the task |
//! | [`sync`] | the lock-free pieces underneath: counters, histograms, and a sketch of recent latencies |
//!
//! Everything that a macro does can be written by hand: [`guide::by_hand`].
//!
//! # Features
//!
//! `std`, `macros`, `resilience`, `telemetry` and `sre` are on by default. `cache` keeps answers;
//! `config` reads settings of policies, promises and rules of traces from files; `http` carries
//! deadlines, `Retry-After` and idempotency keys over the wire, and `tower` makes any policy a
//! layer; `prometheus` lets Prometheus read all metrics; `anyhow` and `reqwest` add
//! [`Fault`](error::Fault) for the errors of those libraries. `full` is all of these.
//!
//! Asked for by name: `journal` is the durable log, and `sqlite` or `redb` keeps it in a file,
//! `postgres` in a database that several machines share; on it stand
//! `saga`, `choreography`, `two_phase`, `tcc` and `event_sourcing`, transactions over several
//! services; `nats` and `rabbitmq` carry the events of choreographies; `cli` is a program for
//! operators; `sim` tries protocols in a world made up from a seed;
//! `subscriber` starts all telemetry in a line, and gives events and spans of
//! `tracing` their trace; `dashboard` serves a page that shows how the process is doing; `otlp`
//! exports metrics, traces and logs to OpenTelemetry's collector and those who speak its protocol,
//! `otlp-grpc` also over gRPC, and `otlp-tls` lets both of them speak to `https` addresses; `chaos`
//! adds faults on purpose; `redis` shares rate limits between processes, through a server; `record`
//! lets policies write down every decision; `testing` is for the tests of those who use policies;
//! `tsc` adds a clock that reads the processor's time stamp counter.
//!
//! Without `std` the crate is `no_std` with `alloc`: errors, machines, manual clocks, breakers,
//! backoff schedules, retry budgets, and the algorithms of rate and concurrency limits. With default
//! features off, the derives want `macros`, `#[resilient]` wants `macros`, `std` and `resilience`,
//! and `#[traced]` wants `macros`, `std` and `telemetry`.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;
// So that the macros work in this crate's own modules, tests and examples.
extern crate self as reliability;

#[doc(hidden)]
pub mod __private;
#[cfg(any(
    feature = "saga",
    feature = "two_phase",
    feature = "tcc",
    feature = "event_sourcing",
    feature = "sim"
))]
pub mod distributed;
#[cfg(feature = "config")]
mod document;
pub mod error;
mod fnv;
#[cfg(all(doc, feature = "macros", feature = "resilience", feature = "telemetry"))]
pub mod guide;
#[cfg(feature = "journal")]
pub mod journal;
#[cfg(any(feature = "sre", all(feature = "std", feature = "telemetry")))]
mod json;
pub mod prelude;
#[cfg(feature = "resilience")]
pub mod resilience;
#[cfg(feature = "sre")]
pub mod sre;
pub mod state;
pub mod sync;
#[cfg(feature = "telemetry")]
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;

/// A promise about calls, checked where it is written.
///
/// ```
/// use reliability::sre::Slo;
///
/// static SEARCH: Slo = reliability::slo! {
///     name: "search",
///     window: "28d",
///     availability: 99.9,
///     latency: ["99% < 800ms", "90% < 100ms"],
/// };
///
/// assert!(reliability::sre::all().contains(&SEARCH));
/// ```
///
/// | field | meaning | default |
/// |---|---|---|
/// | `name: ".."` | what metrics, alerts and the state file call it | must be given |
/// | `description: ".."` | what it is about, for people | none |
/// | `window:` `"30d"`, `day`, `week`, `month`, `quarter`, `month("+02:00")` | the last so many days, or since the calendar's began | `"30d"` |
/// | `availability: 99.95` | per cent of calls that are answered | |
/// | `error_rate: 0.1` | the same from the other side: per cent of calls that may fail | |
/// | `latency: "99% < 500ms"`, or a list | per cent of calls that take less than that | |
/// | `throughput: "99% >= 100/m"` | per cent of minutes with so many good calls; also `/s` and `/h` | |
/// | `correctness: 99.99` | per cent of answers that are right | |
/// | `alerts: [page(burn = 14.4, long = "1h", short = "5m"), ticket(..)]`, or `none` | when somebody is told | the [standard ones](sre::Alerting) |
/// | `min_events: 60` | with fewer in its long window an alert does not fire | 60 |
/// | `freeze_below: 10`, `roll_back_below: 5`, `hysteresis: 2` | what follows when so many per cent of the budget are left | as written |
/// | `crate: ::path` | where this crate is, for those who re-export or rename it | `::reliability` |
///
/// At least one of the five objectives must be there. A promise that makes no sense does not compile:
/// a target of 100 %, a latency without unit, an alert that even a total outage cannot fire.
///
/// Listed in [`sre::all`] from before `main`, whether it is used or not. Its attribute is
/// [`#[slo]`](macro@sre::slo).
#[cfg(all(feature = "macros", feature = "sre"))]
pub use reliability_derive::slo;

/// Compiles and runs what the README shows.
#[cfg(all(
    doctest,
    feature = "macros",
    feature = "resilience",
    feature = "saga",
    feature = "sre",
    feature = "telemetry"
))]
#[doc = include_str!("../../README.md")]
struct Readme;
