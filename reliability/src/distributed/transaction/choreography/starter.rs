//! Who has started transactions hears what becomes of them: those who share a journal are one group on
//! the bus, and those who do not are several, or one would take what another one waits for.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

use super::bus::{BusError, Group};
use crate::journal::{Append, Event, Journal, JournalError, Sequence, StreamId};

/// What the name of each such group begins with; behind it is the number of its journal.
pub(super) const PREFIX: &str = "start.";
/// The kind of the streams that hold those numbers, by topics.
const STARTER: &str = "choreography.starter";

/// The group of those who start transactions of that topic on that journal. Its number is drawn once,
/// and goes along when the journal is copied elsewhere.
pub(super) async fn group(journal: &Journal, topic: &str) -> Result<Group, BusError> {
    let stream = StreamId::new(STARTER, topic)?;
    loop {
        let first = journal.read(&stream, Sequence::START, 1).await.map_err(failed)?;
        if let Some(record) = first.first() {
            let number: String = record.event.read_json().map_err(failed)?;
            return Ok(Group::of(topic, &format!("{PREFIX}{number}"))?);
        }
        let number = format!("{:016x}", fastrand::u64(..));
        let drawn = Event::json("Drawn", 1, &number).map_err(failed)?;
        match journal.append(Append::to(&stream).after(Sequence::START).event(drawn)).await {
            // Another process was quicker.
            Ok(_) | Err(JournalError::Conflict { .. }) => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

fn failed(error: JournalError) -> BusError {
    let what = "the journal of who starts transactions";
    match error {
        JournalError::Unavailable { source, .. } => BusError::Unavailable { what, source },
        JournalError::Unknown { source } => BusError::Unknown { what, source },
        JournalError::Invalid(invalid) => BusError::Invalid(invalid),
        JournalError::Closed => BusError::Closed,
        error @ JournalError::Busy { .. } => {
            BusError::Unavailable { what, source: Box::new(error) }
        }
        other => BusError::Unusable { what: format!("{what}: {other}") },
    }
}
