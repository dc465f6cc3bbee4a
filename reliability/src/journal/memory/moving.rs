//! What it takes to copy a journal: sealing one, and adopting what was in another.

use std::time::SystemTime;

use super::{All, Kept, Stream};
use crate::journal::numbers::room_for;
use crate::journal::{Adopted, JournalError, Record, Sequence, StreamId, not_sealed};

impl All {
    /// To write into.
    pub(super) fn open(&mut self) -> Result<&mut Self, JournalError> {
        match self.sealed {
            true => Err(JournalError::Sealed),
            false => Ok(self),
        }
    }

    pub(super) fn seal(&mut self, sealed: bool, now: SystemTime) -> Result<(), JournalError> {
        let held = |stream: &Stream| stream.held.as_ref().is_some_and(|held| !held.is_over(now));
        if sealed && let Some((id, _)) = self.streams.iter().find(|(_, stream)| held(stream)) {
            return Err(JournalError::Busy { stream: id.clone() });
        }
        self.sealed = sealed;
        Ok(())
    }

    pub(super) fn adopt(&mut self, adopted: Adopted) -> Result<(), JournalError> {
        if !self.sealed {
            return Err(not_sealed());
        }
        let end = |id: &StreamId| {
            Result::<_, JournalError>::Ok(
                self.streams.get(id).map_or(Sequence::START, Stream::last),
            )
        };
        adopted.fits(end)??;
        let highest = adopted.highest_epoch()?;
        room_for(adopted.records.len(), self.last_position, "positions")?;
        for record in adopted.records {
            let Record { stream: id, epoch, at, event, .. } = record;
            self.last_position += 1;
            let position = self.last_position;
            let stream = self.streams.entry_ref(&id).or_insert_with(|| {
                self.names.insert(id.clone());
                Stream::begun(at)
            });
            stream.records.push(Kept { position, epoch, at, event });
            self.order.insert(position, (id, stream.last()));
        }
        for head in adopted.heads {
            let begun = || {
                self.names.insert(head.stream.clone());
                Stream::begun(head.created_at)
            };
            let stream = self.streams.entry_ref(&head.stream).or_insert_with(begun);
            let before = stream.due_at.take();
            before.map(|at| self.due.remove(&(at, head.stream.clone())));
            stream.due_at = head.due_at;
            self.due.extend(head.due_at.map(|at| (at, head.stream)));
            (stream.epoch, stream.status, stream.priority) =
                (head.epoch, head.status, head.priority);
            (stream.created_at, stream.changed_at) = (head.created_at, head.changed_at);
            stream.held = None;
        }
        self.last_epoch = self.last_epoch.max(highest.get());
        Ok(())
    }
}
