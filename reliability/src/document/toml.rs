use alloc::string::ToString;
use alloc::vec::Vec;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tree::{DEPTH_MAX, Fault, Key, Node, Value};

/// Reads TOML; tells everything that is wrong with it.
pub(crate) fn read(text: &str) -> Result<Node, Vec<Fault>> {
    // The tree of tables is dropped by recursion, and keys alone can make it as deep as the file.
    let deep = too_deep(text);
    if !deep.is_empty() {
        return Err(deep);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let fault = |error: &toml::de::Error| {
            Fault::new(error.span().unwrap_or(0..0), error.message().to_string())
        };
        return Err(errors.iter().map(fault).collect());
    }
    let mut faults = Vec::new();
    let span = table.span();
    let value = self::table(table.get_ref(), 0, &mut faults);
    if faults.is_empty() { Ok(Node { span, value }) } else { Err(faults) }
}

/// Lines with more dots than any key has, outside of quotes.
fn too_deep(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut quote = None;
        let mut dots = 0;
        for (at, byte) in line.bytes().enumerate() {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (None, b'#') => break,
                (None, b'=' | b'{' | b'[' | b',') => dots = 0,
                (None, b'.') => dots += 1,
                _ => {}
            }
            if dots > DEPTH_MAX {
                let message = "this key has more parts than any setting has; remove it";
                faults.push(Fault::new(start + at..start + at + 1, message));
                break;
            }
        }
        start += line.len();
    }
    faults
}

fn table(table: &DeTable<'_>, depth: usize, faults: &mut Vec<Fault>) -> Value {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| {
            let key = Key { span: key.span(), name: key.get_ref().to_string() };
            (key, node(value, depth + 1, faults))
        })
        .collect();
    // In the order of the file, as mistakes are told.
    entries.sort_by_key(|(key, _)| key.span.start);
    Value::Table(entries)
}

fn node(spanned: &Spanned<DeValue<'_>>, depth: usize, faults: &mut Vec<Fault>) -> Node {
    let span = spanned.span();
    let value = match spanned.get_ref() {
        DeValue::Array(_) | DeValue::Table(_) if depth >= DEPTH_MAX => {
            faults.push(Fault::new(span.clone(), "this is nested deeper than any setting is"));
            Value::Other("a table")
        }
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Integer(number) => {
            Value::number(number.as_str(), number.radix()).unwrap_or(Value::Other("no number"))
        }
        DeValue::Float(number) => {
            number.as_str().parse().map_or(Value::Other("no number"), Value::Number)
        }
        DeValue::Datetime(_) => Value::Other("a date or a time of day"),
        DeValue::Array(list) => {
            Value::List(list.iter().map(|value| node(value, depth + 1, faults)).collect())
        }
        DeValue::Table(inner) => table(inner, depth, faults),
    };
    Node { span, value }
}
