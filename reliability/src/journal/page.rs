use alloc::vec::Vec;

use super::{Event, Journal, Record};

/// The records of one answer, as a store gathers them: at most so many, and at most
/// [`Journal::LARGEST_PAGE`] bytes of them, but one of any size.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
/// use reliability::journal::{Epoch, Event, Page, Position, Record, Sequence, StreamId};
///
/// let record = |number| {
///     let (stream, event) = (StreamId::new("order", "1")?, Event::bytes("Paid", 1, []));
///     let (sequence, position) = (Sequence::new(number), Position::from_parts(0, number));
///     let at = SystemTime::UNIX_EPOCH;
///     Ok::<_, reliability::error::Invalid>(Record::new(stream, sequence, position, Epoch::NEVER, at, event))
/// };
/// let mut page = Page::of(2);
/// assert!(page.push(record(1)?) && page.push(record(2)?));
/// assert!(!page.push(record(3)?), "it is full");
/// assert_eq!(page.into_records().len(), 2);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug)]
pub struct Page {
    records: Vec<Record>,
    most: usize,
    bytes: usize,
}

impl Page {
    /// An empty one, for at most so many.
    pub const fn of(most: usize) -> Self {
        Self { records: Vec::new(), most, bytes: 0 }
    }

    /// Adds a record, and says whether there was room for it.
    #[must_use = "without room it was not added"]
    pub fn push(&mut self, record: Record) -> bool {
        let bytes = self.bytes.saturating_add(record.event.size());
        if self.records.len() == self.most
            || (bytes > Journal::LARGEST_PAGE && !self.records.is_empty())
        {
            return false;
        }
        self.bytes = bytes;
        self.records.push(record);
        true
    }

    /// Whether nothing was behind those that were read when so many were asked for: a page that has
    /// room for one more, of any size, is the last one.
    pub(crate) fn is_last(records: &[Record], most: usize) -> bool {
        let bytes: usize = records.iter().map(|record| record.event.size()).sum();
        records.len() < most && bytes + Event::LARGEST <= Journal::LARGEST_PAGE
    }

    /// What a store answers.
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }
}
