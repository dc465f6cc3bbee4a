use alloc::borrow::Cow;
use alloc::string::String;

use super::super::{SpanId, TraceId};
use crate::telemetry::Value;

/// A value as it is written down: plain data, whose text is bytes of the trace's own. So a trace
/// that is thrown away is forgotten in one step, whatever was recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Small {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Word(&'static str),
    Text(Text),
}

/// Bytes of a text that is next to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    pub(super) start: u32,
    pub(super) length: u32,
}

impl Text {
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        let start = self.start as usize;
        text.get(start..start + self.length as usize).unwrap_or_default()
    }

    /// The same bytes where those of its source were put behind others.
    const fn behind(self, others: u32) -> Self {
        Self { start: self.start + others, length: self.length }
    }
}

impl Small {
    pub(super) const fn behind(self, others: u32) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.behind(others)),
            other => other,
        }
    }

    pub(super) fn to_value(self, text: &[u8]) -> Value {
        match self {
            Self::Boolean(value) => Value::Boolean(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Float(value) => Value::Float(value),
            Self::Word(value) => Value::Text(Cow::Borrowed(value)),
            Self::Text(place) => {
                Value::Text(String::from_utf8_lossy(place.of(text)).into_owned().into())
            }
        }
    }

    /// Whether it is that value; whole numbers equal others of the same size.
    pub(super) fn is(self, value: &Value, text: &[u8]) -> bool {
        match (self, value) {
            (Self::Boolean(a), Value::Boolean(b)) => a == *b,
            (Self::Integer(a), Value::Integer(b)) => a == *b,
            (Self::Integer(a), Value::Float(b)) => a as f64 == *b,
            (Self::Float(a), Value::Float(b)) => a == *b,
            (Self::Float(a), Value::Integer(b)) => a == *b as f64,
            (Self::Word(a), Value::Text(b)) => a == b.as_ref(),
            (Self::Text(a), Value::Text(b)) => a.of(text) == b.as_bytes(),
            _ => false,
        }
    }
}

/// What a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Attribute,
    /// Its value is the time; the attributes behind it are its own.
    Event,
    OfEvent,
    /// Its value is the bytes of the ids.
    Link,
}

/// Something that is known of a span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Note {
    pub(super) span: u32,
    pub(super) sort: Sort,
    pub(super) key: &'static str,
    pub(super) value: Small,
}

pub(super) const LINK_BYTES: usize = 24;

pub(super) fn link_to_bytes(trace: TraceId, span: SpanId) -> [u8; LINK_BYTES] {
    let mut bytes = [0; LINK_BYTES];
    bytes[..16].copy_from_slice(&trace.to_bytes());
    bytes[16..].copy_from_slice(&span.to_bytes());
    bytes
}

pub(super) fn link_from_bytes(bytes: &[u8]) -> Option<(TraceId, SpanId)> {
    let (trace, span) = bytes.split_at_checked(16)?;
    Some((TraceId::from_bytes(trace.try_into().ok()?)?, SpanId::from_bytes(span.try_into().ok()?)?))
}
