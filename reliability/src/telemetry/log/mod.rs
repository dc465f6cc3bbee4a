//! What the program says, and in which trace it said it.
//!
//! A line without its trace is found by luck. So each record carries the ids of the trace and the
//! span in which it was said, in text and in JSON, and every sink gets it with them.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use reliability::telemetry::Attribute;
//! use reliability::telemetry::log::{Format, Level, Record};
//!
//! let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_285_607_250);
//! let mut record = Record::new(at, Level::Warn, "no stock left");
//! record.scope = "shop::stock".into();
//! record.attributes.push(Attribute::new("sku", "tea"));
//! record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736".parse().ok();
//! assert_eq!(
//!     Format::Text.line(&record),
//!     "2026-11-21T18:26:47.250000Z  WARN shop::stock: no stock left sku=tea \
//!      trace_id=4bf92f3577b34da6a3ce929d0e0e4736\n",
//! );
//! assert_eq!(
//!     Format::Json.line(&record),
//!     r#"{"timestamp":"2026-11-21T18:26:47.250000Z","level":"WARN","target":"shop::stock","#.to_owned()
//!         + r#""message":"no stock left","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","#
//!         + r#""attributes":{"sku":"tea"}}"#
//!         + "\n",
//! );
//! ```

mod format;
mod json;
#[cfg(feature = "dashboard")]
mod panel;
mod record;
mod sink;

pub use format::Format;
pub use record::{Level, Record};
pub use sink::{Sink, SinkGuard, add_sink, emit};
