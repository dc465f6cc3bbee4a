use core::fmt;

use super::{Operation, Outcome};
use crate::time::{Clock, Instant};

/// A call of an [`Operation`] that has begun: counted once, when it [ends](Self::end) or is dropped.
///
/// One that is dropped was cancelled; while the thread unwinds, it panicked.
///
/// # Examples
///
/// See [`Operation`].
#[must_use = "a call that is dropped counts as cancelled"]
pub struct Running<'a> {
    operation: &'a Operation,
    begun: Instant,
    over: bool,
}

impl<'a> Running<'a> {
    #[inline]
    pub(super) fn new(operation: &'a Operation) -> Self {
        Self { operation, begun: Clock::default().now(), over: false }
    }

    /// It has ended so.
    #[inline]
    pub fn end(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    /// As [`end`](Self::end), where it cannot be moved.
    #[inline]
    #[cfg_attr(not(feature = "macros"), allow(dead_code, reason = "for expansions"))]
    pub(crate) fn finish(&mut self, outcome: Outcome) {
        if !self.over {
            self.over = true;
            self.operation.record(outcome, self.begun);
        }
    }

    /// Whether it was counted.
    #[inline]
    #[cfg_attr(not(feature = "macros"), allow(dead_code, reason = "for expansions"))]
    pub(crate) const fn is_over(&self) -> bool {
        self.over
    }

    #[cold]
    fn abandoned(&mut self) {
        let panics = std::thread::panicking();
        self.finish(if panics { Outcome::Panicked } else { Outcome::Cancelled });
    }
}

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.over {
            self.abandoned();
        }
    }
}

impl fmt::Debug for Running<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("operation", &self.operation.name())
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
