//! What an operator sees of choreographies and does about them, without their types.

mod found;
mod shown;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::desk::START;
use super::entry::Entry;
use super::rules::ABANDONED;
use crate::distributed::transaction::operator::{self, Moment, Said};
use crate::error::Invalid;
use crate::journal::{Append, Due, Head, Journal, JournalError, Sequence, StreamId};

use found::{Found, PARKED, envelope, mended};
pub(super) use shown::reasons;
pub use shown::{Part, Shown};
use shown::{moment, undoing};

/// What an operator sees of the transactions of choreographies in a journal and does about those that
/// wait for somebody, without their types. Whatever it does is a record of each participant that it
/// concerns: who did it, and why.
///
/// A transaction is named by the key that it was started with, where it was started in this journal, or
/// by its number, by which participants know it. Those whose journal is another one are seen there.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// use reliability::distributed::transaction::choreography::Operator;
/// # use reliability::distributed::transaction::choreography::bus::JournalBus;
/// # use reliability::journal::Journal;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let journal = Journal::in_memory();
/// # let orders = Orders::on(&journal, JournalBus::on(&journal), (Warehouse, Card)).start().await?;
/// orders.start("order-1", 13).await?; // of which the bank does not like the number
/// let operator = Operator::on(&journal);
/// while operator.list(Some("place_order"), Some("parked")).await?.is_empty() {
///     tokio::task::yield_now().await;
/// }
/// let order = operator.show("place_order", "order-1").await?;
/// assert!(order.to_string().contains("the bank does not like this number"));
/// operator.retry("place_order", "order-1", "ada", "they like it now").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Operator {
    journal: Journal,
}

/// What wants somebody most comes first.
const URGENT: [&str; 9] =
    ["broken", "parked", "untold", "elsewhere", "undoing", "running", ABANDONED, "undone", "done"];

/// How often to look again when participants write in the same moment.
const TRIES: u32 = 16;

impl Operator {
    /// On that journal.
    pub fn on(journal: &Journal) -> Self {
        Self { journal: journal.clone() }
    }

    /// The heads of that choreography and status, or of all: one for each transaction and each who has
    /// something to do with it here; the oldest change first. `place_order.card`, the kind of the
    /// streams of one participant, is as good as the name of the choreography.
    ///
    /// The statuses are `parked`, of what waits for somebody; `broken`, of what cannot be read;
    /// `untold`, of what the bus does not take; `elsewhere`, of what programs of another version have to
    /// do; `running` and `undoing`; `done`, `undone` and `abandoned`.
    ///
    /// # Errors
    ///
    /// Whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn list(
        &self,
        choreography: Option<&str>,
        status: Option<&str>,
    ) -> Result<Vec<Head>, JournalError> {
        let kinds = match choreography {
            Some(name) => operator::kinds_of(&self.journal, name).await?,
            None => operator::kinds(&self.journal).await?,
        };
        let mut found = Vec::new();
        for kind in kinds {
            if self.topic(&kind).await?.is_some() {
                found.extend(operator::heads(&self.journal, &kind, status).await?);
            }
        }
        found.sort_by_key(|head| head.changed_at);
        Ok(found)
    }

    /// All that this journal knows of one transaction, by the name of the choreography, and the key it
    /// was started with or its number.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is none; and whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn show(&self, choreography: &str, key: &str) -> Result<Shown, JournalError> {
        let (topic, found) = self.find(choreography, key).await?;
        let first = found.iter().find_map(|part| envelope(part.records.first()?));
        let Some(first) = first else { return Err(unknown(choreography, key).into()) };
        let status = |wanted: &&str| found.iter().any(|part| part.head.status == *wanted);
        let status = URGENT.into_iter().find(status).unwrap_or("running").to_string();
        let mut timeline: Vec<Moment> = found
            .iter()
            .flat_map(|part| part.records.iter().map(|record| moment(&part.participant, record)))
            .collect();
        timeline.sort_by_key(|moment| moment.at);
        let parts = found.into_iter().map(|part| Part {
            parked: reasons(&part.records),
            participant: part.participant,
            head: part.head,
        });
        let (key, transaction) = (first.key().to_string(), first.transaction());
        let parts = parts.collect();
        Ok(Shown { choreography: topic, key, transaction, status, parts, timeline })
    }

    /// What is parked in a transaction is tried again, from its first attempt on; of all participants
    /// here, or of that whose kind is named, `place_order.card`.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is no such transaction, nothing in it is parked or broken, or
    /// nothing is said of who and why; [`JournalError::Conflict`] when somebody else did something
    /// about it in this moment; and whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it is tried again or not.
    pub async fn retry(
        &self,
        choreography: &str,
        key: &str,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("choreography", by, why)?;
        let found = self.meant(choreography, key).await?;
        let waits = found.iter().filter(|part| part.waits_for_somebody());
        let entry = Entry::Retried { by: by.clone(), why };
        let appends = waits.map(|part| {
            let append = Append::to(&part.head.stream).after(part.head.sequence);
            append.event(entry.event()).due(Due::Now).status("running")
        });
        self.write(appends.collect(), &found, (choreography, key)).await?;
        mended(&found, "retry", &by);
        Ok(())
    }

    /// What cannot be undone is taken for undone: somebody has done it by hand. That holds for all that
    /// is parked on the way back, of all participants here, or of that whose kind is named,
    /// `place_order.card`; the others go on with their part of the way back.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when it is a handler that is parked and not its undo: only its program
    /// could say what it has made, so [`retry`](Self::retry) it or [`abandon`](Self::abandon) the
    /// transaction; and as of [`retry`](Self::retry).
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it is taken for undone or not.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn skipped(journal: &reliability::journal::Journal)
    /// # -> Result<(), reliability::journal::JournalError> {
    /// use reliability::distributed::transaction::choreography::Operator;
    ///
    /// let operator = Operator::on(journal);
    /// operator.skip("place_order", "order-1", "ada", "put back by hand").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn skip(
        &self,
        choreography: &str,
        key: &str,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("choreography", by, why)?;
        let found = self.meant(choreography, key).await?;
        let skipped = |part: &Found| {
            let tasks = undoing(&part.records).into_iter();
            let skipped = |task| {
                let (by, why) = (by.clone(), why.clone());
                Entry::Skipped { task, by, why }.event()
            };
            tasks.map(skipped).collect::<Vec<_>>()
        };
        let mut appends = Vec::new();
        for part in found.iter().filter(|part| part.head.status == PARKED) {
            let events = skipped(part);
            if !events.is_empty() {
                let append = Append::to(&part.head.stream).after(part.head.sequence);
                appends.push(append.events_of(events).due(Due::Now).status("undoing"));
            }
        }
        if appends.is_empty() && found.iter().any(|part| part.head.status == PARKED) {
            let advice =
                "`retry` it, or bring about by hand what is left and `abandon` the transaction";
            let (expected, got) = ("an undo that is parked", "a handler that is");
            return Err(Invalid::new("choreography", "skip", expected, got)
                .with_advice(advice)
                .into());
        }
        self.write(appends, &found, (choreography, key)).await?;
        mended(&found, "skip", &by);
        Ok(())
    }

    /// A transaction is over as it is: somebody has brought about by hand what is left of it. Its
    /// participants here do nothing any more, whatever they hear, and undo nothing; or that one does
    /// whose kind is named, `place_order.card`. Those in other journals are not told: they are abandoned
    /// there.
    ///
    /// What a worker has in its hands in this moment is still written down when it is through, and
    /// told.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is no such transaction, nobody in it is parked, broken or
    /// waits to hear something, or nothing is said of who and why; and as of [`retry`](Self::retry).
    ///
    /// # Cancel safety
    ///
    /// When it is dropped before it returns, it is over or not.
    pub async fn abandon(
        &self,
        choreography: &str,
        key: &str,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("choreography", by, why)?;
        let entry = Entry::Abandoned { by: by.clone(), why };
        let mut tries = 0;
        loop {
            let found = self.meant(choreography, key).await?;
            let open = found.iter().filter(|part| !part.is_over());
            let appends = match found.iter().any(Found::waits) {
                true => open
                    .map(|part| {
                        let append = Append::to(&part.head.stream).after(part.head.sequence);
                        // Who can read it knows for how long it stays.
                        let due = if part.head.status == "broken" { Due::Never } else { Due::Now };
                        append.event(entry.event()).due(due).status(ABANDONED)
                    })
                    .collect(),
                false => Vec::new(),
            };
            match self.write(appends, &found, (choreography, key)).await {
                // One of them has heard something meanwhile.
                Err(JournalError::Conflict { .. }) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
                Ok(()) => {
                    mended(&found, "abandon", &by);
                    return Ok(());
                }
            }
        }
    }

    async fn write(
        &self,
        appends: Vec<Append>,
        found: &[Found],
        (choreography, key): (&str, &str),
    ) -> Result<(), JournalError> {
        if !appends.is_empty() {
            return self.journal.append_all(appends).await.map(drop);
        }
        let are = found.iter().map(|part| format!("{} is {}", part.participant, part.head.status));
        let are: Vec<String> = are.collect();
        let got = format!("`{choreography}/{key}`, of which {}", are.join(", "));
        let expected = "a transaction in which somebody is parked";
        let advice = "there is nothing to mend: what is on its way goes on by itself, and what is over \
                      stays as it is";
        Err(Invalid::new("choreography", "key", expected, got).with_advice(advice).into())
    }

    /// Those parts of a transaction that are spoken of: all, or that whose kind was named.
    async fn meant(&self, name: &str, key: &str) -> Result<Vec<Found>, JournalError> {
        let (topic, mut found) = self.find(name, key).await?;
        if topic != name {
            found.retain(|part| part.head.stream.kind() == name);
        }
        if found.is_empty() { Err(unknown(name, key).into()) } else { Ok(found) }
    }

    /// The choreography, and its parts here.
    async fn find(&self, name: &str, key: &str) -> Result<(String, Vec<Found>), JournalError> {
        let topic = self.topic(name).await?.unwrap_or_else(|| name.to_string());
        let start = format!("{topic}.{START}");
        let started = self.read(&start, START, key).await?;
        let number = match started.as_ref().and_then(|it| envelope(it.records.first()?)) {
            Some(envelope) => Some(envelope.transaction()),
            None => key.parse().ok(),
        };
        let mut found: Vec<Found> = started.into_iter().collect();
        let Some(number) = number else { return Ok((topic, found)) };
        let prefix = format!("{topic}.");
        for kind in operator::kinds_of(&self.journal, &topic).await? {
            if let Some(participant) = kind.strip_prefix(&prefix).filter(|_| kind != start) {
                found.extend(self.read(&kind, participant, &number.to_string()).await?);
            }
        }
        if found.first().is_some_and(|it| it.participant != START) {
            // By its number: who has started it knows it by its key.
            let key = found.iter().find_map(|it| envelope(it.records.first()?));
            let key = key.map(|envelope| envelope.key().to_string());
            let started = match key {
                Some(key) => self.read(&start, START, &key).await?,
                None => None,
            };
            let is_it = |it: &Found| {
                let first = it.records.first().and_then(envelope);
                first.is_some_and(|first| first.transaction() == number)
            };
            if let Some(started) = started.filter(is_it) {
                found.insert(0, started);
            }
        }
        Ok((topic, found))
    }

    async fn read(
        &self,
        kind: &str,
        participant: &str,
        key: &str,
    ) -> Result<Option<Found>, JournalError> {
        let Ok(stream) = StreamId::new(kind, key) else { return Ok(None) };
        let Some(head) = self.journal.head(&stream).await? else { return Ok(None) };
        let records = self.journal.read_to_end(&stream, Sequence::START).await?;
        Ok(Some(Found { participant: participant.to_string(), head, records }))
    }

    /// Of which choreography the streams of that kind are, if of any.
    async fn topic(&self, kind: &str) -> Result<Option<String>, JournalError> {
        use crate::journal::Heads;
        if StreamId::new(kind, "key").is_err() {
            return Ok(None);
        }
        let any = self.journal.heads(Heads::of(kind).most(1)).await?;
        let Some(any) = any.first() else { return Ok(None) };
        let first = self.journal.read(&any.stream, Sequence::START, 1).await?;
        let topic = first.first().and_then(envelope).map(|it| it.topic().to_string());
        Ok(topic.filter(|topic| {
            kind.strip_prefix(topic.as_str()).is_some_and(|it| it.starts_with('.'))
        }))
    }
}

fn unknown(choreography: &str, key: &str) -> Invalid {
    let expected = "a transaction of which this journal knows, by its key or its number";
    Invalid::new("choreography", "key", expected, format!("`{choreography}/{key}`")).with_advice(
        "`list` says which there are; its key is known in the journal in which it was started, and its \
         number in those of the participants",
    )
}
