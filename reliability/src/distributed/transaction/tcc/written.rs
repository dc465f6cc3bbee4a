//! What stands in the journal of a transaction.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use serde_json::{Map, Value};

use super::Decision;
use super::core::Entry;
use super::participant::Part;
use crate::journal::{Event, JournalError, Record};

/// The kind of the streams.
pub(super) const KIND: &str = "tcc";

const BEGAN: &str = "Began";
const JOINED: &str = "Joined";
const CONFIRMED: &str = "Confirmed";
const CANCELLED: &str = "Cancelled";
const ENDED: &str = "Ended";

pub(super) fn began(expires_at: Option<Duration>) -> Result<Event, JournalError> {
    let millis = expires_at.map(|at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX));
    Event::json(BEGAN, 1, &Map::from_iter([("expires_at_ms".to_string(), Value::from(millis))]))
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

pub(super) fn ended() -> Event {
    Event::bytes(ENDED, 1, [])
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
