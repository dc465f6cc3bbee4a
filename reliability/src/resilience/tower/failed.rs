use core::fmt;
use core::time::Duration;

use crate::error::{Class, Disposition, Fault, Rejected, Severity};

/// Why a call to a service has no answer that counts as one; what a
/// [`fallback`](super::PolicyLayer::fallback) gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed<Res, E> {
    /// The policy refused the call, or gave it up.
    Rejected(Rejected),
    /// The service returned this error.
    Error(E),
    /// The service answered, with a response that is
    /// [classified](super::PolicyLayer::classify_response) as a failure.
    Response(Res),
}

/// What the policies are to do with a failure: all that a [`Fault`] says, by value.
#[derive(Debug, Clone)]
pub struct Verdict {
    class: Class,
    severity: Severity,
    disposition: Disposition,
    retry_after: Option<Duration>,
    rejection: Option<Rejected>,
}

impl Verdict {
    /// What that fault says.
    #[cold]
    pub fn of(fault: &dyn Fault) -> Self {
        Self {
            class: fault.class(),
            severity: fault.severity(),
            disposition: fault.disposition(),
            retry_after: fault.retry_after(),
            rejection: fault.rejection().cloned(),
        }
    }
}

/// The error that the driver sees. A bad response is one, so that breaker and retry work on it, and
/// becomes a response again at the end.
///
/// Public for the sake of a hidden method; it has no name outside of this module.
pub struct Judged<Res, E> {
    pub(super) failed: Failed<Res, E>,
    verdict: Verdict,
}

/// How an attempt ends.
pub(super) type Outcome<Res, E> = Result<Res, Judged<Res, E>>;

impl<Res, E> Judged<Res, E> {
    #[cold]
    pub(super) fn new(failed: Failed<Res, E>, verdict: Verdict) -> Self {
        Self { failed, verdict }
    }
}

impl<Res, E> From<Rejected> for Judged<Res, E> {
    #[cold]
    fn from(rejected: Rejected) -> Self {
        let verdict = Verdict::of(&rejected);
        Self { failed: Failed::Rejected(rejected), verdict }
    }
}

impl<Res, E> Fault for Judged<Res, E> {
    fn class(&self) -> Class {
        self.verdict.class
    }

    fn severity(&self) -> Severity {
        self.verdict.severity
    }

    fn retry_after(&self) -> Option<Duration> {
        self.verdict.retry_after
    }

    fn rejection(&self) -> Option<&Rejected> {
        self.verdict.rejection.as_ref()
    }

    fn disposition(&self) -> Disposition {
        self.verdict.disposition
    }
}

impl<Res, E> fmt::Debug for Judged<Res, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judged").field("verdict", &self.verdict).finish_non_exhaustive()
    }
}
