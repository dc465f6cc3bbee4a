use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::ops::Range;

use super::tree::Fault as Found;
use crate::error::{Class, Fault};

/// A text and what it is called in messages.
#[derive(Debug)]
pub(crate) struct Source {
    name: String,
    text: String,
}

impl Source {
    /// Without the mark that some editors put at the beginning.
    pub(crate) fn new(name: impl Into<String>, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { name: name.into(), text: text.to_string() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What stands there, in one line and not too long.
    pub(crate) fn written(&self, span: &Range<usize>) -> String {
        let text = self.text.get(span.clone()).unwrap_or("").trim();
        let line = text.lines().next().unwrap_or("");
        match line.char_indices().nth(WRITTEN_MAX) {
            Some((end, _)) => alloc::format!("{}..", &line[..end]),
            None if line.len() < text.len() => alloc::format!("{line}.."),
            None => line.to_string(),
        }
    }

    /// The line number of a byte, for those who say where a setting comes from.
    pub(crate) fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    fn mistake(&self, Found { span, message }: Found) -> Mistake {
        let text = &*self.text;
        let floor = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = floor(span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let end = floor(span.end).clamp(start, line_end.max(start));
        let column = text[line_start..start].chars().count();
        let (excerpt, caret) = excerpt(&text[line_start..line_end], column);
        Mistake {
            line: self.line(start),
            column: column + 1,
            message,
            width: text[start..end].trim_end().chars().count().max(1),
            excerpt,
            caret,
        }
    }
}

/// What a file holds, as text.
pub(crate) fn utf8<'b>(name: &str, bytes: &'b [u8]) -> Result<&'b str, Mistakes> {
    core::str::from_utf8(bytes).map_err(|error| {
        let source = Source::new(name, &String::from_utf8_lossy(bytes));
        let at = error.valid_up_to();
        let found = Found::new(at..at, "this is no UTF-8; save the file as UTF-8");
        Mistakes::new(&source, Vec::from([found]))
    })
}

const WRITTEN_MAX: usize = 40;
const EXCERPT_MAX: usize = 100;

/// The part of a line that is worth showing, and where the column is in it.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let skipped = column.saturating_sub(EXCERPT_MAX / 2);
    let skipped = if line.chars().count() <= EXCERPT_MAX { 0 } else { skipped };
    let text: String = line.trim_end().chars().skip(skipped).take(EXCERPT_MAX).map(shown).collect();
    (text, column - skipped)
}

/// One thing that is wrong with a file, and where.
///
/// # Examples
///
/// ```
/// use reliability::resilience::config::Overlay;
///
/// let mistakes = Overlay::from_toml("[policies.price]\ntimeot = \"1s\"\n").unwrap_err();
/// let mistake = &mistakes.list()[0];
/// assert_eq!((mistake.line(), mistake.column()), (2, 1));
/// assert!(mistake.message().contains("did you mean `timeout`"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    line: usize,
    column: usize,
    message: String,
    width: usize,
    excerpt: String,
    caret: usize,
}

impl Mistake {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, counted from 1, in characters.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was expected, what came, and what to do.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn write(&self, file: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = number.len();
        let room = EXCERPT_MAX.saturating_sub(self.caret).max(1);
        writeln!(f, "{file}:{}:{}: {}", self.line, self.column, self.message)?;
        writeln!(f, "{:margin$} |", "")?;
        writeln!(f, "{number} | {}", self.excerpt)?;
        write!(f, "{:margin$} | {:caret$}", "", "", caret = self.caret)?;
        f.write_str(&"^".repeat(self.width.min(room)))
    }
}

/// Everything that is wrong with a file.
///
/// Displayed, each is told with the line that it is about:
///
/// ```
/// use reliability::resilience::config::Overlay;
///
/// let text = "[policies.price]\nretry.attempts = 0\n";
/// let mistakes = Overlay::from_toml(text).unwrap_err();
/// assert_eq!(mistakes.to_string(), "\
/// TOML:2:18: `policies.price.retry.attempts` must be a whole number from 1 to 1000, but is `0`
///   |
/// 2 | retry.attempts = 0
///   |                  ^");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Mistakes {
    file: String,
    list: Vec<Mistake>,
    left_out: usize,
}

/// Who has made so many mistakes does not read more of them.
pub(crate) const MISTAKES_MAX: usize = 100;

impl Mistakes {
    pub(crate) fn new(source: &Source, mut found: Vec<Found>) -> Self {
        found.sort_by_key(|found| found.span.start);
        let left_out = found.len().saturating_sub(MISTAKES_MAX);
        let list = found.into_iter().take(MISTAKES_MAX).map(|found| source.mistake(found));
        Self { file: source.name.clone(), list: list.collect(), left_out }
    }

    /// The mistakes, in the order of the file; the first hundred.
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }

    /// The file, as messages name it.
    pub fn file(&self) -> &str {
        &self.file
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            mistake.write(&self.file, f)?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\n\nand {more} more"),
        }
    }
}

impl fmt::Debug for Mistakes {
    /// As for people: it is what they see of an error with which `main` ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Mistakes {}

impl Fault for Mistakes {
    fn class(&self) -> Class {
        Class::Permanent
    }
}
