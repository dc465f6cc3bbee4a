//! Sends metrics, traces and logs to whoever speaks OTLP, and tells when it cannot.
//!
//! ```no_run
//! use std::time::Duration;
//! use reliability::telemetry::otlp::Otlp;
//!
//! // From OTEL_EXPORTER_OTLP_ENDPOINT and its sisters; http://localhost:4318 by default.
//! let otlp = Otlp::from_env()?.build()?;
//!
//! // The service runs.
//!
//! println!("{}", otlp.health());
//! otlp.shutdown(Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Most exporters fail in silence: the client panics on a background thread, or waits for a runtime
//! that waits for it, and the program goes on and exports nothing. So here
//!
//! - one thread sends, `reliability-otlp`, with a client that blocks; over gRPC with a runtime that
//!   lives on that thread and nowhere else. It works with any runtime and with none, on one core
//!   and inside of a single-threaded runtime, and nothing that panics on it ends it;
//! - nobody waits who has something to say: queues have an end, and who comes when they are full is
//!   turned away and counted;
//! - everything that fails is counted by reason, told on the standard error stream at once and then
//!   once a minute, and stands in [`Otlp::health`] and in the metrics `reliability.otlp.*`;
//! - what the clients say through `tracing` while they send is not exported, which would make them
//!   say more.
//!
//! The messages are those of the [protocol](https://opentelemetry.io/docs/specs/otlp/), made from
//! what this crate has, with exemplars; the OpenTelemetry SDK has no part in it.
//! [The chapter](crate::guide::otlp) goes through failures one by one.

mod answer;
mod assembly;
mod backoff;
mod builder;
mod encode;
mod endpoint;
mod environment;
mod handle;
mod health;
mod invalid;
mod lane;
#[cfg(feature = "dashboard")]
mod panel;
mod pipeline;
mod queue;
mod settings;
mod signal;
mod started;
mod supply;
mod transport;
mod voice;
mod watch;
mod worker;

#[cfg(test)]
mod tests;

pub use builder::{OtlpBuilder, Receiver};
pub use handle::Otlp;
pub use health::{Dropped, Failure, Health, SignalHealth, Undelivered};
pub use invalid::InvalidSetting;
pub use settings::{Compression, Protocol};
pub use signal::Signal;
