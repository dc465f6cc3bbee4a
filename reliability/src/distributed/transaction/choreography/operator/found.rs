//! The parts of a transaction that a journal holds.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::distributed::transaction::choreography::bus::Envelope;
use crate::distributed::transaction::choreography::observe;
use crate::distributed::transaction::choreography::rules::ABANDONED;
use crate::journal::{Head, Record};

/// What lists say of what has failed too often.
pub(super) const PARKED: &str = "parked";

/// One who has something to do with a transaction here.
pub(super) struct Found {
    pub(super) participant: String,
    pub(super) head: Head,
    pub(super) records: Vec<Record>,
}

impl Found {
    pub(super) fn waits_for_somebody(&self) -> bool {
        [PARKED, "broken"].contains(&self.head.status.as_str())
    }

    pub(super) fn is_over(&self) -> bool {
        ["done", "undone", ABANDONED].contains(&self.head.status.as_str())
    }

    /// Whether nobody does anything about it, and it is not over: it waits for somebody, or to hear
    /// what somebody may never say.
    pub(super) fn waits(&self) -> bool {
        let rests = self.head.held.is_none() && self.head.due_at.is_none();
        self.waits_for_somebody() || (rests && !self.is_over())
    }
}

/// What operators do is told.
pub(super) fn mended(found: &[Found], verb: &str, by: &str) {
    if let Some(first) = found.iter().find_map(|part| envelope(part.records.first()?)) {
        observe::mended(first.topic(), &first.transaction().to_string(), verb, by);
    }
}

/// What a stream of a choreography begins with.
pub(super) fn envelope(first: &Record) -> Option<Envelope> {
    match first.event.name() {
        "started" | "heard" => Envelope::read(first.event.payload()).ok(),
        _ => None,
    }
}
