//! What an operator sees of sagas and does about them, without their types.

mod shown;
mod undefined;

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::time::SystemTime;

use serde_json::Value;

use super::definitions;
use super::engine::{BROKEN, Progress, mended};
use super::nested::append_and_tell;
use super::plan::Plan;
use super::rules::{Entry, Facts, Parent, Phase};
use crate::distributed::transaction::operator::{self, Said};
use crate::error::Invalid;
use crate::journal::{Append, Due, Head, Heads, Journal, JournalError, Record, Sequence, StreamId};

pub use shown::{Around, Shown};
use shown::{around, moment};
use undefined::{facts_as_far_as_known, heard_of, undefined};

/// What an operator sees of sagas and does about them. It needs the journal and nothing else: what
/// sagas are made of stands there too, written by the engines that work at them.
///
/// Whatever it does is a record of the saga: who did it, and why.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::Operator;
/// use reliability::journal::{Journal, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let operator = Operator::on(&Journal::in_memory());
/// for stuck in operator.list(None, Some("stuck")).await? {
///     let shown = operator.show(&stuck.stream).await?;
///     println!("{shown}");
///     operator.retry(&stuck.stream, "ada", "the warehouse is back").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Operator {
    journal: Journal,
}

impl Operator {
    /// On that journal.
    pub fn on(journal: &Journal) -> Self {
        Self { journal: journal.clone() }
    }

    /// The sagas of which something is known, by name and version.
    ///
    /// # Errors
    ///
    /// Whatever the journal says.
    pub async fn definitions(&self) -> Result<Vec<Arc<Plan>>, JournalError> {
        definitions::all(&self.journal).await
    }

    /// The heads of the sagas of that name and status, or of all; the oldest change first.
    ///
    /// # Errors
    ///
    /// Whatever the journal says.
    pub async fn list(
        &self,
        saga: Option<&str>,
        status: Option<&str>,
    ) -> Result<Vec<Head>, JournalError> {
        let mut names: Vec<String> = match saga {
            Some(saga) => Vec::from([saga.to_string()]),
            None => self.names().await?,
        };
        names.sort();
        names.dedup();
        let mut found = Vec::new();
        for name in names {
            found.extend(operator::heads(&self.journal, &name, status).await?);
        }
        found.sort_by_key(|head| head.changed_at);
        Ok(found)
    }

    /// All there is to know of one saga. Before an engine has written down what it is made of, which
    /// each does when it begins, that is what its records say [alone](Shown::is_defined).
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is no such saga; and whatever the journal says.
    pub async fn show(&self, saga: &StreamId) -> Result<Shown, JournalError> {
        let (records, version) = self.records(saga).await?;
        let plan = definitions::of(&self.journal, saga, version).await?;
        let is_defined = plan.is_some();
        let plan = plan.unwrap_or_else(|| Arc::new(heard_of(saga, version, &records)));
        let facts = match is_defined {
            true => facts(&plan, &records)?,
            false => facts_as_far_as_known(&plan, &records),
        };
        let head = self.journal.head(saga).await?.ok_or_else(|| unknown(saga))?;
        let mut progress = Progress::of(&facts);
        for nested in progress.steps.iter_mut().filter_map(|step| step.nested.as_mut()) {
            let head = self.journal.head(&nested.stream).await?;
            nested.status = head.map(|head| head.status).or(nested.status.take());
        }
        let around = records.first().and_then(around);
        let timeline = records.iter().map(|record| moment(record, &plan)).collect();
        Ok(Shown { head, plan, is_defined, around, progress, timeline })
    }

    /// A stuck saga tries again, with all its attempts.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is no such saga, or it is not stuck;
    /// [`JournalError::Conflict`] when somebody else did something about it in this moment; and
    /// whatever the journal says.
    pub async fn retry(&self, saga: &StreamId, by: &str, why: &str) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("saga", by, why)?;
        self.mend(saga, |stuck| {
            stuck.map(|_| Entry::Retried { by, why }).ok_or_else(|| not_stuck(saga, BROKEN))
        })
        .await
    }

    /// The step whose undo is stuck is taken for undone: somebody has undone it by hand.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when it is a step that is stuck and not an undo: say with
    /// [`finish`](Operator::finish) what it has finished with; and as [`retry`](Operator::retry).
    pub async fn skip(&self, saga: &StreamId, by: &str, why: &str) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("saga", by, why)?;
        self.mend(saga, |stuck| match stuck {
            None => Err(not_stuck(saga, BROKEN)),
            Some(Stuck { step, undoing: true }) => Ok(Entry::Skipped { step, by, why }),
            Some(_) => Err(Invalid::new("saga", "skip", "an undo that is stuck", "a step that is")
                .with_advice("say with `finish` what the step has finished with, or cancel it")
                .into()),
        })
        .await
    }

    /// The step that is stuck is taken for done, with that output: somebody has done it by hand.
    /// Whether the saga can read the output, its engine says: one that it cannot read is `broken`, and
    /// can be finished again with another one, in place of the last.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when it is an undo that is stuck: [`skip`](Operator::skip) it; and
    /// as [`retry`](Operator::retry).
    pub async fn finish(
        &self,
        saga: &StreamId,
        output: &Value,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("saga", by, why)?;
        let value = output.to_string().into_bytes();
        let (records, plan, _) = self.read(saga).await?;
        let finished = finished_by_hand(&records, &plan);
        self.mend(saga, |stuck| match stuck.or(finished) {
            None => Err(not_stuck(saga, BROKEN)),
            Some(Stuck { step, undoing: false }) => {
                Ok(Entry::Edited { step: Some(step), value, by, why })
            }
            Some(_) => {
                Err(Invalid::new("saga", "finish", "a step that is stuck", "an undo that is")
                    .with_advice("skip it")
                    .into())
            }
        })
        .await
    }

    /// What a stuck saga was started with is changed, and it tries again.
    ///
    /// # Errors
    ///
    /// As [`retry`](Operator::retry), and also for a saga that is `broken`. Whether the saga can read
    /// the new input, its engine says: one that it cannot read is `broken`.
    pub async fn edit(
        &self,
        saga: &StreamId,
        input: &Value,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("saga", by, why)?;
        let value = input.to_string().into_bytes();
        self.mend(saga, |_| Ok(Entry::Edited { step: None, value, by, why })).await
    }

    /// A stuck or broken saga is over, as it is. It stays to be seen for as long as those that end by
    /// themselves: what the engines [retain](super::SagasBuilder::retain).
    ///
    /// # Errors
    ///
    /// As [`edit`](Operator::edit).
    pub async fn abandon(&self, saga: &StreamId, by: &str, why: &str) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("saga", by, why)?;
        self.mend(saga, |_| Ok(Entry::Abandoned { by, why })).await
    }

    /// A saga turns back, as long as it can.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is no such saga, or it is over; and whatever the journal
    /// says.
    pub async fn cancel(&self, saga: &StreamId, by: &str, why: &str) -> Result<(), JournalError> {
        let Said { by, why } = Said::new("saga", by, why)?;
        let (records, plan, facts) = self.read(saga).await?;
        if facts.phase.is_over() {
            let got = alloc::format!("`{saga}`, {}", facts.phase.status());
            let advice =
                "it has come to its end: start another one that puts right what it has done";
            return Err(Invalid::new("saga", "key", "a saga that is not over", got)
                .with_advice(advice)
                .into());
        }
        let entry = Entry::Cancelled { by, why };
        let append = Append::to(saga).after(last(&records)).event(entry.event(&plan));
        self.journal.append(append.due(Due::Now)).await?;
        tell(saga, &entry);
        Ok(())
    }

    async fn mend(
        &self,
        saga: &StreamId,
        verb: impl FnOnce(Option<Stuck>) -> Result<Entry, JournalError>,
    ) -> Result<(), JournalError> {
        let (records, plan, facts) = self.read(saga).await?;
        let head = self.journal.head(saga).await?.ok_or_else(|| unknown(saga))?;
        let stuck =
            facts.stuck.filter(|_| matches!(facts.phase, Phase::Stuck | Phase::StuckUndoing));
        let stuck = stuck.map(|(step, undoing)| Stuck { step, undoing });
        if stuck.is_none() && head.status != BROKEN {
            return Err(not_stuck(saga, facts.phase.status()));
        }
        let entry = verb(stuck)?;
        let mut after = facts.clone();
        after.apply(&entry, SystemTime::UNIX_EPOCH)?;
        let append = Append::to(saga).after(last(&records)).event(entry.event(&plan));
        // Also of one that is over: an engine knows for how long it stays.
        let append = append.status(after.phase.status()).due(Due::Now);
        let around = records.first().and_then(|first| Parent::of(&first.event));
        match around.filter(|_| after.phase.is_over()) {
            None => self.journal.append(append).await.map(drop)?,
            Some(around) => {
                let status = after.phase.status();
                append_and_tell(&self.journal, append, &around, status).await.map(drop)?;
            }
        }
        tell(saga, &entry);
        Ok(())
    }

    async fn read(&self, saga: &StreamId) -> Result<(Vec<Record>, Arc<Plan>, Facts), JournalError> {
        let (records, version) = self.records(saga).await?;
        let plan = definitions::of(&self.journal, saga, version).await?;
        let plan = plan.ok_or_else(|| undefined(saga, version))?;
        let facts = facts(&plan, &records)?;
        Ok((records, plan, facts))
    }

    /// What was written of it, and the highest version in which.
    async fn records(&self, saga: &StreamId) -> Result<(Vec<Record>, u32), JournalError> {
        let records = self.journal.read_to_end(saga, Sequence::START).await?;
        let version = records.iter().map(|record| record.event.version()).max();
        let version = version.ok_or_else(|| unknown(saga))?;
        Ok((records, version))
    }

    /// The sagas that were started here, or that engines have said that they know.
    async fn names(&self) -> Result<Vec<String>, JournalError> {
        let defined = self.definitions().await?;
        let mut names: Vec<String> = defined.iter().map(|plan| plan.name().to_string()).collect();
        for kind in operator::kinds(&self.journal).await? {
            let any = self.journal.heads(Heads::of(&kind).most(1)).await?;
            let Some(any) = any.first() else { continue };
            let first = self.journal.read(&any.stream, Sequence::START, 1).await?;
            if first.first().is_some_and(|first| Entry::begins(first.event.name())) {
                names.push(kind);
            }
        }
        Ok(names)
    }
}

fn facts(plan: &Arc<Plan>, records: &[Record]) -> Result<Facts, JournalError> {
    let mut facts = Facts::new(Arc::clone(plan));
    for record in records {
        facts.apply(&Entry::read(record, plan)?, record.at)?;
    }
    Ok(facts)
}

/// What an operator has done is told, and not only written down.
fn tell(saga: &StreamId, entry: &Entry) {
    let (verb, by) = match entry {
        Entry::Retried { by, .. } => ("retry", by),
        Entry::Skipped { by, .. } => ("skip", by),
        Entry::Edited { step: Some(_), by, .. } => ("finish", by),
        Entry::Edited { step: None, by, .. } => ("edit", by),
        Entry::Abandoned { by, .. } => ("abandon", by),
        Entry::Cancelled { by, .. } => ("cancel", by),
        _ => return,
    };
    mended(saga, verb, by);
}

/// The step of which somebody has said last what it has finished with.
fn finished_by_hand(records: &[Record], plan: &Plan) -> Option<Stuck> {
    records.iter().rev().find_map(|record| match Entry::read(record, plan) {
        Ok(Entry::Edited { step: Some(step), .. }) => Some(Stuck { step, undoing: false }),
        _ => None,
    })
}

/// What is stuck.
struct Stuck {
    step: usize,
    undoing: bool,
}

fn last(records: &[Record]) -> Sequence {
    records.last().map_or(Sequence::START, |record| record.sequence)
}

fn not_stuck(saga: &StreamId, status: &str) -> JournalError {
    let got = alloc::format!("`{saga}`, {status}");
    let advice = match status {
        BROKEN => {
            "its engines cannot read it, and say why in their logs: `edit` the input, `finish` again \
             what was finished by hand, or `abandon` it"
        }
        _ => {
            "there is nothing to mend: one that is on its way goes on by itself, or turns back by \
             `cancel`; one that is over stays as it is"
        }
    };
    Invalid::new("saga", "key", "a saga that is stuck", got).with_advice(advice).into()
}

fn unknown(saga: &StreamId) -> JournalError {
    let advice = "`list` says which there are, by name and key";
    Invalid::new("saga", "key", "a saga that was started", saga.to_string())
        .with_advice(advice)
        .into()
}
