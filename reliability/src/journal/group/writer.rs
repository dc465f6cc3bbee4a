//! The thread that writes: whatever has come while the disk was busy goes into the next commit.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc::Receiver;

use super::call::Write;
use super::threads::panicked;
use super::{Engine, Failed, Settings, Writing};
use crate::journal::observe::committed;
use crate::journal::{Changed, JournalError};
use crate::time::{Clock, WallClock};

/// It ends when the store is gone, and everything that was queued is written.
pub(super) fn start(
    mut engine: impl Engine,
    mut writes: Receiver<Write>,
    settings: Settings,
    changed: Arc<Changed>,
) -> Result<JoinHandle<()>, JournalError> {
    let run = move || {
        let mut group = Vec::new();
        while let Some(first) = writes.blocking_recv() {
            let mut bytes = first.bytes();
            group.push(first);
            while group.len() < settings.group
                && bytes < settings.group_bytes
                && let Ok(next) = writes.try_recv()
            {
                bytes += next.bytes();
                group.push(next);
            }
            group.retain(Write::is_awaited);
            if write(&mut engine, &mut group, &settings.clock) {
                changed.tell();
            }
        }
    };
    let started = thread::Builder::new().name("journal-write".to_string()).spawn(run);
    started.map_err(|source| JournalError::Unavailable {
        what: "starting the thread that writes",
        source: source.into(),
    })
}

/// Writes a group in one commit, and answers. Where that fails because of one of them, each gets a
/// commit of its own, so that it fails alone. Returns whether there is news for who waits for work.
pub(in crate::journal) fn write(
    engine: &mut impl Engine,
    group: &mut Vec<Write>,
    clock: &WallClock,
) -> bool {
    if group.is_empty() {
        return false;
    }
    let begun = Clock::default().now();
    let failed = match commit(engine, group, clock) {
        Ok(()) => {
            committed(Clock::default().now().saturating_duration_since(begun));
            let news = group.iter().any(Write::is_news);
            group.drain(..).for_each(|write| write.answer(None));
            return news;
        }
        Err(failed) => failed,
    };
    if matches!(failed, Failed::Before(_)) && group.len() > 1 {
        let mut news = false;
        for one in core::mem::take(group) {
            news |= write(engine, &mut alloc::vec![one], clock);
        }
        return news;
    }
    group.drain(..).for_each(|write| write.answer(Some(&failed)));
    false
}

/// A store that panics is no reason to leave everybody without an answer.
fn commit(engine: &mut impl Engine, group: &mut [Write], clock: &WallClock) -> Result<(), Failed> {
    let applied = Cell::new(false);
    let mut work = |writing: &mut dyn Writing| {
        let mut sealed = writing.is_sealed()?;
        for write in group.iter_mut() {
            sealed = write.apply(writing, sealed)?;
        }
        applied.set(true);
        Ok(())
    };
    catch_unwind(AssertUnwindSafe(|| engine.transact(clock, &mut work))).unwrap_or_else(|panic| {
        let error = panicked("writing to the journal", panic.as_ref());
        Err(match applied.get() {
            true => Failed::While(JournalError::Unknown { source: error.to_string().into() }),
            false => Failed::Before(error),
        })
    })
}
