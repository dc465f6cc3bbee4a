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
    pub severity: Severity,
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
    pub fn new(at: SystemTime, severity: Severity, body: impl Into<String>) -> Self {
        Self {
            at,
            severity,
            body: body.into(),
            scope: Cow::Borrowed(""),
            attributes: Vec::new(),
            trace_id: None,
            span_id: None,
            sampled: false,
        }
    }
}

/// How grave a record is; the levels of `tracing`.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::log::Severity;
///
/// assert!(Severity::Error > Severity::Warn);
/// assert_eq!(Severity::Warn.as_str(), "WARN");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
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

impl Severity {
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
