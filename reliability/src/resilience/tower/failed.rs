use core::fmt;
use core::time::Duration;

use super::classify::FaultOf;
use crate::error::recovery::Action;
use crate::error::{Class, Disposition, Fault, Rejected, Severity};

/// Why a call to a service has no answer that counts as one; what a
/// [`fallback`](super::PolicyLayer::fallback) gets.
///
/// # Examples
///
/// See [`PolicyLayer::fallback`](super::PolicyLayer::fallback).
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

/// The error that the driver sees, with what was said of it. A bad response is one, so that breaker
/// and retry work on it, and becomes a response again at the end.
#[derive(Debug)]
pub enum Judged<Res, E, V, A> {
    Rejected(Rejected),
    Error(E, V),
    Response(Res, A),
}

/// How an attempt ends.
pub(super) type Outcome<Res, E, V, A> = Result<Res, Judged<Res, E, V, A>>;

impl<Res, E, V, A> Judged<Res, E, V, A> {
    pub(super) fn failed(self) -> Failed<Res, E> {
        match self {
            Judged::Rejected(rejected) => Failed::Rejected(rejected),
            Judged::Error(error, _) => Failed::Error(error),
            Judged::Response(response, _) => Failed::Response(response),
        }
    }
}

impl<Res, E, V: FaultOf<E>, A: Fault> Judged<Res, E, V, A> {
    fn fault(&self) -> &dyn Fault {
        match self {
            Judged::Rejected(rejected) => rejected,
            Judged::Error(error, verdict) => verdict.fault(error),
            Judged::Response(_, verdict) => verdict,
        }
    }
}

impl<Res, E, V, A> From<Rejected> for Judged<Res, E, V, A> {
    fn from(rejected: Rejected) -> Self {
        Judged::Rejected(rejected)
    }
}

impl<Res, E, V: FaultOf<E>, A: Fault> Fault for Judged<Res, E, V, A> {
    fn class(&self) -> Class {
        self.fault().class()
    }

    fn severity(&self) -> Severity {
        self.fault().severity()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.fault().retry_after()
    }

    fn rejection(&self) -> Option<&Rejected> {
        self.fault().rejection()
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault().describe(f)
    }

    fn fingerprint(&self) -> Option<&'static str> {
        self.fault().fingerprint()
    }

    fn recovery(&self) -> Option<Action> {
        self.fault().recovery()
    }

    fn disposition(&self) -> Disposition {
        self.fault().disposition()
    }
}
