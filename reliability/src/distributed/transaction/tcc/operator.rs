use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Decision;
use super::core::{Entry, Machine, Stage};
use super::{observe, written};
use crate::distributed::transaction::operator::{self, Moment, Said};
use crate::error::Invalid;
use crate::journal::{Append, Due, Head, Journal, JournalError, Sequence, StreamId};

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
        operator::heads(&self.journal, written::KIND, status).await
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
        let timeline = records.iter().map(|record| Moment::of(record, written::told)).collect();
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
        let said = Said::new("tcc", by, why)?;
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
        let append = Append::to(&stream).after(last).event(written::mended(&entry, &said)?);
        let append = match entry {
            // Whoever recovers knows for how long it stays.
            Entry::Abandoned => append.due(Due::Now).status(written::IS_ABANDONED),
            _ => append.due(Due::Now).status(decision.as_str()),
        };
        self.journal.append(append).await?;
        observe::mended(id, verb, &said.by);
        Ok(())
    }
}

fn unknown(id: &str) -> Invalid {
    let expected = "the id of a transaction that is in this journal";
    Invalid::new("tcc", "id", expected, alloc::format!("`{id}`")).with_advice(
        "`list` says which there are; one that has not begun, or was removed, is not among them",
    )
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, decision, participants, timeline } = self;
        let decision = decision.map_or("undecided", Decision::as_str);
        writeln!(f, "{} is {}, decision: {decision}", head.stream, head.status)?;
        operator::write_held(f, head)?;
        for participant in participants {
            writeln!(f, "  {participant}")?;
        }
        operator::write_timeline(f, timeline)
    }
}
