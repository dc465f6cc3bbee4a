//! What operators see of transactions and do about them is the same whichever way those are carried
//! through: it has a [timeline](Moment), and whoever does something says who they are, and why.
//!
//! Each way has an operator of its own, which knows its words and its verbs, and needs the journal and
//! nothing else:
//!
//! | operator | feature | what it can do |
//! |---|---|---|
//! | `saga::Operator` | `saga` | list, show, retry, skip, finish, edit, cancel, abandon |
//! | `tcc::Operator` | `tcc` | list, show, retry, abandon |
//! | `two_phase::Operator` | `two_phase` | list, show, retry, cancel, abandon; promises of sites |
//! | `choreography::Operator` | `choreography` | list, show, retry, skip, abandon |
//! | `three_phase::Operator` | `two_phase` | list, show |
//!
//! The program `reliability` (feature `cli`) puts them together.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use std::time::SystemTime;

use serde_json::Value;

use crate::error::Invalid;
use crate::journal::{Head, Heads, Journal, JournalError, Record, Sequence, StreamId};

/// Something that happened in a transaction, as an operator sees it. Its `Display` is for people.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "tcc")]
/// # async fn shown() -> Result<(), reliability::journal::JournalError> {
/// use reliability::distributed::transaction::tcc::Operator;
/// use reliability::journal::Journal;
///
/// let shown = Operator::on(&Journal::in_memory()).show("order-17").await?;
/// for moment in &shown.timeline {
///     println!("{:?} {moment}", moment.at);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Moment {
    /// When it was written.
    pub at: SystemTime,
    /// In whose records: a transaction may have several streams, one for each who takes part.
    pub stream: StreamId,
    /// The number of its record.
    pub sequence: Sequence,
    /// The name of its record.
    pub name: String,
    /// In words.
    pub text: String,
    /// What the record holds; nothing where that is no JSON.
    pub payload: Value,
}

impl Moment {
    /// That record, in words that are made of its name and of what it holds.
    pub(super) fn of(record: &Record, told: impl FnOnce(&str, &Value) -> String) -> Self {
        let payload = record.event.read_json().unwrap_or_default();
        let text = told(record.event.name(), &payload);
        Self::with(record, payload, text)
    }

    /// That record, with what it holds and what it says.
    pub(super) fn with(record: &Record, payload: Value, text: String) -> Self {
        let (stream, name) = (record.stream.clone(), record.event.name().to_string());
        Self { at: record.at, stream, sequence: record.sequence, name, text, payload }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>3}  {}", self.sequence.get(), self.text)
    }
}

/// The kinds of the streams that a journal holds, in their order: each is looked up by one question
/// to the store, however many streams there are of it.
///
/// # Errors
///
/// Whatever the journal says.
///
/// # Cancel safety
///
/// It only reads.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::operator;
/// use reliability::journal::{Append, Event, Journal, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let journal = Journal::in_memory();
/// for (kind, key) in [("order", "1"), ("order", "2"), ("parcel", "1")] {
///     let append = Append::to(&StreamId::new(kind, key)?).event(Event::bytes("Begun", 1, []));
///     journal.append(append).await?;
/// }
/// assert_eq!(operator::kinds(&journal).await?, ["order", "parcel"]);
/// # Ok(())
/// # }
/// ```
pub async fn kinds(journal: &Journal) -> Result<Vec<String>, JournalError> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let next = Heads::all().most(1);
        let next = match found.last() {
            Some(last) => next.after(&StreamId::new(last, &LAST_KEY.repeat(63))?),
            None => next,
        };
        match journal.heads(next).await?.pop() {
            // A key that sorts behind that one is nobody's; but it must not go on for ever.
            Some(head) if found.last().is_none_or(|last| last != head.stream.kind()) => {
                found.push(head.stream.kind().to_string());
            }
            _ => return Ok(found),
        }
    }
}

/// What no key sorts behind, repeated as often as a key has room for it.
const LAST_KEY: &str = "\u{10ffff}";

/// Those kinds of a journal that are `name`, or begin with it and a dot: those who take part in
/// transactions of one name have a kind each.
#[cfg(any(feature = "choreography", feature = "two_phase"))]
pub(super) async fn kinds_of(journal: &Journal, name: &str) -> Result<Vec<String>, JournalError> {
    let is_of = |kind: &String| {
        let behind = kind.strip_prefix(name);
        behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('.'))
    };
    Ok(kinds(journal).await?.into_iter().filter(is_of).collect())
}

/// The heads of that kind and status, page by page; the oldest change first.
pub(super) async fn heads(
    journal: &Journal,
    kind: &str,
    status: Option<&str>,
) -> Result<Vec<Head>, JournalError> {
    const PAGE: usize = 1_000;
    let mut found: Vec<Head> = Vec::new();
    loop {
        let mut heads = Heads::of(kind).most(PAGE);
        heads = status.into_iter().fold(heads, Heads::with_status);
        heads = found.last().into_iter().fold(heads, |heads, last| heads.after(&last.stream));
        let page = journal.heads(heads).await?;
        let is_last = page.len() < PAGE;
        found.extend(page);
        if is_last {
            found.sort_by_key(|head| head.changed_at);
            return Ok(found);
        }
    }
}

/// Who does something about a transaction, and why: both stand in its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) by: String,
    pub(super) why: String,
}

impl Said {
    /// The longest of each, in bytes.
    const LONGEST: usize = 1_000;

    /// Of a transaction of that kind.
    ///
    /// # Errors
    ///
    /// One of them is empty, or too long to be read.
    pub(super) fn new(of: &'static str, by: &str, why: &str) -> Result<Self, Invalid> {
        for (what, text) in [("by", by), ("why", why)] {
            if text.trim().is_empty() || text.len() > Self::LONGEST {
                let got = alloc::format!("{} bytes", text.len());
                return Err(Invalid::new(of, what, "1 to 1000 bytes, not only spaces", got)
                    .with_advice(
                        "whoever looks at it next will want to know who did it, and why",
                    ));
            }
        }
        Ok(Self { by: by.to_string(), why: why.to_string() })
    }

    /// What stands in the record.
    #[cfg(any(feature = "tcc", feature = "two_phase"))]
    pub(super) fn json(&self) -> Value {
        serde_json::json!({ "by": self.by, "why": self.why })
    }

    /// What a record of that says, with what has been done between the two.
    #[cfg(any(feature = "tcc", feature = "two_phase"))]
    pub(super) fn told(payload: &Value, done: &str) -> String {
        let said = |key: &str| payload[key].as_str().unwrap_or("?");
        alloc::format!("{} {done}: {}", said("by"), said("why"))
    }

    /// A stuck transaction is told again.
    #[cfg(any(feature = "tcc", feature = "two_phase"))]
    pub(super) const RETRIED: &'static str = "has it told again";
    /// It is over as it is.
    #[cfg(any(feature = "choreography", feature = "tcc", feature = "two_phase"))]
    pub(super) const ABANDONED: &'static str = "has abandoned it";
    /// It is not to happen.
    #[cfg(feature = "two_phase")]
    pub(super) const CANCELLED: &'static str = "has cancelled it";
}

/// Who works at it, if somebody does.
pub(super) fn write_held(f: &mut fmt::Formatter<'_>, head: &Head) -> fmt::Result {
    match &head.held {
        Some(held) => writeln!(f, "worked at by {}", held.owner),
        None => Ok(()),
    }
}

/// What has happened, a line each, with the time since the first.
pub(super) fn write_timeline(f: &mut fmt::Formatter<'_>, timeline: &[Moment]) -> fmt::Result {
    let begin = timeline.first().map(|moment| moment.at);
    for moment in timeline {
        let since = begin.and_then(|begin| moment.at.duration_since(begin).ok());
        let since = since.unwrap_or_default().as_secs_f64();
        writeln!(f, "  {since:>10.3} s  {moment}")?;
    }
    Ok(())
}
