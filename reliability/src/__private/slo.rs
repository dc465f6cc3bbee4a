//! What `#[slo]` counts, whatever the types can.
//!
//! An answer is judged by the class of its error where that has one, else by whether it is an error.
//! Method lookup decides, as for `#[traced]`: `(&&&Judged(..)).outcome()` is how it is called.

use core::fmt;

use crate::error::Fault;
use crate::sre::{Outcome, Slo};
use crate::time::{Clock, Instant};

/// A call that is counted when it ends, whichever way.
pub struct Counted<'a> {
    slo: &'a Slo,
    /// Read only where a promise is about latency.
    begun: Option<Instant>,
    ended: bool,
}

impl<'a> Counted<'a> {
    /// The call begins.
    #[inline]
    pub fn begin(slo: &'a Slo) -> Self {
        let begun = slo.wants_latency().then(|| Clock::default().now());
        Self { slo, begun, ended: false }
    }

    /// Counts whether the answer was right.
    #[inline]
    pub fn check<A: ?Sized>(&self, answer: &A, is_right: impl FnOnce(&A) -> bool) {
        self.slo.record_correct(is_right(answer));
    }

    /// The promise that it is counted for.
    #[inline]
    pub fn slo(&self) -> &'a Slo {
        self.slo
    }

    /// The call ended with an answer.
    #[inline]
    pub fn end(mut self, outcome: Outcome) {
        self.ended = true;
        match self.begun {
            Some(begun) => {
                let latency = Clock::default().now().saturating_duration_since(begun);
                self.slo.record_call(outcome, latency);
            }
            None => self.slo.record_outcome(outcome),
        }
    }
}

impl Drop for Counted<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.ended {
            self.abandoned();
        }
    }
}

impl Counted<'_> {
    /// Without an answer: the body panicked, or the caller stopped waiting.
    #[cold]
    fn abandoned(&self) {
        if std::thread::panicking() {
            return self.slo.record_outcome(Outcome::Bad);
        }
        let waited =
            self.begun.map(|begun| Clock::default().now().saturating_duration_since(begun));
        self.slo.record_cancelled(waited.unwrap_or_default());
    }
}

impl fmt::Debug for Counted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("slo", &self.slo.name()).finish_non_exhaustive()
    }
}

/// Calls a body. Its bound says that the body is called once, so that what it captures may leave.
#[inline]
pub fn run_once<A>(body: impl FnOnce() -> A) -> A {
    body()
}

/// By what the user says of it.
#[inline]
pub fn judge_with<A: ?Sized, O: Says>(answer: &A, judge: impl FnOnce(&A) -> O) -> Outcome {
    judge(answer).says()
}

/// What `good` may say of an answer.
#[diagnostic::on_unimplemented(
    message = "`good` says `{Self}` of an answer, which is neither `bool` nor `Outcome`",
    label = "good or bad?",
    note = "write whether it is good, as in `good = |answer| answer.is_ok()`, or an `Outcome`"
)]
pub trait Says {
    /// Good, bad, or neither.
    fn says(self) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<O: Into<Outcome>> Says for O {
    #[inline]
    fn says(self) -> Outcome {
        self.into()
    }
}

/// The answer of a call, and the promise that it is counted for.
#[derive(Debug)]
pub struct Judged<'a, A: ?Sized>(pub &'a A, pub &'a Slo);

/// Found for a `Result` whose error has a class.
pub trait JudgeFault {
    /// Good, bad, or neither.
    fn outcome(&self) -> Outcome;
}

impl<T, E: Fault> JudgeFault for &&Judged<'_, Result<T, E>> {
    #[inline]
    fn outcome(&self) -> Outcome {
        match self.0 {
            Ok(_) => Outcome::Good,
            Err(error) => self.1.outcome_of(error),
        }
    }
}

/// Found for any other `Result`.
pub trait JudgeResult {
    /// Good, or bad.
    fn outcome(&self) -> Outcome;
}

impl<T, E> JudgeResult for &Judged<'_, Result<T, E>> {
    #[inline]
    fn outcome(&self) -> Outcome {
        Outcome::of(self.0.is_ok())
    }
}

/// Says by itself whether it is good.
#[diagnostic::on_unimplemented(
    message = "nobody says whether `{Self}` is a good answer",
    label = "good or bad?",
    note = "say it with `#[slo(objective = .., good = |answer| ..)]`, or return a `Result`"
)]
pub trait Good {
    /// Good, or bad.
    fn outcome(&self) -> Outcome;
}

/// What does not fail is good.
impl Good for () {
    #[inline]
    fn outcome(&self) -> Outcome {
        Outcome::Good
    }
}

/// Found for all else. The bound stands on the method, so that the message above is what is read.
pub trait JudgeAnswer {
    /// The type of the answer.
    type Answer;
    /// Good, or bad.
    fn outcome(&self) -> Outcome
    where
        Self::Answer: Good;
}

impl<A> JudgeAnswer for Judged<'_, A> {
    type Answer = A;

    #[inline]
    fn outcome(&self) -> Outcome
    where
        A: Good,
    {
        self.0.outcome()
    }
}
