use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use std::time::SystemTime;

use crate::telemetry::Attribute;
use crate::telemetry::trace::{SpanId, TraceId};

/// One event of `tracing`, on its way out.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Record {
    /// When it was said.
    pub at: SystemTime,
    /// How grave it is.
    pub level: Level,
    /// The message.
    pub body: String,
    /// Which part of the program said it: the target of the event.
    pub scope: Cow<'static, str>,
    /// The other fields.
    pub attributes: Vec<Attribute>,
    /// The trace in which it was said.
    pub trace_id: Option<TraceId>,
    /// The span in which it was said.
    pub span_id: Option<SpanId>,
    /// Whether that trace was chosen to be recorded when it began; a tail rule may still keep others.
    pub sampled: bool,
}

impl Record {
    /// A message outside of any trace.
    pub fn new(at: SystemTime, level: Level, body: impl Into<String>) -> Self {
        Self {
            at,
            level,
            body: body.into(),
            scope: Cow::Borrowed(""),
            attributes: Vec::new(),
            trace_id: None,
            span_id: None,
            sampled: false,
        }
    }
}

/// How grave a record is, as `tracing` has it; for OpenTelemetry its severity.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::log::Level;
///
/// assert!(Level::Error > Level::Warn);
/// assert_eq!(Level::Warn.as_str(), "WARN");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Every step.
    Trace,
    /// For who looks for a mistake.
    Debug,
    /// What is as it should be.
    Info,
    /// What should be looked at.
    Warn,
    /// What went wrong.
    Error,
}

impl Level {
    /// The name, in capitals.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}
