use core::time::Duration;

use crate::time::Instant;

/// The requests of one attempt: which are under way, when the next one starts, and what the end of
/// one means for the attempt.
///
/// ```text
///   first request                    hedge 1                     hedge 2
///   |---------- after -------------->|---------- after --------->|
///   |                                |                           +--- answers: wins, others dropped
///   |                                +--- fails, worth a retry: kept, others go on
///   +--- fails for good: ends the attempt, others dropped
/// ```
///
/// Pure: what time it is, and whether the budget has a token, are arguments. Requests are numbered
/// in the order in which they start, the first one is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Race {
    /// Of hedges; the first request does not count.
    max: u32,
    started: u32,
    running: u32,
    /// When the next hedge starts, while another one may.
    next_at: Option<Instant>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answer,
    /// An error that is not retried: another request would meet it as well.
    Final,
    /// An error that is retried.
    Retryable,
    /// The same, from a dependency that wants less of us and not more.
    Overloaded,
}

/// What that means for the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It ends with this outcome.
    Ends,
    /// This error is kept, and others are under way.
    Kept,
    /// None is under way any more: it ends with the best of the errors.
    Last,
}

impl Race {
    /// The first request is under way, and late as soon as it has taken `after`.
    pub(crate) fn new(max: u32, since: Instant, after: Option<Duration>) -> Self {
        let next_at = after.filter(|_| max > 0).map(|after| since.saturating_add(after));
        Self { max, started: 1, running: 1, next_at }
    }

    /// When a hedge is to be sent.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.next_at
    }

    /// A hedge is sent now; the next one, if there is to be one, `after` later. Returns its number.
    pub(crate) fn start(&mut self, now: Instant, after: Option<Duration>) -> u32 {
        let number = self.started;
        self.started += 1;
        self.running += 1;
        self.next_at = after.filter(|_| number < self.max).map(|after| now.saturating_add(after));
        number
    }

    /// No further hedge is sent: the budget has no token.
    pub(crate) fn deny(&mut self) {
        self.next_at = None;
    }

    /// A request has ended.
    pub(crate) fn end(&mut self, outcome: Outcome) -> Verdict {
        self.running = self.running.saturating_sub(1);
        match outcome {
            Outcome::Answer | Outcome::Final => return Verdict::Ends,
            Outcome::Overloaded => self.next_at = None,
            Outcome::Retryable => {}
        }
        if self.running > 0 { Verdict::Kept } else { Verdict::Last }
    }

    #[cfg(test)]
    pub(super) fn running(&self) -> u32 {
        self.running
    }
}
