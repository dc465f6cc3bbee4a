use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

/// A value of a file and the bytes where it stands.
///
/// Parsers that fill a struct of the program forget where a value stood, and stop at the first one
/// that does not fit. This keeps both: what is wrong is found by whoever knows what the value
/// means, and told with its line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Nothing, or what no setting takes, such as a date: what it is, in words.
    Other(&'static str),
    Flag(bool),
    Whole(i128),
    /// Also whole numbers that are too large for any setting.
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Table(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) span: Range<usize>,
    pub(crate) name: String,
}

/// Tables and lists in each other, beyond which no setting is.
pub(crate) const DEPTH_MAX: usize = 16;

/// What a parser refuses: where, and why.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }
}

impl Value {
    /// What it is, for "but is ..".
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Other(kind) => kind,
            Value::Flag(_) => "true or false",
            Value::Whole(_) | Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// A number as a program writes it, however many digits it has.
    pub(crate) fn number(text: &str, radix: u32) -> Option<Self> {
        if let Ok(whole) = i128::from_str_radix(text, radix) {
            return Some(Value::Whole(whole));
        }
        if radix != 10 {
            let digits = text.trim_start_matches(['-', '+']);
            let all = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
            return all.then_some(Value::Number(f64::INFINITY));
        }
        // Words such as `infinity` are numbers to the parser, and text to whoever wrote them.
        if text.contains(|c: char| c.is_alphabetic() && !matches!(c, 'e' | 'E')) {
            return None;
        }
        text.parse().ok().map(Value::Number)
    }
}
