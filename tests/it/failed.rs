//! The error of most tests.

use std::fmt;

use reliability::error::{Class, Fault, Rejected};

/// An error of a chosen class, or a refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failed {
    As(Class),
    Refused(Rejected),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::As(class) => class.fmt(f),
            Failed::Refused(rejected) => rejected.fmt(f),
        }
    }
}

impl std::error::Error for Failed {}

impl Fault for Failed {
    fn class(&self) -> Class {
        match self {
            Failed::As(class) => *class,
            Failed::Refused(rejected) => rejected.class(),
        }
    }

    fn rejection(&self) -> Option<&Rejected> {
        match self {
            Failed::As(_) => None,
            Failed::Refused(rejected) => Some(rejected),
        }
    }
}

impl From<Rejected> for Failed {
    fn from(rejected: Rejected) -> Self {
        Failed::Refused(rejected)
    }
}
