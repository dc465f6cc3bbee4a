//! What a site writes down: one stream for each transaction that it was asked for. That of one that
//! is aborted is removed: of what is not there nothing happens.

use ::core::time::Duration;
use alloc::string::String;
use alloc::vec::Vec;
use std::time::SystemTime;

use serde_json::Value;

use super::TransactionId;
use crate::distributed::transaction::Decision;
use crate::distributed::transaction::operator::{self, Said};
use crate::error::Invalid;
use crate::journal::{Append, Event, Journal, JournalError, Record, Sequence, StreamId};

const PREPARES: &str = "Prepares";
const PROMISED: &str = "Promised";
const COMMITTED: &str = "Committed";
const FORCED: &str = "Forced";
const OPPOSED: &str = "Opposed";
const VERSION: u32 = 1;

/// The statuses of those that wait to be told how they end.
const OPEN: [&str; 3] = ["working", "promised", "forced"];
pub(super) const HEURISTIC: &str = "heuristic";

/// The records of one site.
#[derive(Debug, Clone)]
pub(super) struct Promises {
    journal: Journal,
    /// A kind of its own for each site.
    kind: String,
}

/// How far a site has got with a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It has begun, and has not promised anything.
    Working,
    Promised,
    /// An operator has decided. It may not have been done yet.
    Forced(Decision),
    Committed,
    /// It was forced, and then told the opposite.
    Heuristic(Decision),
}

/// What stands in the journal of a transaction.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) state: State,
    /// Tells one who asks from another one.
    pub(super) part: u64,
    pub(super) work: Value,
    pub(super) last: Sequence,
}

impl Promises {
    /// Those of the site of that name.
    pub(super) fn of(journal: &Journal, name: &str) -> Result<Self, Invalid> {
        let kind = alloc::format!("two_phase.{name}");
        match StreamId::new(&kind, "1") {
            Ok(_) if !name.is_empty() => Ok(Self { journal: journal.clone(), kind }),
            _ => {
                let expected = "1 to 54 of `a-z`, `0-9`, `_`, `-` and `.`";
                let shown: String = name.chars().take(80).collect();
                Err(Invalid::new("two_phase", "site", expected, alloc::format!("{shown:?}")))
            }
        }
    }

    /// The kind of its streams.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    fn append(&self, id: &TransactionId, last: Sequence) -> Result<Append, JournalError> {
        Ok(Append::to(&StreamId::new(&self.kind, id.as_str())?).after(last))
    }

    /// Before anything is done, so that it can be undone whoever dies.
    pub(super) async fn prepares(
        &self,
        id: &TransactionId,
        part: u64,
        work: Value,
    ) -> Result<Kept, JournalError> {
        let event = Event::json(PREPARES, VERSION, &(part, &work))?;
        let append = self.append(id, Sequence::START)?.event(event).status("working");
        let last = self.journal.append(append).await?.sequence;
        Ok(Kept { state: State::Working, part, work, last })
    }

    pub(super) async fn promised(
        &self,
        id: &TransactionId,
        kept: &mut Kept,
    ) -> Result<(), JournalError> {
        let event = Event::json(PROMISED, VERSION, &())?;
        let append = self.append(id, kept.last)?.event(event).status("promised");
        kept.last = self.journal.append(append).await?.sequence;
        kept.state = State::Promised;
        Ok(())
    }

    pub(super) async fn committed(
        &self,
        id: &TransactionId,
        kept: &mut Kept,
    ) -> Result<(), JournalError> {
        let event = Event::json(COMMITTED, VERSION, &())?;
        let append = self.append(id, kept.last)?.event(event).status("committed");
        kept.last = self.journal.append(append).await?.sequence;
        kept.state = State::Committed;
        Ok(())
    }

    /// Before it is done: no log knows of it.
    pub(super) async fn forced(
        &self,
        id: &TransactionId,
        kept: &mut Kept,
        decision: Decision,
        said: &Said,
    ) -> Result<(), JournalError> {
        let event = Event::json(FORCED, VERSION, &(decision.as_str(), said.json()))?;
        let append = self.append(id, kept.last)?.event(event).status("forced");
        kept.last = self.journal.append(append).await?.sequence;
        kept.state = State::Forced(decision);
        Ok(())
    }

    /// It was told the opposite of what an operator had decided.
    pub(super) async fn opposed(
        &self,
        id: &TransactionId,
        kept: &mut Kept,
        done: Decision,
    ) -> Result<(), JournalError> {
        let event = Event::json(OPPOSED, VERSION, &())?;
        let append = self.append(id, kept.last)?.event(event).status(HEURISTIC);
        kept.last = self.journal.append(append).await?.sequence;
        kept.state = State::Heuristic(done);
        Ok(())
    }

    /// Forgets a transaction, if nobody has written meanwhile. Two may do so at once.
    pub(super) async fn remove(
        &self,
        id: &TransactionId,
        last: Sequence,
    ) -> Result<(), JournalError> {
        let stream = StreamId::new(&self.kind, id.as_str())?;
        match self.journal.remove(&stream, last).await {
            Err(JournalError::Conflict { found: Sequence::START, .. }) => Ok(()),
            removed => removed,
        }
    }

    /// Forgets what is over, and nothing else.
    pub(super) async fn forget(&self, id: &TransactionId) -> Result<(), JournalError> {
        match self.read(id).await? {
            Some(Kept { state: State::Committed | State::Heuristic(_), last, .. }) => {
                self.remove(id, last).await
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn read(&self, id: &TransactionId) -> Result<Option<Kept>, JournalError> {
        let stream = StreamId::new(&self.kind, id.as_str())?;
        read(&self.journal.read_to_end(&stream, Sequence::START).await?)
    }

    /// Those that have waited for so long to be told how they end; the oldest change first.
    pub(super) async fn open(
        &self,
        now: SystemTime,
        for_longer_than: Duration,
    ) -> Result<Vec<TransactionId>, JournalError> {
        let mut heads = Vec::new();
        for status in OPEN {
            heads.extend(operator::heads(&self.journal, &self.kind, Some(status)).await?);
        }
        // What is of the future is of another clock, and young.
        heads.retain(|head| {
            now.duration_since(head.changed_at).unwrap_or_default() >= for_longer_than
        });
        heads.sort_by_key(|head| head.changed_at);
        Ok(heads
            .iter()
            .map(|head| TransactionId::new(head.stream.key()))
            .collect::<Result<_, _>>()?)
    }

    pub(super) async fn with_status(
        &self,
        status: &str,
    ) -> Result<Vec<TransactionId>, JournalError> {
        let heads = operator::heads(&self.journal, &self.kind, Some(status)).await?;
        Ok(heads
            .iter()
            .map(|head| TransactionId::new(head.stream.key()))
            .collect::<Result<_, _>>()?)
    }
}

fn read(records: &[Record]) -> Result<Option<Kept>, JournalError> {
    let mut kept: Option<Kept> = None;
    for Record { event, sequence, .. } in records {
        let state = match (event.name(), &kept) {
            (PREPARES, None) => {
                let (part, work) = event.read_json()?;
                kept = Some(Kept { state: State::Working, part, work, last: *sequence });
                continue;
            }
            (PROMISED, Some(_)) => State::Promised,
            (COMMITTED, Some(_)) => State::Committed,
            (FORCED, Some(_)) => {
                let (decision, _): (String, Value) = event.read_json()?;
                match decision == Decision::Commit.as_str() {
                    true => State::Forced(Decision::Commit),
                    false => State::Forced(Decision::Abort),
                }
            }
            (OPPOSED, Some(Kept { state: State::Forced(done), .. })) => State::Heuristic(*done),
            (name, _) => {
                let what = alloc::format!("a promise in which `{name}` has no place");
                return Err(JournalError::Unreadable { what, source: None });
            }
        };
        if let Some(kept) = &mut kept {
            (kept.state, kept.last) = (state, *sequence);
        }
    }
    Ok(kept)
}
