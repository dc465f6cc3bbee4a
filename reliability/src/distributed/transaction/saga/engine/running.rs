//! A run in the hands of an engine, and the tasks that work at runs.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::panic::catch_unwind;

use tokio::sync::{Notify, watch};

use super::hub::Hub;
use crate::journal::Lease;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::time::{Clock, Instant};

/// What a task does.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A task that is counted until what it held is gone.
pub(super) struct Counted {
    task: Task,
    /// Behind the task, so that it is dropped after it.
    _counted: watch::Receiver<()>,
}

impl Counted {
    pub(super) const fn new(task: Task, counted: watch::Receiver<()>) -> Self {
        Self { task, _counted: counted }
    }
}

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.task.as_mut().poll(context)
    }
}

/// A run in the hands of this engine, until this is dropped; also by a panic.
pub(super) struct Entered {
    pub(super) hub: Arc<Hub>,
    pub(super) lease: Lease,
    pub(super) kick: Arc<Kick>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.hub.leave(&self.lease);
    }
}

/// Wakes a worker at its run, and says whether the run is still its own.
#[derive(Debug)]
pub(super) struct Kick {
    notify: Notify,
    gone: AtomicBool,
    /// Until when the lease lasts for sure, in nanoseconds of the clock that never goes back.
    held_until: AtomicU64,
}

impl Kick {
    pub(super) fn held_until(end: Instant) -> Self {
        let (notify, gone) = (Notify::new(), AtomicBool::new(false));
        Self { notify, gone, held_until: AtomicU64::new(end.as_nanos()) }
    }

    pub(super) async fn kicked(&self) {
        self.notify.notified().await;
    }

    pub(super) fn kick(&self) {
        self.notify.notify_one();
    }

    /// Somebody else has the run.
    pub(super) fn lose(&self) {
        self.gone.store(true, Ordering::Release);
        self.kick();
    }

    /// Whether somebody else has the run.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// The lease lasts until then.
    pub(super) fn hold(&self, until: Instant) {
        let before = self.held_until.swap(until.as_nanos(), Ordering::AcqRel);
        // The worker may have waited for that.
        if before <= moment().as_nanos() {
            self.kick();
        }
    }

    /// Whether nobody else can have the run: its lease is not over, by the clock of this engine.
    pub(super) fn is_held(&self) -> bool {
        moment().as_nanos() < self.held_until.load(Ordering::Acquire)
    }
}

/// By the clock that leases are measured with here, from before they are asked for: so one is over
/// here before it is over for anybody else.
pub(super) fn moment() -> Instant {
    Clock::default().now()
}

/// What a user's `Drop` does ends nothing else.
pub(super) fn quietly<T>(dropped: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(dropped)));
}
