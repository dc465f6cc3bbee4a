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

#[cfg(feature = "std")]
mod with_std {
    use std::io;
    use std::sync::mpsc;

    use super::{
        Class, Disposition, Duration, Fault, Rejected, Severity, describe_error, fmt, known,
    };

    impl Fault for io::Error {
        fn class(&self) -> Class {
            inside(self).map_or_else(|| self.kind().class(), |fault| fault.class())
        }

        fn severity(&self) -> Severity {
            inside(self).map_or_else(|| self.kind().severity(), |fault| fault.severity())
        }

        fn retry_after(&self) -> Option<Duration> {
            inside(self).and_then(|fault| fault.retry_after())
        }

        fn rejection(&self) -> Option<&Rejected> {
            inside(self).and_then(|fault| fault.rejection())
        }

        fn disposition(&self) -> Disposition {
            inside(self).map_or_else(|| self.kind().disposition(), |fault| fault.disposition())
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            describe_error(self, f)
        }

        fn fingerprint(&self) -> Option<&'static str> {
            inside(self).and_then(|fault| fault.fingerprint())
        }
    }

    fn inside(error: &io::Error) -> Option<&dyn Fault> {
        error.get_ref().and_then(|inner| known(inner))
    }

    impl Fault for io::ErrorKind {
        /// Connections that broke, or were not there yet, are transient; what is full or busy is
        /// overloaded; the rest would fail again.
        fn class(&self) -> Class {
            clear_class(*self).unwrap_or(Class::Permanent)
        }

        /// A kind that does not tell whose fault it is - failed name lookups and TLS handshakes
        /// have such - is [unknown](Disposition::unknown): not retried, and counted by breakers.
        fn disposition(&self) -> Disposition {
            clear_class(*self).map_or(Disposition::unknown(), Class::disposition)
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Display::fmt(self, f)
        }
    }

    fn clear_class(kind: io::ErrorKind) -> Option<Class> {
        use io::ErrorKind as Kind;
        match kind {
            Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::NotConnected
            | Kind::BrokenPipe
            | Kind::TimedOut
            | Kind::Interrupted
            | Kind::UnexpectedEof
            | Kind::WriteZero
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
            | Kind::StaleNetworkFileHandle
            | Kind::Deadlock => Some(Class::Transient),
            Kind::WouldBlock
            | Kind::ResourceBusy
            | Kind::ExecutableFileBusy
            | Kind::OutOfMemory
            | Kind::StorageFull
            | Kind::QuotaExceeded => Some(Class::Overloaded),
            Kind::NotFound
            | Kind::PermissionDenied
            | Kind::AlreadyExists
            | Kind::NotADirectory
            | Kind::IsADirectory
            | Kind::DirectoryNotEmpty
            | Kind::ReadOnlyFilesystem
            | Kind::InvalidInput
            | Kind::InvalidFilename
            | Kind::NotSeekable
            | Kind::FileTooLarge
            | Kind::CrossesDevices
            | Kind::TooManyLinks
            | Kind::ArgumentListTooLong
            | Kind::Unsupported => Some(Class::Permanent),
            _ => None,
        }
    }

    impl Fault for mpsc::RecvError {
        fn class(&self) -> Class {
            Class::Permanent
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            describe_error(self, f)
        }
    }

    impl<T> Fault for mpsc::SendError<T> {
        fn class(&self) -> Class {
            Class::Permanent
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Display::fmt(self, f)
        }
    }

    impl<T> Fault for mpsc::TrySendError<T> {
        fn class(&self) -> Class {
            match self {
                mpsc::TrySendError::Full(_) => Class::Overloaded,
                mpsc::TrySendError::Disconnected(_) => Class::Permanent,
            }
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Display::fmt(self, f)
        }
    }

    impl Fault for std::time::SystemTimeError {
        fn class(&self) -> Class {
            Class::Permanent
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            describe_error(self, f)
        }
    }

    impl Fault for std::env::VarError {
        fn class(&self) -> Class {
            Class::Permanent
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            describe_error(self, f)
        }
    }

    impl Fault for tokio::time::error::Elapsed {
        fn class(&self) -> Class {
            Class::Transient
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            describe_error(self, f)
        }
    }
}

#[cfg(feature = "anyhow")]
impl Fault for anyhow::Error {
    fn class(&self) -> Class {
        let error: &(dyn Error + Send + Sync + 'static) = self.as_ref();
        error.class()
    }

    fn severity(&self) -> Severity {
        let error: &(dyn Error + Send + Sync + 'static) = self.as_ref();
        error.severity()
    }

    fn retry_after(&self) -> Option<Duration> {
        let error: &(dyn Error + Send + Sync + 'static) = self.as_ref();
        error.retry_after()
    }

    fn rejection(&self) -> Option<&Rejected> {
        let error: &(dyn Error + Send + Sync + 'static) = self.as_ref();
        error.rejection()
    }

    fn disposition(&self) -> Disposition {
        let error: &(dyn Error + Send + Sync + 'static) = self.as_ref();
        error.disposition()
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error: &(dyn Error + Send + Sync + 'static) = self.as_ref();
        describe_error(error, f)
    }

    fn fingerprint(&self) -> Option<&'static str> {
        let error: &(dyn Error + Send + Sync + 'static) = self.as_ref();
        error.fingerprint()
    }
}

#[cfg(feature = "reqwest")]
impl Fault for reqwest::Error {
    /// By the status when there is one (429 and 503 are overloaded; 408, 425 and the other 5xx but
    /// 501 and 505 are transient; the rest is permanent); without a status, what could not be
    /// built or decoded is permanent, and what happened on the way is transient.
    ///
    /// It never says when to come back, for it does not keep the headers of the answer:
    /// with the feature `http`, make errors of whole answers by `resilience::http::ok`.
    fn class(&self) -> Class {
        let status = self.status().map(|status| status.as_u16());
        match status.and_then(super::status::class_of_status) {
            Some(class) => class,
            None if status.is_some() => Class::Permanent,
            None if self.is_builder() || self.is_redirect() || self.is_decode() => Class::Permanent,
            None => Class::Transient,
        }
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe_error(self, f)
    }
}

#[cfg(all(test, feature = "std", not(reliability_loom)))]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn io_errors_have_the_class_of_their_kind() {
        let table = [
            (io::ErrorKind::ConnectionReset, Class::Transient),
            (io::ErrorKind::TimedOut, Class::Transient),
            (io::ErrorKind::WouldBlock, Class::Overloaded),
            (io::ErrorKind::StorageFull, Class::Overloaded),
            (io::ErrorKind::NotFound, Class::Permanent),
            (io::ErrorKind::PermissionDenied, Class::Permanent),
            (io::ErrorKind::InvalidData, Class::Permanent),
        ];
        for (kind, class) in table {
            assert_eq!(io::Error::from(kind).class(), class, "{kind:?}");
        }
    }

    #[test]
    fn a_boxed_error_is_looked_into_through_its_sources() {
        use super::super::{Contextual, Reason};

        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        let boxed: Box<dyn Error + Send + Sync> = Box::new(Contextual::new("reading", reset));
        assert_eq!(boxed.class(), Class::Transient);

        let rejected = Rejected::new(Reason::BreakerOpen, "inventory");
        let boxed: Box<dyn Error> = Box::new(Contextual::new("pricing", rejected.clone()));
        assert_eq!(boxed.rejection(), Some(&rejected));

        let unknown: Box<dyn Error> = "who knows".into();
        assert_eq!(unknown.class(), Class::Permanent);
        assert_eq!(unknown.disposition(), Disposition::unknown());
        assert_eq!(Contextual::new("asking", unknown).disposition(), Disposition::unknown());
    }

    #[test]
    fn a_refusal_inside_an_io_error_is_still_a_refusal() {
        use super::super::Reason;

        let rejected = Rejected::new(Reason::TimedOut, "disk");
        let error = io::Error::other(rejected.clone());
        assert_eq!(error.class(), Class::Transient);
        assert_eq!(error.rejection(), Some(&rejected));
    }

    #[test]
    fn an_io_error_says_all_that_the_refusal_inside_it_says() {
        use super::super::Reason;

        let after = Duration::from_secs(5);
        let rejected = Rejected::new(Reason::BreakerOpen, "disk").with_retry_after(after);
        let error = io::Error::other(rejected.clone());
        assert_eq!(error.retry_after(), Some(after));
        assert_eq!(error.severity(), rejected.severity());
        assert_eq!(error.disposition(), rejected.disposition());
    }

    #[test]
    fn an_io_error_that_says_nothing_is_not_retried_and_counted() {
        // Failed name lookups, TLS, and most of what libraries wrap come as such.
        let unclear = [
            io::Error::other("connection closed by the proxy"),
            io::Error::from_raw_os_error(i32::MAX),
            io::Error::new(io::ErrorKind::InvalidData, "garbage"),
        ];
        for error in unclear {
            assert_eq!(error.class(), Class::Permanent, "{error:?}");
            assert_eq!(error.disposition(), Disposition::unknown(), "{error:?}");
        }
        let clear = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(clear.disposition(), Class::Permanent.disposition());
    }
}
