use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use super::{Collection, Metric, conflict, exemplar};

/// What can tell its numbers when it is asked: an instrument, a policy, an exporter that watches
/// itself.
///
/// It is asked from time to time, on the thread that [`collect`]s, so it may allocate and take
/// short locks; what it tells is cumulative, as everything in [`Data`](super::Data). A closure that
/// takes a [`Collection`] is one.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use reliability::telemetry::Attribute;
/// use reliability::telemetry::metrics::{self, Collection, Descriptor, Observe};
///
/// const DEPTH: Descriptor = Descriptor::new("shop.queue.depth", "{order}", "Orders that wait.");
///
/// struct Queue(Vec<u64>);
///
/// impl Observe for Queue {
///     fn observe(&self, into: &mut Collection) {
///         let queue = vec![Attribute::new("shop.queue.name", "express")];
///         into.up_down_counter(&DEPTH, queue, self.0.len() as i64);
///     }
/// }
///
/// let queue = Arc::new(Queue(vec![4711, 4712]));
/// metrics::watch(&queue);
/// assert!(metrics::collect().iter().any(|metric| metric.name == "shop.queue.depth"));
/// ```
pub trait Observe: Send + Sync {
    /// Tells all numbers as they are now.
    fn observe(&self, into: &mut Collection);
}

impl<F: Fn(&mut Collection) + Send + Sync> Observe for F {
    fn observe(&self, into: &mut Collection) {
        self(into);
    }
}

/// What is there from before `main`, submitted to the inventory.
#[derive(Clone, Copy)]
pub struct Declared(&'static dyn Observe);

impl Declared {
    /// What is to be asked at each collection.
    pub const fn new(source: &'static dyn Observe) -> Self {
        Self(source)
    }
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Declared")
    }
}

inventory::collect!(Declared);

static WATCHED: Mutex<Vec<Weak<dyn Observe>>> = Mutex::new(Vec::new());

/// Asks `source` at each collection, as long as it lives.
///
/// See [`Observe`] for an example.
pub fn watch<T: Observe + 'static>(source: &Arc<T>) {
    let source: Arc<dyn Observe> = source.clone();
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    // Forget what is gone whenever the list would grow, so that it never outgrows what lives.
    if watched.len() == watched.capacity() {
        watched.retain(|weak| weak.strong_count() > 0);
    }
    watched.push(Arc::downgrade(&source));
}

/// All metrics of the process as they are now, by name: what exporters send.
///
/// Numbers are read one after the other while they grow, so those of one collection may differ by
/// what was counted in between. None is reset by being read, so any number of exporters may collect.
/// A source that panics is counted in `reliability.metric.panics`, and what it had not told by then is
/// missing.
///
/// # Examples
///
/// ```
/// use reliability::error::ErrorMonitor;
/// use reliability::telemetry::metrics;
///
/// let errors = ErrorMonitor::standard("import");
/// let metrics = metrics::collect();
/// assert!(metrics.is_sorted_by_key(|metric| &metric.name));
/// ```
pub fn collect() -> Vec<Metric> {
    let mut into = Collection::new();
    for declared in inventory::iter::<Declared> {
        ask(declared.0, &mut into);
    }
    for source in watched() {
        ask(&*source, &mut into);
    }
    exemplar::next_round();
    conflict::report(into)
}

/// Those that live, so that they are asked without the lock: one may begin to watch another.
fn watched() -> Vec<Arc<dyn Observe>> {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.iter().filter_map(Weak::upgrade).collect()
}

/// One source that panics must not take the numbers of all others with it.
fn ask(source: &dyn Observe, into: &mut Collection) {
    if catch_unwind(AssertUnwindSafe(|| source.observe(into))).is_err() {
        conflict::panicked();
    }
}
