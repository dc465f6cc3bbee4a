use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::time::SystemTime;

use super::super::declared::Saga;
use super::super::durable::Read;
use super::super::rules::{Because, Entry, Facts, Phase};
use super::bodies::Form;
use crate::journal::{JournalError, Record, StreamId};

/// How a run has ended, or why it does not go on.
///
/// # Examples
///
/// See [`Handle::ended`](super::Handle::ended).
#[derive(Debug)]
#[non_exhaustive]
pub enum End<T, R> {
    /// All steps are done.
    Completed(T),
    /// What was done is undone.
    RolledBack(Why<R>),
    /// A step or an undo has failed too often. It is not over: an operator has to look at it, and
    /// then it goes on.
    Stuck {
        /// The step.
        step: String,
        /// Whether it is its undo.
        undoing: bool,
        /// How the last attempt ended.
        reason: String,
    },
    /// An operator has ended it.
    Abandoned {
        /// Who it was.
        by: String,
        /// Why.
        why: String,
    },
}

/// How a run of that saga has ended.
///
/// # Examples
///
/// See [`Handle::ended`](super::Handle::ended).
pub type EndOf<D> = End<<D as Saga>::Done, <D as Saga>::Refusal>;

/// Why a run has turned back.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::Why;
///
/// let why = Why::Rejected { step: "Charged".into(), refusal: "no money" };
/// assert_eq!(why.refusal(), Some(&"no money"));
/// assert_eq!(Why::<&str>::Deadline.refusal(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why<R> {
    /// A step has refused.
    Rejected {
        /// The step.
        step: String,
        /// What it said.
        refusal: R,
    },
    /// It took too long.
    Deadline,
    /// Somebody wanted it.
    Cancelled {
        /// Who it was.
        by: String,
        /// Why.
        why: String,
    },
}

impl<R> Why<R> {
    /// What the step said that has refused.
    pub fn refusal(&self) -> Option<&R> {
        match self {
            Self::Rejected { refusal, .. } => Some(refusal),
            _ => None,
        }
    }
}

/// What the records of a run say.
pub(super) struct Told<'a> {
    pub(super) facts: Facts,
    stream: &'a StreamId,
    entries: Vec<(SystemTime, Entry)>,
}

/// How a run has ended, if it has.
pub(super) fn end_of<D: Saga>(
    form: &Form<D>,
    stream: &StreamId,
    records: &[Record],
) -> Result<Option<EndOf<D>>, JournalError> {
    let ends = |name: &str| name == "saga.stuck" || Entry::ends(name).is_some();
    if !records.iter().any(|record| ends(record.event.name())) {
        return Ok(None);
    }
    let told = Told::of(form, stream, records)?;
    Ok(Some(match told.facts.phase {
        Phase::Completed => {
            let done = D::done(form.history(records)?);
            End::Completed(done.ok_or_else(|| told.unreadable("the output of a step is missing"))?)
        }
        Phase::RolledBack => End::RolledBack(told.why::<D>()?),
        Phase::Abandoned => told.abandoned(),
        Phase::Stuck | Phase::StuckUndoing => told.stuck(),
        Phase::Running | Phase::Undoing => return Ok(None),
    }))
}

impl<'a> Told<'a> {
    pub(super) fn of<D: Saga>(
        form: &Form<D>,
        stream: &'a StreamId,
        records: &[Record],
    ) -> Result<Self, JournalError> {
        let mut facts = Facts::new(Arc::clone(&form.plan));
        let entries = form.entries(stream, records)?;
        for (at, entry) in &entries {
            facts.apply(entry, *at)?;
        }
        Ok(Self { facts, stream, entries })
    }

    fn step(&self, step: usize) -> String {
        self.facts.plan.steps().get(step).map_or("?", |step| step.name()).to_string()
    }

    fn abandoned<T, R>(&self) -> End<T, R> {
        let (by, why) = self.find(|entry| match entry {
            Entry::Abandoned { by, why } => Some((by.clone(), why.clone())),
            _ => None,
        });
        End::Abandoned { by, why }
    }

    fn stuck<T, R>(&self) -> End<T, R> {
        let stuck = self.entries.iter().rev().find_map(|(_, entry)| match entry {
            Entry::Stuck { step, undoing, reason, .. } => Some((*step, *undoing, reason.clone())),
            _ => None,
        });
        let (step, undoing, reason) = stuck.unwrap_or_default();
        End::Stuck { step: self.step(step), undoing, reason }
    }

    fn find<T: Default>(&self, wanted: impl Fn(&Entry) -> Option<T>) -> T {
        self.entries.iter().find_map(|(_, entry)| wanted(entry)).unwrap_or_default()
    }

    fn why<D: Saga>(&self) -> Result<Why<D::Refusal>, JournalError> {
        let refused = self.entries.iter().find_map(|(_, entry)| match entry {
            Entry::Refused { because, refusal } => Some((*because, refusal)),
            _ => None,
        });
        Ok(match refused {
            Some((Because::Rejected(step), refusal)) => {
                let Read(refusal) = serde_json::from_slice(refusal).map_err(|error| {
                    let what =
                        alloc::format!("the refusal of `{}` is of another form", self.stream);
                    JournalError::Unreadable { what, source: Some(error.into()) }
                })?;
                Why::Rejected { step: self.step(step), refusal }
            }
            Some((Because::Cancelled, _)) => {
                let (by, why) = self.find(|entry| match entry {
                    Entry::Cancelled { by, why } => Some((by.clone(), why.clone())),
                    _ => None,
                });
                Why::Cancelled { by, why }
            }
            Some((Because::Deadline, _)) | None => Why::Deadline,
        })
    }

    fn unreadable(&self, what: &str) -> JournalError {
        let what = alloc::format!("`{}` has ended, and {what}", self.stream);
        JournalError::Unreadable { what, source: None }
    }
}
