use alloc::sync::Arc;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Record;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::telemetry::sinks::Sinks;

/// Takes records on their way out: an exporter, a file, a test.
///
/// It is called by whoever said something, so it must not wait: what takes time belongs into a
/// queue with an end.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::SystemTime;
/// use reliability::telemetry::log::{Level, Record, Sink, add_sink, emit};
///
/// /// Keeps what went wrong, for a test.
/// #[derive(Default)]
/// struct Errors(Mutex<Vec<String>>);
///
/// impl Sink for Errors {
///     fn take(&self, record: &Record) {
///         if record.level == Level::Error {
///             self.0.lock().expect("nobody panics with it").push(record.body.clone());
///         }
///     }
/// }
///
/// let errors = Arc::new(Errors::default());
/// let guard = add_sink(errors.clone());
/// emit(&Record::new(SystemTime::UNIX_EPOCH, Level::Info, "the shop is open"));
/// emit(&Record::new(SystemTime::UNIX_EPOCH, Level::Error, "the stock is lost"));
/// drop(guard);
/// assert_eq!(*errors.0.lock().expect("nobody panics with it"), ["the stock is lost"]);
/// ```
pub trait Sink: Send + Sync + 'static {
    /// Takes one record.
    fn take(&self, record: &Record);
}

static SINKS: Sinks<dyn Sink> = Sinks::new();

/// How many records there were, and how many of them a sink lost by a panic.
static RECORDS: AtomicU64 = AtomicU64::new(0);
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Gives all records from now on to that sink, too, until the answer is dropped.
///
/// They come from the layer of `telemetry::subscriber`, or from who calls [`emit`].
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::SystemTime;
/// use reliability::telemetry::log::{self, Level, Record, Sink};
///
/// #[derive(Default)]
/// struct Kept(Mutex<Vec<String>>);
///
/// impl Sink for Kept {
///     fn take(&self, record: &Record) {
///         self.0.lock().unwrap().push(record.body.clone());
///     }
/// }
///
/// let kept = Arc::new(Kept::default());
/// let registered = log::add_sink(kept.clone());
/// log::emit(&Record::new(SystemTime::now(), Level::Info, "started"));
/// drop(registered);
/// log::emit(&Record::new(SystemTime::now(), Level::Info, "not heard any more"));
/// assert_eq!(*kept.0.lock().unwrap(), ["started"]);
/// ```
#[must_use = "the sink is given nothing once this is dropped"]
pub fn add_sink(sink: Arc<dyn Sink>) -> SinkGuard {
    SINKS.add(Arc::clone(&sink));
    SinkGuard { sink }
}

/// Takes its sink out when it is dropped; made by [`add_sink`].
///
/// # Examples
///
/// See [`add_sink`].
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

/// Gives a record to all sinks. One that panics is passed over.
///
/// # Examples
///
/// See [`Sink`].
pub fn emit(record: &Record) {
    RECORDS.fetch_add(1, Ordering::Relaxed);
    for sink in SINKS.now() {
        // Whoever says something does not panic because of who listens.
        if catch_unwind(AssertUnwindSafe(|| sink.take(record))).is_err() {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What was given to sinks so far.
#[cfg(feature = "dashboard")]
pub(super) struct Given {
    pub(super) sinks: usize,
    pub(super) records: u64,
    pub(super) panics: u64,
}

#[cfg(feature = "dashboard")]
pub(super) fn given() -> Given {
    Given {
        sinks: SINKS.now().len(),
        records: RECORDS.load(Ordering::Relaxed),
        panics: PANICS.load(Ordering::Relaxed),
    }
}
