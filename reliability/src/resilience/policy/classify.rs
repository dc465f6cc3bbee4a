use core::fmt;
use core::time::Duration;

use crate::error::{Class, Counted, Disposition, Failure, Fault, Reason, Rejected};
use crate::resilience::Breaker;

/// What the policies of one call make of its errors.
///
/// [`by_fault`](Classifier::by_fault) asks the error itself, [`when`](Classifier::when) a
/// predicate, for an error type that is not yours. The functions are called on failures only.
///
/// # Examples
///
/// ```
/// use std::io;
/// use reliability::error::Class;
/// use reliability::resilience::Classifier;
///
/// let errors = Classifier::<io::Error>::by_fault();
/// assert_eq!(errors.class(&io::ErrorKind::ConnectionReset.into()), Class::Transient);
///
/// let only_busy = Classifier::<&str>::when(|error| *error == "busy");
/// assert_eq!(only_busy.class(&"busy"), Class::Transient);
/// assert_eq!(only_busy.class(&"gone"), Class::Permanent);
/// ```
pub struct Classifier<E> {
    base: Base<E>,
    retry_when: Option<fn(&E) -> bool>,
    breaker_when: Option<fn(&E) -> bool>,
    fallback_except: &'static [Class],
    #[cfg(feature = "chaos")]
    injected: Option<fn() -> E>,
}

enum Base<E> {
    /// The error as what it says of itself.
    Fault(fn(&E) -> &dyn Fault),
    When(fn(&E) -> bool),
}

fn as_fault<E: Fault>(error: &E) -> &dyn Fault {
    error
}

impl<E> Classifier<E> {
    /// The error says it itself.
    pub const fn by_fault() -> Self
    where
        E: Fault,
    {
        Self::from_base(Base::Fault(as_fault::<E>))
    }

    /// The predicate says whether an error is worth another try: those count as transient, all
    /// others as permanent.
    pub const fn when(worth_another_try: fn(&E) -> bool) -> Self {
        Self::from_base(Base::When(worth_another_try))
    }

    const fn from_base(base: Base<E>) -> Self {
        Self {
            base,
            retry_when: None,
            breaker_when: None,
            fallback_except: &[],
            #[cfg(feature = "chaos")]
            injected: None,
        }
    }

    /// The predicate alone decides what is retried; all else stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    /// use reliability::resilience::Classifier;
    ///
    /// // A file that is not there now may be there in a moment, and its disk is well.
    /// let errors = Classifier::<io::Error>::by_fault()
    ///     .retry_when(|error| error.kind() == io::ErrorKind::NotFound)
    ///     .breaker_when(|error| error.kind() != io::ErrorKind::NotFound);
    /// # let _ = errors;
    /// ```
    #[must_use]
    pub const fn retry_when(mut self, retried: fn(&E) -> bool) -> Self {
        self.retry_when = Some(retried);
        self
    }

    /// The predicate alone decides what a breaker counts as a failure; what it denies counts as a
    /// success.
    #[must_use]
    pub const fn breaker_when(mut self, failure: fn(&E) -> bool) -> Self {
        self.breaker_when = Some(failure);
        self
    }

    /// Failures of these classes do not reach the fallback.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    /// use reliability::error::Class;
    /// use reliability::resilience::Classifier;
    ///
    /// // Where the question was wrong, another answer would be as well.
    /// let errors = Classifier::<io::Error>::by_fault().fallback_except(&[Class::Permanent]);
    /// # let _ = errors;
    /// ```
    #[must_use]
    pub const fn fallback_except(mut self, classes: &'static [Class]) -> Self {
        self.fallback_except = classes;
        self
    }

    /// Makes the error that stands for one injected by chaos, instead of a
    /// [`Rejected`] with [`Reason::Injected`].
    #[cfg(feature = "chaos")]
    #[must_use]
    pub const fn inject_with(mut self, make: fn() -> E) -> Self {
        self.injected = Some(make);
        self
    }

    #[cfg(feature = "chaos")]
    pub(super) fn injected(&self) -> Option<fn() -> E> {
        self.injected
    }

    /// The error as what it says of itself, if it says anything.
    pub(super) fn as_fault<'e>(&self, error: &'e E) -> Option<&'e dyn Fault> {
        match self.base {
            Base::Fault(as_fault) => Some(as_fault(error)),
            Base::When(_) => None,
        }
    }

    /// The class under which the error is counted.
    pub fn class(&self, error: &E) -> Class {
        match self.base {
            Base::Fault(as_fault) => as_fault(error).class(),
            Base::When(worth_another_try) if worth_another_try(error) => Class::Transient,
            Base::When(_) => Class::Permanent,
        }
    }

    /// What the policies do with the error.
    pub fn disposition(&self, error: &E) -> Disposition {
        let mut disposition = match self.base {
            Base::Fault(as_fault) => as_fault(error).disposition(),
            Base::When(_) => self.class(error).disposition(),
        };
        if let Some(retried) = self.retry_when {
            disposition.retried = retried(error);
        }
        if let Some(failure) = self.breaker_when {
            disposition.breaker = if failure(error) { Counted::Failure } else { Counted::Success };
        }
        disposition.fallback &= !self.fallback_except.contains(&self.class(error));
        disposition
    }

    /// How long the other side asked us to stay away, if it did.
    pub fn retry_after(&self, error: &E) -> Option<Duration> {
        match self.base {
            Base::Fault(as_fault) => as_fault(error).retry_after(),
            Base::When(_) => None,
        }
    }

    /// Why another policy refused, if that is what the error stands for.
    pub(super) fn reason(&self, error: &E) -> Option<Reason> {
        match self.base {
            Base::Fault(as_fault) => as_fault(error).rejection().map(Rejected::reason),
            Base::When(_) => None,
        }
    }

    pub(in crate::resilience) fn failure_disposition(&self, failure: &Failure<E>) -> Disposition {
        match failure {
            Failure::Rejected(rejected) => {
                let mut disposition = rejected.reason().disposition();
                disposition.fallback &= !self.fallback_except.contains(&rejected.class());
                disposition
            }
            Failure::Error(error) => self.disposition(error),
        }
    }

    /// What that breaker counts the failure as: the call's own predicate has the first word, then
    /// what the breaker was told when it was built, then the table.
    pub(super) fn counted(&self, failure: &Failure<E>, breaker: &Breaker) -> Counted {
        match (failure, self.base) {
            (Failure::Rejected(rejected), _) => breaker.counted_as_refusal(rejected),
            (Failure::Error(error), Base::Fault(as_fault)) if self.breaker_when.is_none() => {
                breaker.counted_as(as_fault(error))
            }
            (Failure::Error(error), _) => self.disposition(error).breaker,
        }
    }

    pub(in crate::resilience) fn failure_class(&self, failure: &Failure<E>) -> Class {
        match failure {
            Failure::Rejected(rejected) => rejected.class(),
            Failure::Error(error) => self.class(error),
        }
    }

    pub(super) fn failure_retry_after(&self, failure: &Failure<E>) -> Option<Duration> {
        match failure {
            Failure::Rejected(rejected) => rejected.retry_after(),
            Failure::Error(error) => self.retry_after(error),
        }
    }
}

// Derived impls would ask the same of `E`.
impl<E> Clone for Classifier<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Classifier<E> {}

impl<E> Clone for Base<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Base<E> {}

impl<E> fmt::Debug for Classifier<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = match self.base {
            Base::Fault(_) => "by_fault",
            Base::When(_) => "when",
        };
        f.debug_struct("Classifier")
            .field("base", &base)
            .field("retry_when", &self.retry_when.is_some())
            .field("breaker_when", &self.breaker_when.is_some())
            .field("fallback_except", &self.fallback_except)
            .finish()
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_breaker_counts_each_refusal_of_its_policy_by_the_row_of_the_reason() {
        let errors = Classifier::<Rejected>::by_fault();
        let breaker = Breaker::standard("price");
        for reason in Reason::ALL {
            let refused = Failure::Rejected(Rejected::new(reason, "price"));
            let counted = errors.counted(&refused, &breaker);
            assert_eq!(counted, reason.disposition().breaker, "{}", reason.as_str());
        }
    }

    #[test]
    fn a_breaker_that_was_told_what_counts_has_the_first_word_about_refusals() {
        let errors = Classifier::<Rejected>::by_fault();
        let told = Breaker::builder("price").counted_as(|_| Counted::Success).build();
        let refused = Failure::Rejected(Rejected::new(Reason::TimedOut, "price"));
        assert_eq!(told.map(|told| errors.counted(&refused, &told)), Ok(Counted::Success));
    }
}
