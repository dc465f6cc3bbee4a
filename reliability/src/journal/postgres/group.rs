//! Several batches on their way together: one call, one transaction, and an answer to each.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::append::{Columns, outcome};
use super::error::Failed;
use super::line::Line;
use super::session::Ask;
use crate::journal::observe::committed;
use crate::journal::values;
use crate::journal::{Append, Appended, Changed, JournalError};
use crate::time::{Clock, WallClock};

/// A batch, and who waits for what becomes of it.
pub(super) struct Call {
    batch: Vec<Append>,
    bytes: usize,
    answer: oneshot::Sender<Result<Vec<Appended>, JournalError>>,
}

impl Call {
    pub(super) fn new(
        batch: Vec<Append>,
        answer: oneshot::Sender<Result<Vec<Appended>, JournalError>>,
    ) -> Self {
        let events = batch.iter().flat_map(|append| append.events());
        let bytes = events.map(|event| event.payload().len()).sum();
        Self { batch, bytes, answer }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether somebody still waits for it.
    pub(super) fn is_awaited(&self) -> bool {
        !self.answer.is_closed()
    }
}

pub(super) const WRITING: &str = "writing to the journal";

/// What all groups of a store have in common.
pub(super) struct Sending {
    clock: Option<WallClock>,
    changed: Arc<Changed>,
    news: mpsc::Sender<()>,
}

impl Sending {
    pub(super) fn new(
        clock: Option<&WallClock>,
        changed: &Arc<Changed>,
        news: &mpsc::Sender<()>,
    ) -> Self {
        Self { clock: clock.cloned(), changed: Arc::clone(changed), news: news.clone() }
    }

    /// Until each of them has its answer.
    pub(super) async fn send(&self, line: &Line, group: Vec<Call>) {
        match self.write(line, &group).await {
            Ok(rows) => self.answer(group, &rows),
            // One of them may have failed all the others: each gets a call of its own.
            Err(Refused::Failed(failed))
                if failed.is_refusal() && !failed.is_sealed() && group.len() > 1 =>
            {
                for call in group {
                    let alone = alloc::vec![call];
                    match self.write(line, &alone).await {
                        Ok(rows) => self.answer(alone, &rows),
                        Err(refused) => refuse(alone, &refused),
                    }
                }
            }
            Err(refused) => refuse(group, &refused),
        }
    }

    async fn write(&self, line: &Line, group: &[Call]) -> Result<Vec<Row>, Refused> {
        let it = Columns::of(group.iter().map(|call| call.batch.as_slice()));
        let wall = self.clock.as_ref().map(|clock| values::micros(clock.now()));
        let with: [&(dyn ToSql + Sync); 19] = [
            &wall,
            &it.kinds,
            &it.keys,
            &it.sizes,
            &it.streams,
            &it.afters,
            &it.epochs,
            &it.due_modes,
            &it.dues,
            &it.priorities,
            &it.statuses,
            &it.releases,
            &it.workers,
            &it.leases,
            &it.counts,
            &it.names,
            &it.versions,
            &it.encodings,
            &it.payloads,
        ];
        let begun = Clock::default().now();
        let written = line.try_write(Ask::Append, &with).await;
        let rows = written.map_err(Refused::Unconnected)?.map_err(Refused::Failed)?;
        committed(Clock::default().now().saturating_duration_since(begun));
        Ok(rows)
    }

    fn answer(&self, group: Vec<Call>, rows: &[Row]) {
        let mut rows = rows;
        let mut news = false;
        for call in group {
            let (own, others) = rows.split_at(call.batch.len().min(rows.len()));
            rows = others;
            let appended = outcome(&call.batch, own);
            news |= appended.is_ok();
            // Whoever asked may have gone meanwhile.
            let _ = call.answer.send(appended);
        }
        if news {
            self.changed.tell();
            // When it is full, others are about to be told.
            let _ = self.news.try_send(());
        }
    }
}

/// Why nothing of a group is known to be written.
enum Refused {
    Unconnected(JournalError),
    Failed(Failed),
}

fn refuse(group: Vec<Call>, refused: &Refused) {
    for call in group {
        let error = match refused {
            Refused::Failed(failed) => failed.of_write(WRITING),
            Refused::Unconnected(JournalError::Unavailable { what, source }) => {
                JournalError::Unavailable { what, source: source.to_string().into() }
            }
            Refused::Unconnected(error) => JournalError::Unusable { what: error.to_string() },
        };
        let _ = call.answer.send(Err(error));
    }
}
