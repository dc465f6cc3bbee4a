//! `Fault` for errors of other libraries, where the class is clear.
//!
//! A boxed error is looked into: if it, or one of its sources, is a type listed here, that one
//! decides; else it is not retried, and breakers count it ([`Disposition::unknown`]).

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::context::describe_error;
use super::recovery::Action;
use super::{Class, Disposition, Fault, Rejected, Severity};

macro_rules! permanent {
    ($($error:ty),* $(,)?) => {$(
        impl Fault for $error {
            fn class(&self) -> Class {
                Class::Permanent
            }

            fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                describe_error(self, f)
            }
        }
    )*};
}

#[cfg(any(feature = "anyhow", feature = "reqwest"))]
mod libraries;
#[cfg(feature = "std")]
mod with_std;

permanent!(
    core::fmt::Error,
    core::num::ParseIntError,
    core::num::ParseFloatError,
    core::num::TryFromIntError,
    core::str::Utf8Error,
    core::str::ParseBoolError,
    core::char::ParseCharError,
    core::array::TryFromSliceError,
    core::net::AddrParseError,
    alloc::string::FromUtf8Error,
);

impl Fault for Infallible {
    fn class(&self) -> Class {
        match *self {}
    }
}

macro_rules! delegate {
    ($error:ty) => {
        impl<E: Fault + ?Sized> Fault for $error {
            fn class(&self) -> Class {
                (**self).class()
            }

            fn severity(&self) -> Severity {
                (**self).severity()
            }

            fn retry_after(&self) -> Option<Duration> {
                (**self).retry_after()
            }

            fn rejection(&self) -> Option<&Rejected> {
                (**self).rejection()
            }

            fn disposition(&self) -> Disposition {
                (**self).disposition()
            }

            fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).describe(f)
            }

            fn fingerprint(&self) -> Option<&'static str> {
                (**self).fingerprint()
            }

            fn recovery(&self) -> Option<Action> {
                (**self).recovery()
            }
        }
    };
}

delegate!(&E);
delegate!(Box<E>);
delegate!(Arc<E>);

macro_rules! look_inside {
    ($($error:ty),* $(,)?) => {$(
        impl Fault for $error {
            fn class(&self) -> Class {
                known(self).map_or(Class::Permanent, |fault| fault.class())
            }

            fn severity(&self) -> Severity {
                known(self).map_or(Class::Permanent.severity(), |fault| fault.severity())
            }

            fn retry_after(&self) -> Option<Duration> {
                known(self).and_then(|fault| fault.retry_after())
            }

            fn rejection(&self) -> Option<&Rejected> {
                known(self).and_then(|fault| fault.rejection())
            }

            fn disposition(&self) -> Disposition {
                known(self).map_or(Disposition::unknown(), |fault| fault.disposition())
            }

            fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                describe_error(self, f)
            }

            fn fingerprint(&self) -> Option<&'static str> {
                known(self).and_then(|fault| fault.fingerprint())
            }

            fn recovery(&self) -> Option<Action> {
                known(self).and_then(|fault| fault.recovery())
            }
        }
    )*};
}

look_inside!(dyn Error + 'static, dyn Error + Send + 'static, dyn Error + Send + Sync + 'static);

/// The first error in the chain of sources whose class is known here.
fn known<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a dyn Fault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(fault) = downcast(error) {
            return Some(fault);
        }
        next = error.source();
    }
    None
}

fn downcast<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a dyn Fault> {
    fn as_fault<'a, E: Error + Fault + 'static>(
        error: &'a (dyn Error + 'static),
    ) -> Option<&'a dyn Fault> {
        error.downcast_ref::<E>().map(|fault| fault as &dyn Fault)
    }
    let found = as_fault::<Rejected>(error);
    #[cfg(feature = "std")]
    let found = found
        .or_else(|| as_fault::<std::io::Error>(error))
        .or_else(|| as_fault::<tokio::time::error::Elapsed>(error));
    #[cfg(feature = "reqwest")]
    let found = found.or_else(|| as_fault::<reqwest::Error>(error));
    #[cfg(feature = "http")]
    let found = found.or_else(|| as_fault::<super::BadStatus>(error));
    found
}

#[cfg(all(test, feature = "std", not(reliability_loom)))]
mod tests;
