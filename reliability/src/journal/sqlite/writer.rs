//! The thread that writes: whatever has come while the disk was busy goes into the next commit.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::thread;

use rusqlite::Connection;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot::Sender;

use super::error::unavailable;
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
    /// It was not even begun, for a reason that is nobody's in the group.
    ToBegin(rusqlite::Error),
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
/// commit of its own, so that it fails alone. Returns whether there is news for who waits for work:
/// a claim that finds nothing is none, or who claims whenever there is news would never rest.
fn write(connection: &Connection, group: &mut Vec<Write>, clock: &WallClock) -> bool {
    if group.is_empty() {
        return false;
    }
    let begun = Clock::default().now();
    let failed = match commit(connection, group, clock) {
        Ok(()) => {
            committed(Clock::default().now().saturating_duration_since(begun));
            let news = group.iter().any(Write::has_appended);
            group.drain(..).for_each(|write| write.answer(None));
            return news;
        }
        Err(failed) => failed,
    };
    if matches!(failed, Failed::Before(_)) && group.len() > 1 {
        let mut news = false;
        for one in core::mem::take(group) {
            news |= write(connection, &mut alloc::vec![one], clock);
        }
        return news;
    }
    group.drain(..).for_each(|write| write.answer(Some(&failed)));
    false
}

fn commit(connection: &Connection, group: &mut [Write], clock: &WallClock) -> Result<(), Failed> {
    // Waits for other processes that write. All who are in the group have waited then.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(Failed::ToBegin)?;
    let mut apply = || {
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

    fn has_appended(&self) -> bool {
        matches!(self, Self::Append(Call { done: Some(Ok(_)), .. }))
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
            Self::ToBegin(error) | Self::Before(error) => {
                unavailable("writing to the journal", error)
            }
            Self::While(error) => JournalError::Unknown { source: error.to_string().into() },
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
#[allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]
mod tests {
    use core::cell::Cell;

    use tokio::sync::oneshot;

    use super::super::open;
    use super::*;

    std::thread_local! {
        static WAITED: Cell<u32> = const { Cell::new(0) };
    }

    /// A group of hundreds would stand still for an hour, when each of them waited by itself.
    #[test]
    fn a_group_waits_once_for_another_process_and_not_each_of_it() {
        let file = std::format!("journal-writer-{}.db", std::process::id());
        let file = std::env::temp_dir().join(file);
        let mut connection = open::to_write(&file, Duration::ZERO).unwrap();
        let gives_up = |_: i32| {
            WAITED.set(WAITED.get() + 1);
            false
        };
        connection.busy_handler(Some(gives_up)).unwrap();
        let by_hand = Connection::open(&file).unwrap();
        by_hand.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (mut group, mut answers) = (Vec::new(), Vec::new());
        for key in ["1", "2", "3"] {
            let (answer, answered) = oneshot::channel();
            let append = Append::to(&StreamId::new("order", key).unwrap());
            group.push(Write::Append(Call::new(alloc::vec![append], answer)));
            answers.push(answered);
        }
        assert!(!write(&connection, &mut group, &WallClock::system()));
        for mut answered in answers {
            let refused = answered.try_recv().unwrap().unwrap_err();
            assert!(matches!(refused, JournalError::Unavailable { .. }), "{refused}");
        }
        assert_eq!(WAITED.get(), 1);
        drop((connection, by_hand));
        for end in ["", "-wal", "-shm"] {
            let mut path = file.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}
