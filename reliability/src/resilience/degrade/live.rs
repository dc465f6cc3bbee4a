use core::fmt;

use super::plan::Plan;
use super::settings::Around;
use super::{Degrade, Settings, Snapshot};
use crate::error::recovery::Degradation;
use crate::resilience::Invalid;
use crate::resilience::concurrency_limit::Priority;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Counters, Mutex};

/// The `degrade` of a policy that works.
pub(crate) struct Degrading {
    degradation: Degradation,
    answered: bool,
    /// From level 1 on, and from level 2 on.
    plans: [AtomicU64; 2],
    /// As they were set; calls look at the plans.
    settings: Mutex<Settings>,
    counters: Counters<{ Count::ALL }>,
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    Shed(Priority),
    /// Kept out because the part of the limit was full that may be filled.
    Crowded,
    Answered,
    NotRetried,
}

impl Count {
    const ALL: usize = 7;

    const fn index(self) -> usize {
        match self {
            Count::Shed(priority) => priority as usize,
            Count::Crowded => 4,
            Count::Answered => 5,
            Count::NotRetried => 6,
        }
    }
}

impl Degrading {
    /// Takes over what a builder was given; it is checked when the policy is built.
    pub(crate) fn new(degrade: Degrade) -> Self {
        let Degrade { degradation, settings, answered } = degrade;
        let plans = words(&settings).map(AtomicU64::new);
        let (settings, counters) = (Mutex::new(settings), Counters::new());
        Self { degradation, answered, plans, settings, counters }
    }

    /// Whether nothing is degraded: one relaxed load.
    #[inline]
    pub(crate) fn is_normal(&self) -> bool {
        !self.degradation.is_raised()
    }

    #[inline]
    pub(crate) fn degradation(&self) -> &Degradation {
        &self.degradation
    }

    /// What is done less of at that level.
    pub(crate) fn plan(&self, level: u8) -> Plan {
        let [first, second] = &self.plans;
        match level {
            0 => Plan::NORMAL,
            1 => Plan::from_word(first.load(Ordering::Relaxed)),
            _ => Plan::from_word(second.load(Ordering::Relaxed)),
        }
    }

    pub(crate) fn count(&self, what: Count) {
        self.counters.add(what.index(), 1);
    }

    pub(crate) fn settings(&self) -> Settings {
        *self.settings.lock()
    }

    pub(crate) fn check(&self, settings: &Settings, around: Around<'_>) -> Result<(), Invalid> {
        let (levels, answered) = (self.degradation.levels(), self.answered);
        settings.check(&Around { levels, answered, ..around })
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &Settings) {
        let mut own = self.settings.lock();
        *own = *settings;
        for (plan, word) in self.plans.iter().zip(words(settings)) {
            plan.store(word, Ordering::Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let counts = self.counters.sums();
        let of = |count: Count| counts[count.index()];
        Snapshot {
            degradation: self.degradation.snapshot(),
            shed: Priority::ALL.map(|priority| of(Count::Shed(priority))),
            crowded: of(Count::Crowded),
            answered: of(Count::Answered),
            not_retried: of(Count::NotRetried),
        }
    }
}

fn words(settings: &Settings) -> [u64; 2] {
    let severe = settings.severe.as_ref().unwrap_or(&settings.measures);
    [&settings.measures, severe].map(|measures| Plan::of(measures).word())
}

/// With the same settings, and counts of its own: a builder that is cloned makes two policies.
impl Clone for Degrading {
    fn clone(&self) -> Self {
        let (degradation, settings) = (self.degradation.clone(), self.settings());
        Self::new(Degrade { degradation, settings, answered: self.answered })
    }
}

impl fmt::Debug for Degrading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = self.snapshot();
        f.debug_struct("Degrade")
            .field("when", &self.degradation)
            .field("settings", &self.settings())
            .field("shed", &now.all_shed())
            .field("crowded", &now.crowded)
            .field("answered", &now.answered)
            .field("not_retried", &now.not_retried)
            .finish()
    }
}
