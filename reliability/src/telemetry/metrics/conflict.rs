//! What went wrong with metrics: said once, and counted always.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::collection::Conflict;
use super::{Collection, Data, Descriptor, Metric, Point};

const CONFLICTS: Descriptor = Descriptor::new(
    "reliability.metric.conflicts",
    "{metric}",
    "Metrics that were left out of a collection, because another one has the same name, and a different kind, unit or bounds.",
);

const PANICS: Descriptor = Descriptor::new(
    "reliability.metric.panics",
    "{panic}",
    "Sources that panicked when they were asked for their numbers.",
);

/// How many names are warned about, and held as overflowed; the counters go on.
const WARNED_MAX: usize = 100;

#[derive(Clone)]
pub(super) struct Trouble {
    pub(super) conflicts: u64,
    pub(super) panics: u64,
    warned: BTreeSet<String>,
    /// Families that have as many series as they may have.
    pub(super) overflowed: BTreeSet<&'static str>,
}

impl Trouble {
    pub(super) const fn none() -> Self {
        Self { conflicts: 0, panics: 0, warned: BTreeSet::new(), overflowed: BTreeSet::new() }
    }
}

static TROUBLE: Mutex<Trouble> = Mutex::new(Trouble::none());

fn trouble() -> MutexGuard<'static, Trouble> {
    TROUBLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All that there was so far.
#[cfg(feature = "dashboard")]
pub(super) fn so_far() -> Trouble {
    trouble().clone()
}

pub(super) fn overflowed(name: &'static str) {
    let mut trouble = trouble();
    if trouble.overflowed.len() < WARNED_MAX {
        trouble.overflowed.insert(name);
    }
}

pub(super) fn panicked() {
    trouble().panics += 1;
}

/// The metrics that were gathered, and how much of them is missing.
pub(super) fn report(gathered: Collection) -> Vec<Metric> {
    let (mut metrics, conflicts) = gathered.finish_with_conflicts();
    for conflict in fresh(conflicts) {
        let Conflict { name, kept, left_out } = conflict;
        tracing::event!(
            name: "reliability.metric.conflict",
            target: "reliability",
            tracing::Level::WARN,
            reliability.metric.name = &*name,
            reliability.metric.kept = kept,
            reliability.metric.left_out = left_out,
            "two metrics have one name: rename one of them",
        );
    }
    let (conflicts, panics) = {
        let trouble = trouble();
        (trouble.conflicts, trouble.panics)
    };
    for (of, count) in [(CONFLICTS, conflicts), (PANICS, panics)] {
        let told = of.of(Data::Counter(Vec::from([Point::new(Vec::new(), count)])));
        if let Err(place) = metrics.binary_search_by(|metric| (*metric.name).cmp(of.name)) {
            metrics.insert(place, told);
        }
    }
    metrics
}

/// Counts all, and says which of them nobody was warned about.
fn fresh(conflicts: Vec<Conflict>) -> Vec<Conflict> {
    let mut trouble = trouble();
    trouble.conflicts += conflicts.len() as u64;
    let mut is_fresh = |conflict: &Conflict| {
        trouble.warned.len() < WARNED_MAX && trouble.warned.insert(conflict.name.clone())
    };
    conflicts.into_iter().filter(|conflict| is_fresh(conflict)).collect()
}
