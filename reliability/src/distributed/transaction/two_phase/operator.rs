use ::core::fmt;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::log::{self, Entry, Log};
use super::{TransactionId, observe};
use crate::distributed::transaction::Decision;
use crate::distributed::transaction::operator::{self, Moment, Said};
use crate::error::Invalid;
use crate::journal::{Append, Due, Event, Head, Journal, JournalError, Sequence};

/// What an operator sees of the decisions in a journal and does about those that are not carried
/// through, without the participants. Whatever it does is a record of the transaction: who did it,
/// and why; and what an operator has decided stays in the log until somebody
/// [removes](Journal::remove) it.
///
/// Of what is not decided the log knows nothing: its participants do, and
/// [`TwoPhase::recover`](super::TwoPhase::recover) asks them. [`in_doubt`](Self::in_doubt) is what a
/// site knows.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::Decision;
/// use reliability::distributed::transaction::two_phase::{Operator, TransactionId, TwoPhase};
/// use reliability::journal::Journal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Journal::in_memory();
/// let operator = Operator::on(&journal);
/// for waits in operator.list(Some("committed")).await? {
///     let id = TransactionId::new(waits.stream.key())?;
///     println!("{}", operator.show(&id).await?);
///     operator.retry(&id, "ada", "the other bank is back").await?;
/// }
///
/// // Nobody has decided, and whoever began it is gone: before its promises are undone by hand.
/// let id = TransactionId::new("transfer-4711")?;
/// operator.cancel(&id, "ada", "the machine is lost").await?;
/// # let coordinator = TwoPhase::on(&journal);
/// assert_eq!(coordinator.ask(&id).await?, Decision::Abort);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Operator {
    pub(super) log: Log,
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
    /// How it ends.
    pub decision: Decision,
    /// Who has to be told to commit.
    pub participants: Vec<String>,
    /// Those who had done the opposite on their own: their data has to be mended by hand.
    pub against: Vec<String>,
    /// What has happened, in order.
    pub timeline: Vec<Moment>,
}

impl Operator {
    /// The kind of the streams in which decisions are, unless the coordinators say another
    /// [kind](super::TwoPhaseBuilder::kind).
    pub const KIND: &'static str = "two_phase";

    /// On that journal.
    pub fn on(journal: &Journal) -> Self {
        Self { log: Log { journal: journal.clone(), kind: Self::KIND.to_string() } }
    }

    /// What [kind](super::TwoPhaseBuilder::kind) of stream the decisions are in: `two_phase` by
    /// default.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::two_phase::Operator;
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::journal::JournalError> {
    /// let operator = Operator::on(&Journal::in_memory()).kind("transfers");
    /// assert!(operator.list(None).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn kind(mut self, kind: &str) -> Self {
        self.log.kind = kind.to_string();
        self
    }

    /// The heads of the transactions of that status, or of all; the oldest change first. The statuses
    /// are `committed`, as long as somebody has not heard it, `aborted`, `finished`, `heuristic` and
    /// `abandoned`.
    ///
    /// # Errors
    ///
    /// Whatever the journal says.
    pub async fn list(&self, status: Option<&str>) -> Result<Vec<Head>, JournalError> {
        operator::heads(&self.log.journal, &self.log.kind, status).await
    }

    /// All there is to know of one transaction.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when the log knows none of that id; and whatever the journal says.
    pub async fn show(&self, id: &TransactionId) -> Result<Shown, JournalError> {
        let stream = self.log.stream(id)?;
        let head = self.log.journal.head(&stream).await?.ok_or_else(|| unknown(id))?;
        let records = self.log.journal.read_to_end(&stream, Sequence::START).await?;
        let entry = log::read(&stream, &records)?.ok_or_else(|| unknown(id))?;
        let timeline = records.iter().map(|record| Moment::of(record, log::told)).collect();
        let Entry { decision, participants, against, .. } = entry;
        Ok(Shown { head, decision, participants, against, timeline })
    }

    /// How a transaction ends, as the log says; `None` when it is not decided, or long over. It changes
    /// nothing, unlike [`TwoPhase::ask`](super::TwoPhase::ask), which closes the log to whoever began
    /// it.
    ///
    /// What is in doubt its participants know: this says of each whether somebody has to be waited for.
    ///
    /// # Errors
    ///
    /// Whatever the journal says.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::distributed::transaction::two_phase::{Operator, Resource};
    /// use reliability::journal::Journal;
    ///
    /// # async fn shown(bank: &dyn Resource) -> Result<(), Box<dyn std::error::Error>> {
    /// let operator = Operator::on(&Journal::in_memory());
    /// for id in bank.in_doubt(Duration::from_secs(60)).await? {
    ///     println!("{id}: {:?}", operator.decision(&id).await?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn decision(&self, id: &TransactionId) -> Result<Option<Decision>, JournalError> {
        Ok(self.log.read(id).await?.map(|entry| entry.decision))
    }

    /// Those who have not heard that it commits are told now, and not when it is due again.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when the log knows none of that id, nobody waits for its commit, or
    /// nothing is said of who and why; [`JournalError::Conflict`] when somebody else did something
    /// about it in this moment; and whatever the journal says.
    pub async fn retry(&self, id: &TransactionId, by: &str, why: &str) -> Result<(), JournalError> {
        let said = Said::new("two_phase", by, why)?;
        let entry = self.open(id, "retry", |entry| !entry.finished).await?;
        let append = Append::to(&self.log.stream(id)?).after(entry.last).due(Due::Now);
        self.log.journal.append(append.event(Event::json(log::RETRIED, 1, &said.json())?)).await?;
        observe::mended(id, "retry", by);
        Ok(())
    }

    /// A commit that somebody cannot be told, or against which somebody has acted, is over as it is:
    /// its data was mended by hand. Nobody is told any more; who asks is answered as before.
    ///
    /// # Errors
    ///
    /// As of [`retry`](Self::retry).
    pub async fn abandon(
        &self,
        id: &TransactionId,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let said = Said::new("two_phase", by, why)?;
        let waits = |entry: &Entry| !entry.finished || !entry.against.is_empty();
        let entry = self.open(id, "abandon", waits).await?;
        let append = Append::to(&self.log.stream(id)?).after(entry.last);
        let append = append.event(Event::json(log::ABANDONED, 1, &said.json())?);
        self.log.journal.append(append.due(Due::Never).status("abandoned")).await?;
        observe::mended(id, "abandon", by);
        Ok(())
    }

    /// A transaction that nobody has decided is aborted: the log is closed to whoever began it.
    /// Recovery does so by itself when its participants can be asked; this is for when they cannot,
    /// and comes before anybody undoes by hand what they have promised.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when it is decided, or nothing is said of who and why; and whatever
    /// the journal says.
    pub async fn cancel(
        &self,
        id: &TransactionId,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let said = Said::new("two_phase", by, why)?;
        let nobody: (u64, &[String]) = (0, &[]);
        let decided = Event::json(log::ABORTED, 1, &nobody)?;
        let append = Append::to(&self.log.stream(id)?).after(Sequence::START).event(decided);
        let append = append.event(Event::json(log::CANCELLED, 1, &said.json())?);
        match self.log.journal.append(append.due(Due::Never).status("aborted")).await {
            Ok(_) => {
                observe::mended(id, "cancel", by);
                Ok(())
            }
            Err(conflict @ JournalError::Conflict { .. }) => {
                let entry = self.log.read(id).await?.ok_or(conflict)?;
                let got = alloc::format!("`{id}`, whose decision is {}", entry.decision);
                Err(Invalid::new("two_phase", "cancel", "a transaction that is not decided", got)
                    .with_advice("a decision never changes: begin another one that puts it right")
                    .into())
            }
            Err(error) => Err(error),
        }
    }

    /// A commit about which there is something to do.
    async fn open(
        &self,
        id: &TransactionId,
        verb: &'static str,
        waits: impl FnOnce(&Entry) -> bool,
    ) -> Result<Entry, JournalError> {
        let entry = self.log.read(id).await?.ok_or_else(|| unknown(id))?;
        let is_open = entry.decision == Decision::Commit && !entry.abandoned;
        if is_open && waits(&entry) {
            return Ok(entry);
        }
        let expected = "a commit that somebody has not followed";
        let got = match entry {
            Entry { abandoned: true, .. } => "abandoned",
            Entry { decision: Decision::Abort, .. } => "aborted",
            Entry { .. } => "which all have heard",
        };
        Err(Invalid::new("two_phase", verb, expected, alloc::format!("`{id}`, {got}"))
            .with_advice("there is nothing to mend")
            .into())
    }
}

fn unknown(id: &TransactionId) -> Invalid {
    let expected = "a transaction of which the log knows";
    Invalid::new("two_phase", "id", expected, alloc::format!("`{id}`")).with_advice(
        "what is not decided is known to its participants only, and what is long over to nobody",
    )
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, decision, participants, against, timeline } = self;
        writeln!(f, "{} is {}, decision: {}", head.stream, head.status, decision)?;
        operator::write_held(f, head)?;
        for participant in participants {
            let note = if against.contains(participant) { "had done the opposite" } else { "" };
            writeln!(f, "{}", alloc::format!("  {participant:<24} {note}").trim_end())?;
        }
        operator::write_timeline(f, timeline)
    }
}
