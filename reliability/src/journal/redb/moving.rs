//! What it takes to copy a journal: sealing one, and adopting what was in another.

use redb::ReadableTable;

use super::tables::{SEALED, Stream};
use super::write::{Done, Tables};
use crate::journal::numbers::room_for;
use crate::journal::{Adopted, Head, JournalError, Record, Sequence, StreamId, values};

impl Tables<'_> {
    pub(super) fn sealed(&self) -> Done<bool> {
        Ok(self.numbers.get(SEALED)?.is_some_and(|sealed| sealed.value() != 0))
    }

    pub(super) fn seal_all(&mut self, sealed: bool) -> Done<Result<(), JournalError>> {
        for held in self.held.range(..=(self.now, u64::MAX))? {
            let stream = self.stream(held?.0.value().1)?;
            if sealed && stream.is_held(self.now) {
                let busy = |stream| JournalError::Busy { stream };
                return Ok(Err(stream.id().map_or_else(|error| error, busy)));
            }
        }
        self.written = true;
        self.numbers.insert(SEALED, u64::from(sealed))?;
        Ok(Ok(()))
    }

    pub(super) fn adopt_all(&mut self, adopted: &Adopted) -> Done<Result<(), JournalError>> {
        let end = |id: &StreamId| -> Done<Sequence> {
            let found = self.find(id)?;
            Ok(found.map_or(Sequence::START, |(_, stream)| Sequence::new(stream.sequence)))
        };
        if let Err(refused) = adopted.fits(end)? {
            return Ok(Err(refused));
        }
        let room = room_for(adopted.records.len(), self.last.position, "positions");
        let highest = match room.and_then(|()| adopted.highest_epoch()) {
            Ok(highest) => highest.get(),
            Err(refused) => return Ok(Err(refused)),
        };
        self.written = true;
        adopted.records.iter().try_for_each(|record| self.adopt_record(record))?;
        adopted.heads.iter().try_for_each(|head| self.adopt_head(head))?;
        self.last.epoch = self.last.epoch.max(highest);
        Ok(Ok(()))
    }

    fn adopt_record(&mut self, record: &Record) -> Done<()> {
        let at = values::micros(record.at);
        let (number, before) = self.begun(&record.stream)?;
        let mut stream = before.clone().unwrap_or_else(|| Stream::begun(&record.stream, at));
        stream.sequence = record.sequence.get();
        let (event, epoch) = (&record.event, record.epoch.get());
        let (name, payload) = (event.name(), event.payload());
        let (version, encoding) = (event.version(), event.encoding().as_str());
        self.insert(number, stream.sequence, epoch, at, (name, version, encoding, payload))?;
        self.put(number, before.as_ref(), &stream)
    }

    fn adopt_head(&mut self, head: &Head) -> Done<()> {
        let (number, before) = self.begun(&head.stream)?;
        let created_at = values::micros(head.created_at);
        let mut stream = before.clone().unwrap_or_else(|| Stream::begun(&head.stream, created_at));
        stream.epoch = head.epoch.get();
        stream.status.clone_from(&head.status);
        stream.priority = head.priority;
        stream.due_at = head.due_at.map(values::micros);
        stream.held = None;
        stream.created_at = created_at;
        stream.changed_at = values::micros(head.changed_at);
        self.put(number, before.as_ref(), &stream)
    }
}
