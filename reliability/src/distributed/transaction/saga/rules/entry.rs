//! What the records of a saga say.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::super::plan::Plan;
use super::{Phase, Started};
use crate::journal::{Encoding, Event, JournalError, Record};

/// What one record says. The output of a step, and what else has a type of the user's, stays in the
/// record.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Entry {
    Started(Started),
    /// The step has finished; or somebody outside has said that it is, or is to be taken for it.
    Done {
        step: usize,
        output: Vec<u8>,
    },
    /// It turns back.
    Refused {
        because: Because,
        refusal: Vec<u8>,
    },
    Undone {
        step: usize,
        known: bool,
    },
    /// An attempt has failed, and there will be another one.
    Tried {
        step: usize,
        undoing: bool,
        attempt: u32,
        unknown: bool,
        reason: String,
    },
    Stuck {
        step: usize,
        undoing: bool,
        attempts: u32,
        reason: String,
    },
    Completed,
    RolledBack,
    /// Somebody outside wants it to turn back.
    Cancelled {
        by: String,
        why: String,
    },
    /// An operator: try again.
    Retried {
        by: String,
        why: String,
    },
    /// An operator: take the step for undone.
    Skipped {
        step: usize,
        by: String,
        why: String,
    },
    /// An operator has changed what the saga was started with, or what a step has finished with.
    Edited {
        step: Option<usize>,
        value: Vec<u8>,
        by: String,
        why: String,
    },
    /// An operator: it is over.
    Abandoned {
        by: String,
        why: String,
    },
    /// There is news of the saga that a step is: that one has written it. What it says is looked up
    /// there.
    Nested {
        /// `None` when it was told in the words of another version.
        step: Option<usize>,
        saga: String,
        status: &'static str,
    },
}

/// Why a saga turns back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Because {
    Rejected(usize),
    Deadline,
    Cancelled,
}

pub(super) const STARTED: &str = "saga.started";
const REFUSED: &str = "saga.refused";
const UNDONE: &str = "saga.undone";
const TRIED: &str = "saga.tried";
const STUCK: &str = "saga.stuck";
const COMPLETED: &str = "saga.completed";
const ROLLED_BACK: &str = "saga.rolled_back";
const CANCELLED: &str = "saga.cancelled";
const RETRIED: &str = "saga.retried";
const SKIPPED: &str = "saga.skipped";
const EDITED: &str = "saga.edited";
const ABANDONED: &str = "saga.abandoned";
pub(super) const NESTED: &str = "saga.nested";

impl Entry {
    /// Whether it says what an attempt has come to, rather than what follows from that.
    pub(super) const fn is_an_outcome(&self) -> bool {
        let because = match self {
            Self::Refused { because, .. } => Some(because),
            _ => None,
        };
        !matches!(self, Self::Completed | Self::RolledBack | Self::Stuck { .. })
            && !matches!(because, Some(Because::Deadline | Because::Cancelled))
    }

    /// The event that says so, in the version of that plan.
    pub(in super::super) fn event(&self, plan: &Plan) -> Event {
        let name = |step: usize| plan.steps().get(step).map_or("?", |step| step.name());
        let doing = |undoing: &bool| if *undoing { "undo" } else { "do" };
        let (event, payload) = match self {
            Self::Done { step, output } => {
                let name = plan.steps().get(*step).map_or("?".into(), |step| step.name.clone());
                return Event::from_parts(name, plan.version(), Encoding::Json, output.clone());
            }
            Self::Started(started) => return started.event(plan),
            Self::Refused { because, refusal } => {
                let (because, step) = match because {
                    Because::Rejected(step) => ("rejected", Some(name(*step))),
                    Because::Deadline => ("deadline", None),
                    Because::Cancelled => ("cancelled", None),
                };
                let refusal = value(refusal);
                (REFUSED, json!({ "because": because, "step": step, "refusal": refusal }))
            }
            Self::Undone { step, known } => {
                (UNDONE, json!({ "step": name(*step), "known": known }))
            }
            Self::Tried { step, undoing, attempt, unknown, reason } => (
                TRIED,
                json!({ "step": name(*step), "doing": doing(undoing), "attempt": attempt,
                        "unknown": unknown, "reason": reason }),
            ),
            Self::Stuck { step, undoing, attempts, reason } => (
                STUCK,
                json!({ "step": name(*step), "doing": doing(undoing), "attempts": attempts,
                        "reason": reason }),
            ),
            Self::Completed => (COMPLETED, Value::Null),
            Self::RolledBack => (ROLLED_BACK, Value::Null),
            Self::Cancelled { by, why } => (CANCELLED, json!({ "by": by, "why": why })),
            Self::Retried { by, why } => (RETRIED, json!({ "by": by, "why": why })),
            Self::Skipped { step, by, why } => {
                (SKIPPED, json!({ "step": name(*step), "by": by, "why": why }))
            }
            Self::Edited { step, value: new, by, why } => {
                let (step, value) = (step.map(name), value(new));
                (EDITED, json!({ "step": step, "value": value, "by": by, "why": why }))
            }
            Self::Abandoned { by, why } => (ABANDONED, json!({ "by": by, "why": why })),
            Self::Nested { step, saga, status } => {
                (NESTED, json!({ "step": step.map(name), "saga": saga, "status": status }))
            }
        };
        let text = payload.to_string().into_bytes();
        Event::from_parts(event, plan.version(), Encoding::Json, text)
    }

    /// Whether a saga begins with a record of that name.
    pub(in super::super) fn begins(name: &str) -> bool {
        name == STARTED
    }

    /// With what end of a saga a record of that name is written, if it is.
    pub(in super::super) fn ends(name: &str) -> Option<Phase> {
        match name {
            COMPLETED => Some(Phase::Completed),
            ROLLED_BACK => Some(Phase::RolledBack),
            ABANDONED => Some(Phase::Abandoned),
            _ => None,
        }
    }

    /// For people.
    pub(in super::super) fn told(&self, plan: &Plan) -> String {
        let name = |step: &usize| plan.steps().get(*step).map_or("?", |step| step.name());
        let doing = |undoing: &bool| if *undoing { "undoing" } else { "doing" };
        match self {
            Self::Started(_) => "started".to_string(),
            Self::Done { step, .. } => format!("{} done", name(step)),
            Self::Refused { because: Because::Rejected(step), refusal } => {
                format!("{} rejected: {}", name(step), value(refusal))
            }
            Self::Refused { because: Because::Deadline, .. } => "deadline passed".to_string(),
            Self::Refused { because: Because::Cancelled, .. } => "turns back".to_string(),
            Self::Undone { step, known: true } => format!("{} undone", name(step)),
            Self::Undone { step, known: false } => {
                format!("{} undone, as far as it had happened", name(step))
            }
            Self::Tried { step, undoing, attempt, unknown, reason } => {
                let unknown = if *unknown { ", and may have happened" } else { "" };
                format!(
                    "{} {}: attempt {attempt} failed{unknown}: {reason}",
                    doing(undoing),
                    name(step)
                )
            }
            Self::Stuck { step, undoing, attempts, reason } => {
                format!(
                    "stuck {} {} after {attempts} attempts: {reason}",
                    doing(undoing),
                    name(step)
                )
            }
            Self::Completed => "completed".to_string(),
            Self::RolledBack => "rolled back".to_string(),
            Self::Cancelled { by, why } => format!("{by} wants it to turn back: {why}"),
            Self::Retried { by, why } => format!("{by} has it tried again: {why}"),
            Self::Skipped { step, by, why } => {
                format!("{by} takes {} for undone: {why}", name(step))
            }
            Self::Edited { step: Some(step), by, why, .. } => {
                format!("{by} takes {} for done: {why}", name(step))
            }
            Self::Edited { step: None, by, why, .. } => {
                format!("{by} has changed the input: {why}")
            }
            Self::Abandoned { by, why } => format!("{by} has abandoned it: {why}"),
            Self::Nested { step, saga, status } => {
                let step = step.as_ref().map_or("?", name);
                format!("{step}: {saga} is {}", status.replace('_', " "))
            }
        }
    }

    /// What a record says.
    pub(in super::super) fn read(record: &Record, plan: &Plan) -> Result<Self, JournalError> {
        Self::read_event(&record.event, plan)
    }

    /// What an event says.
    pub(in super::super) fn read_event(event: &Event, plan: &Plan) -> Result<Self, JournalError> {
        if let Some(step) = plan.find(event.name()) {
            return Ok(Self::Done { step, output: event.payload().to_vec() });
        }
        let payload: Value = event.read_json()?;
        let said = Said { payload, event: event.name(), plan };
        Ok(match event.name() {
            STARTED => Self::Started(Started::read(&said.payload)?),
            REFUSED => {
                let because = match said.text("because").as_str() {
                    "deadline" => Because::Deadline,
                    "cancelled" => Because::Cancelled,
                    _ => Because::Rejected(said.step()?),
                };
                Self::Refused { because, refusal: said.value("refusal") }
            }
            UNDONE => Self::Undone { step: said.step()?, known: said.flag("known") },
            TRIED => Self::Tried {
                step: said.step()?,
                undoing: said.undoing(),
                attempt: said.number("attempt"),
                unknown: said.flag("unknown"),
                reason: said.text("reason"),
            },
            STUCK => Self::Stuck {
                step: said.step()?,
                undoing: said.undoing(),
                attempts: said.number("attempts"),
                reason: said.text("reason"),
            },
            COMPLETED => Self::Completed,
            ROLLED_BACK => Self::RolledBack,
            CANCELLED => Self::Cancelled { by: said.text("by"), why: said.text("why") },
            RETRIED => Self::Retried { by: said.text("by"), why: said.text("why") },
            SKIPPED => {
                let (by, why) = (said.text("by"), said.text("why"));
                Self::Skipped { step: said.step()?, by, why }
            }
            EDITED => {
                let step = if said.payload["step"].is_null() { None } else { Some(said.step()?) };
                let (by, why) = (said.text("by"), said.text("why"));
                Self::Edited { step, value: said.value("value"), by, why }
            }
            ABANDONED => Self::Abandoned { by: said.text("by"), why: said.text("why") },
            NESTED => {
                let status = Phase::status_of(&said.text("status")).unwrap_or("running");
                Self::Nested { step: said.step().ok(), saga: said.text("saga"), status }
            }
            other => {
                let what = format!(
                    "`{other}` is no step of version {} of saga `{}`; the program that wrote it \
                     knows more steps: add them, or a migration from version {}",
                    plan.version(),
                    plan.name(),
                    event.version()
                );
                return Err(JournalError::Unreadable { what, source: None });
            }
        })
    }
}

/// A payload that is being read.
struct Said<'a> {
    payload: Value,
    event: &'a str,
    plan: &'a Plan,
}

impl Said<'_> {
    fn text(&self, key: &str) -> String {
        self.payload[key].as_str().unwrap_or_default().to_string()
    }

    fn number(&self, key: &str) -> u32 {
        self.payload[key].as_u64().and_then(|it| u32::try_from(it).ok()).unwrap_or(u32::MAX)
    }

    fn flag(&self, key: &str) -> bool {
        self.payload[key].as_bool().unwrap_or_default()
    }

    fn value(&self, key: &str) -> Vec<u8> {
        self.payload[key].to_string().into_bytes()
    }

    fn undoing(&self) -> bool {
        self.payload["doing"] == "undo"
    }

    fn step(&self) -> Result<usize, JournalError> {
        let name = self.payload["step"].as_str().unwrap_or_default();
        self.plan.find(name).ok_or_else(|| JournalError::Unreadable {
            what: format!(
                "`{}` names the step `{name}`, which version {} of saga `{}` does not have",
                self.event,
                self.plan.version(),
                self.plan.name()
            ),
            source: None,
        })
    }
}

/// What is there as JSON, as it is; and nothing for nothing.
fn value(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap_or_default()
}
