use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Text;

/// What a file of JSON holds, to be written with a line for each part of it: who keeps such a file
/// wants to see what changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    /// In this order.
    Object(Vec<(&'static str, Value)>),
}

impl Value {
    pub(crate) fn object<const N: usize>(fields: [(&'static str, Value); N]) -> Self {
        Self::Object(Vec::from(fields))
    }

    pub(crate) fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let end = |f: &mut fmt::Formatter<'_>| write!(f, "\n{:1$}", "", 2 * depth);
        let next = |f: &mut fmt::Formatter<'_>, at: usize| {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}\n{:1$}", "", 2 * (depth + 1))
        };
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            // JSON has no word for what is no number.
            Self::Number(value) if !value.is_finite() => f.write_str("null"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{}", Text(text)),
            Self::List(items) if items.is_empty() => f.write_str("[]"),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    next(f, at)?;
                    item.write(f, depth + 1)?;
                }
                end(f)?;
                f.write_str("]")
            }
            Self::Object(fields) if fields.is_empty() => f.write_str("{}"),
            Self::Object(fields) => {
                f.write_str("{")?;
                for (at, (key, value)) in fields.iter().enumerate() {
                    next(f, at)?;
                    write!(f, "{}: ", Text(key))?;
                    value.write(f, depth + 1)?;
                }
                end(f)?;
                f.write_str("}")
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn each_part_has_a_line() {
        let value = Value::object([
            ("a \"b\"", Value::list([1_u32.into(), 0.5.into(), f64::NAN.into()])),
            ("none", Value::list([])),
            ("of", Value::object([("text", "\n".into()), ("is", true.into())])),
            ("empty", Value::object([])),
            ("null", Value::Null),
        ]);
        let written = [
            "{",
            r#"  "a \"b\"": ["#,
            "    1,",
            "    0.5,",
            "    null",
            "  ],",
            r#"  "none": [],"#,
            r#"  "of": {"#,
            r#"    "text": "\n","#,
            r#"    "is": true"#,
            "  },",
            r#"  "empty": {},"#,
            r#"  "null": null"#,
            "}",
        ];
        assert_eq!(value.to_string(), written.join("\n"));
    }
}
