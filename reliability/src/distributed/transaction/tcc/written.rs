//! What stands in the journal of a transaction.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::Decision;
use super::core::Entry;
use super::participant::Part;
use crate::distributed::transaction::operator::Said;
use crate::journal::{Event, JournalError, Record};

/// The kind of the streams.
pub(super) const KIND: &str = "tcc";

const BEGAN: &str = "Began";
const JOINED: &str = "Joined";
const CONFIRMED: &str = "Confirmed";
const CANCELLED: &str = "Cancelled";
const STUCK: &str = "Stuck";
const RETRIED: &str = "Retried";
const ABANDONED: &str = "Abandoned";
const ENDED: &str = "Ended";

/// The status of what waits for an operator.
pub(super) const IS_STUCK: &str = "stuck";
/// Those of what is over.
pub(super) const IS_OVER: &str = "over";
pub(super) const IS_ABANDONED: &str = "abandoned";
/// That of what cannot be read.
pub(super) const IS_BROKEN: &str = "broken";

/// What tells a transaction from others of its id, and how long there may be tries of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Birth {
    /// Another one for each that begins. None of what older programs began.
    pub(super) run: Option<String>,
    /// When it expires, or that one of which it is a part.
    pub(super) until: Option<Duration>,
}

impl Birth {
    /// That of a transaction that begins now.
    pub(super) fn new(until: Option<Duration>) -> Self {
        Self { run: Some(alloc::format!("{:08x}", fastrand::u32(..))), until }
    }

    pub(super) fn read(records: &[Record]) -> Result<Self, JournalError> {
        let began = records.first().filter(|first| first.event.name() == BEGAN);
        let Some(began) = began else { return Ok(Self::default()) };
        let fields: Map<String, Value> = began.event.read_json()?;
        let run = fields.get("run").and_then(Value::as_str).map(ToString::to_string);
        let until = fields.get("until_ms").or_else(|| fields.get("expires_at_ms"));
        Ok(Self { run, until: until.and_then(Value::as_u64).map(Duration::from_millis) })
    }
}

/// One that is part of another one does not expire by itself.
pub(super) fn began(expires_at: Option<Duration>, birth: &Birth) -> Result<Event, JournalError> {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut fields = Map::new();
    fields.insert("expires_at_ms".to_string(), expires_at.map(millis).into());
    if let Some(until) = birth.until.filter(|_| expires_at.is_none()) {
        fields.insert("until_ms".to_string(), millis(until).into());
    }
    if let Some(run) = &birth.run {
        fields.insert("run".to_string(), run.clone().into());
    }
    Event::json(BEGAN, 1, &fields)
}

/// When it ended, and as what, if it has.
pub(super) fn ended_at(records: &[Record]) -> Option<(SystemTime, &'static str)> {
    records.iter().find_map(|record| match record.event.name() {
        ENDED => Some((record.at, IS_OVER)),
        ABANDONED => Some((record.at, IS_ABANDONED)),
        _ => None,
    })
}

/// An operator reads it without our types: the input stands in it as it was written.
pub(super) fn joined(part: &Part) -> Result<Event, JournalError> {
    let input: Value = part.input.read_json()?;
    let fields = [("participant".to_string(), part.name.clone().into()), ("input".into(), input)];
    Event::json(JOINED, 1, &Map::from_iter(fields))
}

pub(super) fn decided(decision: Decision) -> Event {
    let name = match decision {
        Decision::Confirm => CONFIRMED,
        Decision::Cancel => CANCELLED,
    };
    Event::bytes(name, 1, [])
}

/// Who has not done as decided.
pub(super) fn stuck(waiting: &[&str]) -> Result<Event, JournalError> {
    let waiting = Value::from_iter(waiting.iter().copied());
    Event::json(STUCK, 1, &Map::from_iter([("participants".to_string(), waiting)]))
}

/// What an operator has done, who it was and why.
pub(super) fn mended(entry: &Entry, said: &Said) -> Result<Event, JournalError> {
    let name = if *entry == Entry::Abandoned { ABANDONED } else { RETRIED };
    Event::json(name, 1, &said.json())
}

/// From which claim on attempts count: the first was that of who began it, unless an operator has
/// begun anew.
pub(super) fn retried_at(records: &[Record]) -> u64 {
    let last = records.iter().rev().find(|record| record.event.name() == RETRIED);
    last.map_or(1, |record| record.epoch.get() + 1)
}

pub(super) fn ended() -> Event {
    Event::bytes(ENDED, 1, [])
}

/// For people.
pub(super) fn told(event: &str, payload: &Value) -> String {
    match event {
        BEGAN => "begun".to_string(),
        JOINED => {
            alloc::format!("{} is tried", payload["participant"].as_str().unwrap_or("?"))
        }
        CONFIRMED | CANCELLED => {
            let all = if event == CONFIRMED { "confirm" } else { "cancel" };
            alloc::format!("decided: all {all}")
        }
        STUCK => {
            let waiting = payload["participants"].as_array();
            let waiting = waiting.into_iter().flatten().filter_map(Value::as_str);
            let waiting = waiting.collect::<Vec<_>>().join(", ");
            alloc::format!("stuck: told in vain too often: {waiting}")
        }
        RETRIED => Said::told(payload, Said::RETRIED),
        ABANDONED => Said::told(payload, Said::ABANDONED),
        ENDED => "all have done as decided".to_string(),
        other => other.to_string(),
    }
}

/// What was written, for the machine and for the participants.
pub(super) fn read(records: &[Record]) -> Result<(Vec<Entry>, Vec<Part>), JournalError> {
    let (mut entries, mut parts) = (Vec::new(), Vec::new());
    for Record { event, .. } in records {
        entries.push(match event.name() {
            BEGAN => {
                let fields: Map<String, Value> = event.read_json()?;
                let millis = fields.get("expires_at_ms").and_then(Value::as_u64);
                Entry::Began { expires_at: millis.map(Duration::from_millis) }
            }
            JOINED => {
                parts.push(part(event)?);
                Entry::Joined
            }
            CONFIRMED => Entry::Decided(Decision::Confirm),
            CANCELLED => Entry::Decided(Decision::Cancel),
            STUCK => Entry::Stuck,
            RETRIED => Entry::Retried,
            ABANDONED => Entry::Abandoned,
            ENDED => Entry::Ended,
            other => return Err(unreadable(alloc::format!("`{other}` is no event of a TCC"))),
        });
    }
    Ok((entries, parts))
}

fn part(event: &Event) -> Result<Part, JournalError> {
    let mut fields: Map<String, Value> = event.read_json()?;
    let input = fields.remove("input").unwrap_or(Value::Null);
    let Some(Value::String(name)) = fields.remove("participant") else {
        return Err(unreadable("a participant without a name".into()));
    };
    Ok(Part { input: Event::json("Input", 1, &input)?, name })
}

fn unreadable(what: String) -> JournalError {
    JournalError::Unreadable { what, source: None }
}
