//! Groups of rules, and how they are written.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::record::Range;
use crate::json::{Text, is_unseen};

/// Rules that are evaluated one after the other.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) interval: Duration,
    pub(super) lines: Vec<Line>,
}

/// A rule, or something about those that follow.
#[derive(Debug, Clone)]
pub(super) enum Line {
    Comment(String),
    Rule {
        kind: &'static str,
        name: String,
        expr: String,
        labels: Vec<(String, String)>,
        annotations: Vec<(&'static str, String)>,
    },
}

/// A rule that records.
pub(super) fn record(name: impl Into<String>, expr: String) -> Line {
    let (labels, annotations) = (Vec::new(), Vec::new());
    Line::Rule { kind: "record", name: name.into(), expr, labels, annotations }
}

/// A text in one line of a comment, whatever is in it.
pub(super) struct Comment<'a>(pub(super) &'a str);

impl fmt::Display for Comment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends_line = |letter: char| letter.is_control() || is_unseen(letter);
        f.write_str("# ")?;
        for (at, part) in self.0.split(ends_line).enumerate() {
            write!(f, "{}{part}", if at == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  - name: {}", Text(&self.name))?;
        writeln!(f, "    interval: {}", Range(self.interval))?;
        writeln!(f, "    rules:")?;
        self.lines.iter().try_for_each(|line| line.fmt(f))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name, expr, labels, annotations) = match self {
            Self::Comment(text) => return writeln!(f, "      {}", Comment(text)),
            Self::Rule { kind, name, expr, labels, annotations } => {
                (kind, name, expr, labels, annotations)
            }
        };
        writeln!(f, "      - {kind}: {name}")?;
        writeln!(f, "        expr: |")?;
        expr.lines().try_for_each(|line| writeln!(f, "          {line}"))?;
        if !labels.is_empty() {
            writeln!(f, "        labels:")?;
        }
        for (key, value) in labels {
            writeln!(f, "          {key}: {}", Text(value))?;
        }
        if !annotations.is_empty() {
            writeln!(f, "        annotations:")?;
        }
        for (key, value) in annotations {
            writeln!(f, "          {key}: {}", Text(value))?;
        }
        Ok(())
    }
}
