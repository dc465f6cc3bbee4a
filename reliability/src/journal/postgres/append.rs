//! Several batches as the columns of one call, and what came of each.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use tokio_postgres::Row;

use super::error::unreadable;
use crate::journal::values::{self, signed, unsigned};
use crate::journal::{Append, Appended, Due, Epoch, JournalError, Position, Sequence, StreamId};

/// The arguments of `journal_append` behind the time.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    pub(super) kinds: Vec<&'a str>,
    pub(super) keys: Vec<&'a str>,
    pub(super) sizes: Vec<i32>,
    pub(super) streams: Vec<i32>,
    pub(super) afters: Vec<Option<i64>>,
    pub(super) epochs: Vec<Option<i64>>,
    pub(super) due_modes: Vec<Option<i16>>,
    pub(super) dues: Vec<Option<i64>>,
    pub(super) priorities: Vec<Option<i16>>,
    pub(super) statuses: Vec<Option<&'a str>>,
    pub(super) releases: Vec<bool>,
    pub(super) workers: Vec<Option<&'a str>>,
    pub(super) leases: Vec<Option<i64>>,
    pub(super) counts: Vec<i32>,
    pub(super) names: Vec<&'a str>,
    pub(super) versions: Vec<i64>,
    pub(super) encodings: Vec<&'static str>,
    pub(super) payloads: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(batches: impl Iterator<Item = &'a [Append]> + Clone) -> Self {
        // All who lock several streams do it in this order, so that nobody waits for who waits.
        let mut places: BTreeMap<&StreamId, i32> = BTreeMap::new();
        for append in batches.clone().flatten() {
            places.insert(append.stream(), 0);
        }
        let mut columns = Self::default();
        for ((stream, place), number) in places.iter_mut().zip(1..) {
            *place = number;
            columns.kinds.push(stream.kind());
            columns.keys.push(stream.key());
        }
        for batch in batches {
            columns.sizes.push(count(batch.len()));
            for append in batch {
                columns.streams.push(places.get(append.stream()).copied().unwrap_or_default());
                columns.add(append);
            }
        }
        columns
    }

    fn add(&mut self, append: &'a Append) {
        let terms = append.terms();
        self.afters.push(terms.after.map(|after| signed(after.get())));
        self.epochs.push(terms.epoch.map(|epoch| signed(epoch.get())));
        let (mode, due) = match terms.due {
            None => (None, None),
            Some(Due::Never) => (Some(0), None),
            Some(Due::Now) => (Some(1), Some(0)),
            Some(Due::After(time)) => (Some(1), Some(span(time))),
            Some(Due::At(time)) => (Some(2), Some(values::micros(time))),
        };
        self.due_modes.push(mode);
        self.dues.push(due);
        self.priorities.push(terms.priority);
        self.statuses.push(terms.status);
        self.releases.push(terms.release);
        self.workers.push(terms.held.map(|(worker, _)| worker));
        self.leases.push(terms.held.map(|(_, lease)| span(lease)));
        self.counts.push(count(append.events().len()));
        for event in append.events() {
            self.names.push(event.name());
            self.versions.push(event.version().into());
            self.encodings.push(event.encoding().as_str());
            self.payloads.push(event.payload());
        }
    }
}

/// What came of a batch, from its rows.
pub(super) fn outcome(batch: &[Append], rows: &[Row]) -> Result<Vec<Appended>, JournalError> {
    let mut appended = Vec::with_capacity(batch.len());
    for (append, row) in batch.iter().zip(rows) {
        let number = |at| row.try_get::<_, i64>(at).map(unsigned).map_err(|e| unreadable(&e));
        let (sequence, current) = (number(1), number(2));
        match row.try_get::<_, i32>(0).map_err(|error| unreadable(&error))? {
            0 => {}
            // The one that was refused is another row.
            3 => continue,
            4 => return Err(JournalError::Busy { stream: append.stream().clone() }),
            _ => {
                let (last, current) = (Sequence::new(sequence?), Epoch::new(current?));
                append.terms().allow(append.stream(), last, current)?;
                continue;
            }
        }
        let place = row.try_get::<_, Option<i64>>(4).map_err(|error| unreadable(&error))?;
        let position = match place {
            Some(place) => Position::from_parts(number(3)?, unsigned(place)),
            None => Position::START,
        };
        let done = Appended::new(Sequence::new(sequence?), position);
        appended.push(match append.terms().held {
            Some(_) => done.held(Epoch::new(current?)),
            None => done,
        });
    }
    match appended.len() == batch.len() {
        true => Ok(appended),
        false => Err(super::error::unusable(
            "the database has answered an append with something else: its functions are not as a \
             journal makes them"
                .into(),
        )),
    }
}

/// The longest time that can be added to any now.
pub(super) fn span(time: Duration) -> i64 {
    values::span(time).min(1 << 62)
}

/// Of which there are at most some millions.
fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
