use core::fmt::{self, Write};

/// A text in quotes, by [RFC 8259, section 7](https://www.rfc-editor.org/rfc/rfc8259#section-7).
///
/// What YAML, Go or JavaScript take for the end of a line is escaped as well, so that it is also a
/// text in double quotes for YAML, for PromQL, and in a script.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                letter if letter.is_control() || is_unseen(letter) => {
                    write!(f, "\\u{:04x}", u32::from(letter))?;
                }
                letter => f.write_char(letter)?,
            }
        }
        f.write_char('"')
    }
}

/// Separators of lines and paragraphs, the mark of the byte order, and what is no letter: YAML refuses a
/// file that holds one of those.
pub(crate) fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn what_would_end_a_text_or_a_line_is_escaped() {
        for (text, written) in [
            ("", r#""""#),
            ("tea, \"gold\" \\", r#""tea, \"gold\" \\""#),
            ("a\nb\r\tc", r#""a\nb\r\tc""#),
            ("\0\u{1b}\u{7f}\u{85}", r#""\u0000\u001b\u007f\u0085""#),
            ("\u{2028}\u{2029}\u{feff}", r#""\u2028\u2029\ufeff""#),
            ("\u{fffe}\u{ffff}", r#""\ufffe\uffff""#),
            ("Füße 🦀", "\"Füße 🦀\""),
        ] {
            assert_eq!(Text(text).to_string(), written);
        }
    }
}
