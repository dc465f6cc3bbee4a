//! Errors of libraries, each with the feature of its name.

#[cfg(feature = "anyhow")]
use core::error::Error;
#[cfg(feature = "anyhow")]
use core::time::Duration;

#[cfg(feature = "anyhow")]
use super::{Action, Disposition, Rejected, Severity};
use super::{Class, Fault, describe_error, fmt};
#[cfg(feature = "reqwest")]
use crate::error::status::class_of_status;

#[cfg(feature = "anyhow")]
impl Fault for anyhow::Error {
    fn class(&self) -> Class {
        whole(self).class()
    }

    fn severity(&self) -> Severity {
        whole(self).severity()
    }

    fn retry_after(&self) -> Option<Duration> {
        whole(self).retry_after()
    }

    fn rejection(&self) -> Option<&Rejected> {
        whole(self).rejection()
    }

    fn disposition(&self) -> Disposition {
        whole(self).disposition()
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe_error(whole(self), f)
    }

    fn fingerprint(&self) -> Option<&'static str> {
        whole(self).fingerprint()
    }

    fn recovery(&self) -> Option<Action> {
        whole(self).recovery()
    }
}

#[cfg(feature = "anyhow")]
fn whole(error: &anyhow::Error) -> &(dyn Error + Send + Sync + 'static) {
    error.as_ref()
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
        match status.and_then(class_of_status) {
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
