use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

/// A name with a value: of a metric, a span, or a log record.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::{Attribute, Value};
///
/// let route = Attribute::new("http.route", "/orders/{id}");
/// assert_eq!(route.value, Value::from("/orders/{id}"));
/// assert_eq!(route.to_string(), "http.route=/orders/{id}");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The name, by the semantic conventions of OpenTelemetry where they have one.
    pub key: Cow<'static, str>,
    /// The value.
    pub value: Value,
}

impl Attribute {
    /// An attribute of that name and value.
    pub fn new(key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// What an attribute says.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::Value;
///
/// assert_eq!(Value::from(3_u32), Value::Integer(3));
/// assert_eq!(Value::from("tea").as_str(), Some("tea"));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Cow<'static, str>),
}

impl Value {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

macro_rules! from {
    ($($kind:ident: $($from:ty),+;)+) => {$($(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$kind(value.into())
            }
        }
    )+)+};
}

from! {
    Boolean: bool;
    Integer: i8, i16, i32, i64, u8, u16, u32;
    Float: f32, f64;
    Text: &'static str, String, Cow<'static, str>;
}

/// A number that no `i64` holds is text, so that nothing is cut off.
impl From<u64> for Value {
    fn from(value: u64) -> Self {
        i64::try_from(value)
            .map_or_else(|_| Self::Text(alloc::format!("{value}").into()), Self::Integer)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_number_that_is_too_large_is_text() {
        assert_eq!(Value::from(i64::MAX as u64), Value::Integer(i64::MAX));
        assert_eq!(Value::from(u64::MAX).to_string(), u64::MAX.to_string());
        assert_eq!(Value::from(u64::MAX).as_str(), Some("18446744073709551615"));
    }
}
