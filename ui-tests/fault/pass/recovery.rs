//! What to do about an error, what to call it, and what it says, whatever the type can.

use reliability::error::recovery::Action;
use reliability::error::{ErrorMonitor, Fault};

#[derive(Fault)]
#[fault(transient, recover = degrade, fingerprint = "shop")]
enum Failed<'a, T: 'a> {
    Ordinary(&'a T),
    #[fault(permanent, recover = escalate, fingerprint = "shop.theft")]
    Theft { of: T },
    #[fault(source, recover = restart)]
    Broken(std::io::Error),
    #[fault(source)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

mod shadows {
    #![allow(dead_code, reason = "only to be in the way")]
    pub struct Result;
    pub struct Option;
    pub mod core {}

    #[derive(Debug, reliability::error::Fault)]
    #[fault(overloaded, recover = nothing)]
    pub struct Busy;
}

fn main() {
    let errors = ErrorMonitor::standard("ui");
    let table = [
        (Failed::Ordinary(&1), Some(Action::Degrade), Some("shop")),
        (Failed::Theft { of: 1 }, Some(Action::Escalate), Some("shop.theft")),
        (Failed::Broken(std::io::ErrorKind::NotFound.into()), Some(Action::Restart), None),
        (Failed::Other("who knows".into()), None, None),
    ];
    for (error, action, fingerprint) in table {
        assert_eq!((error.recovery(), error.fingerprint()), (action, fingerprint));
        errors.record(&error);
    }
    errors.record(&shadows::Busy);
    assert_eq!(shadows::Busy.recovery(), Some(Action::Nothing));
    assert_eq!(errors.snapshot().recorded, 5);
    assert!(errors.snapshot().groups.iter().any(|group| group.example == "Busy"));
}
