use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use std::time::SystemTime;

use serde_json::Value;

use super::Decision;
use super::core::{Entry, Machine, Stage};
use super::{observe, written};
use crate::error::Invalid;
use crate::journal::{
    Append, Due, Encoding, Head, Heads, Journal, JournalError, Record, Sequence, StreamId,
};

/// What an operator sees of transactions and does about those that are stuck, without the types of
/// their participants. Whatever it does is a record of the transaction: who did it, and why.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::tcc::Operator;
/// use reliability::journal::{Journal, JournalError};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), JournalError> {
/// let operator = Operator::on(&Journal::in_memory());
/// for stuck in operator.list(Some("stuck")).await? {
///     let id = stuck.stream.key();
///     println!("{}", operator.show(id).await?);
///     operator.retry(id, "ada", "the warehouse is back").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Operator {
    journal: Journal,
}

/// One transaction, as an operator sees it. Its `Display` is for people.
///
/// # Examples
///
/// See [`Operator`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Shown {
    /// What lists say of it.
    pub head: Head,
    /// How it ends, if that is decided.
    pub decision: Option<Decision>,
    /// Its participants, in the order in which they were tried.
    pub participants: Vec<String>,
    /// What has happened, in order.
    pub timeline: Vec<Moment>,
}

/// Something that happened in a transaction.
///
/// # Examples
///
/// See [`Operator`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Moment {
    /// When it was written.
    pub at: SystemTime,
    /// The number of its record.
    pub sequence: Sequence,
    /// The name of its record.
    pub name: String,
    /// In words.
    pub text: String,
    /// What the record holds.
    pub payload: Value,
}

impl Operator {
    /// The kind of the streams in which transactions are.
    pub const KIND: &'static str = written::KIND;

    /// On that journal.
    pub fn on(journal: &Journal) -> Self {
        Self { journal: journal.clone() }
    }

    /// The heads of the transactions of that status, or of all; the oldest change first. The statuses
    /// are `trying`, `confirm`, `cancel`, `telling`, `stuck`, `broken`, `abandoned` and `over`.
    ///
    /// # Errors
    ///
    /// Whatever the journal says.
    pub async fn list(&self, status: Option<&str>) -> Result<Vec<Head>, JournalError> {
        const PAGE: usize = 1_000;
        let mut found: Vec<Head> = Vec::new();
        loop {
            let mut heads = Heads::of(written::KIND).most(PAGE);
            heads = status.into_iter().fold(heads, Heads::with_status);
            heads = found.last().into_iter().fold(heads, |heads, last| heads.after(&last.stream));
            let page = self.journal.heads(heads).await?;
            let is_last = page.len() < PAGE;
            found.extend(page);
            if is_last {
                found.sort_by_key(|head| head.changed_at);
                return Ok(found);
            }
        }
    }

    /// All there is to know of one transaction.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is none of that id; and whatever the journal says.
    pub async fn show(&self, id: &str) -> Result<Shown, JournalError> {
        let stream = StreamId::new(written::KIND, id)?;
        let head = self.journal.head(&stream).await?.ok_or_else(|| unknown(id))?;
        let records = self.journal.read_to_end(&stream, Sequence::START).await?;
        let timeline = records.iter().map(Moment::of).collect();
        let (entries, parts) = written::read(&records)?;
        let decision = entries.iter().rev().find_map(|entry| match entry {
            Entry::Decided(decision) => Some(*decision),
            _ => None,
        });
        let participants = parts.into_iter().map(|part| part.name).collect();
        Ok(Shown { head, decision, participants, timeline })
    }

    /// A stuck transaction is told again, as often as a new one.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is none of that id, it is not stuck, or nothing is said of
    /// who and why; [`JournalError::Conflict`] when somebody else did something about it in this
    /// moment; and whatever the journal says.
    pub async fn retry(&self, id: &str, by: &str, why: &str) -> Result<(), JournalError> {
        self.mend(id, Entry::Retried, "retry", [by, why]).await
    }

    /// A stuck transaction is over as it is: somebody has brought about by hand what its participants
    /// would not do.
    ///
    /// # Errors
    ///
    /// As of [`retry`](Self::retry).
    pub async fn abandon(&self, id: &str, by: &str, why: &str) -> Result<(), JournalError> {
        self.mend(id, Entry::Abandoned, "abandon", [by, why]).await
    }

    async fn mend(
        &self,
        id: &str,
        entry: Entry,
        verb: &'static str,
        [by, why]: [&str; 2],
    ) -> Result<(), JournalError> {
        if by.trim().is_empty() || why.trim().is_empty() {
            return Err(Invalid::new("tcc", verb, "who does it, and why", "nothing")
                .with_advice("whoever looks at it next will want to know")
                .into());
        }
        let stream = StreamId::new(written::KIND, id)?;
        let records = self.journal.read_to_end(&stream, Sequence::START).await?;
        let last = records.last().ok_or_else(|| unknown(id))?.sequence;
        let (entries, _) = written::read(&records)?;
        let (machine, _) = Machine::recover(core::time::Duration::ZERO, &entries, 0);
        let Stage::Stuck(decision) = machine.stage() else {
            let head = self.journal.head(&stream).await?;
            let status = head.map_or_else(String::new, |head| head.status);
            let expected = "a transaction that is stuck";
            return Err(Invalid::new("tcc", verb, expected, alloc::format!("`{id}`, {status}"))
                .with_advice("it is told by itself, until it is over or stuck")
                .into());
        };
        let append = Append::to(&stream).after(last).event(written::mended(&entry, by, why)?);
        let append = match entry {
            Entry::Abandoned => append.due(Due::Never).status("abandoned"),
            _ => append.due(Due::Now).status(decision.as_str()),
        };
        self.journal.append(append).await?;
        observe::mended(id, verb, by);
        Ok(())
    }
}

fn payload(event: &crate::journal::Event) -> Value {
    match event.encoding() {
        Encoding::Json => event.read_json().unwrap_or_default(),
        _ => Value::Null,
    }
}

fn unknown(id: &str) -> Invalid {
    Invalid::new("tcc", "id", "a transaction of this journal", alloc::format!("`{id}`"))
}

impl Moment {
    fn of(record: &Record) -> Self {
        let (name, payload) = (record.event.name().to_string(), payload(&record.event));
        let text = written::told(&name, &payload);
        Self { at: record.at, sequence: record.sequence, name, text, payload }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, decision, participants, timeline } = self;
        let decision = decision.map_or("undecided", Decision::as_str);
        writeln!(f, "{} is {}, decision: {decision}", head.stream, head.status)?;
        if let Some(held) = &head.held {
            writeln!(f, "worked at by {}", held.owner)?;
        }
        for participant in participants {
            writeln!(f, "  {participant}")?;
        }
        let begin = timeline.first().map(|moment| moment.at);
        for moment in timeline {
            let since = begin.and_then(|begin| moment.at.duration_since(begin).ok());
            let since = since.unwrap_or_default().as_secs_f64();
            writeln!(f, "  {since:>10.3} s  {:>3}  {}", moment.sequence.get(), moment.text)?;
        }
        Ok(())
    }
}
