use core::fmt;
use core::time::Duration;

use super::handle::Shared;
use super::{ConcurrencyLimit, Outcome};
use crate::error::Fault;
use crate::time::Instant;

/// A place under a [`ConcurrencyLimit`]: tell it how the call ended.
///
/// Dropping it says that the call was cancelled: the place is given back, and its latency is not a
/// sample. So a future that is dropped halfway teaches the limit nothing.
///
/// # Examples
///
/// ```
/// use reliability::resilience::ConcurrencyLimit;
///
/// # fn fetch() -> Result<u32, std::io::Error> { Ok(7) }
/// let limit = ConcurrencyLimit::standard("inventory");
/// let permit = limit.acquire()?;
/// match fetch() {
///     Ok(_) => permit.success(),
///     Err(error) => permit.failure_with(&error),
/// }
/// assert_eq!(limit.in_flight(), 0);
/// # Ok::<(), reliability::error::Rejected>(())
/// ```
#[must_use = "a permit that is dropped gives its place back, and counts the call as cancelled"]
pub struct Permit<'a> {
    limit: &'a Shared,
    admission: Admission,
}

/// A [`Permit`] that keeps its limit alive, and so can move into a task.
///
/// # Examples
///
/// ```
/// use reliability::resilience::ConcurrencyLimit;
/// use reliability::resilience::concurrency_limit::Priority;
///
/// let limit = ConcurrencyLimit::standard("inventory");
/// let permit = limit.acquire_owned(Priority::High)?;
/// std::thread::spawn(move || permit.success()).join().unwrap();
/// assert_eq!(limit.in_flight(), 0);
/// # Ok::<(), reliability::error::Rejected>(())
/// ```
#[must_use = "a permit that is dropped gives its place back, and counts the call as cancelled"]
pub struct OwnedPermit {
    limit: ConcurrencyLimit,
    admission: Admission,
    ended: bool,
}

/// When a call was let in, and how many were inside then, itself included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    pub(super) in_flight: u32,
    /// `None` where somebody else measures the time.
    pub(super) start: Option<Instant>,
}

impl<'a> Permit<'a> {
    pub(super) fn new(limit: &'a Shared, admission: Admission) -> Self {
        Self { limit, admission }
    }

    /// The call was answered.
    #[inline]
    pub fn success(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
    ) {
        self.end(Outcome::Success);
    }

    /// The call took too long, or was refused because there is too much to do.
    #[inline]
    pub fn dropped(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
    ) {
        self.end(Outcome::Dropped);
    }

    /// The call failed with this error, which says what [`Outcome::of`] makes of it.
    pub fn failure_with<F: Fault>(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
        fault: &F,
    ) {
        self.end(Outcome::of(fault));
    }

    /// The call ended so, after this time.
    ///
    /// For callers that measure the time themselves. A call without a time is not a sample.
    #[inline]
    pub fn record(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
        outcome: Outcome,
        elapsed: Option<Duration>,
    ) {
        self.limit.record(self.admission, outcome, elapsed);
        core::mem::forget(self);
    }

    #[inline]
    fn end(self, outcome: Outcome) {
        self.limit.end(self.admission, outcome);
        core::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.limit.end(self.admission, Outcome::Ignored);
    }
}

impl OwnedPermit {
    pub(super) fn new(limit: ConcurrencyLimit, admission: Admission) -> Self {
        Self { limit, admission, ended: false }
    }

    /// As [`Permit::success`].
    pub fn success(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
    ) {
        self.end(Outcome::Success);
    }

    /// As [`Permit::dropped`].
    pub fn dropped(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
    ) {
        self.end(Outcome::Dropped);
    }

    /// As [`Permit::failure_with`].
    pub fn failure_with<F: Fault>(
        self, // a permit is for one call, and this one has ended: `acquire` another for the next
        fault: &F,
    ) {
        self.end(Outcome::of(fault));
    }

    /// As [`Permit::record`].
    pub fn record(
        mut self, // a permit is for one call, and this one has ended: `acquire` another for the next
        outcome: Outcome,
        elapsed: Option<Duration>,
    ) {
        self.ended = true;
        self.limit.shared().record(self.admission, outcome, elapsed);
    }

    fn end(mut self, outcome: Outcome) {
        self.ended = true;
        self.limit.shared().end(self.admission, outcome);
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        if !self.ended {
            self.limit.shared().end(self.admission, Outcome::Ignored);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.limit.name).finish()
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedPermit").field(self.limit.name()).finish()
    }
}
