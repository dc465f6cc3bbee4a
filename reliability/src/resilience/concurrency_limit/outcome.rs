use crate::error::{Class, Fault, Reason};

/// What the end of a call says about how much there is to do at the dependency.
///
/// # Examples
///
/// ```
/// use reliability::error::{Reason, Rejected};
/// use reliability::resilience::concurrency_limit::Outcome;
///
/// let late = Rejected::new(Reason::TimedOut, "inventory");
/// assert_eq!(Outcome::of(&late), Outcome::Dropped);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was answered: its latency is a sample.
    Success,
    /// It took too long, or the dependency refused it because it has too much to do: its latency is
    /// a sample, and the window that it belongs to may become a bad one.
    Dropped,
    /// It says nothing about load: an error that came from something else, often faster than any
    /// answer, or a call that was cancelled. Its latency is not a sample.
    Ignored,
}

impl Outcome {
    /// What an error says.
    ///
    /// | error | outcome |
    /// |---|---|
    /// | of class overloaded, unless a policy inside refused the call | dropped |
    /// | refused: timed out, deadline exceeded | dropped |
    /// | anything else | ignored |
    ///
    /// What a policy inside refuses never reached the dependency.
    pub fn of<F: Fault + ?Sized>(fault: &F) -> Self {
        Self::of_parts(fault.rejection().map(|rejected| rejected.reason()), fault.class())
    }

    pub(in crate::resilience) fn of_parts(reason: Option<Reason>, class: Class) -> Self {
        match reason {
            Some(Reason::TimedOut | Reason::DeadlineExceeded) => Outcome::Dropped,
            Some(_) => Outcome::Ignored,
            None if class == Class::Overloaded => Outcome::Dropped,
            None => Outcome::Ignored,
        }
    }
}
