//! What can be seen of a recording that was changed, before anything is gone through again.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;

use super::event::{Event, EventKind};
use crate::time::Instant;

/// What the events so far say of those that may follow.
pub(super) struct Structure {
    /// The beginning is missing, and with it the beginnings of calls.
    begins_late: bool,
    last_at: Instant,
    /// Of each call the line where it began, and the one where it was over.
    calls: BTreeMap<u64, (usize, Option<usize>)>,
}

impl Structure {
    pub(super) fn new(begins_late: bool) -> Self {
        Self { begins_late, last_at: Instant::ZERO, calls: BTreeMap::new() }
    }

    /// Takes note of the next event, or says why it cannot be the next.
    pub(super) fn check(&mut self, line: usize, event: &Event) -> Result<(), String> {
        if event.at < self.last_at {
            let back = self.last_at.saturating_duration_since(event.at);
            return Err(format!("it happens {back:?} before the line above"));
        }
        self.last_at = event.at;
        let Event { call, kind, .. } = event;
        match (self.calls.get_mut(call), kind) {
            (Some((began, _)), EventKind::Began { .. }) => {
                return Err(format!("call {call} has begun already, in line {began}"));
            }
            (Some((_, Some(over))), _) => {
                return Err(format!("call {call} is over since line {over}"));
            }
            (Some((_, over)), EventKind::Cancelled | EventKind::Panicked) => *over = Some(line),
            (Some(_), _) => {}
            (None, EventKind::Began { .. }) => {
                self.calls.insert(*call, (line, None));
            }
            (None, _) if self.begins_late => {}
            (None, _) => return Err(format!("call {call} has not begun")),
        }
        Ok(())
    }
}
