use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// What is written as YAML, so that every reader of YAML 1.1 and 1.2 reads the same.
pub(super) enum Yaml {
    /// A number, a flag, or a word that is one to every reader.
    Word(String),
    /// Text, which may be any.
    Text(String),
    List(Vec<Yaml>),
    Table(Vec<(&'static str, Yaml)>),
}

impl Yaml {
    pub(super) fn word(word: impl Into<String>) -> Self {
        Self::Word(word.into())
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// One document.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        self.block(0, &mut out);
        out
    }

    /// Lines at that depth; the first begins where the text ends.
    fn block(&self, depth: usize, out: &mut String) {
        match self {
            Self::Table(entries) => {
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        indent(depth, out);
                    }
                    out.push_str(key);
                    out.push(':');
                    value.after_key(depth, out);
                }
            }
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        indent(depth, out);
                    }
                    out.push_str("- ");
                    item.block(depth + 1, out);
                }
            }
            Self::Word(word) => {
                out.push_str(word);
                out.push('\n');
            }
            Self::Text(text) => {
                scalar(text, out);
                out.push('\n');
            }
        }
    }

    fn after_key(&self, depth: usize, out: &mut String) {
        match self {
            Self::Table(entries) if entries.is_empty() => out.push_str(" {}\n"),
            Self::List(items) if items.is_empty() => out.push_str(" []\n"),
            Self::Table(_) | Self::List(_) => {
                out.push('\n');
                indent(depth + 1, out);
                self.block(depth + 1, out);
            }
            Self::Word(_) | Self::Text(_) => {
                out.push(' ');
                self.block(depth, out);
            }
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    (0..depth).for_each(|_| out.push_str("  "));
}

/// Plain where that is text to everyone, else in double quotes with the escapes of JSON.
fn scalar(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // YAML 1.2.2, section 5.1: what may not stand in a text, and what ends a line in YAML 1.1.
            '\0'..' '
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                // Writing to a text cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Words that some reader takes for a flag, a number or nothing.
const TAKEN: [&str; 11] =
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"];

fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with(' ')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./ ,()".contains(c))
        && !TAKEN.contains(&text.to_ascii_lowercase().as_str())
}

/// Documents, one after the other.
pub(super) fn documents(documents: impl IntoIterator<Item = String>) -> String {
    let mut out = String::new();
    for document in documents {
        if !out.is_empty() {
            out.push_str("---\n");
        }
        out.push_str(&document);
    }
    out
}

/// A number with its places behind the point.
pub(super) fn decimal(value: u64, places: u32) -> Yaml {
    Yaml::Word(format!("{}", crate::sre::promise::decimal::Written(value, places)))
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    #[test]
    fn tables_and_lists_stand_in_each_other() {
        let list = vec![
            Yaml::Table(vec![("a", Yaml::word("1")), ("b", Yaml::List(vec![Yaml::text("x")]))]),
            Yaml::text("y: z"),
        ];
        let whole = Yaml::Table(vec![
            ("list", Yaml::List(list)),
            ("none", Yaml::List(vec![])),
            ("text", Yaml::text("yes")),
        ]);
        let expected = "\
list:
  - a: 1
    b:
      - x
  - \"y: z\"
none: []
text: \"yes\"
";
        assert_eq!(whole.document(), expected);
    }

    #[test]
    fn only_what_is_text_to_everyone_stands_without_quotes() {
        let plain = ["checkout", "a-b_c/d.e", "all calls of a day, or most (99)"];
        let quoted = [
            "",
            " a",
            "a ",
            "yes",
            "No",
            "NULL",
            "1",
            "1e3",
            "0x1f",
            ".5",
            "~",
            "-",
            "a: b",
            "a #b",
            "ü",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{a",
            "[a]",
            "'a'",
            "a\nb",
            "2026-11-21",
            "12:30:45",
            "=",
            "<<",
            "|",
            ">",
        ];
        let written = |text: &str| {
            let mut out = String::new();
            scalar(text, &mut out);
            out
        };
        plain.iter().for_each(|text| assert_eq!(written(text), *text));
        quoted.iter().for_each(|text| assert!(written(text).starts_with('"'), "{text}"));
        assert_eq!(written("a\u{0}\u{85}\"\\\u{2028}🦀"), "\"a\\u0000\\u0085\\\"\\\\\\u2028🦀\"");
        assert_eq!(documents(["a\n".to_string(), "b\n".to_string()]), "a\n---\nb\n");
    }
}
