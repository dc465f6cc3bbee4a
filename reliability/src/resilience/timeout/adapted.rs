use core::time::Duration;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, Quantile, SketchSnapshot};
use crate::time::saturating_nanos;

/// How a duration follows what attempts took lately, or that it does not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rule {
    Fixed(Duration),
    Follows {
        quantile: Quantile,
        factor: f64,
        min: Duration,
        max: Duration,
        /// While too little is known.
        initial: Option<Duration>,
    },
}

impl Rule {
    /// The duration, given what is known.
    pub(crate) fn duration(&self, recent: &SketchSnapshot) -> Option<Duration> {
        match *self {
            Rule::Fixed(duration) => Some(duration),
            Rule::Follows { quantile, factor, min, max, initial } => {
                match recent.dependable(quantile) {
                    Some(known) => Some(Self::scaled(known, factor, min, max)),
                    None => initial,
                }
            }
        }
    }

    pub(super) fn scaled(known: Duration, factor: f64, min: Duration, max: Duration) -> Duration {
        // A cast saturates.
        let nanos = (known.as_nanos() as f64 * factor) as u64;
        Duration::from_nanos(nanos).max(min).min(max)
    }
}

/// A duration that every call reads, and that is worked out anew now and then.
///
/// Reading is one relaxed load. Whoever works it out holds the rule meanwhile, so that what is stored
/// last is of the rule that was set last; and whoever finds it held goes on, because the other one is
/// about to store the same or something newer.
#[derive(Debug)]
pub(crate) struct Adapted {
    nanos: AtomicU64,
    rule: Mutex<Option<Rule>>,
}

const NONE: u64 = u64::MAX;

impl Adapted {
    /// No rule: never a duration.
    pub(crate) fn new(rule: Option<Rule>, recent: &SketchSnapshot) -> Self {
        let nanos = AtomicU64::new(word(rule.and_then(|rule| rule.duration(recent))));
        Self { nanos, rule: Mutex::new(rule) }
    }

    #[inline]
    pub(crate) fn load(&self) -> Option<Duration> {
        match self.nanos.load(Ordering::Relaxed) {
            NONE => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// The rule in force.
    pub(crate) fn rule(&self) -> Option<Rule> {
        *self.rule.lock()
    }

    /// The quantile that it follows; or none, too, while somebody puts another rule into force.
    pub(crate) fn quantile(&self) -> Option<Quantile> {
        match *self.rule.try_lock()? {
            Some(Rule::Follows { quantile, .. }) => Some(quantile),
            Some(Rule::Fixed(_)) | None => None,
        }
    }

    /// Puts another rule into force.
    pub(crate) fn set(&self, rule: Option<Rule>, recent: &SketchSnapshot) {
        let mut held = self.rule.lock();
        *held = rule;
        self.store(rule, recent);
    }

    /// Works the duration out anew, unless somebody is doing that already.
    pub(crate) fn renew(&self, recent: &SketchSnapshot) {
        if let Some(rule) = self.rule.try_lock() {
            self.store(*rule, recent);
        }
    }

    fn store(&self, rule: Option<Rule>, recent: &SketchSnapshot) {
        let duration = rule.and_then(|rule| rule.duration(recent));
        self.nanos.store(word(duration), Ordering::Relaxed);
    }
}

/// At most 584 years, which is still a limit, and not the absence of one.
fn word(duration: Option<Duration>) -> u64 {
    duration.map_or(NONE, |duration| saturating_nanos(duration).min(NONE - 1))
}
