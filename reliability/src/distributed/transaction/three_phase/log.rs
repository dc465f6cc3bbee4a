//! What is written down: for each transaction and each who takes part, how far it has got.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::{Map, Value};

use super::Standing;
use crate::distributed::transaction::operator::Said;
use crate::distributed::transaction::two_phase::TransactionId;
use crate::distributed::transaction::{Decision, Followed, Members};
use crate::journal::{
    Append, Claim, Due, Event, Heads, Journal, JournalError, Record, Sequence, StreamId,
};

const STANDS: &str = "Stands";
const FORCED: &str = "Forced";
const FOLLOWED: &str = "Followed";
const VERSION: u32 = 1;

/// The status of what needs nobody any more, and of what somebody has to look at.
const DONE: &str = "done";
pub(super) const HEURISTIC: &str = "heuristic";

/// The records of one coordinator, or of one site.
#[derive(Debug, Clone)]
pub(super) struct Log {
    pub(super) journal: Journal,
    /// A kind of its own for each of them.
    pub(super) kind: String,
    pub(super) keep: Duration,
}

/// Who takes part in a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cast {
    pub(super) coordinator: String,
    pub(super) members: Vec<String>,
}

/// What stands in the log of a transaction.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) cast: Cast,
    pub(super) standing: Standing,
    /// Its work has been let happen, or undone.
    pub(super) followed: bool,
    /// It was ended here one way, and elsewhere the other.
    pub(super) against: bool,
    pub(super) last: Sequence,
}

impl Cast {
    fn fields(&self) -> Map<String, Value> {
        Map::from_iter([
            ("coordinator".to_string(), Value::from(self.coordinator.clone())),
            ("members".to_string(), self.members.clone().into()),
        ])
    }
}

impl Log {
    fn append(&self, transaction: &TransactionId, last: Sequence) -> Result<Append, JournalError> {
        Ok(Append::to(&StreamId::new(&self.kind, transaction.as_str())?).after(last))
    }

    /// Writes how far it has got, or what an operator has decided, who it was and why;
    /// [`JournalError::Conflict`] if somebody else has written meanwhile.
    pub(super) async fn stands(
        &self,
        transaction: &TransactionId,
        last: Sequence,
        cast: &Cast,
        standing: Standing,
        forced: Option<&[String; 2]>,
    ) -> Result<Sequence, JournalError> {
        let mut fields = cast.fields();
        fields.insert("standing".to_string(), standing.as_str().into());
        for (name, value) in ["by", "why"].iter().zip(forced.into_iter().flatten()) {
            fields.insert(name.to_string(), value.clone().into());
        }
        let name = if forced.is_some() { FORCED } else { STANDS };
        let append = self.append(transaction, last)?.status(standing.as_str());
        let append = append.event(Event::json(name, VERSION, &fields)?);
        Ok(self.journal.append(append).await?.sequence)
    }

    /// Writes that the work has followed the decision. Who has done the opposite stays until
    /// somebody has looked at it.
    pub(super) async fn followed(
        &self,
        transaction: &TransactionId,
        last: Sequence,
        followed: Followed,
    ) -> Result<Sequence, JournalError> {
        let fields = Map::from_iter([("against".to_string(), followed.is_heuristic().into())]);
        let append =
            self.append(transaction, last)?.event(Event::json(FOLLOWED, VERSION, &fields)?);
        let append = match followed.is_heuristic() {
            true => append.due(Due::Never).status(HEURISTIC),
            false => append.due(Due::After(self.keep)).status(DONE),
        };
        Ok(self.journal.append(append).await?.sequence)
    }

    /// A decision of a coordinator, which nobody has to follow there.
    pub(super) async fn decided(
        &self,
        transaction: &TransactionId,
        cast: &Cast,
        decision: Decision,
    ) -> Result<(), JournalError> {
        let last = self.stands(transaction, Sequence::START, cast, Standing::Ended(decision), None);
        let last = last.await?;
        let append = self.append(transaction, last)?.due(Due::After(self.keep)).status(DONE);
        // That it is forgotten one day is not part of the decision.
        self.journal.append(append).await.ok();
        Ok(())
    }

    pub(super) async fn read(
        &self,
        transaction: &TransactionId,
    ) -> Result<Option<Found>, JournalError> {
        let stream = StreamId::new(&self.kind, transaction.as_str())?;
        let records = self.journal.read_to_end(&stream, Sequence::START).await?;
        read(&stream, &records)
    }

    /// The transactions that need somebody, and those that have that status.
    pub(super) async fn with_status(
        &self,
        status: &str,
    ) -> Result<Vec<TransactionId>, JournalError> {
        let (mut all, mut last) = (Vec::new(), None);
        loop {
            let heads = Heads::of(&self.kind).with_status(status);
            let heads = match &last {
                Some(last) => heads.after(last),
                None => heads,
            };
            let limit = heads.limit();
            let page = self.journal.heads(heads).await?;
            for head in &page {
                all.push(TransactionId::new(head.stream.key())?);
            }
            match page.last() {
                Some(head) if page.len() == limit => last = Some(head.stream.clone()),
                _ => return Ok(all),
            }
        }
    }

    /// Forgets what is long over.
    pub(super) async fn sweep(&self, owner: &str) -> Result<usize, JournalError> {
        let claim = Claim::of([self.kind.as_str()]).by(owner).lease(LEASE);
        let leases = self.journal.claim(claim).await?;
        let count = leases.len();
        for lease in leases {
            match self.journal.remove_held(&lease).await {
                Ok(()) | Err(JournalError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }
}

/// What the records of a transaction say.
pub(super) fn read(stream: &StreamId, records: &[Record]) -> Result<Option<Found>, JournalError> {
    let mut found: Option<Found> = None;
    for Record { event, sequence, .. } in records {
        let now = match event.name() {
            STANDS | FORCED => Some(stood(event, *sequence)?),
            FOLLOWED => {
                let fields: Map<String, Value> = event.read_json()?;
                let against = fields.get("against").and_then(Value::as_bool).unwrap_or_default();
                found.take().map(|it| Found { followed: true, against, ..it })
            }
            other => return Err(unreadable(alloc::format!("`{other}` in `{stream}`"))),
        };
        found = now.map(|it| Found { last: *sequence, ..it });
    }
    Ok(found)
}

/// Whether that is the name of a record that a site or a coordinator begins with.
pub(super) fn begins(event: &str) -> bool {
    matches!(event, STANDS | FORCED)
}

/// For people: what somebody of that name has written down.
pub(super) fn told(name: &str, event: &str, payload: &Value) -> String {
    let standing = payload["standing"].as_str().and_then(Standing::from_name);
    let coordinates = payload["coordinator"] == name;
    let stands = match standing {
        Some(Standing::Working) => "is at work",
        Some(Standing::Waiting) => "has voted yes",
        Some(Standing::PreCommitted) => "knows that all have voted yes",
        Some(Standing::Ended(Decision::Commit)) if coordinates => "has decided: commit",
        Some(Standing::Ended(Decision::Abort)) if coordinates => "has decided: abort",
        Some(Standing::Ended(Decision::Commit)) => "commits",
        Some(Standing::Ended(Decision::Abort)) => "aborts",
        None => "has written what nobody can read",
    };
    let said = match event {
        STANDS => stands.to_string(),
        FORCED => alloc::format!("{stands}, {}", Said::told(payload, "wants it so")),
        FOLLOWED if payload["against"] == true => "others had done the opposite".to_string(),
        FOLLOWED => "has done so".to_string(),
        other => other.to_string(),
    };
    alloc::format!("{name}: {said}")
}

/// How long one may take to forget a page of transactions.
const LEASE: Duration = Duration::from_secs(60);

fn stood(event: &Event, last: Sequence) -> Result<Found, JournalError> {
    let fields: Map<String, Value> = event.read_json()?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let members = fields.get("members").and_then(Value::as_array).map(|all| {
        all.iter().filter_map(Value::as_str).map(ToString::to_string).collect::<Vec<_>>()
    });
    let standing = text("standing").and_then(Standing::from_name);
    let (Some(coordinator), Some(members), Some(standing)) =
        (text("coordinator"), members, standing)
    else {
        return Err(unreadable(alloc::format!("a record without {fields:?}")));
    };
    Members::first(members.len())?;
    let cast = Cast { coordinator: coordinator.to_string(), members };
    Ok(Found { cast, standing, followed: false, against: false, last })
}

fn unreadable(what: String) -> JournalError {
    JournalError::Unreadable { what, source: None }
}
