use core::fmt;
use core::time::Duration;

use super::Breaker;
use super::handle::Inner;
use crate::error::{Counted, Fault};
use crate::time::Instant;

/// A call that a breaker let through: tell it how the call ended.
///
/// Dropping it says that the call was cancelled: nothing is counted, and a probe gives its place
/// back. So a future that is dropped halfway leaves the breaker as it was.
///
/// An outcome belongs to the state in which the call was admitted. When the breaker has changed
/// state in between, it is not counted: a late success does not close, a late failure does not open.
///
/// # Examples
///
/// ```
/// use reliability::resilience::breaker::{Breaker, Settings};
///
/// let breaker = Breaker::builder("inventory").settings(Settings::consecutive()).build()?;
/// for _ in 0..5 {
///     breaker.acquire()?.failure();
/// }
/// assert!(breaker.acquire().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a permit that is dropped counts the call as cancelled"]
pub struct Permit<'a> {
    breaker: &'a Inner,
    admission: Admission,
}

/// A [`Permit`] that keeps its breaker alive, for calls that outlive the borrow.
///
/// # Examples
///
/// ```
/// use reliability::resilience::breaker::Breaker;
///
/// let permit = Breaker::standard("inventory").acquire_owned()?;
/// std::thread::spawn(move || permit.success()).join().unwrap();
/// # Ok::<(), reliability::error::Rejected>(())
/// ```
#[must_use = "a permit that is dropped counts the call as cancelled"]
pub struct OwnedPermit {
    breaker: Breaker,
    admission: Admission,
    recorded: bool,
}

/// When a call was admitted.
#[derive(Clone, Copy)]
pub(super) struct Admission {
    pub(super) generation: u32,
    /// [`UNTIMED`] where nobody asks for the duration.
    start: Instant,
}

const UNTIMED: Instant = Instant::from_nanos(u64::MAX);

impl Admission {
    pub(super) fn new(generation: u32, start: Option<Instant>) -> Self {
        Self { generation, start: start.unwrap_or(UNTIMED) }
    }

    #[inline]
    pub(super) fn start(self) -> Option<Instant> {
        (self.start != UNTIMED).then_some(self.start)
    }
}

impl<'a> Permit<'a> {
    pub(super) fn new(breaker: &'a Inner, admission: Admission) -> Self {
        Self { breaker, admission }
    }

    /// The call succeeded.
    #[inline]
    pub fn success(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
    ) {
        self.end(Counted::Success);
    }

    /// The call failed, and the breaker shall count that.
    #[inline]
    pub fn failure(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
    ) {
        self.end(Counted::Failure);
    }

    /// The call failed with this error, which is counted as the table of
    /// [`Disposition`](crate::error::Disposition) says, or as
    /// [`BreakerBuilder::counted_as`](super::BreakerBuilder::counted_as) was told.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::{Class, Fault};
    /// use reliability::resilience::breaker::Breaker;
    ///
    /// struct UnknownItem;
    /// impl Fault for UnknownItem {
    ///     fn class(&self) -> Class {
    ///         Class::Permanent
    ///     }
    /// }
    ///
    /// let breaker = Breaker::standard("inventory");
    /// breaker.acquire()?.failure_with(&UnknownItem);
    /// assert_eq!(breaker.snapshot().window.failures, 0);
    /// # Ok::<(), reliability::error::Rejected>(())
    /// ```
    pub fn failure_with<F: Fault>(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
        fault: &F,
    ) {
        let counted = self.breaker.counted_as(fault);
        self.end(counted);
    }

    /// The call ended so, after this time.
    ///
    /// For callers that measure the time themselves. Without a time the call is not slow.
    #[inline]
    pub fn record(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
        counted: Counted,
        elapsed: Option<Duration>,
    ) {
        let (breaker, admission) = self.into_parts();
        breaker.record(admission.generation, counted, elapsed);
    }

    #[inline]
    fn end(self, counted: Counted) {
        let (breaker, admission) = self.into_parts();
        breaker.end(admission, counted);
    }

    /// What it is made of, without counting the call as cancelled.
    #[inline]
    fn into_parts(self) -> (&'a Inner, Admission) {
        let parts = (self.breaker, self.admission);
        core::mem::forget(self);
        parts
    }
}

impl Drop for Permit<'_> {
    // Inlined, with its parts handed on by value: a permit whose address nobody needs stays in
    // registers, which is half of what a call that succeeds costs.
    #[inline]
    fn drop(&mut self) {
        self.breaker.cancel(self.admission);
    }
}

impl OwnedPermit {
    pub(super) fn new(breaker: Breaker, admission: Admission) -> Self {
        Self { breaker, admission, recorded: false }
    }

    /// As [`Permit::success`].
    pub fn success(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
    ) {
        self.end(Counted::Success);
    }

    /// As [`Permit::failure`].
    pub fn failure(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
    ) {
        self.end(Counted::Failure);
    }

    /// As [`Permit::failure_with`].
    pub fn failure_with<F: Fault>(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
        fault: &F,
    ) {
        let counted = self.breaker.inner().counted_as(fault);
        self.end(counted);
    }

    /// As [`Permit::record`].
    pub fn record(
        mut self, // a permit is for one call, and this one has ended: `acquire` another for the next
        counted: Counted,
        elapsed: Option<Duration>,
    ) {
        self.recorded = true;
        self.breaker.inner().record(self.admission.generation, counted, elapsed);
    }

    fn end(mut self, counted: Counted) {
        self.recorded = true;
        self.breaker.inner().end(self.admission, counted);
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        if !self.recorded {
            self.breaker.inner().end(self.admission, Counted::Nothing);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "Permit", self.breaker, self.admission)
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(f, "OwnedPermit", self.breaker.inner(), self.admission)
    }
}

fn debug(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    breaker: &Inner,
    admission: Admission,
) -> fmt::Result {
    f.debug_struct(name)
        .field("breaker", breaker.name())
        .field("generation", &admission.generation)
        .finish_non_exhaustive()
}
