//! The thread that reads.

use alloc::boxed::Box;
use alloc::string::ToString;
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc::Receiver;

use crate::journal::JournalError;

/// One call, which also answers who made it. It does not panic.
pub(super) type Read<R> = Box<dyn FnOnce(&R) + Send>;

/// It ends when the store is gone.
pub(super) fn start<R: Send + 'static>(
    from: R,
    mut reads: Receiver<Read<R>>,
) -> Result<JoinHandle<()>, JournalError> {
    let run = move || {
        while let Some(read) = reads.blocking_recv() {
            read(&from);
        }
    };
    let started = thread::Builder::new().name("journal-read".to_string()).spawn(run);
    started.map_err(|source| JournalError::Unavailable {
        what: "starting the thread that reads",
        source: source.into(),
    })
}
