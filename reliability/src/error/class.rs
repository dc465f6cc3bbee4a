use core::fmt;

use super::{Disposition, Fault};

/// What an error means for the one who made the call.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Severity};
///
/// assert_eq!(Class::Overloaded.to_string(), "overloaded");
/// assert_eq!(Class::Permanent.severity(), Severity::Error);
/// assert!(Class::ALL.iter().all(|class| class.as_str() == class.to_string()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The same call may well succeed if it is made again: a reset connection, a lost leader.
    Transient,
    /// The same call will fail again: a malformed request, a missing record, a refused payment.
    Permanent,
    /// The other side has too much to do: it may succeed later, and asking at once makes it worse.
    Overloaded,
    /// The caller gave up. Nobody failed.
    Cancelled,
}

impl Class {
    /// All classes, in the order in which they are declared.
    pub const ALL: [Class; 4] =
        [Class::Transient, Class::Permanent, Class::Overloaded, Class::Cancelled];

    /// What policies do with an error of this class.
    pub const fn disposition(self) -> Disposition {
        Disposition::of_class(self)
    }

    /// The severity of an error of this class that does not say otherwise.
    ///
    /// Transient and overloaded are [`Warning`](Severity::Warning)s, because a policy is about to
    /// deal with them; permanent is an [`Error`](Severity::Error), cancelled an
    /// [`Info`](Severity::Info).
    pub const fn severity(self) -> Severity {
        match self {
            Class::Transient | Class::Overloaded => Severity::Warning,
            Class::Permanent => Severity::Error,
            Class::Cancelled => Severity::Info,
        }
    }

    /// The name in lower case, as it stands in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Transient => "transient",
            Class::Permanent => "permanent",
            Class::Overloaded => "overloaded",
            Class::Cancelled => "cancelled",
        }
    }
}

/// A class alone is an error of that class, for who has nothing else to tell.
impl Fault for Class {
    fn class(&self) -> Class {
        *self
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much an error matters to the people who run the service; later variants matter more.
///
/// # Examples
///
/// ```
/// use reliability::error::Severity;
///
/// assert!(Severity::Critical > Severity::Error);
/// assert_eq!(Severity::Warning.to_string(), "warning");
/// assert_eq!(Severity::Critical.as_str(), "critical");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Of interest while looking for something.
    Debug,
    /// Expected in normal operation.
    Info,
    /// Dealt with, and worth a look if there are many.
    Warning,
    /// A caller did not get what it asked for.
    Error,
    /// Somebody should be woken.
    Critical,
}

impl Severity {
    /// The name in lower case, as it stands in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Debug => "debug",
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
