//! What one transaction looks like to an operator.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde_json::Value;

use crate::distributed::transaction::choreography::bus::{Envelope, TransactionId};
use crate::distributed::transaction::choreography::entry::{Entry, How};
use crate::distributed::transaction::choreography::rules::{REFUSED, STARTED, UNDONE};
use crate::distributed::transaction::operator::{self, Moment, Said};
use crate::journal::{Head, Record};

/// One transaction, as an operator sees it: all that stands in this journal. Its `Display` is for people.
///
/// # Examples
///
/// See [`Operator`](super::Operator).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Shown {
    /// The name of the choreography.
    pub choreography: String,
    /// The key that it was started with.
    pub key: String,
    /// Its number, by which participants know it.
    pub transaction: TransactionId,
    /// What is most in want of somebody among what lists say of its [parts](Self::parts).
    pub status: String,
    /// Those who have something to do with it here: who has started it, and the participants.
    pub parts: Vec<Part>,
    /// What has happened, in order.
    pub timeline: Vec<Moment>,
}

/// One participant in a transaction; or `start`, who has started it and looks on.
///
/// # Examples
///
/// See [`Operator`](super::Operator).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Part {
    /// Its name.
    pub participant: String,
    /// What lists say of it.
    pub head: Head,
    /// Why, for each of its handlers that is parked.
    pub parked: Vec<(String, String)>,
}

/// Why handlers are parked, by the records of one participant.
pub(in super::super) fn reasons(records: &[Record]) -> Vec<(String, String)> {
    let mut reasons: Vec<(String, String)> = Vec::new();
    for record in records {
        match Entry::read(record) {
            Ok(Entry::Parked { task, reason, .. }) => reasons.push((task, reason)),
            Ok(Entry::Retried { .. } | Entry::Abandoned { .. }) => reasons.clear(),
            Ok(Entry::Settled { task, .. } | Entry::Skipped { task, .. }) => {
                reasons.retain(|(it, _)| *it != task);
            }
            Ok(_) => {}
            Err(error) => reasons.push(("?".into(), error.to_string())),
        }
    }
    reasons
}

/// Whose undo is parked, by the records of one participant.
pub(super) fn undoing(records: &[Record]) -> Vec<String> {
    let mut parked: Vec<String> = Vec::new();
    for record in records {
        match Entry::read(record) {
            Ok(Entry::Parked { task, undo: true, .. }) => parked.push(task),
            Ok(Entry::Retried { .. } | Entry::Abandoned { .. }) => parked.clear(),
            Ok(Entry::Settled { task, .. } | Entry::Skipped { task, .. }) => {
                parked.retain(|it| *it != task);
            }
            _ => {}
        }
    }
    parked
}

/// A record in words, and the event in it as far as that is JSON.
pub(super) fn moment(participant: &str, record: &Record) -> Moment {
    let (payload, text) = match Entry::read(record) {
        Ok(entry) => (payload(&entry, record), told(&entry)),
        Err(error) => (Value::Null, error.to_string()),
    };
    Moment::with(record, payload, format!("{participant}: {text}"))
}

fn payload(entry: &Entry, record: &Record) -> Value {
    let envelope = match entry {
        Entry::Started(envelope) | Entry::Heard(envelope) => Some(envelope),
        Entry::Settled { envelope, .. } => envelope.as_ref(),
        _ => return record.event.read_json().unwrap_or_default(),
    };
    envelope.and_then(|it| it.event().read_json().ok()).unwrap_or_default()
}

fn told(entry: &Entry) -> String {
    let doing = |undo: &bool| if *undo { "undoing" } else { "doing" };
    match entry {
        Entry::Started(envelope) => format!("started as {}", envelope.key()),
        Entry::Heard(envelope) => heard(envelope),
        Entry::Settled { task, how: How::Done, envelope: Some(_) } => format!("has made {task}"),
        Entry::Settled { task, how: How::Done, envelope: None } => format!("{task} is done"),
        Entry::Settled { task, how: How::Refused, envelope } => {
            let why = envelope.as_ref().and_then(|it| it.event().read_json::<Value>().ok());
            let why = why.map(|said| said["refusal"].to_string()).unwrap_or_default();
            format!("refuses {task}: {why}")
        }
        Entry::Settled { task, how: How::Undone, .. } => format!("{task} is undone"),
        Entry::Begun { task } => format!("begins {task}"),
        Entry::Tried { task, undo, reason, .. } => {
            format!("{} {task} has failed: {reason}", doing(undo))
        }
        Entry::Parked { task, undo, reason } => format!("parked {} {task}: {reason}", doing(undo)),
        Entry::Retried { by, why } => format!("{by} has it tried again: {why}"),
        Entry::Skipped { task, by, why } => format!("{by} takes {task} for undone: {why}"),
        Entry::Abandoned { by, why } => format!("{by} {}: {why}", Said::ABANDONED),
        // Its number stands in front of it.
        Entry::Told(id) => {
            let name = id.as_str().split_once('-').map_or(id.as_str(), |(_, name)| name);
            format!("has told the bus {name}")
        }
    }
}

fn heard(envelope: &Envelope) -> String {
    let said: Value = envelope.event().read_json().unwrap_or_default();
    let event = said["event"].as_str().unwrap_or("?");
    match envelope.event().name() {
        STARTED => format!("heard that {} was started", envelope.key()),
        REFUSED => match said["cancelled"].as_str() {
            Some(why) => format!("heard that it is called off: {why}"),
            None => format!("heard that {event} is refused: {}", said["refusal"]),
        },
        UNDONE => format!("heard that {event} is undone"),
        name => format!("heard {name}"),
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { choreography, key, transaction, status, parts, timeline } = self;
        writeln!(f, "{choreography}/{key} is {status}, number {transaction}")?;
        for Part { participant, head, parked } in parts {
            let owner = head.held.as_ref().map(|held| format!(", worked at by {}", held.owner));
            writeln!(f, "  {participant:<24} {}{}", head.status, owner.unwrap_or_default())?;
            for (handler, why) in parked {
                writeln!(f, "    {handler}: {why}")?;
            }
        }
        operator::write_timeline(f, timeline)
    }
}
