//! Errors of the standard library, and of timers.

use std::io;
use std::sync::mpsc;

use super::{
    Action, Class, Disposition, Duration, Fault, Rejected, Severity, describe_error, fmt, known,
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

    fn recovery(&self) -> Option<Action> {
        inside(self).and_then(|fault| fault.recovery())
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

permanent!(mpsc::RecvError, std::time::SystemTimeError, std::env::VarError);

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

impl Fault for tokio::time::error::Elapsed {
    fn class(&self) -> Class {
        Class::Transient
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe_error(self, f)
    }
}
