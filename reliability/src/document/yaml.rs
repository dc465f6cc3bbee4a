use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::tree::{DEPTH_MAX, Fault, Key, Node, Value};

/// Reads YAML.
///
/// Anchors and aliases are refused: a small file could stand for a huge tree, and who reads a
/// setting should find its value where it stands.
pub(crate) fn read(text: &str) -> Result<Node, Vec<Fault>> {
    Reader::new(text).document().map_err(|fault| Vec::from([*fault]))
}

/// Reads all documents of a text: those before the first mistake of the syntax, and that mistake.
#[cfg(feature = "sre")]
pub(crate) fn read_all(text: &str) -> (Vec<Node>, Option<Fault>) {
    let mut reader = Reader::new(text);
    let mut documents = Vec::new();
    loop {
        let document = reader.next().and_then(|(event, span)| match event {
            Event::StreamStart
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Nothing
            | Event::StreamEnd => Ok((event == Event::StreamEnd, None)),
            other => reader.node(other, span, 0).map(|node| (false, Some(node))),
        });
        match document {
            Ok((false, document)) => documents.extend(document),
            Ok((true, _)) => return (documents, None),
            Err(fault) => return (documents, Some(*fault)),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    /// Where each character begins, if those are not the bytes.
    chars: Option<Vec<usize>>,
}

type Refused = Box<Fault>;

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        let chars = || text.char_indices().map(|(at, _)| at).collect();
        let chars = (!text.is_ascii()).then(chars);
        Self { text, events: Parser::new_from_str(text), chars }
    }

    fn document(mut self) -> Result<Node, Refused> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd => {
                    return Ok(Node { span: 0..0, value: Value::Other("nothing") });
                }
                other => {
                    let root = self.node(other, span, 0)?;
                    self.end()?;
                    return Ok(root);
                }
            }
        }
    }

    fn end(&mut self) -> Result<(), Refused> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, span) => return self.refuse(span, "a second document; keep one of them"),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Refused> {
        let range = self.range(span);
        let anchor = match &event {
            Event::Alias(_) => true,
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _) => *anchor != 0,
            _ => false,
        };
        if anchor {
            let message = "anchors and aliases are not read; write the value where it belongs";
            return self.refuse(span, message);
        }
        match event {
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                self.refuse(span, "tags are not read; leave out what begins with `!`")
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if depth >= DEPTH_MAX => {
                self.refuse(span, "this is nested deeper than any setting is")
            }
            Event::Scalar(text, style, ..) => Ok(Node { span: range, value: scalar(text, style) }),
            Event::SequenceStart(..) => self.list(range, depth),
            Event::MappingStart(..) => self.table(range, depth),
            _ => self.refuse(span, "expected a value"),
        }
    }

    fn list(&mut self, range: Range<usize>, depth: usize) -> Result<Node, Refused> {
        let mut list = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                let end = self.range(span).end.max(range.end);
                return Ok(Node { span: range.start..end, value: Value::List(list) });
            }
            list.push(self.node(event, span, depth + 1)?);
        }
    }

    fn table(&mut self, range: Range<usize>, depth: usize) -> Result<Node, Refused> {
        let mut table: Vec<(Key, Node)> = Vec::new();
        let mut names = BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => {
                    return Ok(Node { span: range, value: Value::Table(table) });
                }
                Event::Scalar(name, _, 0, None) => {
                    Key { span: self.range(span), name: name.to_string() }
                }
                _ => return self.refuse(span, "a key must be plain text"),
            };
            if !names.insert(key.name.clone()) {
                return self.refuse(span, "this key is there twice; keep one of them");
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            table.push((key, value));
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Refused> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.scan_error(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn scan_error(&self, error: &ScanError) -> Refused {
        let at = self.byte(error.marker());
        Box::new(Fault::new(at..at, error.info()))
    }

    fn refuse<T>(&self, span: Span, message: &str) -> Result<T, Refused> {
        Err(Box::new(Fault::new(self.range(span), message)))
    }

    fn range(&self, span: Span) -> Range<usize> {
        let (start, end) = (self.byte(&span.start), self.byte(&span.end));
        start..end.max(start)
    }

    fn byte(&self, marker: &Marker) -> usize {
        match &self.chars {
            None => marker.index().min(self.text.len()),
            Some(chars) => chars.get(marker.index()).copied().unwrap_or(self.text.len()),
        }
    }
}

/// A plain scalar by the core schema of YAML 1.2.2, section 10.3.2; a quoted one is text.
fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(String::from(text));
    }
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Other("nothing"),
        "true" | "True" | "TRUE" => return Value::Flag(true),
        "false" | "False" | "FALSE" => return Value::Flag(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Number(f64::NAN),
        _ => {}
    }
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    if matches!(magnitude, ".inf" | ".Inf" | ".INF") {
        let infinity = f64::INFINITY;
        return Value::Number(if negative { -infinity } else { infinity });
    }
    let number = match (magnitude.strip_prefix("0x"), magnitude.strip_prefix("0o")) {
        (Some(digits), _) if !digits.starts_with(['-', '+']) => Value::number(digits, 16),
        (_, Some(digits)) if !digits.starts_with(['-', '+']) => Value::number(digits, 8),
        _ if magnitude.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            Value::number(&text, 10)
        }
        _ => None,
    };
    number.unwrap_or_else(|| Value::Text(String::from(text)))
}
