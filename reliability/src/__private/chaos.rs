//! `chaos(..)` in an attribute, with the feature and without.

use crate::resilience::Classifier;
#[cfg(not(feature = "chaos"))]
use crate::resilience::PolicyBuilder;

/// A policy's builder and an expression that makes a chaos, as the builder with it.
#[cfg(feature = "chaos")]
#[doc(hidden)]
#[macro_export]
macro_rules! __chaos {
    ($builder:expr, $chaos:expr) => {
        $builder.chaos($chaos)
    };
}

/// A policy's builder and an expression that makes a chaos, of which nothing is left.
#[cfg(not(feature = "chaos"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __chaos {
    ($builder:expr, $chaos:expr) => {
        $crate::__private::without_chaos($builder)
    };
}

pub use crate::__chaos as chaos;

/// A policy of which chaos would have been the only layer is one without layers.
#[cfg(not(feature = "chaos"))]
pub fn without_chaos(builder: PolicyBuilder) -> PolicyBuilder {
    builder.without_chaos()
}

/// What a function under a policy returns.
pub trait Outcome {
    /// Its error.
    type Error;
}

impl<T, E> Outcome for Result<T, E> {
    type Error = E;
}

/// The function makes an error of the kind that one with this outcome returns.
#[inline]
pub const fn makes<R: Outcome>(make: fn() -> R::Error) -> fn() -> R::Error {
    make
}

/// The function is checked with the feature and without.
#[inline]
pub const fn inject_with<E>(classifier: Classifier<E>, make: fn() -> E) -> Classifier<E> {
    #[cfg(feature = "chaos")]
    let classifier = classifier.inject_with(make);
    #[cfg(not(feature = "chaos"))]
    let _ = make;
    classifier
}
