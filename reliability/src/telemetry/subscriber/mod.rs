//! What `tracing` has to say, with its trace: one line at the start of a program.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Lines on the standard error stream, spans into the recorder, and all of it over OTLP where
//! // OTEL_EXPORTER_OTLP_ENDPOINT says where to.
//! let telemetry = reliability::telemetry::init()?;
//!
//! tracing::info!(orders = 3, "the shop is open");
//!
//! drop(telemetry); // What is still on its way is sent, for five seconds at most.
//! # Ok(())
//! # }
//! ```
//!
//! Whoever has a subscriber already adds [`Layer`] to it.

mod fields;
mod init;
mod layer;
mod wanted;

pub use init::{InitError, Telemetry, init};
pub use layer::Layer;
