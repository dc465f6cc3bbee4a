//! What one participant writes down of one transaction: its inbox, its outbox, and what it has done.

use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use serde_json::{Value, json};

use super::bus::{BusError, Envelope, EventId};
use crate::journal::{Event, JournalError, Record};

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// The transaction was started here; it is to be told.
    Started(Envelope),
    /// An event has come.
    Heard(Envelope),
    /// A handler is through; what it made is to be told.
    Settled { task: String, how: How, envelope: Option<Envelope> },
    /// A handler with a probe is begun.
    Begun { task: String },
    /// An attempt has failed; whether nobody knows if it has happened.
    Tried { task: String, undo: bool, unknown: bool, reason: String, pause: Duration },
    /// Nobody tries any more, until somebody has looked at it.
    Parked { task: String, undo: bool, reason: String },
    /// Somebody has looked at it.
    Retried { by: String, why: String },
    /// Somebody has undone by hand what could not be undone.
    Skipped { task: String, by: String, why: String },
    /// Somebody has ended it, as it is.
    Abandoned { by: String, why: String },
    /// The bus has it.
    Told(EventId),
}

/// What became of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It has made its event.
    Done,
    /// It has refused.
    Refused,
    /// It was undone, or will never happen.
    Undone,
}

impl How {
    const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Undone];
    /// The longest name of one, and the dot behind it.
    const LONGEST: usize = Self::Refused.as_str().len() + 1;

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Undone => "undone",
        }
    }
}

impl Entry {
    /// The longest name of an event, or of a handler that makes none, in bytes: what became of it is
    /// written in front of it, such as `refused.`.
    pub(super) const LONGEST_TASK: usize = Event::LONGEST_NAME - How::LONGEST;

    pub(super) fn event(&self) -> Event {
        let said = |name: &'static str, value: Value| {
            Event::from_parts(
                name,
                1,
                crate::journal::Encoding::Json,
                value.to_string().into_bytes(),
            )
        };
        match self {
            Self::Started(envelope) => Event::bytes("started", 1, envelope.write()),
            Self::Heard(envelope) => Event::bytes("heard", 1, envelope.write()),
            Self::Settled { task, how, envelope } => {
                let written = envelope.as_ref().map(Envelope::write).unwrap_or_default();
                Event::bytes(format!("{}.{task}", how.as_str()), 1, written)
            }
            Self::Begun { task } => said("begun", json!({"task": task})),
            Self::Tried { task, undo, unknown, reason, pause } => {
                let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                let tried = json!({
                    "task": task, "undo": undo, "unknown": unknown, "reason": reason,
                    "pause_ms": pause,
                });
                said("tried", tried)
            }
            Self::Parked { task, undo, reason } => {
                said("parked", json!({"task": task, "undo": undo, "reason": reason}))
            }
            Self::Retried { by, why } => said("retried", json!({"by": by, "why": why})),
            Self::Skipped { task, by, why } => {
                said("skipped", json!({"task": task, "by": by, "why": why}))
            }
            Self::Abandoned { by, why } => said("abandoned", json!({"by": by, "why": why})),
            Self::Told(id) => said("told", json!(id.as_str())),
        }
    }

    pub(super) fn read(record: &Record) -> Result<Self, JournalError> {
        let event = &record.event;
        let envelope = || Envelope::read(event.payload()).map_err(|it| unreadable(record, &it));
        let (name, said) = (event.name(), || event.read_json::<Value>());
        if let Some((how, task)) = name.split_once('.') {
            let how = How::ALL.into_iter().find(|it| it.as_str() == how);
            let how = how.ok_or_else(|| unreadable(record, &unknown(name)))?;
            let envelope = (!event.payload().is_empty()).then(envelope).transpose()?;
            return Ok(Self::Settled { task: task.to_string(), how, envelope });
        }
        let text = |said: &Value, name: &str| said[name].as_str().unwrap_or_default().to_string();
        let undo = |said: &Value| said["undo"].as_bool().unwrap_or_default();
        Ok(match name {
            "started" => Self::Started(envelope()?),
            "heard" => Self::Heard(envelope()?),
            "begun" => Self::Begun { task: text(&said()?, "task") },
            "tried" => {
                let said = said()?;
                let unknown = said["unknown"].as_bool().unwrap_or(true);
                let pause = Duration::from_millis(said["pause_ms"].as_u64().unwrap_or_default());
                let (task, reason) = (text(&said, "task"), text(&said, "reason"));
                Self::Tried { task, undo: undo(&said), unknown, reason, pause }
            }
            "parked" => {
                let said = said()?;
                let (task, reason) = (text(&said, "task"), text(&said, "reason"));
                Self::Parked { task, undo: undo(&said), reason }
            }
            "retried" => {
                let said = said()?;
                Self::Retried { by: text(&said, "by"), why: text(&said, "why") }
            }
            "skipped" => {
                let said = said()?;
                let (by, why) = (text(&said, "by"), text(&said, "why"));
                Self::Skipped { task: text(&said, "task"), by, why }
            }
            "abandoned" => {
                let said = said()?;
                Self::Abandoned { by: text(&said, "by"), why: text(&said, "why") }
            }
            "told" => {
                let id: String = event.read_json()?;
                Self::Told(EventId::new(&id)?)
            }
            _ => return Err(unreadable(record, &unknown(name))),
        })
    }
}

fn unknown(name: &str) -> BusError {
    BusError::Unreadable { what: format!("`{name}` is nothing that a participant writes") }
}

fn unreadable(record: &Record, why: &BusError) -> JournalError {
    let (stream, sequence) = (&record.stream, record.sequence);
    let what = format!("record {sequence} of `{stream}`: {why}");
    JournalError::Unreadable { what, source: None }
}
