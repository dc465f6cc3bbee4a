use core::fmt;
use core::future::Future;

use super::around::Around;
use super::current::{Entered, Here};
use super::recorder::{Ending, Fields, Head, Open, Opened, Ring, State, recorder};
use super::{Context, Kind};
use crate::telemetry::Value;

/// A span that is made by hand; [`#[traced]`](crate::telemetry::traced) makes one per call.
///
/// The head decision is made here, so whatever follows costs nothing where it is no.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use reliability::telemetry::trace::{self, Kind};
///
/// let span = trace::span("charge").kind(Kind::Client).attribute("order.total", 42).begin();
/// let outcome = span.around(async { Err::<(), _>("the card was refused") }).await;
/// if let Err(error) = outcome {
///     span.fail(error);
/// }
/// span.end();
/// # }
/// ```
pub fn span(name: &'static str) -> SpanBuilder {
    let head = recorder().map(|ring| (ring, ring.head(Here::get())));
    SpanBuilder { name, kind: Kind::Internal, head, fields: None }
}

/// What is known of a span before it begins; made by [`span`].
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::{Context, Kind, span};
///
/// // A message of a queue: the span is part of the trace of who sent it.
/// let sender = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let sender = Context::from_traceparent(sender)?;
/// let packing = span("pack order")
///     .kind(Kind::Consumer)
///     .attribute("order.id", 7)
///     .fields(|fields| fields.text("sku", "tea"))
///     .link(&sender)
///     .within(&sender);
/// println!("will be recorded: {}", packing.is_recorded());
/// packing.begin().in_scope(|| println!("packing"));
/// # Ok::<(), reliability::telemetry::trace::InvalidTraceparent>(())
/// ```
#[derive(Debug)]
#[must_use = "the span begins with `begin`"]
pub struct SpanBuilder {
    name: &'static str,
    kind: Kind,
    head: Option<(&'static Ring, Head)>,
    fields: Option<Fields>,
}

impl SpanBuilder {
    /// On which side of a call it is.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Something that is known of it.
    pub fn attribute(self, key: &'static str, value: impl Into<Value>) -> Self {
        self.fields(|fields| fields.add(key, value))
    }

    /// What is known of it, looked up only if it is recorded.
    pub fn fields(mut self, fill: impl FnOnce(&mut Fields)) -> Self {
        if self.is_recorded() {
            fill(self.fields.get_or_insert_with(Fields::take));
        }
        self
    }

    /// A span that it has to do with, without being part of it.
    pub fn link(self, other: &Context) -> Self {
        let ids = other.trace_id().zip(other.span_id());
        self.fields(|fields| {
            if let Some((trace, span)) = ids {
                fields.link(trace, span);
            }
        })
    }

    /// Makes it a part of that context's trace, instead of the running code's.
    pub fn within(mut self, context: &Context) -> Self {
        if let Some((ring, head)) = &mut self.head {
            *head = ring.head(context.here());
        }
        self
    }

    /// Whether it will be recorded.
    pub fn is_recorded(&self) -> bool {
        self.head.as_ref().is_some_and(|(_, head)| head.is_recorded())
    }

    /// The span, from now on.
    #[must_use = "the span ends when it is dropped"]
    pub fn begin(self) -> OpenSpan {
        let Self { name, kind, head, fields } = self;
        let open = match head {
            Some((ring, head)) => ring.open(name, kind, head, fields),
            None => Opened::Nothing,
        };
        OpenSpan { open }
    }
}

/// A span that has begun. It ends when it is dropped.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::span;
///
/// let order = span("order").begin();
/// order.in_scope(|| println!("what this makes is a part of it"));
/// order.set("order.id", 7);
/// order.event("packed", |fields| fields.add("parcels", 2));
/// order.rename("order of tea");
/// match "12 EUR".parse::<u32>() {
///     Ok(_) => order.succeed(),
///     Err(error) => order.fail(error),
/// }
///
/// // Another thread goes on with it.
/// let context = order.context();
/// std::thread::spawn(move || context.in_scope(|| span("deliver").begin().end()));
/// assert!(!order.is_recorded(), "nobody has started a recorder here");
/// order.end();
/// ```
#[derive(Debug)]
#[must_use = "the span ends when it is dropped"]
pub struct OpenSpan {
    open: Opened,
}

impl OpenSpan {
    /// Runs `work` inside of it.
    pub fn in_scope<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        work()
    }

    /// Runs `future` inside of it, whichever thread polls it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the returned future drops `future`, inside of the span, which goes on.
    pub fn around<F: Future>(&self, future: F) -> Around<'_, F> {
        Around::new(self, future)
    }

    /// Whether it is recorded; if not, what is said of it goes nowhere.
    pub fn is_recorded(&self) -> bool {
        self.recorded().is_some()
    }

    /// Something that became known of it.
    pub fn set(&self, key: &'static str, value: impl Into<Value>) {
        self.add(|fields| fields.add(key, value));
    }

    /// Something that happened in it, now.
    pub fn event(&self, name: &'static str, fill: impl FnOnce(&mut Fields)) {
        if let Some((ring, open)) = self.recorded() {
            ring.event(open.here, name, fill);
        }
    }

    /// Says that it ends in an error.
    pub fn fail(&self, error: impl fmt::Display) {
        if let Some((ring, open)) = self.recorded() {
            ring.fail(open.here, format_args!("{error}"));
        }
    }

    /// Says that it ends well: for who knows better than an error inside of it.
    pub fn succeed(&self) {
        if let Some((ring, open)) = self.recorded() {
            ring.end_well(open.here);
        }
    }

    /// Gives it another name, which was not known when it began. Names have few different values.
    pub fn rename(&self, name: &str) {
        if let Some((ring, open)) = self.recorded() {
            ring.rename(open.here, name);
        }
    }

    /// As [`rename`](Self::rename), formatted only if it is recorded, and without allocating.
    #[cfg(all(feature = "http", feature = "tower"))]
    pub(crate) fn rename_to(&self, name: fmt::Arguments<'_>) {
        if let Some((ring, open)) = self.recorded() {
            ring.rename_to(open.here, name);
        }
    }

    /// The context of what runs inside: for what is sent to others, and for other tasks.
    pub fn context(&self) -> Context {
        self.in_scope(Context::current)
    }

    /// Ends it.
    pub fn end(self) {}

    /// Ends it, before it is dropped.
    #[inline]
    pub(crate) fn finish(&mut self) {
        self.close(Ending { state: State::Unset, message: None });
    }

    #[inline]
    pub(crate) const fn begin_with(open: Opened) -> Self {
        Self { open }
    }

    /// Decides whether it is recorded; [`open`](Self::open) begins it then.
    // Not by the values of `span`: they are large, and would be copied, also by the many calls of
    // which the decision is no.
    #[inline(never)]
    pub(crate) fn decide(&mut self, ring: &'static Ring) -> bool {
        match ring.head(Here::get()) {
            Head::Nothing => false,
            Head::Unrecorded { here } => {
                self.open = Opened::Unrecorded(here);
                false
            }
            recorded => {
                self.open = Opened::Decided(ring, recorded);
                true
            }
        }
    }

    /// Begins what was decided to be recorded.
    pub(crate) fn open(&mut self, name: &'static str, kind: Kind, fields: Option<Fields>) {
        if let Opened::Decided(ring, head) = self.open {
            self.open = ring.open(name, kind, head, fields);
        }
    }

    /// Whether there is anything to end.
    #[inline]
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.open, Opened::Recorded(..))
    }

    /// Whether code inside is told of it, or that nothing is recorded.
    #[inline]
    pub(crate) const fn is_anywhere(&self) -> bool {
        !matches!(self.open, Opened::Nothing)
    }

    pub(crate) fn add(&self, fill: impl FnOnce(&mut Fields)) {
        if let Some((ring, open)) = self.recorded() {
            let mut fields = Fields::take();
            fill(&mut fields);
            ring.add(open.here, fields);
        }
    }

    #[inline]
    pub(crate) fn enter(&self) -> Option<Entered> {
        match &self.open {
            Opened::Nothing | Opened::Decided(..) => None,
            Opened::Unrecorded(here) => Some(here.enter()),
            Opened::Recorded(_, open) => Some(open.here.enter()),
        }
    }

    /// Where the code inside of it is.
    #[cfg(feature = "subscriber")]
    pub(crate) fn here(&self) -> Option<Here> {
        match &self.open {
            Opened::Nothing | Opened::Decided(..) => None,
            Opened::Unrecorded(here) => Some(*here),
            Opened::Recorded(_, open) => Some(open.here),
        }
    }

    /// Ends it in that way.
    // In place: what is moved out of an option is copied, whether there is something in it or not.
    #[inline]
    pub(crate) fn close(&mut self, ending: Ending<'_>) {
        if let Opened::Recorded(ring, open) = &self.open {
            ring.close(open, ending);
            self.open = Opened::Nothing;
        }
    }

    fn recorded(&self) -> Option<(&'static Ring, &Open)> {
        match &self.open {
            Opened::Recorded(ring, open) if open.is_recorded() => Some((ring, open)),
            _ => None,
        }
    }
}

impl Drop for OpenSpan {
    #[inline]
    fn drop(&mut self) {
        self.close(Ending { state: State::Unset, message: None });
    }
}

/// Something that happens now, in the span that the running code is in. Costs nothing where that is
/// not recorded: `fill` is not called then.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace;
///
/// trace::event("cache.refreshed", |fields| fields.add("entries", 12));
/// ```
#[inline]
pub fn event(name: &'static str, fill: impl FnOnce(&mut Fields)) {
    if let Some((ring, here)) = recorded() {
        ring.event(here, name, fill);
    }
}

/// Something that became known of the span that the running code is in.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace;
///
/// trace::set("tenant", "acme");
/// ```
#[inline]
pub fn set(key: &'static str, value: impl Into<Value>) {
    if let Some((ring, here)) = recorded() {
        let mut fields = Fields::take();
        fields.add(key, value);
        ring.add(here, fields);
    }
}

/// Says that something was logged as an error in the span that the running code is in: rules for
/// errors keep its trace, so that who finds the log finds the trace.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::{error_logged, span};
///
/// span("order").begin().in_scope(|| {
///     // With a log of one's own; the layer of `telemetry::subscriber` does it by itself.
///     eprintln!("the stock is lost");
///     error_logged();
/// });
/// ```
#[inline]
pub fn error_logged() {
    if let Some((ring, here)) = recorded() {
        ring.error_said(here);
    }
}

#[inline]
fn recorded() -> Option<(&'static Ring, Here)> {
    let ring = recorder()?;
    let here = Here::get();
    here.flags.has(super::current::Flags::RECORDED).then_some((ring, here))
}
