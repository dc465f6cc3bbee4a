use alloc::borrow::ToOwned;
use core::fmt;

use crate::telemetry::Value;

/// The value of one attribute, borrowed: so that asking a family for a series allocates nothing.
///
/// Made of text, whole numbers, `bool`, and an `Option` of one of these by `into()`.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::Label;
///
/// assert_eq!(Label::from("/orders"), Label::Text("/orders"));
/// assert_eq!(Label::from(404), Label::Integer(404));
/// assert_eq!(Label::from(None::<&str>), Label::Absent);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Label<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// The series does not have the attribute. Made of an `Option` that is `None`.
    Absent,
}

impl Label<'_> {
    pub(super) fn is(self, value: &Option<Value>) -> bool {
        match (self, value) {
            (Self::Text(label), Some(Value::Text(value))) => label == value,
            (Self::Integer(label), Some(Value::Integer(value))) => label == *value,
            (Self::Boolean(label), Some(Value::Boolean(value))) => label == *value,
            (Self::Absent, None) => true,
            _ => false,
        }
    }

    pub(super) fn to_value(self) -> Option<Value> {
        match self {
            Self::Text(label) => Some(Value::from(label.to_owned())),
            Self::Integer(label) => Some(Value::from(label)),
            Self::Boolean(label) => Some(Value::from(label)),
            Self::Absent => None,
        }
    }
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(label) => label.fmt(f),
            Self::Integer(label) => label.fmt(f),
            Self::Boolean(label) => label.fmt(f),
            Self::Absent => f.write_str("nothing"),
        }
    }
}

impl<'a> From<&'a str> for Label<'a> {
    fn from(label: &'a str) -> Self {
        Self::Text(label)
    }
}

impl<'a> From<&'a alloc::string::String> for Label<'a> {
    fn from(label: &'a alloc::string::String) -> Self {
        Self::Text(label)
    }
}

impl<'a, T: Into<Label<'a>>> From<Option<T>> for Label<'a> {
    fn from(label: Option<T>) -> Self {
        label.map_or(Self::Absent, Into::into)
    }
}

macro_rules! from {
    ($($kind:ident: $($from:ty),+;)+) => {$($(
        impl From<$from> for Label<'_> {
            fn from(label: $from) -> Self {
                Self::$kind(label.into())
            }
        }
    )+)+};
}

from! {
    Integer: i8, i16, i32, i64, u8, u16, u32;
    Boolean: bool;
}

/// The values of `N` attributes: a tuple, or an array where all are of one type.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::{Label, Labels};
///
/// assert_eq!(("/orders", 404).labels(), [Label::Text("/orders"), Label::Integer(404)]);
/// assert_eq!([true, false].labels(), [Label::Boolean(true), Label::Boolean(false)]);
/// ```
pub trait Labels<'a, const N: usize> {
    /// In the order of the keys.
    fn labels(self) -> [Label<'a>; N];
}

impl<'a, T: Into<Label<'a>>, const N: usize> Labels<'a, N> for [T; N] {
    fn labels(self) -> [Label<'a>; N] {
        self.map(Into::into)
    }
}

macro_rules! tuples {
    ($($count:literal: $($kind:ident)+;)+) => {$(
        impl<'a, $($kind: Into<Label<'a>>),+> Labels<'a, $count> for ($($kind,)+) {
            fn labels(self) -> [Label<'a>; $count] {
                #[allow(non_snake_case, reason = "a value is called like its type")]
                let ($($kind,)+) = self;
                [$($kind.into()),+]
            }
        }
    )+};
}

tuples! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
}
