use alloc::sync::Arc;
use core::fmt;
use core::mem;

use super::entry::{Age, AnyEntry};
use super::events;
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
///
/// # Examples
///
/// See [`Cache::look_up`](super::Cache::look_up).
pub struct Lead<T> {
    /// None where nothing is kept.
    leading: Option<Leading<T>>,
}

struct Leading<T> {
    seat: single_flight::Lead<Cache>,
    /// The value that is to be refreshed.
    stale: Option<Arc<AnyEntry>>,
    /// A word of it, and not all: it is looked at once.
    of: fn() -> Of<T>,
}

/// How a value gets into an entry, and out of it: so that only the lookup asks what `T` is.
struct Of<T> {
    clone: fn(&T) -> T,
    fill: fn(&mut AnyEntry, T, Instant),
    find: fn(&AnyEntry) -> Option<T>,
}

impl<T: Value> Of<T> {
    fn value() -> Self {
        let find = |entry: &AnyEntry| entry.as_value().cloned();
        Self { clone: T::clone, fill: AnyEntry::succeed::<T>, find }
    }
}

impl<T> Lead<T> {
    #[inline]
    pub(super) fn new(seat: single_flight::Lead<Cache>, stale: Option<Arc<AnyEntry>>) -> Self
    where
        T: Value,
    {
        Self { leading: Some(Leading { seat, stale, of: Of::value }) }
    }

    /// Of a policy without a cache: nobody waits, and nothing is kept.
    pub(in crate::resilience) fn of_nothing() -> Self {
        Self { leading: None }
    }

    /// As [`settle`](Lead::settle) of a value, where it is known what `T` is. Nothing is left of it.
    #[inline]
    pub(super) fn land_value(&mut self, value: &T)
    where
        T: Value,
    {
        let over = Over(self);
        if let Some(leading) = &mut over.0.leading {
            let (value, now) = (value.clone(), leading.cache().now());
            land(&mut leading.seat, |entry| entry.succeed(value, now), true);
        }
    }

    /// Makes the work that it is for. Should that panic, it goes to whoever waits.
    #[inline]
    pub(super) fn make<W>(&mut self, make: impl FnOnce() -> W) -> W {
        let over = Over(self);
        let work = make();
        mem::forget(over);
        work
    }

    /// What its key is known by, where something is kept.
    #[cfg(feature = "record")]
    pub(in crate::resilience) fn hashed_key(&self) -> Option<u64> {
        self.leading.as_ref().map(|leading| leading.seat.flight().0)
    }

    /// Forgets the stale value unless it is that one.
    pub(super) fn keep_stale(&mut self, entry: Option<&Arc<AnyEntry>>) {
        if let Some(leading) = &mut self.leading {
            leading.stale = leading
                .stale
                .take()
                .filter(|stale| entry.is_some_and(|entry| Arc::ptr_eq(stale, entry)));
        }
    }

    /// The stale value that the work is to refresh, if there is one.
    pub fn stale(&self) -> Option<T> {
        let leading = self.leading.as_ref()?;
        ((leading.of)().find)(leading.stale.as_deref()?)
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
        let Some(leading) = self.leading else {
            return result;
        };
        match result {
            Ok(value) => {
                leading.settle_value(&value);
                Ok(value)
            }
            Err(failure) => leading.settle_failure(failure, classifier, sharing),
        }
    }

    /// Lands with what was found meanwhile.
    pub(super) fn land_with(self, entry: Arc<AnyEntry>) {
        if let Some(leading) = self.leading {
            leading.seat.land(|| Outcome::Answered(entry));
        }
    }
}

impl<T> Leading<T> {
    fn cache(&self) -> &Cache {
        self.seat.field()
    }

    #[inline]
    fn settle_value(mut self, value: &T) {
        let of = (self.of)();
        let (value, now) = ((of.clone)(value), self.cache().now());
        land(&mut self.seat, |entry| (of.fill)(entry, value, now), true);
    }

    #[cold]
    fn settle_failure<E>(
        mut self,
        failure: Failure<E>,
        classifier: &Classifier<E>,
        sharing: Sharing<E>,
    ) -> Result<T, Failure<E>> {
        let class = classifier.failure_class(&failure);
        if class == Class::Cancelled {
            // Whoever cancelled it did so for this caller only.
            return Err(failure);
        }
        let now = self.cache().now();
        if let Some(entry) = &self.stale {
            if classifier.failure_disposition(&failure).breaker == Counted::Success {
                // The dependency has an answer, and the old one is no longer it.
                self.cache().store().take_this(entry);
            } else if let Some(value) = self.stale_if_error(entry, class, now) {
                self.seat.land(|| Outcome::Answered(Arc::clone(entry)));
                return Ok(value);
            }
        }
        match &failure {
            // The leader had less time than those who follow; or none had enough, and their own
            // bounds end their waits.
            Failure::Rejected(rejected) if rejected.reason() == Reason::DeadlineExceeded => {}
            Failure::Rejected(rejected) => self.seat.land(|| Outcome::Refused(rejected.clone())),
            Failure::Error(error) => {
                if let Some(error) = sharing.keep(error) {
                    let kept = self.cache().keeps_errors(class);
                    land(&mut self.seat, |entry| entry.fail(error, class, now), kept);
                }
            }
        }
        Err(failure)
    }

    /// The stale value, if it may still be used: it has neither become too old meanwhile, nor been
    /// taken away or replaced.
    fn stale_if_error(&self, entry: &AnyEntry, class: Class, now: Instant) -> Option<T> {
        let gone = self.cache().age(entry, now) == Age::Gone;
        if gone || entry.is_retired() || self.seat.is_forgotten() {
            return None;
        }
        let value = ((self.of)().find)(entry)?;
        self.cache().pause_refresh(entry, now);
        self.cache().tally().count(Mark::StaleIfError);
        events::stale_if_error(self.cache().name(), class);
        Some(value)
    }
}

/// Nothing is left of a lead, also where a value or its weigher panics: nobody is to wait until the
/// caller's future is dropped.
struct Over<'l, T>(&'l mut Lead<T>);

impl<T> Drop for Over<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.leading = None;
    }
}

/// What was awaited has come.
#[inline]
fn land(seat: &mut single_flight::Lead<Cache>, fill: impl FnOnce(&mut AnyEntry), kept: bool) {
    match seat.field().store().land(seat.flight(), fill, kept) {
        Some(entry) => seat.land_in_place(|| Outcome::Answered(entry)),
        None => seat.has_ended(),
    }
}

impl<T> fmt::Debug for Lead<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leading = self.leading.as_ref();
        f.debug_struct("Lead")
            .field("cache", &leading.map(|leading| leading.cache().name()))
            .field("refreshes", &leading.is_some_and(|leading| leading.stale.is_some()))
            .finish_non_exhaustive()
    }
}
