use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::tree::{DEPTH_MAX, Fault, Key, Node, Value};

/// Reads JSON as [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) has it, and nothing beyond.
///
/// Our own, because a mistake in a setting is told with the line and column of its key or value, and
/// the readers that there are keep those of mistakes in the syntax only.
///
/// YAML would take comments and commas at the end as well. But who writes JSON has other programs
/// read the file, too, and those refuse it.
pub(crate) fn read(text: &str) -> Result<Node, Vec<Fault>> {
    Reader { text, at: 0 }.document().map_err(|fault| Vec::from([*fault]))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

const NO_COMMENTS: &str = "JSON has no comments; remove it, or write the file as TOML or YAML";

type Read<T> = Result<T, Box<Fault>>;

impl Reader<'_> {
    fn document(mut self) -> Read<Node> {
        self.skip_space();
        if self.peek().is_none() {
            return Ok(Node { span: 0..0, value: Value::Other("nothing") });
        }
        let root = self.node(0)?;
        self.skip_space();
        match self.peek() {
            None => Ok(root),
            Some(_) => self.refuse_here("expected the end of the file"),
        }
    }

    fn node(&mut self, depth: usize) -> Read<Node> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'{' | b'[') if depth >= DEPTH_MAX => {
                return self.refuse_here("this is nested deeper than any setting is");
            }
            Some(b'{') => self.table(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(_) => self.word()?,
            None => return self.refuse_here("the file ends where a value should stand"),
        };
        Ok(Node { span: start..self.at, value })
    }

    fn table(&mut self, depth: usize) -> Read<Value> {
        let mut table: Vec<(Key, Node)> = Vec::new();
        let mut names = BTreeSet::new();
        self.items(b'}', |this| {
            let start = this.at;
            if let Some(b'/' | b'#') = this.peek() {
                return this.refuse(this.at..this.at + 1, NO_COMMENTS);
            }
            if this.peek() != Some(b'"') {
                return this.refuse_here("expected a key in double quotes");
            }
            let key = Key { name: this.string()?, span: start..this.at };
            if !names.insert(key.name.clone()) {
                return this.refuse(key.span, "this key is there twice; keep one of them");
            }
            this.skip_space();
            if !this.skip(b':') {
                return this.refuse_here("expected `:` after the key");
            }
            this.skip_space();
            let value = this.node(depth + 1)?;
            table.push((key, value));
            Ok(())
        })?;
        Ok(Value::Table(table))
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        let mut list = Vec::new();
        self.items(b']', |this| {
            list.push(this.node(depth + 1)?);
            Ok(())
        })?;
        Ok(Value::List(list))
    }

    /// What stands between brackets, with commas between.
    fn items(&mut self, close: u8, mut item: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.at += 1;
        self.skip_space();
        if self.skip(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.skip_space();
            if self.skip(close) {
                return Ok(());
            }
            let comma = self.at..self.at + 1;
            if !self.skip(b',') {
                return self.refuse_here(format!("expected `,` or `{}`", char::from(close)));
            }
            self.skip_space();
            if self.peek() == Some(close) {
                let message = format!(
                    "JSON has no comma before a `{}`; remove it, or write the file as TOML or YAML",
                    char::from(close)
                );
                return self.refuse(comma, message);
            }
        }
    }

    fn string(&mut self) -> Read<String> {
        let start = self.at;
        self.at += 1;
        let mut string = String::new();
        loop {
            let Some(next) = self.text[self.at..].chars().next() else {
                return self.refuse(start..start + 1, "this text has no end; add a `\"`");
            };
            self.at += next.len_utf8();
            match next {
                '"' => return Ok(string),
                '\\' => string.push(self.escaped()?),
                ' '.. => string.push(next),
                _ => {
                    let message = "a line or a tab in a text is written as `\\n` or `\\t`";
                    return self.refuse(self.at - 1..self.at, message);
                }
            }
        }
    }

    fn escaped(&mut self) -> Read<char> {
        let start = self.at - 1;
        let letter = self.peek();
        self.at += usize::from(letter.is_some_and(|letter| letter.is_ascii()));
        let escaped = match letter {
            Some(letter @ (b'"' | b'\\' | b'/')) => Some(char::from(letter)),
            Some(b'b') => Some('\u{8}'),
            Some(b'f') => Some('\u{c}'),
            Some(b'n') => Some('\n'),
            Some(b'r') => Some('\r'),
            Some(b't') => Some('\t'),
            Some(b'u') => self.unicode(),
            _ => None,
        };
        match escaped {
            Some(escaped) => Ok(escaped),
            None => {
                let message = "after a `\\` stands one of `\"\\/bfnrt`, or `u` and four digits";
                self.refuse(start..self.at, message)
            }
        }
    }

    /// Four hexadecimal digits, or twice as many for what is beyond them.
    fn unicode(&mut self) -> Option<char> {
        let unit = self.four_digits()?;
        let high = match unit {
            0xd800..0xdc00 => unit - 0xd800,
            unit => return char::from_u32(unit),
        };
        if !(self.skip(b'\\') && self.skip(b'u')) {
            return None;
        }
        let low = self.four_digits()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        char::from_u32(0x1_0000 + (high << 10) + low)
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let unit = u32::from_str_radix(digits, 16).ok().filter(|_| all)?;
        self.at += 4;
        Some(unit)
    }

    /// What is neither a table nor a list nor text.
    fn word(&mut self) -> Read<Value> {
        let rest = &self.text[self.at..];
        let is_end = |c: char| c.is_whitespace() || ",:[]{}\"".contains(c);
        let word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        let span = self.at..self.at + word.len().max(1);
        self.at += word.len();
        match word {
            "true" => Ok(Value::Flag(true)),
            "false" => Ok(Value::Flag(false)),
            "null" => Ok(Value::Other("nothing")),
            _ if is_number(word) => {
                Ok(Value::number(word, 10).unwrap_or(Value::Other("no number")))
            }
            _ if word.starts_with(['#', '/']) => self
                .refuse(span, "JSON has no comments; remove it, or write the file as TOML or YAML"),
            "" => self.refuse(span, "expected a value"),
            _ => self.refuse(span, "this is no value; text stands in double quotes"),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let skipped = self.peek() == Some(byte);
        self.at += usize::from(skipped);
        skipped
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn refuse_here<T>(&self, message: impl Into<String>) -> Read<T> {
        self.refuse(self.at..self.at, message)
    }

    fn refuse<T>(&self, span: Range<usize>, message: impl Into<String>) -> Read<T> {
        Err(Box::new(Fault::new(span, message)))
    }
}

/// Section 6: no sign but the minus, no zeros in front, digits on both sides of the point.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let magnitude = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (magnitude, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent
            .is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
