use crate::error::{Class, Fault, Reason};

/// How a call of an [`Operation`](super::Operation) ended. Each call is in exactly one.
///
/// In metrics it is `reliability.outcome`, and what is known of an error `error.type`, as those of
/// policies are.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Reason, Rejected};
/// use reliability::telemetry::metrics::Outcome;
///
/// let refused: Result<(), _> = Err(Rejected::new(Reason::BreakerOpen, "stock"));
/// assert_eq!(Outcome::of_result(&refused), Outcome::Rejected(Reason::BreakerOpen));
/// let failed: Result<(), _> = Err(Class::Transient);
/// assert_eq!(Outcome::of_result(&failed), Outcome::Failed(Some(Class::Transient)));
/// assert_eq!(Outcome::of_error(&Class::Permanent), Outcome::Failed(Some(Class::Permanent)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Well.
    Ok,
    /// With an error of that class; `None` where it has none, which `error.type` calls `_OTHER`.
    Failed(Option<Class>),
    /// A policy refused it, or gave it up.
    Rejected(Reason),
    /// The caller did not wait for its end.
    Cancelled,
    /// It panicked.
    Panicked,
}

/// How many there are.
pub(super) const OUTCOMES: usize = 1 + Class::ALL.len() + 1 + Reason::ALL.len() + 2;

impl Outcome {
    /// What that result is.
    #[inline]
    pub fn of_result<T, E: Fault>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(error) => Self::of_error(error),
        }
    }

    /// What that error is.
    pub fn of_error<E: Fault + ?Sized>(error: &E) -> Self {
        match error.rejection() {
            Some(rejected) => Self::Rejected(rejected.reason()),
            None => Self::Failed(Some(error.class())),
        }
    }

    /// All, in the order of their places.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let failed = Class::ALL.into_iter().map(Some).chain([None]).map(Self::Failed);
        let rejected = Reason::ALL.into_iter().map(Self::Rejected);
        let ends = [Self::Cancelled, Self::Panicked];
        [Self::Ok].into_iter().chain(failed).chain(rejected).chain(ends)
    }

    /// Where it is counted.
    #[inline]
    pub(super) const fn place(self) -> usize {
        const UNKNOWN: usize = 1 + Class::ALL.len();
        match self {
            Self::Ok => 0,
            Self::Failed(Some(class)) => 1 + class as usize,
            Self::Failed(None) => UNKNOWN,
            Self::Rejected(reason) => UNKNOWN + 1 + reason as usize,
            Self::Cancelled => OUTCOMES - 2,
            Self::Panicked => OUTCOMES - 1,
        }
    }

    /// The word for it, without what is known of the error.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed(_) => "failed",
            Self::Rejected(_) => "rejected",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
        }
    }

    /// What is known of the error.
    pub(super) const fn error(self) -> Option<&'static str> {
        match self {
            Self::Failed(Some(class)) => Some(class.as_str()),
            // As the conventions of OpenTelemetry call it.
            Self::Failed(None) => Some("_OTHER"),
            Self::Rejected(reason) => Some(reason.as_str()),
            Self::Ok | Self::Cancelled | Self::Panicked => None,
        }
    }

    /// Whether it is told before it happens: all but refusals, of which only some can.
    pub(super) const fn is_always_told(self) -> bool {
        !matches!(self, Self::Rejected(_))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn each_outcome_has_a_place_of_its_own() {
        let places: Vec<_> = Outcome::all().map(Outcome::place).collect();
        assert_eq!(places, (0..OUTCOMES).collect::<Vec<_>>());
    }
}
