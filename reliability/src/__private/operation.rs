//! How a call of a function with `#[traced(metrics)]` ends, whatever its type.
//!
//! Method lookup decides, as for the span: `(&&&Finished(..)).outcome()` is how it is called.

use super::tracing_span::Traced;
use crate::error::Fault;
use crate::telemetry::metrics::{Operation, Outcome, Running};
use crate::telemetry::trace::Entered;

/// A call that is counted when it ends, whichever way.
#[derive(Debug)]
#[must_use]
pub struct Timed<'a> {
    // Dropped in this order, so that what is counted at the end is an example of its trace.
    running: Running<'static>,
    leave: Option<Entered>,
    traced: &'a Traced,
}

impl<'a> Timed<'a> {
    /// The call begins.
    #[inline]
    pub fn begin(traced: &'a Traced, operation: &'static Operation) -> Self {
        Self { running: operation.begin(), leave: None, traced }
    }

    /// The call has ended.
    #[inline]
    pub fn end(mut self, outcome: Outcome) {
        self.leave = self.traced.place();
        self.running.finish(outcome);
    }

    /// The call has ended, and cannot fail.
    #[inline]
    pub fn end_well(self) {
        self.end(Outcome::Ok);
    }
}

impl Drop for Timed<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.running.is_over() {
            self.leave = self.traced.place();
        }
    }
}

/// What the function returned.
#[derive(Debug)]
pub struct Finished<'a, R>(pub &'a R);

/// Found for a `Result` whose error has a class.
pub trait FinishedFault {
    /// How the call ended.
    fn outcome(&self) -> Outcome;
}

impl<T, E: Fault> FinishedFault for &&Finished<'_, Result<T, E>> {
    #[inline]
    fn outcome(&self) -> Outcome {
        Outcome::of_result(self.0)
    }
}

/// Found for any other `Result`.
pub trait FinishedResult {
    /// How the call ended.
    fn outcome(&self) -> Outcome;
}

impl<T, E> FinishedResult for &Finished<'_, Result<T, E>> {
    #[inline]
    fn outcome(&self) -> Outcome {
        if self.0.is_ok() { Outcome::Ok } else { Outcome::Failed(None) }
    }
}

/// Found for all else: an answer is a good one.
pub trait FinishedOther {
    /// How the call ended.
    fn outcome(&self) -> Outcome;
}

impl<R> FinishedOther for Finished<'_, R> {
    #[inline]
    fn outcome(&self) -> Outcome {
        Outcome::Ok
    }
}
