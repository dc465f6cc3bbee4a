//! Bounds that exist for their error messages.

#[cfg(all(feature = "std", feature = "resilience"))]
use core::ops::Deref;
use core::time::Duration;

#[cfg(all(feature = "std", feature = "resilience"))]
use crate::error::recovery::Degradation;
use crate::error::{Failure, Rejected};

/// An error type that can stand for the refusal of a policy.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot carry the refusal of a policy",
    label = "does not implement `From<Rejected>`",
    note = "when a policy refuses a call (breaker open, timed out, ..), the caller gets that as a `{Self}`: add a variant for it, and the line `impl From<reliability::error::Rejected> for {Self} {{ fn from(rejected: reliability::error::Rejected) -> Self {{ Self::Rejected(rejected) }} }}`",
    note = "under `#[derive(reliability::error::Fault)]`, `#[fault(from)] Rejected(reliability::error::Rejected)` is such a variant and writes that line",
    note = "an error type that is not yours becomes a variant of one that is"
)]
pub trait CarriesRejected: From<Rejected> {}

#[diagnostic::do_not_recommend]
impl<E: From<Rejected>> CarriesRejected for E {}

/// The result that the caller gets.
#[inline]
pub fn carry<T, E: CarriesRejected>(result: Result<T, Failure<E>>) -> Result<T, E> {
    result.map_err(Failure::into_error)
}

/// The error that the fallback gets, and how to make one should the deadline end the fallback.
#[inline]
pub fn carry_failure<E: CarriesRejected>(failure: Failure<E>) -> (E, fn(Rejected) -> E) {
    (failure.into_error(), E::from)
}

/// What `degrade(when = ..)` may name: a degradation, or what leads to one.
#[cfg(all(feature = "std", feature = "resilience"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no switch that `degrade(when = ..)` could follow",
    label = "must be a `Degradation`",
    note = "declare one, `static SEARCH: Degradation = Degradation::declared(\"search\");`, and write `degrade(when = SEARCH, ..)`",
    note = "a promise does not degrade by itself, it raises a switch while its budget burns: `Watch::builder().degrade(PROMISE.clone(), SEARCH.clone())`"
)]
pub trait Switch {
    /// The one that is followed.
    fn degradation(&self) -> &Degradation;
}

#[cfg(all(feature = "std", feature = "resilience"))]
impl Switch for Degradation {
    fn degradation(&self) -> &Degradation {
        self
    }
}

#[cfg(all(feature = "std", feature = "resilience"))]
#[diagnostic::do_not_recommend]
impl<S: Deref<Target: Switch>> Switch for S {
    fn degradation(&self) -> &Degradation {
        (**self).degradation()
    }
}

/// The degradation that `degrade(when = ..)` names.
#[cfg(all(feature = "std", feature = "resilience"))]
pub fn switch<S: Switch>(switch: &S) -> &Degradation {
    switch.degradation()
}

/// Says of a method, `Self`, that it is written for the one type `T`, and not in a trait for all who
/// implement that.
///
/// The type is a parameter, so that the message is about the method and not about a bound that the
/// user's trait lacks. The compiler still proposes a `where` clause, which nothing here can take
/// back; what follows from it is one policy for all implementors, as the message says.
#[diagnostic::on_unimplemented(
    message = "in a default method of a trait, `#[resilient]` would keep one policy for all implementors together",
    label = "a default method",
    note = "add `policy = expression`, such as a policy that `self` owns, or `key = expression`, which makes one policy for each key"
)]
pub trait OneImplementor<T: ?Sized> {}

/// An annotated method.
#[derive(Debug)]
pub struct Method;

#[diagnostic::do_not_recommend]
impl<T> OneImplementor<T> for Method {}

/// Asserts that the method stands in no trait.
#[inline(always)]
pub const fn one_implementor<T: ?Sized>()
where
    Method: OneImplementor<T>,
{
}

/// Stands, typed, behind a `return` that is never reached, and so tells the compiler the type of a
/// block before the block is checked.
#[cold]
pub fn typed<T>() -> T {
    unreachable!("this call stands behind `if false`")
}

/// A field that can say when to come back.
#[diagnostic::on_unimplemented(
    message = "`retry_after` names a field of type `{Self}`, which is no duration",
    label = "must be `Duration` or `Option<Duration>`"
)]
pub trait RetryAfter {
    /// After what time another try makes sense.
    fn retry_after(&self) -> Option<Duration>;
}

impl RetryAfter for Duration {
    fn retry_after(&self) -> Option<Duration> {
        Some(*self)
    }
}

impl RetryAfter for Option<Duration> {
    fn retry_after(&self) -> Option<Duration> {
        *self
    }
}
