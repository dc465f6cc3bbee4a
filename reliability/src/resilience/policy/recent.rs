//! What attempts took lately, and what is worked out from it.

use core::time::Duration;

use super::call::Call;
use crate::error::{Counted, Failure, Reason};
use crate::resilience::timeout::{Adapted, Rule};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Quantile, Sketch, SketchSnapshot};
use crate::time::{Clock, Instant, saturating_nanos};

/// The sketch of a policy, and the durations that follow it.
#[derive(Debug)]
pub(super) struct Recent {
    /// Of attempts that had to wait; the others never read a clock.
    sketch: Sketch,
    pub(super) timeout: Adapted,
    pub(super) hedge_after: Adapted,
    /// The lowest quantile that is asked for, as it was when it was last worked out.
    lowest_nanos: AtomicU64,
}

/// How an attempt ended, as far as it says how long one takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    /// The dependency did its work in this time.
    Exactly,
    /// Its time was up: it takes no less.
    AtLeast,
    /// It failed, or nobody waited any longer. That it would have taken longer is news only if this
    /// is longer than the quantile: less says nothing, and counting it would pull the quantile down.
    Perhaps,
}

impl Recent {
    pub(super) fn new(timeout: Option<Rule>, hedge_after: Option<Rule>) -> Self {
        let sketch = Sketch::new();
        let nothing = sketch.snapshot(0);
        Self {
            sketch,
            timeout: Adapted::new(timeout, &nothing),
            hedge_after: Adapted::new(hedge_after, &nothing),
            lowest_nanos: AtomicU64::new(0),
        }
    }

    /// Counts an attempt that ended `now`.
    pub(super) fn count(&self, took: Took, latency: Duration, now: Instant) {
        // The quantile may be off by a sixteenth, and what lies in its bucket is as long as it is.
        let lowest_nanos = self.lowest_nanos.load(Ordering::Relaxed) / 8 * 7;
        if took == Took::Perhaps && saturating_nanos(latency) < lowest_nanos {
            return;
        }
        if self.sketch.record(now.as_nanos(), latency) {
            self.renew(&self.sketch.snapshot(now.as_nanos()));
        }
    }

    pub(super) fn set_timeout(&self, rule: Option<Rule>) {
        self.timeout.set(rule, &self.snapshot());
    }

    pub(super) fn snapshot(&self) -> SketchSnapshot {
        self.sketch.snapshot(Clock::precise().now().as_nanos())
    }

    fn renew(&self, recent: &SketchSnapshot) {
        self.timeout.renew(recent);
        self.hedge_after.renew(recent);
        let followed = [&self.timeout, &self.hedge_after].map(Adapted::quantile);
        let lowest = followed.into_iter().flatten().min().unwrap_or(Quantile::P95);
        let lowest_nanos = recent.dependable(lowest).map_or(0, saturating_nanos);
        self.lowest_nanos.store(lowest_nanos, Ordering::Relaxed);
    }
}

impl<E> Call<'_, E> {
    /// What a failure says of how long an attempt takes.
    pub(super) fn took(&self, failure: &Failure<E>) -> Took {
        match failure {
            Failure::Rejected(rejected) if rejected.reason() == Reason::TimedOut => Took::AtLeast,
            Failure::Rejected(_) => Took::Perhaps,
            Failure::Error(error) => self.error_took(error),
        }
    }

    /// An answer that the caller does not like is one, too.
    fn error_took(&self, error: &E) -> Took {
        match self.classifier.disposition(error).breaker {
            Counted::Success => Took::Exactly,
            Counted::Failure | Counted::Nothing => Took::Perhaps,
        }
    }

    /// Counts how long the work of this attempt took, if it had to wait, and has not been counted.
    #[cold]
    pub(super) fn count_work(&mut self, took: Took) {
        let times = self.more.as_mut().and_then(|more| more.times.as_mut());
        if let Some(since) = times.and_then(|times| times.work_since.take()) {
            let now = Clock::precise().now();
            self.policy.recent.count(took, now.saturating_duration_since(since), now);
        }
    }

    pub(super) fn count_failed_work(&mut self, failure: &Failure<E>) {
        let took = self.took(failure);
        self.count_work(took);
    }
}
