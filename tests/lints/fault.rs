//! `#[derive(Fault)]`.

use core::time::Duration;
use std::io;

use reliability::error::{Fault, Rejected};

/// An error with everything.
#[derive(Debug, Fault)]
#[non_exhaustive]
#[fault(transient, severity = info)]
pub(crate) enum PriceError {
    /// By default.
    Lost,
    /// With a severity.
    #[fault(permanent, severity = critical)]
    Unknown,
    /// With a time.
    #[fault(overloaded, retry_after = after)]
    Busy {
        /// From the header.
        after: Option<Duration>,
    },
    /// Asks.
    #[fault(source)]
    Io(io::Error),
    /// Asks and converts.
    #[fault(from)]
    Rejected(Rejected),
}

/// An error with a parameter.
#[derive(Debug, Fault)]
#[fault(source)]
pub(crate) struct Wrapped<E>(pub(crate) E);

#[cfg(test)]
mod tests {
    use reliability::error::Class;

    use super::*;

    #[test]
    fn errors_say_their_class() {
        assert_eq!(PriceError::Lost.class(), Class::Transient);
        assert_eq!(PriceError::Unknown.class(), Class::Permanent);
        assert_eq!(PriceError::Busy { after: None }.retry_after(), None);
        let inner = PriceError::Io(io::ErrorKind::ConnectionReset.into());
        assert_eq!(Wrapped(inner).class(), Class::Transient);
    }
}
