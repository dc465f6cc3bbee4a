//! What is written down: one stream for each transaction that is decided, of which the first record
//! is the decision, and never changes.

use ::core::time::Duration;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::TransactionId;
use crate::distributed::transaction::Decision;
use crate::distributed::transaction::operator::Said;
use crate::journal::{
    Append, Due, Event, Journal, JournalError, Lease, Record, Sequence, StreamId,
};

const COMMITTED: &str = "Committed";
pub(super) const ABORTED: &str = "Aborted";
const FINISHED: &str = "Finished";
/// What operators write.
pub(super) const RETRIED: &str = "Retried";
pub(super) const ABANDONED: &str = "Abandoned";
pub(super) const CANCELLED: &str = "Cancelled";
const VERSION: u32 = 1;

/// The decisions in a journal.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) journal: Journal,
    pub(super) kind: String,
}

/// What the log holds of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) decision: Decision,
    /// Tells one who wrote from another: a decision is written again when nobody knows whether it
    /// was written.
    pub(super) by: u64,
    /// Who has to be told to commit.
    pub(super) participants: Vec<String>,
    /// Everybody has been told.
    pub(super) finished: bool,
    /// Who had done the opposite by then.
    pub(super) against: Vec<String>,
    /// An operator has ended it as it is.
    pub(super) abandoned: bool,
    pub(super) last: Sequence,
}

impl Log {
    pub(super) fn stream(&self, transaction: &TransactionId) -> Result<StreamId, JournalError> {
        Ok(StreamId::new(&self.kind, transaction.as_str())?)
    }

    /// Writes a decision if there is none, and says which one there is.
    pub(super) async fn decide(
        &self,
        transaction: &TransactionId,
        decision: Decision,
        by: u64,
        participants: &[String],
        due: Duration,
    ) -> Result<Entry, JournalError> {
        let stream = self.stream(transaction)?;
        let (name, status) = match decision {
            Decision::Commit => (COMMITTED, "committed"),
            Decision::Abort => (ABORTED, "aborted"),
        };
        let event = Event::json(name, VERSION, &(by, participants))?;
        let append = Append::to(&stream).after(Sequence::START).event(event);
        match self.journal.append(append.due(Due::After(due)).status(status)).await {
            Ok(appended) => {
                let participants = participants.to_vec();
                let last = appended.sequence;
                let (finished, abandoned, against) = (false, false, Vec::new());
                Ok(Entry { decision, by, participants, finished, against, abandoned, last })
            }
            Err(conflict @ JournalError::Conflict { .. }) => {
                self.read(transaction).await?.ok_or(conflict)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) async fn read(
        &self,
        transaction: &TransactionId,
    ) -> Result<Option<Entry>, JournalError> {
        let stream = self.stream(transaction)?;
        let records = self.journal.read_to_end(&stream, Sequence::START).await?;
        read(&stream, &records)
    }

    /// Everybody has been told. Who had done the opposite stays in the log until somebody has looked
    /// at it.
    pub(super) async fn finish(
        &self,
        transaction: &TransactionId,
        entry: &Entry,
        against: &[String],
        keep: Duration,
        lease: Option<&Lease>,
    ) -> Result<(), JournalError> {
        let stream = self.stream(transaction)?;
        let event = Event::json(FINISHED, VERSION, against)?;
        let append = Append::to(&stream).after(entry.last).event(event);
        let append = match against.is_empty() {
            true => append.due(Due::After(keep)).status("finished"),
            false => append.due(Due::Never).status("heuristic"),
        };
        let append = match lease {
            Some(lease) => append.fenced(lease).release(),
            None => append,
        };
        match self.journal.append(append).await {
            // Somebody who recovers was quicker.
            Ok(_) | Err(JournalError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives a claim back until later.
    pub(super) async fn put_off(&self, lease: &Lease, by: Duration) -> Result<(), JournalError> {
        let append = Append::to(&lease.stream).fenced(lease).after(lease.sequence);
        match self.journal.append(append.due(Due::After(by)).release()).await {
            // An operator has said something meanwhile, and it comes up when the claim has run out.
            Err(JournalError::Conflict { .. }) => Ok(()),
            put_off => put_off.map(drop),
        }
    }

    /// Forgets a transaction that is over.
    pub(super) async fn forget(&self, lease: &Lease) -> Result<(), JournalError> {
        match self.journal.remove_held(lease).await {
            // An operator has said something meanwhile, and it comes up when the claim has run out.
            Err(JournalError::Conflict { .. }) => Ok(()),
            removed => removed,
        }
    }
}

/// What the records of a transaction say.
pub(super) fn read(stream: &StreamId, records: &[Record]) -> Result<Option<Entry>, JournalError> {
    let Some(first) = records.first() else { return Ok(None) };
    let decision = match first.event.name() {
        COMMITTED => Decision::Commit,
        ABORTED => Decision::Abort,
        other => {
            let what = alloc::format!(
                "`{stream}` begins with `{other}` instead of a decision: give two-phase commit a \
                 `kind` of its own"
            );
            return Err(JournalError::Unusable { what });
        }
    };
    let (by, participants) = first.event.read_json()?;
    let named = |name: &str| records.iter().find(|record| record.event.name() == name);
    let end = named(FINISHED);
    let against = end.map(|end| end.event.read_json()).transpose()?.unwrap_or_default();
    let (finished, abandoned) = (end.is_some(), named(ABANDONED).is_some());
    let last = records.last().map_or(Sequence::START, |record| record.sequence);
    Ok(Some(Entry { decision, by, participants, finished, against, abandoned, last }))
}

/// For people.
pub(super) fn told(event: &str, payload: &Value) -> String {
    let names = |of: &Value| {
        let names = of.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.collect::<Vec<_>>().join(", ")
    };
    match event {
        COMMITTED => alloc::format!("decided: commit, by {}", names(&payload[1])),
        ABORTED => "decided: abort".into(),
        FINISHED if names(payload).is_empty() => "all have committed".into(),
        FINISHED => alloc::format!("had done the opposite on their own: {}", names(payload)),
        RETRIED => Said::told(payload, Said::RETRIED),
        ABANDONED => Said::told(payload, Said::ABANDONED),
        CANCELLED => Said::told(payload, Said::CANCELLED),
        other => other.into(),
    }
}
