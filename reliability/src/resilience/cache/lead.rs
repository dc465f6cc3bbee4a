use alloc::sync::Arc;
use core::fmt;
use core::marker::PhantomData;

use super::entry::{Age, AnyEntry, Entry};
use super::events;
use super::key::StoredKey;
use super::snapshot::Mark;
use super::{Cache, Sharing, Value};
use crate::error::{Class, Counted, Failure, Reason, Rejected};
use crate::resilience::Classifier;
use crate::resilience::single_flight;
use crate::time::Instant;

/// What those who waited for a flight get.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// A value, or an error that can be shared.
    Answered(Arc<AnyEntry>),
    /// A refusal is the same for all.
    Refused(Rejected),
}

/// The right to find out the answer for a key, of which there is one at a time.
///
/// Give it what came of the work with [`settle`](Lead::settle). Dropped without that, it goes to the
/// call that has waited for longest.
pub struct Lead<T: Value> {
    cache: Cache,
    seat: single_flight::Lead<StoredKey, Outcome>,
    /// The value that is to be refreshed.
    stale: Option<Arc<AnyEntry>>,
    value: PhantomData<fn(T)>,
}

impl<T: Value> Lead<T> {
    pub(super) fn new(
        cache: Cache,
        seat: single_flight::Lead<StoredKey, Outcome>,
        stale: Option<Arc<AnyEntry>>,
    ) -> Self {
        Self { cache, seat, stale, value: PhantomData }
    }

    /// The stale value that the work is to refresh, if there is one.
    pub fn stale(&self) -> Option<T> {
        self.stale.as_ref().and_then(|entry| entry.as_value()).cloned()
    }

    /// Takes what came of the work: keeps it, gives it to those who waited, and says what the caller
    /// gets.
    ///
    /// That is what came of the work, except where a refresh failed: then it is the stale value, as
    /// long as that may be used. See [the module](super) for which failures.
    ///
    /// # Errors
    ///
    /// The failure that it was given.
    pub fn settle<E>(
        self,
        result: Result<T, Failure<E>>,
        classifier: &Classifier<E>,
        sharing: Sharing<E>,
    ) -> Result<T, Failure<E>> {
        match result {
            Ok(value) => {
                self.settle_value(value.clone());
                Ok(value)
            }
            Err(failure) => self.settle_failure(failure, classifier, sharing),
        }
    }

    pub(super) fn settle_value(self, value: T) {
        let entry = Entry::value(value, self.cache.now());
        self.keep(&entry);
        self.land(Outcome::Answered(entry));
    }

    pub(super) fn land(self, outcome: Outcome) {
        self.seat.land(outcome);
    }

    #[cold]
    fn settle_failure<E>(
        self,
        failure: Failure<E>,
        classifier: &Classifier<E>,
        sharing: Sharing<E>,
    ) -> Result<T, Failure<E>> {
        let class = classifier.failure_class(&failure);
        let did_its_work = classifier.failure_disposition(&failure).breaker == Counted::Success;
        if class == Class::Cancelled {
            // Whoever cancelled it did so for this caller only.
            return Err(failure);
        }
        let now = self.cache.now();
        if let Some(entry) = &self.stale {
            if did_its_work {
                // The dependency has an answer, and the old one is no longer it.
                self.cache.store().remove(self.seat.key());
            } else if let Some(value) = self.stale_if_error(entry, class, now) {
                let entry = Arc::clone(entry);
                self.land(Outcome::Answered(entry));
                return Ok(value);
            }
        }
        match &failure {
            // The leader had less time than those who follow; or none had enough, and their own
            // bounds end their waits.
            Failure::Rejected(rejected) if rejected.reason() == Reason::DeadlineExceeded => {}
            Failure::Rejected(rejected) => self.land(Outcome::Refused(rejected.clone())),
            Failure::Error(error) => {
                if let Some(entry) = sharing.keep(error, class, now) {
                    if self.cache.keeps_errors(class) {
                        self.keep(&entry);
                    }
                    self.land(Outcome::Answered(entry));
                }
            }
        }
        Err(failure)
    }

    /// The stale value, if it may still be used.
    fn stale_if_error(&self, entry: &AnyEntry, class: Class, now: Instant) -> Option<T> {
        if self.cache.age(entry, now) == Age::Gone {
            return None;
        }
        let value = entry.as_value::<T>()?.clone();
        self.cache.pause_refresh(entry, now);
        self.cache.tally().count(Mark::StaleIfError);
        events::stale_if_error(self.cache.name(), class);
        Some(value)
    }

    /// Keeps an answer, unless its key was invalidated while the work was under way: then it may be
    /// an answer of before.
    fn keep(&self, entry: &Arc<AnyEntry>) {
        if self.seat.is_forgotten() {
            return;
        }
        self.cache.store().insert(self.seat.key().clone(), Arc::clone(entry));
        if self.seat.is_forgotten() {
            self.cache.store().remove(self.seat.key());
        }
    }
}

impl<T: Value> fmt::Debug for Lead<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead")
            .field("cache", self.cache.name())
            .field("refreshes", &self.stale.is_some())
            .finish_non_exhaustive()
    }
}
