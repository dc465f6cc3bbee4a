//! The error inside answers: by `source`, by `from`, by other derives' marks, boxed and generic.

use std::error::Error;
use std::io;

use reliability::error::{Class, Disposition, Fault, Reason, Rejected, Severity};

#[derive(Debug, Fault)]
enum PriceError<E> {
    #[fault(from)]
    Rejected(Rejected),
    #[fault(source)]
    Io(io::Error),
    #[fault(source, severity = debug)]
    Inner(E),
    #[fault(source)]
    Boxed(Box<dyn Error + Send + Sync>),
    #[fault(source)]
    Named { attempt: u32, source: io::Error },
    Marked { attempt: u32, #[fault(source)] cause: io::Error },
}

fn main() {
    let rejected = Rejected::new(Reason::BreakerOpen, "price");
    let error = PriceError::<io::Error>::from(rejected.clone());
    assert_eq!(error.rejection(), Some(&rejected));
    assert_eq!(error.class(), Class::Overloaded);

    let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
    let transient = [
        PriceError::Io(reset()),
        PriceError::Inner(reset()),
        PriceError::Named { attempt: 1, source: reset() },
        PriceError::Marked { attempt: 2, cause: reset() },
        PriceError::Boxed(reset().into()),
    ];
    for error in transient {
        assert_eq!(error.class(), Class::Transient, "{error:?}");
    }
    assert_eq!(PriceError::Inner(reset()).severity(), Severity::Debug);

    let unknown = PriceError::<io::Error>::Boxed("nobody knows".into());
    assert_eq!(unknown.disposition(), Disposition::unknown());
}
