use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::{SpanId, TraceId};
use crate::telemetry::Attribute;

/// The part of a trace that happened below one local root, whole: what is kept is kept together.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use reliability::telemetry::trace::{Sink, Span, Trace};
///
/// /// Prints every trace that is kept.
/// struct Print;
///
/// impl Sink for Print {
///     fn keep(&self, trace: Trace) {
///         if let Some(root) = trace.spans.first() {
///             println!("{} {} took {:?}: {}", trace.id, root.name, root.duration, trace.kept_by);
///         }
///     }
/// }
///
/// let id = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// let root = "00f067aa0ba902b7".parse()?;
/// let root = Span::new(root, "checkout", SystemTime::now(), Duration::from_millis(20));
/// Print.keep(Trace::new(id, vec![root]));
/// # Ok::<(), reliability::telemetry::trace::InvalidId>(())
/// ```
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
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use reliability::telemetry::Attribute;
/// use reliability::telemetry::trace::{Event, Kind, Span, Status};
///
/// // As it may have come from a file, or stands in a test.
/// let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
/// let id = "00f067aa0ba902b7".parse()?;
/// let mut span = Span::new(id, "charge", start, Duration::from_millis(20));
/// span.kind = Kind::Client;
/// span.status = Status::Error("the card is expired".into());
/// span.attributes.push(Attribute::new("order.id", 7));
/// span.events.push(Event::new("card refused", start, Vec::new()));
/// assert!(span.status.is_error() && span.parent.is_none());
/// # Ok::<(), reliability::telemetry::trace::InvalidId>(())
/// ```
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
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::{Kind, span};
///
/// let charge = span("charge").kind(Kind::Client).begin();
/// charge.end();
/// assert_eq!(Kind::Client.as_str(), "client");
/// ```
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
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::Status;
///
/// assert!(Status::Error("no such order".into()).is_error());
/// assert!(!Status::default().is_error());
/// ```
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
///
/// # Examples
///
/// See [`Span`].
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
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::Link;
///
/// // The request whose message this span works on.
/// let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// let link = Link::new(trace_id, "00f067aa0ba902b7".parse()?);
/// assert_eq!(link.trace_id, trace_id);
/// # Ok::<(), reliability::telemetry::trace::InvalidId>(())
/// ```
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
