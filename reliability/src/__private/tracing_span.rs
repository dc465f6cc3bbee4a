//! The span of one call of a `#[traced]` function: one of our recorder, and one of `tracing` for
//! subscribers of other libraries.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;
use tracing::field::Value;

use crate::telemetry::trace::{
    Context as TraceContext, Current, Ending, Entered, Fields, Kind, Link, OpenSpan, Opened,
    SpanId, State, TraceId, recorder,
};

/// A span of our recorder that is about to begin.
#[derive(Debug)]
#[must_use]
pub struct Begin<'a> {
    /// The call that it is of.
    traced: &'a mut Traced,
    fields: Option<NewFields>,
}

impl Begin<'_> {
    /// Where to write what is known of it, if somebody wants to know.
    #[inline]
    pub fn fields(&mut self) -> Option<&mut NewFields> {
        Some(self.fields.get_or_insert_with(|| NewFields(Fields::take())))
    }

    /// The span, from now on.
    pub fn open(self, name: &'static str, kind: Kind) {
        self.traced.open.open(name, kind, self.fields.map(|fields| fields.0));
    }
}

/// What is known of a span before it begins.
#[derive(Debug)]
pub struct NewFields(Fields);

impl NewFields {
    /// A field, with whatever `tracing` takes as a value.
    pub fn value(&mut self, key: &'static str, value: &dyn Value) {
        self.0.value(key, value);
    }

    /// Spans that it has to do with.
    pub fn links<L: LinkTo>(&mut self, links: impl IntoIterator<Item = L>) {
        for link in links {
            if let Some((trace, span)) = link.ids() {
                self.0.link(trace, span);
            }
        }
    }
}

/// What names a span that others can be linked to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no span that this one could be linked to",
    label = "`links = ..` wants some of `Context`, `Current` or `Link`",
    note = "as in `links = messages.iter().map(|message| &message.context)`"
)]
pub trait LinkTo {
    /// The ids of its trace and of itself; `None` outside of a trace.
    fn ids(&self) -> Option<(TraceId, SpanId)>;
}

impl LinkTo for TraceContext {
    fn ids(&self) -> Option<(TraceId, SpanId)> {
        self.trace_id().zip(self.span_id())
    }
}

impl LinkTo for Current {
    fn ids(&self) -> Option<(TraceId, SpanId)> {
        Some((self.trace_id(), self.span_id()))
    }
}

impl LinkTo for Link {
    fn ids(&self) -> Option<(TraceId, SpanId)> {
        Some((self.trace_id, self.span_id))
    }
}

impl<L: LinkTo> LinkTo for Option<L> {
    fn ids(&self) -> Option<(TraceId, SpanId)> {
        self.as_ref().and_then(L::ids)
    }
}

impl<L: LinkTo> LinkTo for &L {
    fn ids(&self) -> Option<(TraceId, SpanId)> {
        L::ids(self)
    }
}

/// The span of a call that goes on. A call that ends otherwise than by [`end`](Traced::end) and its
/// like was cancelled, or panicked, and the span says so.
#[derive(Debug)]
#[must_use]
pub struct Traced {
    span: tracing::Span,
    open: OpenSpan,
}

/// Inside of a span while a body is dropped: what `tracing` has for that may not go to another
/// thread, and futures do.
#[derive(Debug)]
struct Inside<'a> {
    span: &'a tracing::Span,
    _place: Option<Entered>,
}

impl<'a> Inside<'a> {
    fn enter(traced: &'a Traced) -> Self {
        let place = traced.open.enter();
        if !traced.span.is_disabled() {
            traced.span.with_subscriber(|(id, dispatch)| dispatch.enter(id));
        }
        Self { span: &traced.span, _place: place }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if !self.span.is_disabled() {
            self.span.with_subscriber(|(id, dispatch)| dispatch.exit(id));
        }
    }
}

impl Traced {
    /// A call without a span so far.
    ///
    /// It stays where it was made: what is recorded makes it large, and handed over by value all of
    /// it would be copied, also where nobody records.
    #[inline]
    pub const fn new() -> Self {
        Self { span: tracing::Span::none(), open: OpenSpan::begin_with(Opened::Nothing) }
    }

    /// Whether our recorder writes this call down, beside that span. Where nobody records this is
    /// one load; where somebody does, this is the head decision.
    #[inline(always)]
    pub fn is_wanted_beside(&mut self, span: tracing::Span) -> bool {
        if !span.is_none() {
            self.span = span;
        }
        recorder().is_some_and(|ring| self.open.decide(ring))
    }

    /// After the head decision, if that was yes.
    #[inline]
    pub const fn begin(&mut self) -> Begin<'_> {
        Begin { traced: self, fields: None }
    }

    /// Runs the body of a function that is not async.
    #[inline]
    pub fn in_scope<R>(&self, body: impl FnOnce() -> R) -> R {
        let _place = self.open.enter();
        let _span = self.span.enter();
        body()
    }

    /// Runs the body of an async function.
    ///
    /// Not `instrument`: `Instrument` of `tracing` may be in scope, and would come first.
    #[inline]
    pub fn enclose<F: Future>(&self, body: F) -> Instrumented<'_, F> {
        Instrumented { body, leave: None, traced: self }
    }

    /// Back inside of it, for what is counted at its end, if it is recorded.
    #[inline]
    pub(super) fn place(&self) -> Option<Entered> {
        if self.open.is_open() { self.open.enter() } else { None }
    }

    /// A field that is known at the end.
    pub fn record(&self, key: &'static str, value: impl Value) {
        if !self.span.is_disabled() {
            self.span.record(key, &value);
        }
        self.open.add(|fields| fields.value(key, &value));
    }

    /// Ends it well.
    #[inline]
    pub fn end(&mut self) {
        self.open.finish();
    }

    /// Ends it in an error.
    #[cold]
    pub fn fail(&mut self, error: fmt::Arguments<'_>) {
        if !self.span.is_disabled() {
            self.span.record("error", tracing::field::display(&error));
        }
        self.failed(error);
    }

    /// Ends it in an error that is not told.
    #[cold]
    pub fn fail_silently(&mut self) {
        self.failed(format_args!(""));
    }

    /// Whether the code inside is somewhere else than the code around it.
    #[inline]
    fn is_anywhere(&self) -> bool {
        !self.span.is_disabled() || self.open.is_anywhere()
    }

    fn failed(&mut self, error: fmt::Arguments<'_>) {
        if !self.span.is_disabled() {
            self.span.record("otel.status_code", "ERROR");
        }
        self.open.close(Ending { state: State::Error, message: Some(error) });
    }

    #[cold]
    fn abandoned(&mut self) {
        if std::thread::panicking() {
            self.open.set("reliability.ended", "panicked");
            self.open
                .close(Ending { state: State::Error, message: Some(format_args!("panicked")) });
        } else {
            // No error: whoever dropped the call did not want its answer any more.
            self.open.set("reliability.ended", "cancelled");
            self.open.finish();
        }
    }
}

impl Default for Traced {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Traced {
    #[inline]
    fn drop(&mut self) {
        if self.open.is_open() {
            self.abandoned();
        }
    }
}

pin_project! {
    /// The body of an async function, inside of its span.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Instrumented<'a, F> {
        // Fields are dropped in this order: what the body drops is still inside.
        #[pin]
        body: F,
        leave: Option<Inside<'a>>,
        traced: &'a Traced,
    }

    impl<F> PinnedDrop for Instrumented<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.traced.is_anywhere() {
                *this.leave = Some(Inside::enter(this.traced));
            }
        }
    }
}

impl<F: Future> Future for Instrumented<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _place = this.traced.open.enter();
        let _span = this.traced.span.enter();
        this.body.poll(cx)
    }
}
