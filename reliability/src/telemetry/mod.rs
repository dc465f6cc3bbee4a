//! Tell the outside what the process does: in numbers, in traces, in lines, and on a page.
//!
//! | for | take |
//! |---|---|
//! | numbers of your own, and all numbers of the process | `metrics`, and [the chapter on metrics](crate::guide::telemetry) |
//! | what happened inside of one call | `trace` with [`#[traced]`](macro@traced), and [the chapter on traces](crate::guide::traces) |
//! | what to look at first, without a backend: RED, USE and the four golden signals | `golden` |
//! | lines that name their trace, and spans of other libraries | `log`; `subscriber`, with the feature of that name |
//! | all of it sent to whoever speaks OTLP | `otlp`, with the feature of that name |
//! | numbers for Prometheus | `prometheus`, with the feature of that name |
//! | a page to look at | `dashboard`, with the feature of that name |
//! | all of it started in a line, as the environment says | `init`, with the feature `subscriber` |
//! | what policies have counted, now and here | [`snapshot`](fn@snapshot), below |
//!
//! Hot paths bump lock-free counters, and nothing else; whoever wants to know *observes* them. So
//! watching costs the watched nothing, and a snapshot may be taken as often as one likes.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use reliability::error::Rejected;
//! use reliability::resilience::Policy;
//! use reliability::telemetry;
//!
//! let policy = Policy::builder("exchange-rates").timeout(Duration::from_secs(1)).build()?;
//! policy.call(|| async { Ok::<_, Rejected>(()) }).await?;
//!
//! let snapshot = telemetry::snapshot();
//! let rates = snapshot.policy("exchange-rates").ok_or("the policy is listed")?;
//! assert_eq!(rates.ok, 1);
//! println!("{snapshot}");
//! # Ok(())
//! # }
//! ```
//!
//! Transitions, refusals and retries are also `tracing` events of target `reliability`:
//!
//! | event | level | fields |
//! |---|---|---|
//! | `reliability.breaker.transition` | warn or info | `reliability.breaker.name`, `reliability.breaker.from`, `reliability.breaker.to` |
//! | `reliability.bus.forgets` | error | `messaging.system`, `reliability.error` |
//! | `reliability.bus.lost` | warn | `messaging.system`, `reliability.error` |
//! | `reliability.bus.restored` | info | `messaging.system` |
//! | `reliability.bus.set_aside` | error | `messaging.system`, `reliability.bus.group`, `reliability.error` |
//! | `reliability.cache.stale_if_error` | warn | `reliability.cache.name`, `reliability.class` |
//! | `reliability.dashboard.ordered` | warn | `reliability.dashboard.panel`, `reliability.dashboard.row`, `reliability.dashboard.action`, `reliability.dashboard.done` |
//! | `reliability.event_sourcing.contended` | warn | `reliability.event_sourcing.kind`, `reliability.event_sourcing.attempts` |
//! | `reliability.journal.failed` | error | `reliability.error` |
//! | `reliability.journal.fenced` | warn | `reliability.journal.stream`, `reliability.journal.shown_epoch`, `reliability.journal.epoch` |
//! | `reliability.otlp.failed` | warn | `reliability.otlp.signal`, `reliability.otlp.endpoint`, `reliability.error` |
//! | `reliability.otlp.left_out` | warn | |
//! | `reliability.otlp.restored` | info | `reliability.otlp.signal`, `reliability.otlp.endpoint` |
//! | `reliability.policy.rejected` | debug | `reliability.policy.name`, `reliability.reason`, `reliability.rejected_by`, `reliability.retry_after_ms` |
//! | `reliability.policy.retried` | info | `reliability.policy.name`, `reliability.attempts`, `reliability.pause_ms` |
//! | `reliability.policy.retry_denied` | warn | `reliability.policy.name`, `reliability.attempts` |
//! | `reliability.policy.hedged` | debug | `reliability.policy.name`, `reliability.hedge`, `reliability.after_ms` |
//! | `reliability.policy.hedge_won` | debug | `reliability.policy.name`, `reliability.hedge` |
//! | `reliability.policy.hedge_denied` | info | `reliability.policy.name` |
//! | `reliability.policy.fell_back` | info | `reliability.policy.name`, `reliability.class` |
//! | `reliability.projection.failed` | warn | `reliability.projection.name`, `reliability.error` |
//! | `reliability.saga.stuck` | error | `reliability.saga.name`, `reliability.saga.key` |
//! | `reliability.saga.broken` | error | `reliability.saga.name`, `reliability.saga.key`, `reliability.error` |
//! | `reliability.saga.mended` | warn | `reliability.saga.name`, `reliability.saga.key`, `reliability.saga.verb`, `reliability.saga.by` |
//! | `reliability.saga.changed` | error | `reliability.saga.name`, `reliability.saga.version` |
//! | `reliability.projection.parked` | error | `reliability.projection.name`, `reliability.journal.stream`, `reliability.journal.sequence`, `reliability.error` |
//! | `reliability.rate_limit.store_away` | warn | `reliability.rate_limit.name`, `reliability.rate_limit.while_away`, `reliability.error` |
//! | `reliability.rate_limit.restored` | info | `reliability.rate_limit.name`, `reliability.rate_limit.away_calls` |
//! | `reliability.recovery.restarted` | warn | `reliability.component.name`, `reliability.component.generation`, `reliability.error` |
//! | `reliability.recovery.restart_failed` | warn | `reliability.component.name`, `reliability.error` |
//! | `reliability.recovery.escalated` | error | `reliability.component.name`, `reliability.action`, `reliability.error`, `reliability.suppressed` |
//! | `reliability.recovery.degraded` | warn | `reliability.degradation.name`, `reliability.degradation.level` |
//! | `reliability.recovery.restored` | info | `reliability.degradation.name`, `reliability.degradation.why` |
//! | `reliability.metric.overflow` | warn | `reliability.metric.name`, `reliability.metric.series`, `reliability.metric.left_out` |
//! | `reliability.metric.conflict` | warn | `reliability.metric.name`, `reliability.metric.kept`, `reliability.metric.left_out` |
//! | `reliability.slo.alert` | warn | `reliability.slo.name`, `reliability.slo.objective`, `reliability.slo.severity` |
//! | `reliability.slo.alert_over` | info | `reliability.slo.name`, `reliability.slo.objective`, `reliability.slo.severity` |
//! | `reliability.slo.stance` | warn | `reliability.slo.name`, `reliability.slo.objective`, `reliability.slo.stance` |
//! | `reliability.slo.exempted` | warn | `reliability.slo.name`, `reliability.slo.why` |
//! | `reliability.slo.history_lost` | error | `reliability.slo.name`, `reliability.slo.why` |
//! | `reliability.slo.state_not_written` | error | `reliability.error` |
//! | `reliability.trace.listener_panicked` | error | `reliability.file` |
//! | `reliability.trace.propagators_unknown` | warn | `reliability.propagators` |
//! | `reliability.trace.rules_reloaded` | info | `reliability.file` |
//! | `reliability.trace.rules_refused` | warn | `reliability.file`, `reliability.error` |
//! | `reliability.trace.sink_panicked` | error | |
//! | `reliability.three_phase.ended` | warn | `reliability.three_phase.site`, `reliability.three_phase.transaction`, `reliability.three_phase.decision`, `reliability.three_phase.way` |
//! | `reliability.three_phase.waiting` | warn | `reliability.three_phase.site`, `reliability.three_phase.transaction`, `reliability.three_phase.standing` |
//! | `reliability.three_phase.heuristic` | error | `reliability.three_phase.site`, `reliability.three_phase.transaction`, `reliability.three_phase.decision` |
//! | `reliability.three_phase.broken` | error | `reliability.three_phase.site`, `reliability.three_phase.transaction`, `reliability.error` |
//! | `reliability.two_phase.heuristic` | error | `reliability.two_phase.transaction`, `reliability.two_phase.decision`, `reliability.two_phase.participants` |
//! | `reliability.two_phase.undelivered` | warn | `reliability.two_phase.transaction`, `reliability.two_phase.decision`, `reliability.two_phase.participants` |
//! | `reliability.two_phase.recovered` | info | `reliability.two_phase.transaction`, `reliability.two_phase.decision` |
//! | `reliability.two_phase.mended` | warn | `reliability.two_phase.transaction`, `reliability.two_phase.verb`, `reliability.two_phase.by` |
//! | `reliability.tcc.failed` | warn | `reliability.tcc.transaction`, `reliability.tcc.participant`, `reliability.tcc.decision`, `reliability.error` |
//! | `reliability.tcc.broken` | error | `reliability.tcc.transaction`, `reliability.error` |
//! | `reliability.tcc.stuck` | error | `reliability.tcc.transaction`, `reliability.tcc.participants` |
//! | `reliability.tcc.mended` | warn | `reliability.tcc.transaction`, `reliability.tcc.verb`, `reliability.tcc.by` |
//! | `reliability.choreography.untold` | warn | `reliability.choreography.participant`, `reliability.choreography.event`, `reliability.choreography.transaction`, `reliability.error` |
//! | `reliability.choreography.elsewhere` | warn | `reliability.choreography.participant`, `reliability.choreography.event`, `reliability.choreography.version`, `reliability.choreography.known` |
//! | `reliability.choreography.parked` | error | `reliability.choreography.participant`, `reliability.choreography.handler`, `reliability.choreography.undo`, `reliability.error` |
//! | `reliability.choreography.mended` | warn | `reliability.choreography.name`, `reliability.choreography.transaction`, `reliability.choreography.verb`, `reliability.choreography.by` |
//! | `reliability.choreography.broken` | error | `reliability.choreography.participant`, `reliability.choreography.stream`, `reliability.error` |
//! | `reliability.chaos.switched_on` | warn | `reliability.chaos.name`, `reliability.chaos.seed`, `reliability.chaos.latency_rate`, `reliability.chaos.error_rate`, `reliability.chaos.hang_rate` |
//! | `reliability.chaos.still_on` | warn | `reliability.chaos.name`, `reliability.chaos.injected` |
//! | `reliability.chaos.switched_off` | info | `reliability.chaos.name`, `reliability.chaos.injected`, `reliability.chaos.why` |
//! | `reliability.chaos.injected` | info | `reliability.chaos.name`, `reliability.chaos.injection`, `reliability.chaos.latency_ms` |

mod attribute;
mod cache;
#[cfg(feature = "dashboard")]
pub mod dashboard;
#[cfg(feature = "std")]
pub mod golden;
#[cfg(feature = "std")]
pub mod log;
#[cfg(feature = "std")]
pub mod metrics;
#[cfg(all(feature = "otlp", not(reliability_loom)))]
pub mod otlp;
#[cfg(feature = "std")]
mod percent;
#[cfg(feature = "prometheus")]
pub mod prometheus;
#[cfg(feature = "std")]
#[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "who asks is a recorder"))]
mod quiet;
#[cfg(feature = "std")]
mod resource;
#[cfg(feature = "std")]
mod sinks;
mod snapshot;
#[cfg(feature = "std")]
mod source;
#[cfg(feature = "subscriber")]
pub mod subscriber;
#[cfg(feature = "std")]
pub mod trace;
#[cfg(feature = "std")]
mod variables;

#[cfg(feature = "std")]
#[doc(inline)]
pub use crate::metrics;
pub use attribute::{Attribute, Value};
pub use cache::CacheSnapshot;
/// Makes one span per call of a function, with its arguments, and its error if it ends in one: for the
/// [recorder](trace) of the process, and as a span of `tracing` for whoever subscribes to that.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use reliability::telemetry::traced;
///
/// #[traced(level = debug, skip(token), fields(order.total = amount * 3))]
/// async fn order(sku: &str, amount: u32, token: String) -> Result<u32, std::num::ParseIntError> {
///     let first: u32 = token.parse()?;
///     Ok(first + amount)
/// }
///
/// assert_eq!(order("apple", 2, "40".into()).await, Ok(42));
/// # }
/// ```
///
/// It goes on async and sync functions and methods, and changes nothing but that.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `name = ".."` | the name of the span | the function's |
/// | `kind =` `internal`, `server`, `client`, `producer`, `consumer` | on which side of a call it is | `internal` |
/// | `level =` `trace`, `debug`, `info`, `warn`, `error` | its level in `tracing`; what is recorded is decided by traces, not by levels | `info` |
/// | `fields(..)` | more fields, as `tracing` writes them: `a = x`, `a.b = %x` by `Display`, `?x` by `Debug`. A field that is called like an argument replaces it | none |
/// | `skip(..)` | arguments that are not recorded: what is secret, or large | |
/// | `skip_all` | records no argument | |
/// | `err =` `display`, `debug`, `hidden` | how an error is told; `hidden` for one whose text is secret | `display` where it can, else `debug` |
/// | `ret`, `ret = display` | tells the result as well, of a `Result` what is in `Ok`; by `Debug` unless told otherwise | no |
/// | `links = ..` | spans that this one has to do with and is not part of: anything that iterates over [`Context`](trace::Context), [`Current`](trace::Current) or [`Link`](trace::Link) | none |
/// | `metrics` | counts and times every call, whatever is kept of its trace: see [`Operation`](metrics::Operation) | no |
/// | `crate = ::path` | where this crate is, for those who re-export or rename it | `::reliability` |
///
/// Numbers, `bool` and `&str` are recorded as such; other arguments by `Debug`, or by the name of
/// their type where it has none. `self`, destructured arguments and those under `#[cfg(..)]` are not
/// recorded. A `Result` that is an error ends the span as one; in `tracing` that are the fields `error`
/// and `otel.status_code = "ERROR"`. Expressions in `fields` are evaluated by each who records, and not
/// at all where nobody does.
///
/// With `metrics` calls are counted by how they ended, and their durations, by the names
/// `reliability.operation.calls` and `reliability.operation.duration`, from before the first call on. An
/// error is told by its [class](crate::error::Fault), where its type has one; what is not a `Result`
/// ends well. The name of the span is that of the operation. That costs two readings of the clock for
/// each call, and without the word nothing.
///
/// ```
/// use reliability::error::Class;
/// use reliability::telemetry::{metrics, traced};
///
/// #[traced(metrics)]
/// fn reserve(seats: u32) -> Result<u32, Class> {
///     if seats > 9 { Err(Class::Permanent) } else { Ok(seats) }
/// }
///
/// assert!(reserve(2).is_ok());
/// assert!(metrics::collect().iter().any(|it| it.name == "reliability.operation.duration"));
/// ```
///
/// While nobody records, a call pays for one load, and what `tracing` asks. Where the trace that it is
/// in is not kept, nothing is built or formatted either: that is decided first.
///
/// Beside [`#[resilient]`](crate::resilience::resilient) the span is around all attempts of a call,
/// whichever of the two attributes stands first.
///
/// # Cancel safety
///
/// As the function's own; a dropped call closes its span there and then, with
/// `reliability.ended = "cancelled"`. The span is that of the running code only while the call is
/// polled, and while what it holds is dropped.
#[cfg(all(feature = "macros", feature = "std"))]
pub use reliability_macros::traced;
#[cfg(feature = "std")]
pub use resource::Resource;
pub use snapshot::{
    AttemptsSnapshot, BreakerSnapshot, BulkheadSnapshot, ChaosSnapshot, ConcurrencyLimitSnapshot,
    DegradeSnapshot, Latency, PolicySnapshot, RateLimitKeysSnapshot, RateLimitSnapshot,
    RateLimitStoreSnapshot, Snapshot,
};
#[cfg(all(feature = "std", feature = "resilience"))]
pub(crate) use source::Source;
#[cfg(feature = "std")]
pub use source::snapshot;
#[cfg(feature = "subscriber")]
pub use subscriber::{InitError, Telemetry, init};
#[cfg(feature = "std")]
pub use variables::InvalidVariable;
