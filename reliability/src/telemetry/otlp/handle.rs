use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::sync::mpsc::sync_channel;
use std::thread::Thread;

use super::Signal;
use super::builder::OtlpBuilder;
use super::health::{Health, Undelivered};
use super::pipeline::{Report, Wish};
use super::queue::{Inbox, Item};
use super::watch::Loss;
use super::worker::Control;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::telemetry::InvalidVariable;
use crate::telemetry::log::{self, Record};
use crate::telemetry::metrics::Metric;
use crate::telemetry::quiet::is_quiet;
use crate::telemetry::trace::{self, Trace};
use crate::telemetry::variables::Variables;

/// Sends what the program has to say to whoever speaks OTLP. Cheap to clone; clones are one
/// exporter.
///
/// What is given to it waits in a queue with an end, and a thread of its own sends it. Giving never
/// waits: who comes when the queue is full is counted, and turned away.
///
/// End it with [`shutdown`](Self::shutdown). When the last clone goes without that, the thread
/// still tries to deliver what waits, for five seconds, as long as the process lives.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use reliability::telemetry::log::{Level, Record};
/// use reliability::telemetry::otlp::{Otlp, Signal};
///
/// // Nobody listens there.
/// let otlp = Otlp::builder().endpoint("http://127.0.0.1:9").stderr(false).build()?;
/// otlp.log(Record::new(SystemTime::now(), Level::Info, "started"));
///
/// let undelivered = otlp.shutdown(Duration::from_millis(100)).unwrap_err();
/// assert!(undelivered.to_string().contains("refused"), "{undelivered}");
/// assert_eq!(otlp.health().signal(Signal::Logs).map(|logs| logs.dropped.shut_down), Some(1));
/// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
/// ```
#[derive(Clone)]
pub struct Otlp {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    control: Arc<Control>,
    thread: Thread,
    traces: Option<Entrance<Trace>>,
    logs: Option<Entrance<Record>>,
    closed: AtomicBool,
}

impl Shared {
    pub(super) fn new(
        control: Arc<Control>,
        thread: Thread,
        traces: Option<Entrance<Trace>>,
        logs: Option<Entrance<Record>>,
    ) -> Self {
        Self { control, thread, traces, logs, closed: AtomicBool::new(false) }
    }
}

/// Where one signal comes in.
pub(super) struct Entrance<T> {
    pub(super) inbox: Inbox<T>,
    /// How many make a request, for which the thread is woken.
    pub(super) batch: u64,
}

impl Otlp {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// An exporter with settings of your own.
    pub fn builder() -> OtlpBuilder {
        OtlpBuilder::new()
    }

    /// An exporter with the settings of the environment, which [`OtlpBuilder`] lists, and yours beside
    /// them.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::otlp::Otlp;
    ///
    /// let otlp = Otlp::from_env()?.stderr(false).build()?;
    /// assert!(otlp.health().running);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidVariable`] for the first variable that makes no sense.
    pub fn from_env() -> Result<OtlpBuilder, InvalidVariable> {
        OtlpBuilder::from_variables_in(Variables::of_process())
    }

    /// Takes a trace that is to be exported.
    pub fn trace(&self, trace: Trace) {
        let limit = match &self.shared.traces {
            Some(entrance) => entrance.inbox.room().items_max(),
            None => return,
        };
        self.put(self.shared.traces.as_ref(), Signal::Traces, self.cut(trace, limit));
    }

    /// Takes a log record that is to be exported.
    pub fn log(&self, record: Record) {
        self.put(self.shared.logs.as_ref(), Signal::Logs, record);
    }

    /// A trace that no queue could ever hold loses the spans that came last.
    fn cut(&self, mut trace: Trace, limit: u64) -> Trace {
        if trace.items() > limit
            && let Some(rest) = trace.split(limit)
        {
            self.lost(Signal::Traces, rest.items(), Loss::QueueFull);
            let rest = u32::try_from(rest.items()).unwrap_or(u32::MAX);
            trace.spans_dropped = trace.spans_dropped.saturating_add(rest);
        }
        trace
    }

    fn put<T: Item>(&self, entrance: Option<&Entrance<T>>, signal: Signal, item: T) {
        let Some(entrance) = entrance else { return };
        // What the clients of the exporter say while they send.
        if is_quiet() || item.items() == 0 {
            return;
        }
        let items = item.items();
        if self.shared.closed.load(Ordering::Relaxed) {
            return self.lost(signal, items, Loss::ShutDown);
        }
        match entrance.inbox.put(item) {
            Ok(before) if before < entrance.batch && before + items >= entrance.batch => {
                self.shared.thread.unpark();
            }
            Ok(_) => {}
            Err(items) => self.lost(signal, items, Loss::QueueFull),
        }
    }

    fn lost(&self, signal: Signal, items: u64, loss: Loss) {
        if let Some(watch) = self.shared.control.watch.signal(signal) {
            watch.lost(items, loss);
        }
    }

    /// How it does.
    pub fn health(&self) -> Health {
        self.shared.control.watch.health()
    }

    /// How it does, as metrics: `reliability.otlp.exported`, `dropped` (with `reliability.reason`),
    /// `failures`, `queued`, `queued_bytes`, `in_flight` and `last_success_age`, each by
    /// `reliability.otlp.signal`. They are among those of
    /// [`metrics::collect`](crate::telemetry::metrics::collect), and exported with all others.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::otlp::Otlp;
    ///
    /// let otlp = Otlp::builder().build()?;
    /// let names: Vec<_> = otlp.metrics().into_iter().map(|metric| metric.name).collect();
    /// assert!(names.contains(&"reliability.otlp.dropped".into()));
    /// # Ok::<(), reliability::telemetry::otlp::InvalidSetting>(())
    /// ```
    pub fn metrics(&self) -> Vec<Metric> {
        self.shared.control.watch.metrics()
    }

    /// Waits until all that was given to it so far is delivered, the metrics as they are now
    /// included; at most that long.
    ///
    /// It blocks the thread that calls it, whether or not that belongs to a runtime; nothing that
    /// it waits for runs there, unless the receiver itself does. It returns early when a receiver
    /// has said that it is not to be asked again before the time is over.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] when something is still there, or was lost meanwhile.
    pub fn flush(&self, within: Duration) -> Result<(), Undelivered> {
        self.wish(within, false)
    }

    /// Delivers what waits, at most that long, and ends the thread. What comes from now on is
    /// counted as lost.
    ///
    /// It blocks like [`flush`](Self::flush). A second shutdown finds nothing to do.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] when something was lost.
    pub fn shutdown(&self, within: Duration) -> Result<(), Undelivered> {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.wish(within, true)
    }

    fn wish(&self, within: Duration, last: bool) -> Result<(), Undelivered> {
        let (reply, report) = sync_channel(1);
        if self.shared.control.call(Wish { within, last, reply }).is_err() {
            return Ok(());
        }
        self.shared.thread.unpark();
        // The thread keeps to the time itself, except for a request that was under way before.
        let report = report.recv_timeout(within.saturating_add(GRACE)).unwrap_or_else(|_| {
            let health = self.health();
            let left = health.signals.iter().map(|signal| signal.queued + signal.in_flight);
            Report { undelivered: left.sum(), why: None }
        });
        match report {
            Report { undelivered: 0, .. } => Ok(()),
            Report { undelivered: items, why } => Err(Undelivered { items, within, why }),
        }
    }
}

/// What the thread may take to say that the time is over.
const GRACE: Duration = Duration::from_millis(50);

/// Takes what the recorder keeps: `trace::add_sink(Arc::new(otlp.clone()))`.
impl trace::Sink for Otlp {
    fn keep(&self, trace: Trace) {
        self.trace(trace);
    }
}

/// Takes what is said: `log::add_sink(Arc::new(otlp.clone()))`.
impl log::Sink for Otlp {
    fn take(&self, record: &Record) {
        let full = |entrance: &Entrance<Record>| entrance.inbox.is_full();
        match &self.shared.logs {
            // Not worth a copy.
            Some(entrance) if full(entrance) && !is_quiet() => {
                self.lost(Signal::Logs, 1, Loss::QueueFull)
            }
            Some(_) => self.log(record.clone()),
            None => {}
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let (reply, _) = sync_channel(1);
        let within = Duration::from_secs(5);
        // There may be no thread any more, which is as well.
        let _ = self.control.call(Wish { within, last: true, reply });
        self.thread.unpark();
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp").field("health", &self.health()).finish_non_exhaustive()
    }
}
