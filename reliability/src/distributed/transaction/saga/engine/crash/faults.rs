//! What goes wrong on purpose, and the steps that it goes wrong with.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;

use crate::distributed::transaction::saga::definition::Definition;
use crate::distributed::transaction::saga::engine::bodies::{
    Attempted, Bodies, Kind, Nested, Opened,
};
use crate::distributed::transaction::saga::engine::hub::AnyEnd;
use crate::distributed::transaction::saga::engine::nested::Within;
use crate::distributed::transaction::saga::plan::Plan;
use crate::distributed::transaction::saga::rules::{Act, Ended};
use crate::journal::{JournalError, Record};
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What goes wrong in a run; the numbers count places and attempts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) crash: Option<usize>,
    /// A second crash, so many places behind the first.
    pub(super) again: Option<usize>,
    /// Somebody cancels there.
    pub(super) cancel: Option<usize>,
    /// The answer of that attempt is lost.
    pub(super) lost: Option<usize>,
    /// That attempt does not reach the other side, and nobody knows.
    pub(super) dropped: Option<usize>,
}

/// Counts the places of a run, and crashes it at some.
#[derive(Debug)]
pub(super) struct Crasher {
    pub(super) faults: Faults,
    pub(super) places: AtomicUsize,
    pub(super) attempts: AtomicUsize,
    pub(super) crashed: AtomicBool,
}

impl Crasher {
    /// The next place: whether the process dies there, or somebody cancels.
    pub(super) fn next(&self) -> (bool, bool) {
        let place = self.places.fetch_add(1, Ordering::Relaxed);
        let first = self.faults.crash;
        let second = first.zip(self.faults.again).map(|(first, again)| first + 1 + again);
        let dies = first == Some(place) || second == Some(place);
        if dies {
            self.crashed.store(true, Ordering::Relaxed);
        }
        (dies, self.faults.cancel == Some(place))
    }

    pub(super) fn is_crashed(&self) -> bool {
        self.crashed.load(Ordering::Relaxed)
    }
}

/// A saga whose calls fail on purpose.
pub(super) struct Faulty {
    pub(super) inner: Arc<dyn Kind>,
    pub(super) crasher: Arc<Crasher>,
}

impl Kind for Faulty {
    fn definition(&self) -> &Definition {
        self.inner.definition()
    }

    fn plan(&self) -> &Arc<Plan> {
        self.inner.plan()
    }

    fn open(&self, key: &str, records: &[Record]) -> Result<Opened, JournalError> {
        Ok(match self.inner.open(key, records)? {
            Opened::Here { bodies, entries, started } => {
                let bodies =
                    Box::new(FaultyBodies { inner: bodies, crasher: Arc::clone(&self.crasher) });
                Opened::Here { bodies, entries, started }
            }
            Opened::Elsewhere => Opened::Elsewhere,
        })
    }

    fn nested(&self) -> Vec<Nested> {
        self.inner.nested()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct FaultyBodies {
    inner: Box<dyn Bodies>,
    crasher: Arc<Crasher>,
}

impl Bodies for FaultyBodies {
    fn begin(&self, step: usize, act: Act, attempt: u32) -> Attempted {
        self.faulty(|| self.inner.begin(step, act, attempt))
    }

    fn nest(&self, step: usize, act: Act, attempt: u32, within: Within) -> Attempted {
        self.faulty(|| self.inner.nest(step, act, attempt, within))
    }

    fn keep(&self, step: usize, output: &[u8]) -> Result<(), JournalError> {
        self.inner.keep(step, output)
    }

    fn completed(self: Box<Self>) -> Option<AnyEnd> {
        self.inner.completed()
    }
}

impl FaultyBodies {
    fn faulty(&self, begin: impl FnOnce() -> Attempted) -> Attempted {
        let number = self.crasher.attempts.fetch_add(1, Ordering::Relaxed);
        let faults = self.crasher.faults;
        let fails =
            |reason: &str| Ended::Failed { unknown: true, reason: reason.into(), pause: None };
        if faults.dropped == Some(number) {
            let failed = fails("it has not reached the other side");
            return Box::pin(core::future::ready(failed));
        }
        let attempted = begin();
        if faults.lost == Some(number) {
            return Box::pin(async move {
                let _ = attempted.await;
                fails("the answer was lost")
            });
        }
        attempted
    }
}
