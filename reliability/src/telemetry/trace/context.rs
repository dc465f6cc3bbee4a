use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use super::current::{Flags, Here, Place, luggage};
use super::{Baggage, InvalidTraceparent, Link, SpanId, TraceId, TraceState, w3c};

/// What a call carries from one process, thread or task into the next: which trace and span it is
/// part of, and what has been packed for those further down.
///
/// It may be empty: then what runs in it begins a trace of its own.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::{Baggage, Context};
///
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = Context::from_traceparent(caller)?
///     .with_baggage(Baggage::new().with("tenant", "acme"));
/// context.in_scope(|| {
///     let here = Context::current();
///     assert_eq!(here.traceparent().as_deref(), Some(caller));
///     assert_eq!(here.baggage().get("tenant"), Some("acme"));
/// });
/// assert!(Context::current().is_empty());
/// assert!(Context::empty().is_empty());
/// # Ok::<(), reliability::telemetry::trace::InvalidTraceparent>(())
/// ```
#[derive(Clone)]
pub struct Context {
    here: Here,
    luggage: Option<Luggage>,
}

/// The part of a context that is on the heap, and mostly absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Luggage {
    state: TraceState,
    baggage: Baggage,
}

impl Context {
    /// The context of a span of another process.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::trace::{Context, SpanId, TraceId, TraceState};
    ///
    /// // As they may have come over a protocol of one's own.
    /// let context = Context::new(TraceId::random(), SpanId::random(), true)
    ///     .with_state(TraceState::new());
    /// assert!(context.is_remote());
    /// let told = context.traceparent().ok_or("something is in it")?;
    /// assert!(told.ends_with("-01"), "{told}");
    /// # Ok::<(), &'static str>(())
    /// ```
    pub fn new(trace_id: TraceId, span_id: SpanId, sampled: bool) -> Self {
        let flags = Flags::default().with(Flags::SAMPLED, sampled).with(Flags::REMOTE, true);
        let (trace_id, span_id) = (Some(trace_id), Some(span_id));
        Self { here: Here { trace_id, span_id, place: Place::NOWHERE, flags }, luggage: None }
    }

    /// What a `traceparent` said.
    pub(super) fn received(trace_id: TraceId, span_id: SpanId, flags: Flags) -> Self {
        let context = Self::new(trace_id, span_id, false);
        Self { here: Here { flags: flags.with(Flags::REMOTE, true), ..context.here }, ..context }
    }

    /// A context that nothing is in.
    pub const fn empty() -> Self {
        Self { here: Here::NOWHERE, luggage: None }
    }

    /// The context of the running code; an empty one where it is in none.
    pub fn current() -> Self {
        Self { here: Here::get(), luggage: luggage() }
    }

    /// The context that the header `traceparent` names.
    ///
    /// # Errors
    ///
    /// [`InvalidTraceparent`] when it is none; the receiver of such a header has to begin a trace of
    /// its own. (W3C Trace Context level 2, section 3.2.)
    pub fn from_traceparent(text: &str) -> Result<Self, InvalidTraceparent> {
        w3c::traceparent::parse(text)
    }

    /// The header `traceparent` for whoever is called from here; `None` outside of a trace.
    pub fn traceparent(&self) -> Option<String> {
        let Here { trace_id, span_id, flags, .. } = self.here;
        Some(w3c::traceparent::format(trace_id?, span_id?, flags))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.here.trace_id.is_none() && self.luggage.is_none()
    }

    /// The trace.
    pub const fn trace_id(&self) -> Option<TraceId> {
        self.here.trace_id
    }

    /// The span.
    pub const fn span_id(&self) -> Option<SpanId> {
        self.here.span_id
    }

    /// Whether the part of the trace that is known so far is kept.
    pub const fn is_sampled(&self) -> bool {
        self.here.flags.has(Flags::SAMPLED)
    }

    /// Whether the span is another process's.
    pub const fn is_remote(&self) -> bool {
        self.here.flags.has(Flags::REMOTE)
    }

    /// What vendors have added: the header `tracestate`.
    pub fn state(&self) -> &TraceState {
        static EMPTY: TraceState = TraceState::new();
        self.luggage.as_ref().map_or(&EMPTY, |luggage| &luggage.state)
    }

    /// What is packed for those further down: the header `baggage`.
    pub fn baggage(&self) -> &Baggage {
        static EMPTY: Baggage = Baggage::new();
        self.luggage.as_ref().map_or(&EMPTY, |luggage| &luggage.baggage)
    }

    /// The same context with that `tracestate`.
    #[must_use]
    pub fn with_state(self, state: TraceState) -> Self {
        let undecided = !self.is_sampled() && state.says_undecided();
        let flags = self.here.flags.with(Flags::UNDECIDED, undecided);
        let here = Here { flags, ..self.here };
        let baggage = self.baggage().clone();
        Self { here, luggage: Luggage { state, baggage }.unless_empty() }
    }

    /// The same context with that baggage.
    #[must_use]
    pub fn with_baggage(self, baggage: Baggage) -> Self {
        let state = self.state().clone();
        Self { here: self.here, luggage: Luggage { state, baggage }.unless_empty() }
    }

    /// A link to its span; `None` outside of a trace.
    pub fn link(&self) -> Option<Link> {
        Some(Link::new(self.trace_id()?, self.span_id()?))
    }

    pub(crate) const fn here(&self) -> Here {
        self.here
    }

    pub(super) const fn luggage(&self) -> &Option<Luggage> {
        &self.luggage
    }

    /// The `tracestate` for whoever is called from here: with our entry where the end of the local
    /// root decides, so that they do not take "not sampled so far" for a no.
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "who sends is a library"))]
    pub(crate) fn state_on_the_wire(&self) -> TraceState {
        let flags = self.here.flags;
        let undecided = flags.has(Flags::UNDECIDED) && !flags.has(Flags::SAMPLED);
        self.state().with_undecided(undecided)
    }
}

impl Luggage {
    pub(super) const fn state(&self) -> &TraceState {
        &self.state
    }

    fn unless_empty(self) -> Option<Self> {
        (!self.state.is_empty() || !self.baggage.is_empty()).then_some(self)
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::empty()
    }
}

/// Two contexts are equal if they carry the same.
impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        let ids = |context: &Self| {
            let Here { trace_id, span_id, flags, .. } = context.here;
            (trace_id, span_id, flags.on_the_wire())
        };
        ids(self) == ids(other) && self.luggage == other.luggage
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("traceparent", &self.traceparent())
            .field("state", self.state())
            .field("baggage", self.baggage())
            .finish()
    }
}

impl FromStr for Context {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceparent> {
        Self::from_traceparent(text)
    }
}
