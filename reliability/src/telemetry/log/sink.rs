use alloc::sync::Arc;
use alloc::vec::Vec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, RwLock};

use super::Record;

/// Takes records on their way out: an exporter, a file, a test.
///
/// It is called by whoever said something, so it must not wait: what takes time belongs into a
/// queue with an end.
pub trait Sink: Send + Sync {
    /// Takes one record.
    fn take(&self, record: &Record);
}

static SINKS: RwLock<Vec<Arc<dyn Sink>>> = RwLock::new(Vec::new());

/// Gives all records from now on to that sink, too.
///
/// They come from the layer of `telemetry::subscriber`, or from who calls [`emit`].
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::SystemTime;
/// use reliability::telemetry::log::{self, Record, Severity, Sink};
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
/// log::add_sink(kept.clone());
/// log::emit(&Record::new(SystemTime::now(), Severity::Info, "started"));
/// assert_eq!(*kept.0.lock().unwrap(), ["started"]);
/// ```
pub fn add_sink(sink: Arc<dyn Sink>) {
    SINKS.write().unwrap_or_else(PoisonError::into_inner).push(sink);
}

/// Gives a record to all sinks. One that panics is passed over.
pub fn emit(record: &Record) {
    // Not under the lock: a sink may say something itself.
    let sinks = SINKS.read().unwrap_or_else(PoisonError::into_inner).clone();
    for sink in sinks {
        // Whoever says something does not panic because of who listens.
        let _ = catch_unwind(AssertUnwindSafe(|| sink.take(record)));
    }
}
