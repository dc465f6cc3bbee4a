//! Variants of all shapes and classes, severities, and when to come back.

use std::time::Duration;

use reliability::error::{Class, Fault, Severity};

#[derive(Debug, Fault)]
enum QuoteError {
    #[fault(permanent)]
    UnknownSymbol,
    #[fault(transient, severity = critical)]
    Reset { peer: &'static str },
    #[fault(overloaded, retry_after = after)]
    Busy { after: Duration },
    #[fault(overloaded, retry_after = 1)]
    Limited(u8, Option<Duration>),
    #[fault(transient)]
    Warming(#[fault(retry_after)] Duration),
    #[fault(cancelled)]
    GivenUp(),
}

fn main() {
    let after = Duration::from_secs(3);
    let table = [
        (QuoteError::UnknownSymbol, Class::Permanent, Severity::Error, None),
        (QuoteError::Reset { peer: "a" }, Class::Transient, Severity::Critical, None),
        (QuoteError::Busy { after }, Class::Overloaded, Severity::Warning, Some(after)),
        (QuoteError::Limited(1, Some(after)), Class::Overloaded, Severity::Warning, Some(after)),
        (QuoteError::Limited(1, None), Class::Overloaded, Severity::Warning, None),
        (QuoteError::Warming(after), Class::Transient, Severity::Warning, Some(after)),
        (QuoteError::GivenUp(), Class::Cancelled, Severity::Info, None),
    ];
    for (error, class, severity, after) in table {
        let said = (error.class(), error.severity(), error.retry_after());
        assert_eq!(said, (class, severity, after), "{error:?}");
        assert_eq!(error.disposition(), class.disposition(), "{error:?}");
        assert!(error.rejection().is_none());
    }
}
