use alloc::string::String;
use core::fmt::{self, Write as _};

use super::{Record, json};
use crate::telemetry::{Attribute, Value};
use crate::time::Utc;

/// How a record is written as a line.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// For people: time, level, target, message, fields, trace.
    #[default]
    Text,
    /// For machines: one object per line.
    Json,
}

impl Format {
    /// The record as one line, with its end. What is between the quotes of a text, or in the message,
    /// never ends the line: control characters are escaped.
    pub fn line(self, record: &Record) -> String {
        let mut line = String::with_capacity(160);
        let written = match self {
            Self::Text => text(&mut line, record),
            Self::Json => json::write(&mut line, record),
        };
        // Writing into a string does not fail.
        debug_assert!(written.is_ok(), "{line}");
        line.push('\n');
        line
    }
}

fn text(line: &mut String, record: &Record) -> fmt::Result {
    let at = Utc::from(record.at);
    write!(
        line,
        "{at} {:>5} {}: {}",
        record.level.as_str(),
        record.scope,
        OnOneLine(&record.body)
    )?;
    for Attribute { key, value } in &record.attributes {
        match value {
            Value::Text(value) if needs_quotes(value) => write!(line, " {key}={value:?}")?,
            value => write!(line, " {key}={value}")?,
        }
    }
    if let Some(trace) = record.trace_id {
        write!(line, " trace_id={trace}")?;
    }
    match record.span_id {
        Some(span) => write!(line, " span_id={span}"),
        None => Ok(()),
    }
}

/// Whether it would be taken for more than one field, or for none.
fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '='))
}

struct OnOneLine<'a>(&'a str);

impl fmt::Display for OnOneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { f.write_char(c)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::log::Level;
    use std::time::SystemTime;

    #[test]
    fn a_message_never_looks_like_two() {
        let mut record = Record::new(SystemTime::UNIX_EPOCH, Level::Error, "a\nb\x1b[2J");
        record.attributes.push(Attribute::new("who", "x y=1\n"));
        record.attributes.push(Attribute::new("none", ""));
        record.span_id = "00f067aa0ba902b7".parse().ok();
        assert_eq!(
            Format::Text.line(&record),
            "1970-01-01T00:00:00.000000Z ERROR : a\\nb\\u{1b}[2J who=\"x y=1\\n\" none=\"\" \
             span_id=00f067aa0ba902b7\n",
        );
        assert_eq!(
            Format::Json.line(&record),
            "{\"timestamp\":\"1970-01-01T00:00:00.000000Z\",\"level\":\"ERROR\",\"target\":\"\",\
             \"message\":\"a\\nb\\u001b[2J\",\"span_id\":\"00f067aa0ba902b7\",\
             \"attributes\":{\"who\":\"x y=1\\n\",\"none\":\"\"}}\n",
        );
    }
}
