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
    use crate::error::{Contextual, Reason};

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
    use crate::error::Reason;

    let rejected = Rejected::new(Reason::TimedOut, "disk");
    let error = io::Error::other(rejected.clone());
    assert_eq!(error.class(), Class::Transient);
    assert_eq!(error.rejection(), Some(&rejected));
}

#[test]
fn an_io_error_says_all_that_the_refusal_inside_it_says() {
    use crate::error::Reason;

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
