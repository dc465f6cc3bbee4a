use super::{Class, Reason};

/// What the policies do with one kind of failure: the table that all of them ask.
///
/// | failure | retried | breaker counts it as | reaches the fallback | objective counts it bad |
/// |---|---|---|---|---|
/// | an error that is transient | yes | a failure | yes | yes |
/// | an error that is overloaded | yes, not before `retry_after` | a failure | yes | yes |
/// | an error that is permanent | no | a success | yes | yes |
/// | an error that is cancelled | no | nothing | no | no |
/// | an error of unknown class | no | a failure | yes | yes |
/// | refused: breaker open | no | nothing | yes | yes |
/// | refused: bulkhead full | no | nothing | yes | yes |
/// | refused: timed out | yes | a failure | yes | yes |
/// | refused: deadline exceeded | no | a failure, if the deadline is the policy's own | yes | yes |
/// | refused: rate limited | yes, not before `retry_after` | nothing | yes | yes |
/// | refused: budget exhausted | no | nothing | yes | yes |
/// | refused: concurrency limited | no | nothing | yes | yes |
/// | refused: shed | no | nothing | yes | yes |
/// | refused: injected | yes | a failure | yes | yes |
/// | refused: degraded | no | nothing | yes | yes |
///
/// Why so:
/// - A *permanent* error is the caller's making (an unknown record, a refused payment): the
///   dependency did its work. If that counted as nothing, a half-open breaker whose probes all ask
///   for unknown records would never close.
/// - A boxed error that holds nothing we know is *unknown*: repeating it blindly may do harm, and
///   not counting it may hide an outage.
/// - An *open breaker* of the same policy would still be open after any sensible backoff, and each
///   retry would only burn the budget. The caller learns when to come back by
///   [`Rejected::retry_after`](super::Rejected::retry_after).
/// - A *full bulkhead* already queued the call for as long as it may wait. A retry would queue it
///   twice. The same goes for an adaptive *concurrency limit*, and for a call that was *shed*:
///   whoever comes back at once is the load that was to be kept away.
/// - What is left out while things are *degraded* is left out for the next attempt as well. An objective
///   that asked for it by its own budget does not count it: it would burn on for what it did itself.
/// - An *injected* failure is there to see what a real one does.
/// - A *deadline* inherited from a caller that had little time left says nothing about the
///   dependency; only the policy's own one does.
/// - Objectives count what the caller *saw*; what is excused (a declined card) is the objective's
///   to say.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Disposition, Reason};
///
/// assert!(Disposition::of_class(Class::Transient).retried);
/// assert!(!Disposition::of_reason(Reason::BreakerOpen).retried);
/// assert!(!Disposition::unknown().retried);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Disposition {
    /// A `retry` makes another attempt, if attempts, budget and deadline allow.
    pub retried: bool,
    /// What a `breaker` counts it as.
    pub breaker: Counted,
    /// A `fallback` is asked for an answer.
    pub fallback: bool,
    /// An objective counts the call as bad.
    pub slo_bad: bool,
}

impl Disposition {
    /// The row of an error that the function itself returned.
    pub const fn of_class(class: Class) -> Self {
        match class {
            Class::Transient | Class::Overloaded => Self::row(true, Counted::Failure, true, true),
            Class::Permanent => Self::row(false, Counted::Success, true, true),
            Class::Cancelled => Self::row(false, Counted::Nothing, false, false),
        }
    }

    /// The row of an error that does not say its class, like a boxed error of an unknown type.
    pub const fn unknown() -> Self {
        Self::row(false, Counted::Failure, true, true)
    }

    /// The row of a refusal by a policy.
    pub const fn of_reason(reason: Reason) -> Self {
        match reason {
            Reason::TimedOut | Reason::Injected => Self::row(true, Counted::Failure, true, true),
            Reason::DeadlineExceeded => Self::row(false, Counted::Failure, true, true),
            Reason::RateLimited => Self::row(true, Counted::Nothing, true, true),
            Reason::BreakerOpen
            | Reason::BulkheadFull
            | Reason::BudgetExhausted
            | Reason::ConcurrencyLimited
            | Reason::Shed
            | Reason::Degraded => Self::row(false, Counted::Nothing, true, true),
        }
    }

    const fn row(retried: bool, breaker: Counted, fallback: bool, slo_bad: bool) -> Self {
        Self { retried, breaker, fallback, slo_bad }
    }
}

/// What a breaker counts the end of a call as.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Counted};
///
/// assert_eq!(Class::Transient.disposition().breaker, Counted::Failure);
/// assert_eq!(Class::Permanent.disposition().breaker, Counted::Success);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// The dependency did its work.
    Success,
    /// The dependency did not do its work.
    Failure,
    /// It says nothing about the dependency, and is as if it had not happened.
    Nothing,
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;

    /// The documented table and the code say the same, cell by cell.
    #[test]
    fn the_documented_table_is_the_code() {
        let rows: [(&str, Disposition); 15] = [
            ("an error that is transient", Disposition::of_class(Class::Transient)),
            ("an error that is overloaded", Disposition::of_class(Class::Overloaded)),
            ("an error that is permanent", Disposition::of_class(Class::Permanent)),
            ("an error that is cancelled", Disposition::of_class(Class::Cancelled)),
            ("an error of unknown class", Disposition::unknown()),
            ("refused: breaker open", Disposition::of_reason(Reason::BreakerOpen)),
            ("refused: bulkhead full", Disposition::of_reason(Reason::BulkheadFull)),
            ("refused: timed out", Disposition::of_reason(Reason::TimedOut)),
            ("refused: deadline exceeded", Disposition::of_reason(Reason::DeadlineExceeded)),
            ("refused: rate limited", Disposition::of_reason(Reason::RateLimited)),
            ("refused: budget exhausted", Disposition::of_reason(Reason::BudgetExhausted)),
            ("refused: concurrency limited", Disposition::of_reason(Reason::ConcurrencyLimited)),
            ("refused: shed", Disposition::of_reason(Reason::Shed)),
            ("refused: injected", Disposition::of_reason(Reason::Injected)),
            ("refused: degraded", Disposition::of_reason(Reason::Degraded)),
        ];
        let documented: Vec<Vec<String>> = include_str!("disposition.rs")
            .lines()
            .filter(|line| line.starts_with("/// | an error") || line.starts_with("/// | refused"))
            .map(|line| line.split('|').skip(1).map(|cell| cell.trim().into()).collect())
            .collect();

        assert_eq!(documented.len(), rows.len());
        for (cells, (name, row)) in documented.iter().zip(rows) {
            let coded = [row.retried, row.fallback, row.slo_bad];
            let written = [1, 3, 4].map(|column: usize| cells[column].starts_with("yes"));
            assert_eq!((cells[0].as_str(), written), (name, coded));
            let counted = match row.breaker {
                Counted::Success => "a success",
                Counted::Failure => "a failure",
                Counted::Nothing => "nothing",
            };
            assert!(cells[2].starts_with(counted), "{name}: {}", cells[2]);
        }
    }
}
