//! Who is given what leaves the process, one after the other: the sinks of logs, and those of traces.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{PoisonError, RwLock};

/// Sinks that were added, and not yet taken out.
pub(super) struct Sinks<S: ?Sized>(RwLock<Vec<Arc<S>>>);

impl<S: ?Sized> Sinks<S> {
    pub(super) const fn new() -> Self {
        Self(RwLock::new(Vec::new()))
    }

    pub(super) fn add(&self, sink: Arc<S>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(sink);
    }

    /// Takes out one that was added as often as it is to be taken out.
    pub(super) fn remove(&self, sink: &Arc<S>) {
        let mut sinks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = sinks.iter().position(|other| Arc::ptr_eq(other, sink)) {
            sinks.remove(at);
        }
    }

    /// Those that are there now: whoever gives them something does so without the lock, since a sink
    /// may add another one, or say something itself.
    pub(super) fn now(&self) -> Vec<Arc<S>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
