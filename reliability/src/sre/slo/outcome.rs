use crate::error::{Class, Fault};

/// What an event is to a promise.
///
/// # Examples
///
/// ```
/// use reliability::error::Class;
/// use reliability::sre::Outcome;
///
/// assert_eq!(Outcome::of(3 > 2), Outcome::Good);
/// assert_eq!(Outcome::from(false), Outcome::Bad);
/// assert_eq!(Outcome::of_result(&Err::<u32, _>(Class::Cancelled)), Outcome::Excluded);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The promise was kept.
    Good,
    /// It was not.
    Bad,
    /// It says nothing about the promise: counted as such, and neither good nor bad.
    Excluded,
}

impl Outcome {
    /// Good or bad.
    pub const fn of(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }

    /// By the class of an error: what the caller gave up is excluded, and all else is bad.
    ///
    /// A permanent error counts, because a bug answers with one as well. Where one is a good answer (a
    /// card that was declined), say so with a predicate.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::Class;
    /// use reliability::sre::Outcome;
    ///
    /// assert_eq!(Outcome::of_class(Class::Overloaded), Outcome::Bad);
    /// assert_eq!(Outcome::of_class(Class::Cancelled), Outcome::Excluded);
    /// ```
    pub const fn of_class(class: Class) -> Self {
        match class {
            Class::Transient | Class::Permanent | Class::Overloaded => Self::Bad,
            Class::Cancelled => Self::Excluded,
        }
    }

    /// A result: good, or by the class of its error.
    pub fn of_result<T, E: Fault>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Good,
            Err(error) => Self::of_class(error.class()),
        }
    }
}

impl From<bool> for Outcome {
    fn from(good: bool) -> Self {
        Self::of(good)
    }
}

/// What an HTTP status is to a promise; can be a constant.
///
/// | status | standard |
/// |---|---|
/// | 100 to 399 | good |
/// | 400 to 498, without 429 | good: the answer is right, the question was not |
/// | 429 | bad: a caller was turned away who had done nothing wrong, as far as anyone knows |
/// | 499 | excluded: the caller gave up |
/// | 500 and more, and what is no status | bad |
///
/// # Examples
///
/// ```
/// use reliability::sre::{HttpStatus, Outcome};
///
/// const LOGIN: HttpStatus = HttpStatus::standard().excluded(401).bad(404).good(429);
///
/// assert_eq!(LOGIN.outcome(200), Outcome::Good);
/// assert_eq!(LOGIN.outcome(503), Outcome::Bad);
/// assert_eq!(LOGIN.outcome(401), Outcome::Excluded);
/// assert_eq!(LOGIN.outcome(429), Outcome::Good);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpStatus {
    bad: [u64; STATUS_WORDS],
    excluded: [u64; STATUS_WORDS],
}

/// 0 to 639.
const STATUS_WORDS: usize = 10;

impl HttpStatus {
    /// As in the table above.
    pub const fn standard() -> Self {
        let mut criterion = Self { bad: [0; STATUS_WORDS], excluded: [0; STATUS_WORDS] };
        let mut status = 0;
        while status < STATUS_WORDS * 64 {
            if status < 100 || status >= 500 || status == 429 {
                criterion.bad[status / 64] |= 1 << (status % 64);
            }
            status += 1;
        }
        criterion.excluded(499)
    }

    /// This status is good. One above 639 stays bad.
    #[must_use]
    pub const fn good(self, status: u16) -> Self {
        self.set(status, false, false)
    }

    /// This status is bad.
    #[must_use]
    pub const fn bad(self, status: u16) -> Self {
        self.set(status, true, false)
    }

    /// This status says nothing. One above 639 stays bad.
    #[must_use]
    pub const fn excluded(self, status: u16) -> Self {
        self.set(status, false, true)
    }

    /// What a status is.
    #[inline]
    pub const fn outcome(&self, status: u16) -> Outcome {
        let (word, bit) = (status as usize / 64, 1 << (status % 64));
        if word >= STATUS_WORDS || self.bad[word] & bit != 0 {
            Outcome::Bad
        } else if self.excluded[word] & bit != 0 {
            Outcome::Excluded
        } else {
            Outcome::Good
        }
    }

    const fn set(mut self, status: u16, bad: bool, excluded: bool) -> Self {
        let (word, shift) = (status as usize / 64, status % 64);
        if word < STATUS_WORDS {
            self.bad[word] = self.bad[word] & !(1 << shift) | (bad as u64) << shift;
            self.excluded[word] = self.excluded[word] & !(1 << shift) | (excluded as u64) << shift;
        }
        self
    }
}

impl Default for HttpStatus {
    fn default() -> Self {
        Self::standard()
    }
}

/// What a gRPC status is to a promise; can be a constant.
///
/// | code | standard |
/// |---|---|
/// | `OK` 0, `INVALID_ARGUMENT` 3, `NOT_FOUND` 5, `ALREADY_EXISTS` 6, `PERMISSION_DENIED` 7, `FAILED_PRECONDITION` 9, `ABORTED` 10, `OUT_OF_RANGE` 11, `UNAUTHENTICATED` 16 | good |
/// | `CANCELLED` 1 | excluded |
/// | `UNKNOWN` 2, `DEADLINE_EXCEEDED` 4, `RESOURCE_EXHAUSTED` 8, `UNIMPLEMENTED` 12, `INTERNAL` 13, `UNAVAILABLE` 14, `DATA_LOSS` 15, and what is no code | bad |
///
/// # Examples
///
/// ```
/// use reliability::sre::{GrpcStatus, Outcome};
///
/// const ORDERS: GrpcStatus = GrpcStatus::standard().bad(10);
///
/// assert_eq!(ORDERS.outcome(0), Outcome::Good);
/// assert_eq!(ORDERS.outcome(10), Outcome::Bad);
/// assert_eq!(ORDERS.outcome(1), Outcome::Excluded);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrpcStatus {
    bad: u32,
    excluded: u32,
}

impl GrpcStatus {
    /// As in the table above.
    pub const fn standard() -> Self {
        Self { bad: !0b1_0000_1110_1110_1011, excluded: 1 << 1 }
    }

    /// This code is good. One above 31 stays bad.
    #[must_use]
    pub const fn good(self, code: u8) -> Self {
        self.set(code, false, false)
    }

    /// This code is bad.
    #[must_use]
    pub const fn bad(self, code: u8) -> Self {
        self.set(code, true, false)
    }

    /// This code says nothing. One above 31 stays bad.
    #[must_use]
    pub const fn excluded(self, code: u8) -> Self {
        self.set(code, false, true)
    }

    /// What a code is.
    #[inline]
    pub const fn outcome(&self, code: u8) -> Outcome {
        if code > 31 || self.bad & (1 << code) != 0 {
            Outcome::Bad
        } else if self.excluded & (1 << code) != 0 {
            Outcome::Excluded
        } else {
            Outcome::Good
        }
    }

    const fn set(mut self, code: u8, bad: bool, excluded: bool) -> Self {
        if code < 32 {
            self.bad = self.bad & !(1 << code) | (bad as u32) << code;
            self.excluded = self.excluded & !(1 << code) | (excluded as u32) << code;
        }
        self
    }
}

impl Default for GrpcStatus {
    fn default() -> Self {
        Self::standard()
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_http_status_is_what_the_table_says() {
        let standard = HttpStatus::standard();
        for status in 0..=u16::MAX {
            let expected = match status {
                499 => Outcome::Excluded,
                429 => Outcome::Bad,
                100..500 => Outcome::Good,
                _ => Outcome::Bad,
            };
            assert_eq!(standard.outcome(status), expected, "{status}");
        }
        assert_eq!(standard.good(700).outcome(700), Outcome::Bad);
        assert_eq!(standard.excluded(503).bad(503).outcome(503), Outcome::Bad);
    }

    #[test]
    fn every_grpc_code_is_what_the_table_says() {
        let standard = GrpcStatus::standard();
        for code in 0..=u8::MAX {
            let expected = match code {
                1 => Outcome::Excluded,
                0 | 3 | 5 | 6 | 7 | 9 | 10 | 11 | 16 => Outcome::Good,
                _ => Outcome::Bad,
            };
            assert_eq!(standard.outcome(code), expected, "{code}");
        }
        assert_eq!(standard.good(14).outcome(14), Outcome::Good);
        assert_eq!(standard.good(40).outcome(40), Outcome::Bad);
    }
}
