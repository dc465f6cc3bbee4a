//! Long chapters: read the first one, and the others when you need them.
//!
//! 1. [`first_call`]: one attribute on one function, and what its callers see.
//! 2. [`policies`]: what each layer is for, what it does unless told otherwise, and why.
//! 3. [`watching`]: what the policies have counted, and how to read it.
//! 4. [`by_hand`]: the same without macros, for when you need to know, or to do something else.
//! 5. [`semantics`]: what happens exactly, and where other libraries do something else.
//!
//! One chapter for each layer, all built alike: in short, defaults and why, what is guaranteed, what
//! it emits, do and do not.
//!
//! - [`retries`], [`breakers`], [`rate_limiting`], [`adaptive_concurrency`], [`bulkheads`],
//!   [`fallbacks`]
//! - [`timeouts`]: fixed, adaptive, and deadlines
//! - [`hedging`]: a second request where the first is late
//! - [`caching`]: answers that are kept, and one call for all who ask at once
//! - [`errors`]: what goes wrong here and how often, and what to do when another try is not enough
//! - [`degradation`]: less for a while, and back
//! - [`chaos`]: faults on purpose
//! - [`journal`]: a durable log, and work that survives the worker
//! - [`transaction`](crate::distributed::transaction): which of the next five to take, side by side
//! - [`saga`]: business transactions over several services, and what becomes of them in a crash
//! - [`choreography`]: the same without a conductor, by services that listen to each other
//! - [`two_phase`]: several databases change together or not at all
//! - [`event_sourcing`]: what has happened is kept, and what is follows from it
//! - [`tcc`]: try, confirm, cancel, and the barrier in front of every participant
//! - [`telemetry`]: metrics of your own and of the policies, their names, and what to look at first
//! - [`traces`]: what happened inside of one call, across tasks and processes, and what is kept of it
//! - [`dashboard`]: a page to look at, and panels of your own
//! - [`operating`]: see, change and force policies while they work, by code and by file
//! - [`slo`]: promises, error budgets, alerts, and what follows from them
//! - [`otlp`]: metrics, traces and logs for the outside, and what happens when nobody takes them
//! - [`testing`]: fake time, scripted dependencies, assertions, recording and replay
//! - [`tower`]: all of them around services, of axum, reqwest and hyper
//!
//! Settings from a file are described in their module, `resilience::config`.

#[doc = include_str!("first_call.md")]
pub mod first_call {}

#[doc = include_str!("policies.md")]
pub mod policies {}

#[doc = include_str!("watching.md")]
pub mod watching {}

#[doc = include_str!("by_hand.md")]
pub mod by_hand {}

#[doc = include_str!("semantics.md")]
pub mod semantics {}

#[doc = include_str!("retries.md")]
pub mod retries {}

#[doc = include_str!("breakers.md")]
pub mod breakers {}

#[doc = include_str!("rate_limiting.md")]
pub mod rate_limiting {}

#[doc = include_str!("adaptive_concurrency.md")]
pub mod adaptive_concurrency {}

#[doc = include_str!("bulkheads.md")]
pub mod bulkheads {}

#[doc = include_str!("fallbacks.md")]
pub mod fallbacks {}

#[doc = include_str!("timeouts.md")]
pub mod timeouts {}

#[doc = include_str!("hedging.md")]
pub mod hedging {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[cfg(feature = "sqlite")]
#[doc = include_str!("journal.md")]
pub mod journal {}

#[cfg(all(feature = "choreography", feature = "macros"))]
#[doc = include_str!("choreography.md")]
pub mod choreography {}

#[cfg(all(feature = "two_phase", feature = "postgres"))]
#[doc = include_str!("two_phase.md")]
pub mod two_phase {}

#[cfg(all(feature = "event_sourcing", feature = "macros"))]
#[doc = include_str!("event_sourcing.md")]
pub mod event_sourcing {}

#[cfg(all(feature = "tcc", feature = "macros"))]
#[doc = include_str!("tcc.md")]
pub mod tcc {}

#[doc = include_str!("telemetry.md")]
pub mod telemetry {}

#[doc = include_str!("traces.md")]
pub mod traces {}

#[cfg(feature = "chaos")]
#[doc = include_str!("chaos.md")]
pub mod chaos {}

#[cfg(feature = "cache")]
#[doc = include_str!("caching.md")]
pub mod caching {}

#[cfg(feature = "dashboard")]
#[doc = include_str!("dashboard.md")]
pub mod dashboard {}

#[cfg(feature = "otlp")]
#[doc = include_str!("otlp.md")]
pub mod otlp {}

#[cfg(all(feature = "tower", feature = "http", feature = "reqwest"))]
#[doc = include_str!("tower.md")]
pub mod tower {}

#[cfg(feature = "config")]
#[doc = include_str!("operating.md")]
pub mod operating {}

#[cfg(feature = "sre")]
#[doc = include_str!("slo.md")]
pub mod slo {}

#[cfg(all(feature = "sre", feature = "macros"))]
#[doc = include_str!("degradation.md")]
pub mod degradation {}

#[cfg(feature = "testing")]
#[doc = include_str!("testing.md")]
pub mod testing {}

#[cfg(all(feature = "saga", feature = "macros"))]
#[doc = include_str!("saga.md")]
pub mod saga {}
