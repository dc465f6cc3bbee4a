use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use crate::document::{Fault, Key, Node, Source, Value, did_you_mean};
use crate::sre::promise::decimal;
use crate::time::text::parse_duration;

/// A value of a file and how one gets there: `spec.objectives[1].target`.
#[derive(Debug, Clone)]
pub(super) struct Place<'n> {
    pub(super) path: String,
    pub(super) node: &'n Node,
}

/// Where something stands, for who tells later that it is wrong.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) path: String,
    pub(super) span: Range<usize>,
}

/// The keys of a table that its kind has.
pub(super) struct Table<'n> {
    place: Place<'n>,
    entries: &'n [(Key, Node)],
}

/// Finds values, and keeps what is wrong with them.
pub(super) struct Reader<'s> {
    source: &'s Source,
    pub(super) found: Vec<Fault>,
    /// What is right, and said to other programs.
    pub(super) remarks: Vec<Fault>,
}

impl<'n> Place<'n> {
    pub(super) fn root(node: &'n Node) -> Self {
        Self { path: String::new(), node }
    }

    pub(super) fn spot(&self) -> Spot {
        Spot { path: self.path.clone(), span: self.node.span.clone() }
    }

    /// What it is called in messages.
    fn called(&self) -> String {
        if self.path.is_empty() { "a document".into() } else { format!("`{}`", self.path) }
    }
}

impl<'n> Table<'n> {
    /// The value of a key; `None` also where the key is there without a value.
    pub(super) fn value(&self, name: &str) -> Option<Place<'n>> {
        let (_, node) = self.entries.iter().find(|(key, _)| key.name == name)?;
        match node.value {
            Value::Other(NOTHING) => None,
            _ => Some(Place { path: joined(&self.place.path, name), node }),
        }
    }

    pub(super) fn place(&self) -> &Place<'n> {
        &self.place
    }
}

const NOTHING: &str = "nothing";

/// A key that is no word is told in quotes.
fn joined(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, found: Vec::new(), remarks: Vec::new() }
    }

    pub(super) fn refuse(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.found.push(Fault::new(span.clone(), message));
    }

    /// Says what is expected and what came.
    pub(super) fn wrong<T>(&mut self, place: &Place<'_>, expected: &str) -> Option<T> {
        let got = match &place.node.value {
            Value::Table(_) | Value::List(_) | Value::Other(_) => place.node.value.kind().into(),
            Value::Text(text) if text.is_empty() => "empty".into(),
            _ => format!("`{}`", self.source.written(&place.node.span)),
        };
        let message = format!("{} must be {expected}, but is {got}", place.called());
        self.refuse(&place.node.span, message);
        None
    }

    pub(super) fn remark(&mut self, place: &Place<'_>, message: &str) {
        let message = format!("{} {message}", place.called());
        self.remarks.push(Fault::new(place.node.span.clone(), message));
    }

    pub(super) fn remark_at(&mut self, spot: &Spot, message: String) {
        self.remarks.push(Fault::new(spot.span.clone(), message));
    }

    /// What stands there, as it stands there.
    pub(super) fn written(&self, span: &Range<usize>) -> &'s str {
        self.source.text().get(span.clone()).unwrap_or_default().trim()
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.source.line(at)
    }

    /// A table with no other keys than these.
    pub(super) fn table<'n>(&mut self, place: &Place<'n>, known: &[&str]) -> Option<Table<'n>> {
        let Value::Table(entries) = &place.node.value else {
            return self.wrong(place, &format!("a table with {}", listed(known)));
        };
        for (key, _) in entries {
            if known.contains(&key.name.as_str()) {
                continue;
            }
            let advice = did_you_mean(&key.name, known.iter().copied())
                .unwrap_or_else(|| format!("it has {}", listed(known)));
            let message = format!("{} has no `{}`; {advice}", place.called(), shown(&key.name));
            self.refuse(&key.span, message);
        }
        Some(Table { place: place.clone(), entries })
    }

    /// The entries of a table whose keys may be any.
    pub(super) fn any_table<'n>(&mut self, place: &Place<'n>) -> Vec<(&'n Key, Place<'n>)> {
        let Value::Table(entries) = &place.node.value else {
            return self.wrong(place, "a table").unwrap_or_default();
        };
        let place = |(key, node): &'n (Key, Node)| {
            (key, Place { path: format!("{}[\"{}\"]", place.path, shown(&key.name)), node })
        };
        entries.iter().map(place).collect()
    }

    /// The value of a key that has to be there.
    pub(super) fn required<'n>(
        &mut self,
        table: &Table<'n>,
        name: &str,
        such_as: &str,
    ) -> Option<Place<'n>> {
        let value = table.value(name);
        if value.is_none() {
            // Where the key is there without a value, its line is the one to look at.
            let empty = table.entries.iter().find(|(key, _)| key.name == name);
            let span = match empty {
                Some((key, _)) => &key.span,
                None => &table.place.node.span,
            };
            let message = format!("{} needs `{name}`; write {such_as}", table.place.called());
            self.refuse(span, message);
        }
        value
    }

    pub(super) fn list<'n>(&mut self, place: &Place<'n>, of: &str) -> Option<Vec<Place<'n>>> {
        let Value::List(list) = &place.node.value else {
            return self.wrong(place, &format!("a list of {of}"));
        };
        let place = |(at, node)| Place { path: format!("{}[{at}]", place.path), node };
        Some(list.iter().enumerate().map(place).collect())
    }

    pub(super) fn text<'n>(&mut self, place: &Place<'n>) -> Option<&'n str> {
        match &place.node.value {
            Value::Text(text) => Some(text),
            Value::Whole(_) | Value::Number(_) | Value::Flag(_) => {
                let quoted = format!("\"{}\"", self.source.written(&place.node.span));
                self.wrong(place, &format!("text, in quotes as in `{quoted}`"))
            }
            _ => self.wrong(place, "text"),
        }
    }

    pub(super) fn flag(&mut self, place: &Place<'_>) -> Option<bool> {
        match place.node.value {
            Value::Flag(flag) => Some(flag),
            _ => self.wrong(place, "`true` or `false`"),
        }
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(
        &mut self,
        place: &Place<'_>,
        words: &[(&str, T)],
        except: &str,
    ) -> Option<T> {
        if let Value::Text(text) = &place.node.value
            && let Some((_, meant)) = words.iter().find(|(word, _)| word == text)
        {
            return Some(*meant);
        }
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let near = match &place.node.value {
            Value::Text(text) => did_you_mean(text, names.iter().copied()),
            _ => None,
        };
        let wrong = self.wrong(place, &format!("{}{except}", either(&names)));
        if let (Some(near), Some(fault)) = (near, self.found.last_mut()) {
            fault.message.push_str("; ");
            fault.message.push_str(&near);
        }
        wrong
    }

    pub(super) fn whole(&mut self, place: &Place<'_>) -> Option<u64> {
        let number = match place.node.value {
            Value::Whole(number) => u64::try_from(number).ok(),
            _ => None,
        };
        match number {
            Some(number) => Some(number),
            None => self.wrong(place, "a whole number from 0 to 2^64 - 1"),
        }
    }

    /// A number with at most so many digits behind the point, exactly as it stands there.
    pub(super) fn decimal(&mut self, place: &Place<'_>, places: u32, such_as: &str) -> Option<u64> {
        let number = match place.node.value {
            Value::Whole(_) | Value::Number(_) => {
                let written = self.written(&place.node.span);
                decimal::parse(written.strip_prefix('+').unwrap_or(written), places)
            }
            _ => None,
        };
        match number {
            Some(number) => Some(number),
            None => {
                let digits = format!("a number with at most {places} digits behind the point");
                self.wrong(place, &format!("{digits}, such as {such_as}"))
            }
        }
    }

    pub(super) fn duration(&mut self, place: &Place<'_>, such_as: &str) -> Option<Duration> {
        let Value::Text(text) = &place.node.value else {
            return self.wrong(place, &format!("a duration, such as `{such_as}`"));
        };
        match parse_duration(text) {
            Ok(duration) => Some(duration),
            Err(advice) => {
                self.wrong(place, &format!("a duration, such as `{such_as}` ({advice})"))
            }
        }
    }

    /// Whole per cent, which may be negative: `10%`.
    pub(super) fn whole_percent(&mut self, place: &Place<'_>) -> Option<i16> {
        let percent = match &place.node.value {
            Value::Text(text) => text.strip_suffix('%').and_then(|number| number.parse().ok()),
            _ => None,
        };
        match percent {
            Some(percent) => Some(percent),
            None => self.wrong(place, "whole per cent, such as `10%`"),
        }
    }
}

/// A name of the file in a message: in one line, and not too long.
pub(super) fn shown(name: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = name.chars().take(60).map(shown).collect();
    if name.chars().nth(60).is_some() {
        short.push_str("..");
    }
    short
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn either(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
