//! What sagas are made of, as it stands in the journal: each version of a saga in a stream of its own,
//! written by the engines that work at it, and read by operators.

use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::Value;

use super::plan::Plan;
use crate::distributed::transaction::operator;
use crate::error::Invalid;
use crate::journal::{Append, Event, Journal, JournalError, Record, Sequence, StreamId};

const KIND: &str = "saga.definition";

fn stream(name: &str, version: u32) -> Result<StreamId, Invalid> {
    StreamId::new(KIND, &alloc::format!("{name}@{version}"))
}

/// All of them.
pub(super) async fn all(journal: &Journal) -> Result<Vec<Arc<Plan>>, JournalError> {
    let mut plans = Vec::new();
    for head in operator::heads(journal, KIND, None).await? {
        let records = journal.read_to_end(&head.stream, Sequence::START).await?;
        plans.extend(plan(last(&records)?));
    }
    Ok(plans)
}

/// That of a saga, in that version.
pub(super) async fn of(
    journal: &Journal,
    saga: &StreamId,
    version: u32,
) -> Result<Option<Arc<Plan>>, JournalError> {
    let records = journal.read_to_end(&stream(saga.kind(), version)?, Sequence::START).await?;
    Ok(plan(last(&records)?))
}

/// The last one: a program may have changed a saga without changing its version.
fn last(records: &[Record]) -> Result<Option<Value>, JournalError> {
    records.last().map(|record| record.event.read_json()).transpose()
}

fn plan(kept: Option<Value>) -> Option<Arc<Plan>> {
    Plan::from_json(&kept?).map(Arc::new)
}

/// Writes down what a saga is made of, unless it stands there already. `true` when it was another
/// one of the same version.
pub(super) async fn keep(journal: &Journal, plan: &Plan) -> Result<bool, JournalError> {
    let stream = stream(plan.name(), plan.version())?;
    let kept = plan.to_json();
    loop {
        let records = journal.read_to_end(&stream, Sequence::START).await?;
        let before = last(&records)?;
        if before.as_ref() == Some(&kept) {
            return Ok(false);
        }
        let event = Event::json("saga.defined", plan.version(), &kept)?;
        let append = Append::to(&stream)
            .after(records.last().map_or(Sequence::START, |record| record.sequence))
            .event(event);
        match journal.append(append).await {
            Ok(_) => return Ok(before.is_some()),
            Err(JournalError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}
