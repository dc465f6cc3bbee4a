use alloc::sync::Arc;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Trace;
use super::current::Here;
use crate::telemetry::sinks::Sinks;

/// Where kept traces go: an exporter, a page, a test.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use reliability::telemetry::trace::{self, Sink, Trace};
///
/// struct Count(std::sync::atomic::AtomicUsize);
///
/// impl Sink for Count {
///     fn keep(&self, trace: Trace) {
///         self.0.fetch_add(trace.spans.len(), std::sync::atomic::Ordering::Relaxed);
///     }
/// }
///
/// let count = Arc::new(Count(Default::default()));
/// let registered = trace::add_sink(count);
/// // From here on it is told of every trace that is kept, until this is dropped:
/// drop(registered);
/// ```
pub trait Sink: Send + Sync + 'static {
    /// Takes a trace that is kept.
    ///
    /// It is called by the thread on which the local root ended, so it has to be quick: it puts the
    /// trace into a bounded queue, or counts that there was no room. Spans that it makes are not
    /// recorded.
    fn keep(&self, trace: Trace);
}

/// Tells that sink of every trace that is kept from now on, until the answer is dropped.
///
/// # Examples
///
/// See [`Sink`].
#[must_use = "the sink is told of nothing once this is dropped"]
pub fn add_sink(sink: Arc<dyn Sink>) -> SinkGuard {
    SINKS.add(Arc::clone(&sink));
    SinkGuard { sink }
}

/// Takes its sink out when it is dropped; made by [`add_sink`].
///
/// # Examples
///
/// See [`Sink`].
pub struct SinkGuard {
    sink: Arc<dyn Sink>,
}

impl SinkGuard {
    /// Leaves the sink there for as long as the process lives.
    pub fn forget(self) {
        core::mem::forget(self);
    }
}

impl fmt::Debug for SinkGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SinkGuard")
    }
}

impl Drop for SinkGuard {
    fn drop(&mut self) {
        SINKS.remove(&self.sink);
    }
}

static SINKS: Sinks<dyn Sink> = Sinks::new();

/// Hands a trace to all who are there. What they do is in no trace, or it would be handed to them
/// again; and one that panics takes nothing from the others, nor from the call that has ended.
pub(super) fn hand_over(trace: Trace) {
    let sinks = SINKS.now();
    let span_id = trace.spans.first().map(|span| span.id);
    let _nowhere = Here { trace_id: Some(trace.id), span_id, ..Here::NOWHERE }.enter();
    let tell = |sink: &Arc<dyn Sink>, trace: Trace| {
        if catch_unwind(AssertUnwindSafe(|| sink.keep(trace))).is_err() {
            tracing::event!(
                name: "reliability.trace.sink_panicked",
                target: "reliability",
                tracing::Level::ERROR,
                "a sink of traces panicked, and lost one",
            );
        }
    };
    if let Some((last, others)) = sinks.split_last() {
        others.iter().for_each(|sink| tell(sink, trace.clone()));
        tell(last, trace);
    }
}
