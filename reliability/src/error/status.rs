//! What a status of HTTP means, for all that speak it.

use super::Class;
#[cfg(feature = "http")]
pub use bad_status::BadStatus;

/// The class of an answer with that status; `None` when it is no failure of any kind.
///
/// 429 and 503 are overloaded; 408, 425 and the other 5xx but 501 and 505 are transient; the rest
/// from 400 on is permanent.
pub(crate) const fn class_of_status(status: u16) -> Option<Class> {
    match status {
        0..400 => None,
        429 | 503 => Some(Class::Overloaded),
        501 | 505 => Some(Class::Permanent),
        408 | 425 | 500..=599 => Some(Class::Transient),
        _ => Some(Class::Permanent),
    }
}

#[cfg(feature = "http")]
mod bad_status {
    use core::error::Error;
    use core::fmt;
    use core::time::Duration;

    use http::StatusCode;

    use super::class_of_status;
    use crate::error::{Class, Fault};

    /// An HTTP answer that is not the one that was asked for: its status, and when to come back.
    ///
    /// Made of a whole answer by [`http::ok`](crate::resilience::http::ok), which reads
    /// `Retry-After`; `reqwest::Error` forgets the headers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use http::StatusCode;
    /// use reliability::error::{BadStatus, Class, Fault};
    ///
    /// let busy = BadStatus::new(StatusCode::TOO_MANY_REQUESTS)
    ///     .with_retry_after(Duration::from_secs(2));
    /// assert_eq!(busy.class(), Class::Overloaded);
    /// assert_eq!(busy.to_string(), "the answer was 429 Too Many Requests, try again in 2s");
    /// assert_eq!(busy.status(), StatusCode::TOO_MANY_REQUESTS);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct BadStatus {
        status: StatusCode,
        retry_after: Option<Duration>,
    }

    impl BadStatus {
        /// An answer of that status.
        pub const fn new(status: StatusCode) -> Self {
            Self { status, retry_after: None }
        }

        /// Adds after what time another try makes sense.
        #[must_use]
        pub const fn with_retry_after(mut self, retry_after: Duration) -> Self {
            self.retry_after = Some(retry_after);
            self
        }

        /// The status.
        pub const fn status(&self) -> StatusCode {
            self.status
        }
    }

    impl Fault for BadStatus {
        /// 429 and 503 are overloaded; 408, 425 and the other 5xx but 501 and 505 are transient;
        /// the rest is permanent.
        fn class(&self) -> Class {
            class_of_status(self.status.as_u16()).unwrap_or(Class::Permanent)
        }

        fn retry_after(&self) -> Option<Duration> {
            self.retry_after
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Display::fmt(self, f)
        }
    }

    impl fmt::Display for BadStatus {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the answer was {}", self.status)?;
            match self.retry_after {
                Some(after) => write!(f, ", try again in {after:?}"),
                None => Ok(()),
            }
        }
    }

    impl Error for BadStatus {}
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_the_class_of_what_they_mean() {
        let table = [
            (200, None),
            (304, None),
            (400, Some(Class::Permanent)),
            (404, Some(Class::Permanent)),
            (408, Some(Class::Transient)),
            (425, Some(Class::Transient)),
            (429, Some(Class::Overloaded)),
            (500, Some(Class::Transient)),
            (501, Some(Class::Permanent)),
            (502, Some(Class::Transient)),
            (503, Some(Class::Overloaded)),
            (504, Some(Class::Transient)),
            (505, Some(Class::Permanent)),
            (999, Some(Class::Permanent)),
        ];
        for (status, class) in table {
            assert_eq!(class_of_status(status), class, "{status}");
        }
    }
}
