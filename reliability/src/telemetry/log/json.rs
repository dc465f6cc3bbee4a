use core::fmt::{self, Write};

use super::Record;
use crate::json::Text;
use crate::telemetry::{Attribute, Value};
use crate::time::Utc;

/// The record as one object. A field that came twice is there once, as it was last.
pub(super) fn write(out: &mut impl Write, record: &Record) -> fmt::Result {
    let (at, level) = (Utc::from(record.at), record.level.as_str());
    write!(
        out,
        "{{\"timestamp\":\"{at}\",\"level\":\"{level}\",\"target\":{}",
        Text(&record.scope)
    )?;
    write!(out, ",\"message\":{}", Text(&record.body))?;
    if let Some(trace) = record.trace_id {
        write!(out, ",\"trace_id\":\"{trace}\"")?;
    }
    if let Some(span) = record.span_id {
        write!(out, ",\"span_id\":\"{span}\"")?;
    }
    let mut before = "{";
    for (at, Attribute { key, value }) in record.attributes.iter().enumerate() {
        if record.attributes[at + 1..].iter().any(|later| later.key == *key) {
            continue;
        }
        if before == "{" {
            out.write_str(",\"attributes\":")?;
        }
        write!(out, "{before}{}:", Text(key))?;
        before = ",";
        match value {
            Value::Boolean(value) => write!(out, "{value}")?,
            Value::Integer(value) => write!(out, "{value}")?,
            // `{}` writes no exponent, and JSON has no word for what is no number.
            Value::Float(value) if value.is_finite() => write!(out, "{value:?}")?,
            value => write!(out, "{}", Text(&alloc::format!("{value}")))?,
        }
    }
    if before == "," {
        out.write_char('}')?;
    }
    out.write_char('}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::log::Level;
    use alloc::string::String;
    use std::time::SystemTime;

    #[test]
    fn every_value_is_json() -> fmt::Result {
        let mut record = Record::new(SystemTime::UNIX_EPOCH, Level::Info, "");
        let values = [
            ("a", Value::from(true)),
            ("b", Value::from(-3)),
            ("c", Value::from(1e300)),
            ("d", Value::from(f64::NAN)),
            ("a", Value::from("\"\\\u{1}ä")),
        ];
        record.attributes = values.into_iter().map(|(k, v)| Attribute::new(k, v)).collect();
        let mut json = String::new();
        write(&mut json, &record)?;
        let attributes = json.split_once("\"attributes\":").map(|(_, rest)| rest);
        let wanted = r#"{"b":-3,"c":1e300,"d":"NaN","a":"\"\\\u0001ä"}}"#;
        assert_eq!(attributes, Some(wanted));
        Ok(())
    }
}
