//! What a policy shows its error monitor.

use core::any::type_name;
use core::fmt;

use super::call::Call;
use crate::error::{Class, Failure, Fault, Reason};

/// An error of which only the class is known.
struct Unknown {
    kind: &'static str,
    class: Class,
}

impl<E> Call<'_, E> {
    /// Records how an attempt failed. What was refused before the work began is no error of
    /// anybody's, comes in floods, and is counted by reason.
    #[cold]
    pub(super) fn record_failure(&self, failure: &Failure<E>) {
        let Some(monitor) = &self.policy.monitor else { return };
        match failure {
            Failure::Error(error) => match self.classifier.as_fault(error) {
                Some(fault) => monitor.record_as(type_name::<E>(), fault),
                None => monitor.record_as(
                    type_name::<E>(),
                    &Unknown { kind: type_name::<E>(), class: self.classifier.class(error) },
                ),
            },
            Failure::Rejected(rejected) => match rejected.reason() {
                Reason::TimedOut | Reason::DeadlineExceeded | Reason::Injected => {
                    monitor.record(rejected)
                }
                _ => return,
            },
        };
    }
}

impl Fault for Unknown {
    fn class(&self) -> Class {
        self.class
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)
    }
}
