//! Those who write: whatever has come while others were on their way goes together.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::{Mutex, oneshot};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::append::{Columns, outcome};
use super::error::Failed;
use super::line::{Line, Server};
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
}

/// The most bytes of payloads that go together; one call alone may have more.
const MOST_BYTES: usize = 4 << 20;

pub(super) const WRITING: &str = "writing to the journal";

pub(super) struct Writer {
    line: Line,
    queued: Arc<Mutex<Receiver<Call>>>,
    group: usize,
    clock: Option<WallClock>,
    changed: Arc<Changed>,
    news: mpsc::Sender<()>,
    /// What did not fit any more.
    next: Option<Call>,
}

impl Writer {
    pub(super) fn new(
        server: &Arc<Server>,
        queued: &Arc<Mutex<Receiver<Call>>>,
        group: usize,
        clock: Option<&WallClock>,
        changed: &Arc<Changed>,
        news: &mpsc::Sender<()>,
    ) -> Self {
        Self {
            line: Line::new(server),
            queued: Arc::clone(queued),
            group,
            clock: clock.cloned(),
            changed: Arc::clone(changed),
            news: news.clone(),
            next: None,
        }
    }

    /// Until the store is gone, and everything that was queued is written.
    pub(super) async fn run(mut self) {
        while let Some(group) = self.collect().await {
            match self.write(&group).await {
                Ok(rows) => self.answer(group, &rows),
                // One of them may have failed all the others: each gets a call of its own.
                Err(Refused::Failed(failed))
                    if failed.is_refusal() && !failed.is_sealed() && group.len() > 1 =>
                {
                    for call in group {
                        let alone = alloc::vec![call];
                        match self.write(&alone).await {
                            Ok(rows) => self.answer(alone, &rows),
                            Err(refused) => refuse(alone, &refused),
                        }
                    }
                }
                Err(refused) => refuse(group, &refused),
            }
        }
    }

    async fn collect(&mut self) -> Option<Vec<Call>> {
        let mut queued = self.queued.lock().await;
        loop {
            let first = match self.next.take() {
                Some(call) => call,
                None => queued.recv().await?,
            };
            let mut bytes = first.bytes;
            let mut group = alloc::vec![first];
            while group.len() < self.group
                && let Ok(call) = queued.try_recv()
            {
                bytes += call.bytes;
                if bytes > MOST_BYTES {
                    self.next = Some(call);
                    break;
                }
                group.push(call);
            }
            // Who has gone before it was sent gets nothing written.
            group.retain(|call| !call.answer.is_closed());
            if !group.is_empty() {
                return Some(group);
            }
        }
    }

    async fn write(&self, group: &[Call]) -> Result<Vec<Row>, Refused> {
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
        let written = self.line.try_write(Ask::Append, &with).await;
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
