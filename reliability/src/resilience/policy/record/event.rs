use core::time::Duration;

use crate::error::{Class, Disposition, Reason, Rejected};
use crate::time::Instant;

/// One thing that happened to a call under a policy that is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Which call, counted from 1 in the order in which they began.
    pub call: u64,
    /// When, on the precise clock of the process that recorded it.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// What happened: inputs, such as how an attempt ended, and decisions, such as to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The call began.
    Began {
        /// Whether its work may be repeated, if the policy says so.
        repeatable: bool,
        /// The deadline of its caller's, if one was known.
        inherited: Option<Instant>,
    },
    /// An attempt was let in by all layers.
    Admitted,
    /// An attempt was refused by a layer.
    Refused {
        /// Why.
        reason: Reason,
        /// How long it was told to stay away.
        retry_after: Option<Duration>,
    },
    /// The attempt has to wait, for its work or for a place.
    Waits {
        /// What ends the wait at the latest.
        until: Option<Instant>,
        /// Whether that is a deadline of the caller's.
        inherited: bool,
    },
    /// An attempt ended.
    Ended(Outcome),
    /// There is to be another attempt.
    Retries {
        /// After this pause.
        pause: Duration,
        /// The random number that it was made of.
        draw: u64,
    },
    /// Another attempt was worth it, but the retry budget denied it.
    Denied {
        /// The random number that was drawn for the pause.
        draw: u64,
    },
    /// Another attempt was worth it, but there is no time for the pause.
    NoTime {
        /// The random number that was drawn for the pause.
        draw: u64,
    },
    /// The fallback was asked.
    FellBack,
    /// The call was dropped.
    Cancelled,
    /// The work panicked.
    Panicked,
}

impl What {
    pub(in crate::resilience::policy) const fn ok() -> Self {
        What::Ended(Outcome::Ok)
    }

    pub(in crate::resilience::policy) fn refused(rejected: &Rejected) -> Self {
        What::Refused { reason: rejected.reason(), retry_after: rejected.retry_after() }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Well.
    Ok,
    /// With an error of the work's.
    Error(ErrorFacts),
    /// Refused, or its time was up.
    Rejected(Reason),
}

/// What policies know of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorFacts {
    /// Its class.
    pub class: Class,
    /// What is done with it.
    pub disposition: Disposition,
    /// How long the other side asked us to stay away.
    pub retry_after: Option<Duration>,
    /// The refusal of another policy that it stands for.
    pub reason: Option<Reason>,
}
