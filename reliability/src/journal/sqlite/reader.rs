//! The thread that reads.

use alloc::boxed::Box;
use alloc::string::ToString;
use std::thread;

use rusqlite::Connection;
use tokio::sync::mpsc::Receiver;

use crate::journal::JournalError;

/// One call, which also answers who made it.
pub(super) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// It ends when the store is gone.
pub(super) fn start(connection: Connection, mut reads: Receiver<Read>) -> Result<(), JournalError> {
    let run = move || {
        while let Some(read) = reads.blocking_recv() {
            read(&connection);
        }
    };
    let started = thread::Builder::new().name("journal-read".to_string()).spawn(run);
    started.map(drop).map_err(|source| JournalError::Unavailable {
        what: "starting the thread that reads",
        source: source.into(),
    })
}
