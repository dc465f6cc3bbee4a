//! Where streams stand, and what was claimed, as the thread that writes has left them.

use std::collections::HashMap;

use super::write::Place;
use crate::journal::StreamId;

/// What the one row about all streams says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims {
    /// The last one that was given.
    pub(super) epoch: i64,
    pub(super) sealed: bool,
}

/// The places of the streams that were written to last, so that they need not be looked up again.
///
/// True as long as nobody else writes to the file: SQLite says when somebody has, and then all of
/// them are looked up anew.
#[derive(Debug, Default)]
pub(super) struct Places {
    known: HashMap<StreamId, Place>,
    pub(super) claims: Option<Claims>,
    /// What SQLite calls the state that others have left the file in.
    version: Option<i64>,
}

impl Places {
    const MOST: usize = 8_192;

    /// Forgets all of them if somebody else has written since.
    pub(super) fn of(mut self, version: i64) -> Self {
        if self.version.replace(version) != Some(version) {
            self.forget_all();
        }
        self
    }

    pub(super) fn get(&self, stream: &StreamId) -> Option<Place> {
        self.known.get(stream).copied()
    }

    pub(super) fn keep(&mut self, stream: &StreamId, place: Place) {
        if let Some(known) = self.known.get_mut(stream) {
            *known = place;
            return;
        }
        if self.known.len() >= Self::MOST {
            self.known.clear();
        }
        self.known.insert(stream.clone(), place);
    }

    pub(super) fn forget(&mut self, stream: &StreamId) {
        self.known.remove(stream);
    }

    pub(super) fn forget_all(&mut self) {
        self.known.clear();
        self.claims = None;
    }
}
