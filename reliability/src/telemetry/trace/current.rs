use core::cell::{Cell, RefCell};
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use super::context::{Context, Luggage};
use super::{SpanId, TraceId};

/// The span that the running code is in: what a log line, an exemplar or an error report names.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::{self, Context};
///
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = Context::from_traceparent(caller)?;
/// context.in_scope(|| {
///     let here = trace::current().unwrap();
///     assert_eq!(here.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
///     assert!(here.is_sampled());
/// });
/// assert_eq!(trace::current(), None);
/// # Ok::<(), trace::InvalidTraceparent>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Current {
    trace_id: TraceId,
    span_id: SpanId,
    flags: Flags,
}

impl Current {
    /// The trace that it is in.
    pub const fn trace_id(self) -> TraceId {
        self.trace_id
    }

    /// The innermost span; of the caller, where this process has not made one.
    pub const fn span_id(self) -> SpanId {
        self.span_id
    }

    /// Whether other processes are told to keep their part of the trace.
    pub const fn is_sampled(self) -> bool {
        self.flags.has(Flags::SAMPLED)
    }

    /// Whether this process writes the span down. It may still be thrown away when its local root
    /// ends and no rule keeps it.
    pub const fn is_recorded(self) -> bool {
        self.flags.has(Flags::RECORDED)
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("trace_id", &format_args!("{}", self.trace_id))
            .field("span_id", &format_args!("{}", self.span_id))
            .field("is_sampled", &self.is_sampled())
            .field("is_recorded", &self.is_recorded())
            .finish()
    }
}

/// The span that the running code is in, if it is in a trace. Reads one thread local.
///
/// While a future is polled, that is the future's own, whichever thread polls it.
///
/// # Examples
///
/// See [`Current`].
#[inline]
pub fn current() -> Option<Current> {
    let here = HERE.get();
    Some(Current { trace_id: here.trace_id?, span_id: here.span_id?, flags: here.flags })
}

impl From<Current> for super::Link {
    fn from(current: Current) -> Self {
        Self::new(current.trace_id, current.span_id)
    }
}

/// Whether the running code is in a trace that this process or another one writes down. Reads one
/// byte.
#[inline]
pub(crate) fn is_written_down() -> bool {
    HERE.get().flags.0 & (Flags::SAMPLED.0 | Flags::RECORDED.0) != 0
}

/// What is known of a context besides its ids.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u8);

impl Flags {
    /// As in a `traceparent`.
    pub(crate) const SAMPLED: Self = Self(1);
    /// As in a `traceparent`: all bits of the trace id are drawn.
    pub(crate) const RANDOM: Self = Self(2);
    /// The span is written down in this process.
    pub(crate) const RECORDED: Self = Self(4);
    /// Not sampled so far: who records decides when the local root ends.
    pub(crate) const UNDECIDED: Self = Self(8);
    /// The span is another process's.
    pub(crate) const REMOTE: Self = Self(16);

    pub(crate) const fn has(self, flag: Self) -> bool {
        self.0 & flag.0 != 0
    }

    #[must_use]
    pub(crate) const fn with(self, flag: Self, on: bool) -> Self {
        Self(if on { self.0 | flag.0 } else { self.0 & !flag.0 })
    }

    /// The byte of a `traceparent`.
    pub(crate) const fn on_the_wire(self) -> u8 {
        self.0 & 3
    }

    pub(crate) const fn from_the_wire(byte: u8) -> Self {
        Self(byte & 3)
    }
}

/// Where in the recorder the local root of a span is written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) slot: u32,
    /// Differs between those that have had the slot one after the other.
    pub(crate) generation: u32,
    /// Which of the spans of the slot.
    pub(crate) index: u32,
}

impl Place {
    pub(crate) const NOWHERE: Self = Self { slot: u32::MAX, generation: 0, index: 0 };
}

/// Where the running code is: what is swapped whenever a span is entered or left. Plain data, so
/// that entering costs two copies and nothing is counted.
#[derive(Clone, Copy)]
pub(crate) struct Here {
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    pub(crate) place: Place,
    pub(crate) flags: Flags,
}

impl Here {
    pub(crate) const NOWHERE: Self =
        Self { trace_id: None, span_id: None, place: Place::NOWHERE, flags: Flags(0) };

    #[inline]
    pub(crate) fn get() -> Self {
        HERE.get()
    }

    /// Makes this the place of the running code, and tells the one before.
    #[inline]
    pub(crate) fn replace(self) -> Self {
        HERE.replace(self)
    }

    /// Lets the code that follows run here, until the guard is dropped.
    #[inline]
    pub(crate) fn enter(self) -> Entered {
        Entered { outer: self.replace() }
    }
}

std::thread_local! {
    static HERE: Cell<Here> = const { Cell::new(Here::NOWHERE) };
    static LUGGAGE: RefCell<Option<Luggage>> = const { RefCell::new(None) };
}

/// Puts the outer place back when it is dropped, also when the work panics.
#[derive(Debug)]
#[must_use = "the scope ends as soon as the guard is dropped"]
pub(crate) struct Entered {
    outer: Here,
}

impl fmt::Debug for Here {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.trace_id, self.span_id) {
            (Some(trace), Some(span)) => write!(f, "Here({trace}/{span})"),
            _ => f.write_str("Here(nowhere)"),
        }
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        HERE.set(self.outer);
    }
}

/// What the running code carries for those that it will call.
pub(super) fn luggage() -> Option<Luggage> {
    // Nothing runs while it is borrowed, and a thread that ends carries nothing.
    LUGGAGE.try_with(|luggage| luggage.borrow().clone()).ok().flatten()
}

fn replace_luggage(new: Option<Luggage>) -> Option<Luggage> {
    LUGGAGE.try_with(|luggage| luggage.replace(new)).ok().flatten()
}

/// Runs in a context until it is dropped.
#[derive(Debug)]
#[must_use = "the scope ends as soon as the guard is dropped"]
struct Within {
    _place: Entered,
    outer: Option<Option<Luggage>>,
}

impl Within {
    fn enter(context: &Context) -> Self {
        let outer = replace_luggage(context.luggage().clone());
        Self { _place: context.here().enter(), outer: Some(outer) }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        if let Some(outer) = self.outer.take() {
            drop(replace_luggage(outer));
        }
    }
}

impl Context {
    /// Runs `work` in this context: spans that it makes are part of this trace, and
    /// [`current`] tells it.
    pub fn in_scope<R>(&self, work: impl FnOnce() -> R) -> R {
        let _within = Within::enter(self);
        work()
    }
}

/// Runs `future` in that context, whichever thread polls it: spans that it makes are part of the
/// context's trace.
///
/// A task that is spawned does not inherit the context of whoever spawned it; this carries it over,
/// and [`in_current`] does so for the context of the running code.
///
/// # Cancel safety
///
/// Dropping the returned future drops `future`, in its context, and nothing else.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::telemetry::trace::{self, Context};
///
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = Context::from_traceparent(caller)?;
/// let work = async { trace::current().map(|here| here.span_id().to_string()) };
/// let told = tokio::spawn(trace::in_context(context, work)).await?;
/// assert_eq!(told.as_deref(), Some("00f067aa0ba902b7"));
/// # Ok(())
/// # }
/// ```
pub fn in_context<F: Future>(context: Context, future: F) -> InContext<F> {
    InContext { future, leave: None, context }
}

/// Runs `future` in the context of the code that calls this: for tasks that are spawned.
///
/// # Cancel safety
///
/// As [`in_context`].
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use reliability::telemetry::trace::{self, Context};
///
/// let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let spawned = Context::from_traceparent(caller)?.in_scope(|| {
///     tokio::spawn(trace::in_current(async { trace::current() }))
/// });
/// assert!(spawned.await?.is_some());
/// # Ok(())
/// # }
/// ```
pub fn in_current<F: Future>(future: F) -> InContext<F> {
    in_context(Context::current(), future)
}

pin_project! {
    /// A future that runs in a [`Context`]; made by [`in_context`] and [`in_current`].
    ///
    /// # Examples
    ///
    /// See [`in_context`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InContext<F> {
        // Fields are dropped in this order: what the future drops is still in the context.
        #[pin]
        future: F,
        leave: Option<Within>,
        context: Context,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            *this.leave = Some(Within::enter(this.context));
        }
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _within = Within::enter(this.context);
        this.future.poll(cx)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    #![allow(clippy::expect_used, reason = "helpers of tests")]

    use super::*;
    use crate::telemetry::trace::Baggage;

    fn context(span: u64) -> Context {
        let (trace, span) = (TraceId::new(7), SpanId::new(span));
        Context::new(trace.expect("not zero"), span.expect("not zero"), true)
    }

    fn span() -> Option<u64> {
        current().map(|here| here.span_id().get())
    }

    #[tokio::test]
    async fn a_task_runs_in_its_own_context_whoever_polls_it() {
        let inner = in_context(context(2), async {
            assert_eq!(span(), Some(2));
            tokio::task::yield_now().await;
            span()
        });
        let outer = in_context(context(1), async {
            let told = inner.await;
            (told, span())
        });
        assert_eq!(outer.await, (Some(2), Some(1)));
        assert_eq!(span(), None);
    }

    #[tokio::test]
    async fn what_a_cancelled_future_drops_is_still_in_its_context() {
        struct Asks<'a>(&'a mut Option<u64>);
        impl Drop for Asks<'_> {
            fn drop(&mut self) {
                *self.0 = span();
            }
        }
        let mut seen = None;
        let mut future = alloc::boxed::Box::pin(in_context(context(3), async {
            let _asks = Asks(&mut seen);
            core::future::pending::<()>().await;
        }));
        assert!(futures_poll(future.as_mut()).is_pending());
        drop(future);
        assert_eq!(seen, Some(3));
        assert_eq!(span(), None);
    }

    fn futures_poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut TaskContext::from_waker(core::task::Waker::noop()))
    }

    #[test]
    fn a_panic_puts_the_outer_context_back() {
        let outer = context(1);
        outer.in_scope(|| {
            let result = std::panic::catch_unwind(|| context(2).in_scope(|| panic!("inside")));
            assert!(result.is_err());
            assert_eq!(span(), Some(1));
        });
    }

    #[test]
    fn baggage_goes_with_the_context() {
        let baggage = Baggage::new().with("tenant", "acme");
        let context = context(1).with_baggage(baggage.clone());
        let seen = context.in_scope(|| Context::current().baggage().clone());
        assert_eq!(seen, baggage);
        assert!(Context::current().baggage().is_empty());
    }
}
