//! The thread that writes: whatever has come while the disk was busy goes into the next commit.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::thread;

use rusqlite::Connection;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot::Sender;

use super::write::Writing;
use crate::journal::observe::committed;
use crate::journal::{Append, Appended, Changed, Claim, JournalError, Lease, Sequence, StreamId};
use crate::time::{Clock, WallClock};

/// One call of the store.
pub(super) enum Write {
    Append(Call<Vec<Append>, Vec<Appended>>),
    Claim(Call<Claim, Vec<Lease>>),
    Renew(Call<(Vec<Lease>, Duration), Vec<bool>>),
    Remove(Call<(StreamId, Sequence), ()>),
}

/// What is asked, what is to be answered as soon as it is on the disk, and where.
pub(super) struct Call<A, T> {
    asked: A,
    done: Option<Result<T, JournalError>>,
    answer: Sender<Result<T, JournalError>>,
}

/// How far a commit came that failed.
enum Failed {
    /// Nothing was written.
    Before(rusqlite::Error),
    /// Nobody knows.
    While(rusqlite::Error),
}

/// It ends when the store is gone, and everything that was queued is written.
pub(super) fn start(
    connection: Connection,
    mut writes: Receiver<Write>,
    most: usize,
    clock: WallClock,
    changed: Arc<Changed>,
) -> Result<(), JournalError> {
    let run = move || {
        let mut group = Vec::new();
        while let Some(first) = writes.blocking_recv() {
            group.push(first);
            while group.len() < most
                && let Ok(next) = writes.try_recv()
            {
                group.push(next);
            }
            group.retain(Write::is_awaited);
            if write(&connection, &mut group, &clock) {
                changed.tell();
            }
        }
    };
    let started = thread::Builder::new().name("journal-write".to_string()).spawn(run);
    started.map(drop).map_err(|source| JournalError::Unavailable {
        what: "starting the thread that writes",
        source: source.into(),
    })
}

/// Writes a group in one commit, and answers. Where that fails because of one of them, each gets a
/// commit of its own, so that it fails alone. Returns whether something was written.
fn write(connection: &Connection, group: &mut Vec<Write>, clock: &WallClock) -> bool {
    if group.is_empty() {
        return false;
    }
    let begun = Clock::default().now();
    let failed = match commit(connection, group, clock) {
        Ok(()) => {
            committed(Clock::default().now().saturating_duration_since(begun));
            group.drain(..).for_each(|write| write.answer(None));
            return true;
        }
        Err(failed) => failed,
    };
    if matches!(failed, Failed::Before(_)) && group.len() > 1 {
        let mut done = false;
        for one in core::mem::take(group) {
            done |= write(connection, &mut alloc::vec![one], clock);
        }
        return done;
    }
    group.drain(..).for_each(|write| write.answer(Some(&failed)));
    false
}

fn commit(connection: &Connection, group: &mut [Write], clock: &WallClock) -> Result<(), Failed> {
    let mut apply = || {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let writing = Writing::new(connection, clock.now());
        group.iter_mut().try_for_each(|write| write.apply(&writing))
    };
    let written = apply().map_err(Failed::Before);
    let written = written.and_then(|()| connection.execute_batch("COMMIT").map_err(Failed::While));
    // Some errors have rolled back already.
    if written.is_err() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    written
}

impl Write {
    /// Whether somebody still waits for the answer. Who has gone before it was begun gets nothing
    /// written.
    fn is_awaited(&self) -> bool {
        match self {
            Self::Append(call) => !call.answer.is_closed(),
            Self::Claim(call) => !call.answer.is_closed(),
            Self::Renew(call) => !call.answer.is_closed(),
            Self::Remove(call) => !call.answer.is_closed(),
        }
    }

    fn apply(&mut self, writing: &Writing<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Append(call) => call.done = Some(writing.append(&call.asked)?),
            Self::Claim(call) => call.done = Some(Ok(writing.claim(&call.asked)?)),
            Self::Renew(call) => {
                let (leases, length) = &call.asked;
                call.done = Some(Ok(writing.renew(leases, *length)?));
            }
            Self::Remove(call) => {
                let (stream, last) = &call.asked;
                call.done = Some(writing.remove(stream, *last)?);
            }
        }
        Ok(())
    }

    fn answer(self, failed: Option<&Failed>) {
        match self {
            Self::Append(call) => call.answer(failed),
            Self::Claim(call) => call.answer(failed),
            Self::Renew(call) => call.answer(failed),
            Self::Remove(call) => call.answer(failed),
        }
    }
}

impl<A, T> Call<A, T> {
    pub(super) const fn new(asked: A, answer: Sender<Result<T, JournalError>>) -> Self {
        Self { asked, done: None, answer }
    }

    fn answer(self, failed: Option<&Failed>) {
        let answer = match (failed, self.done) {
            (Some(failed), _) => Some(Err(failed.tell())),
            (None, done) => done,
        };
        // Whoever asked may have gone meanwhile.
        answer.map(|answer| self.answer.send(answer).is_ok());
    }
}

impl Failed {
    fn tell(&self) -> JournalError {
        match self {
            Self::Before(error) => JournalError::Unavailable {
                what: "writing to the journal",
                source: error.to_string().into(),
            },
            Self::While(error) => JournalError::Unknown { source: error.to_string().into() },
        }
    }
}
