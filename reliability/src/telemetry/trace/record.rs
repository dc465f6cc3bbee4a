use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::{SpanId, TraceId};
use crate::telemetry::Attribute;

/// The part of a trace that happened below one local root, whole: what is kept is kept together.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Trace {
    /// Its id, in all processes.
    pub id: TraceId,
    /// The spans; the local root is the first.
    pub spans: Vec<Span>,
    /// How many spans there was no room for.
    pub spans_dropped: u32,
    /// What vendors added, as it came: the header `tracestate`.
    pub state: Option<String>,
    /// Which rule kept it, in words.
    pub kept_by: Cow<'static, str>,
}

impl Trace {
    /// A trace of these spans, the first being its local root.
    pub fn new(id: TraceId, spans: Vec<Span>) -> Self {
        Self { id, spans, spans_dropped: 0, state: None, kept_by: Cow::Borrowed("") }
    }
}

/// A span that ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// Its id.
    pub id: SpanId,
    /// The span that it is part of; `None` for the root of the trace.
    pub parent: Option<SpanId>,
    /// Whether the parent is in another process.
    pub parent_is_remote: bool,
    /// What was done, with few different values: `checkout`, not `checkout 4711`.
    pub name: Cow<'static, str>,
    /// On which side of a call it is.
    pub kind: Kind,
    /// When it began.
    pub start: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// How it ended.
    pub status: Status,
    /// What is known of it.
    pub attributes: Vec<Attribute>,
    /// What happened on the way.
    pub events: Vec<Event>,
    /// Spans that have to do with it without being its parent.
    pub links: Vec<Link>,
    /// Attributes, events and links there was no room for.
    pub dropped: u32,
}

impl Span {
    /// A span without attributes that ended well.
    pub fn new(
        id: SpanId,
        name: impl Into<Cow<'static, str>>,
        start: SystemTime,
        duration: Duration,
    ) -> Self {
        Self {
            id,
            parent: None,
            parent_is_remote: false,
            name: name.into(),
            kind: Kind::Internal,
            start,
            duration,
            status: Status::Unset,
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            dropped: 0,
        }
    }
}

/// On which side of a call a span is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Inside of the process.
    #[default]
    Internal,
    /// It answers a call from outside.
    Server,
    /// It calls another process, and waits for the answer.
    Client,
    /// It puts a message somewhere, for others to take.
    Producer,
    /// It works on a message that was taken.
    Consumer,
}

impl Kind {
    /// The name in lower case, as it stands in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

/// How a span ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Nobody said.
    #[default]
    Unset,
    /// Well, as somebody said who knows.
    Ok,
    /// With an error: what it said.
    Error(Cow<'static, str>),
}

impl Status {
    /// Whether it is an error.
    pub const fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }
}

/// Something that happened at one moment of a span.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub name: Cow<'static, str>,
    /// When.
    pub at: SystemTime,
    /// What is known of it.
    pub attributes: Vec<Attribute>,
}

impl Event {
    /// An event of that name.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        at: SystemTime,
        attributes: Vec<Attribute>,
    ) -> Self {
        Self { name: name.into(), at, attributes }
    }
}

/// A span that has to do with this one, in this trace or another.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// What it has to do with this one.
    pub attributes: Vec<Attribute>,
}

impl Link {
    /// A link to that span.
    pub const fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        Self { trace_id, span_id, attributes: Vec::new() }
    }
}
