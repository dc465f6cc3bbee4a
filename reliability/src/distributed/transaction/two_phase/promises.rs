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
use crate::journal::{Append, Event, Head, Journal, JournalError, Record, Sequence, StreamId};

const PREPARES: &str = "Prepares";
const PROMISED: &str = "Promised";
const COMMITTED: &str = "Committed";
const FORCED: &str = "Forced";
const OPPOSED: &str = "Opposed";
const VERSION: u32 = 1;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Those that wait to be told how they end, whichever way they were forced.
const OPEN: [State; 3] = [State::Working, State::Promised, State::Forced(Decision::Abort)];

/// The records of one site.
#[derive(Debug, Clone)]
pub(super) struct Promises {
    journal: Journal,
    /// A kind of its own for each site.
    kind: String,
}

/// How far a site has got with a transaction.
///
/// ```text
///             prepares +---------+ promised +----------+ committed +-----------+ forget
///   (nothing) -------> | Working | -------> | Promised | --------> | Committed | ------> (nothing)
///                      +---------+          +----------+           +-----------+
///     refused, aborted or |             aborted |  | forced              ^ commit,
///           has only read |                     |  v                     | told the same
///                         v                     |  +--------+            |
///                     (nothing) <---------------+  | Forced | -----------+
///                         ^                        +--------+
///                         |   abort, told the same  |  | told the opposite
///                         +-------------------------+  v
///                                                  +-----------+ forget
///                                                  | Heuristic | ------> (nothing)
///                                                  +-----------+
/// ```
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
pub(super) struct Promise {
    pub(super) state: State,
    /// Whose it is.
    pub(super) claim: u64,
    pub(super) work: Value,
    pub(super) last: Sequence,
}

impl State {
    const fn status(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Promised => "promised",
            Self::Forced(_) => "forced",
            Self::Committed => "committed",
            Self::Heuristic(_) => "heuristic",
        }
    }
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

    /// Before anything is done, so that it can be undone whoever dies.
    pub(super) async fn prepares(
        &self,
        id: &TransactionId,
        claim: u64,
        work: Value,
    ) -> Result<Promise, JournalError> {
        let event = Event::json(PREPARES, VERSION, &(claim, &work))?;
        let mut promise = Promise { state: State::Working, claim, work, last: Sequence::START };
        self.write(id, &mut promise, event, State::Working).await?;
        Ok(promise)
    }

    pub(super) async fn promised(
        &self,
        id: &TransactionId,
        promise: &mut Promise,
    ) -> Result<(), JournalError> {
        let event = Event::json(PROMISED, VERSION, &())?;
        self.write(id, promise, event, State::Promised).await
    }

    pub(super) async fn committed(
        &self,
        id: &TransactionId,
        promise: &mut Promise,
    ) -> Result<(), JournalError> {
        let event = Event::json(COMMITTED, VERSION, &())?;
        self.write(id, promise, event, State::Committed).await
    }

    /// Before it is done: no log knows of it.
    pub(super) async fn forced(
        &self,
        id: &TransactionId,
        promise: &mut Promise,
        decision: Decision,
        said: &Said,
    ) -> Result<(), JournalError> {
        let event = Event::json(FORCED, VERSION, &(decision.as_str(), said.json()))?;
        self.write(id, promise, event, State::Forced(decision)).await
    }

    /// It was told the opposite of what an operator had decided.
    pub(super) async fn opposed(
        &self,
        id: &TransactionId,
        promise: &mut Promise,
        done: Decision,
    ) -> Result<(), JournalError> {
        let event = Event::json(OPPOSED, VERSION, &())?;
        self.write(id, promise, event, State::Heuristic(done)).await
    }

    /// If nobody else has written meanwhile.
    async fn write(
        &self,
        id: &TransactionId,
        promise: &mut Promise,
        event: Event,
        state: State,
    ) -> Result<(), JournalError> {
        let stream = StreamId::new(&self.kind, id.as_str())?;
        let append = Append::to(&stream).after(promise.last).event(event).status(state.status());
        promise.last = self.journal.append(append).await?.sequence;
        promise.state = state;
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
            Some(Promise { state: State::Committed | State::Heuristic(_), last, .. }) => {
                self.remove(id, last).await
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn read(&self, id: &TransactionId) -> Result<Option<Promise>, JournalError> {
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
        for state in OPEN {
            heads.extend(self.heads(state).await?);
        }
        heads.retain(|head| match now.duration_since(head.changed_at) {
            Ok(age) => age >= for_longer_than,
            // What is of the future is of another clock, and young; unless that was quite wrong.
            Err(ahead) => for_longer_than.is_zero() || ahead.duration() > DAY,
        });
        heads.sort_by_key(|head| head.changed_at);
        ids(&heads)
    }

    /// Those that were forced, and then told the opposite.
    pub(super) async fn heuristic(&self) -> Result<Vec<TransactionId>, JournalError> {
        ids(&self.heads(State::Heuristic(Decision::Abort)).await?)
    }

    /// Of all that are in that state, whatever they were decided to do.
    async fn heads(&self, state: State) -> Result<Vec<Head>, JournalError> {
        operator::heads(&self.journal, &self.kind, Some(state.status())).await
    }
}

fn ids(heads: &[Head]) -> Result<Vec<TransactionId>, JournalError> {
    Ok(heads.iter().map(|head| TransactionId::new(head.stream.key())).collect::<Result<_, _>>()?)
}

fn read(records: &[Record]) -> Result<Option<Promise>, JournalError> {
    let mut promise: Option<Promise> = None;
    for Record { event, sequence, .. } in records {
        let state = match (event.name(), &promise) {
            (PREPARES, None) => {
                let (claim, work) = event.read_json()?;
                promise = Some(Promise { state: State::Working, claim, work, last: *sequence });
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
            (OPPOSED, Some(Promise { state: State::Forced(done), .. })) => State::Heuristic(*done),
            (name, _) => {
                let what = alloc::format!("a promise in which `{name}` has no place");
                return Err(JournalError::Unreadable { what, source: None });
            }
        };
        if let Some(promise) = &mut promise {
            (promise.state, promise.last) = (state, *sequence);
        }
    }
    Ok(promise)
}
