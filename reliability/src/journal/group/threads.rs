use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::call::{Call, Write};
use super::reader::{self, Read};
use super::{Engine, Outcome, Settings, writer};
use crate::journal::{
    Adopted, Answer, Append, Appended, Changed, Changes, Claim, JournalError, Lease, Removal,
};

/// What a store in a file keeps: the ways to its two threads.
pub(in crate::journal) struct Threads<R> {
    writes: mpsc::Sender<Write>,
    /// A permit for each byte that may wait.
    room: Arc<Semaphore>,
    most_bytes: usize,
    reads: mpsc::Sender<Read<R>>,
    changed: Arc<Changed>,
    /// Last of all, so that the ways to them are gone before their ends are waited for.
    _ends: Ends,
}

/// Threads whose ends are waited for.
struct Ends(Vec<JoinHandle<()>>);

impl Drop for Ends {
    fn drop(&mut self) {
        // They do not panic: whatever they call is caught.
        self.0.drain(..).for_each(|thread| drop(thread.join()));
    }
}

impl<R: Send + 'static> Threads<R> {
    /// Starts them. They end when this is gone, and everything that was queued is written.
    pub(in crate::journal) fn start(
        engine: impl Engine,
        from: R,
        settings: Settings,
    ) -> Result<Self, JournalError> {
        let changed = Arc::new(Changed::new());
        let (queue, most_bytes, closing) = (settings.queue, settings.queue_bytes, settings.closing);
        let (writes, queued) = mpsc::channel(queue);
        let writer = writer::start(engine, queued, settings, Arc::clone(&changed))?;
        let (reads, queued) = mpsc::channel(queue);
        let reader = reader::start(from, queued)?;
        let ends = if closing { alloc::vec![writer, reader] } else { Vec::new() };
        let room = Arc::new(Semaphore::new(most_bytes));
        Ok(Self { writes, room, most_bytes, reads, changed, _ends: Ends(ends) })
    }

    pub(in crate::journal) fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        let bytes = batch.iter().map(Append::size).sum();
        self.write(bytes, |answer, room| Write::Append(Call::new(batch, answer, room)))
    }

    pub(in crate::journal) fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.write(0, |answer, room| Write::Claim(Call::new(claim, answer, room)))
    }

    pub(in crate::journal) fn renew(
        &self,
        leases: Vec<Lease>,
        length: Duration,
    ) -> Answer<'_, Vec<bool>> {
        self.write(0, move |answer, room| Write::Renew(Call::new((leases, length), answer, room)))
    }

    pub(in crate::journal) fn remove(&self, removal: Removal) -> Answer<'_, ()> {
        self.write(0, move |answer, room| Write::Remove(Call::new(removal, answer, room)))
    }

    pub(in crate::journal) fn seal(&self, sealed: bool) -> Answer<'_, ()> {
        self.write(0, move |answer, room| Write::Seal(Call::new(sealed, answer, room)))
    }

    pub(in crate::journal) fn adopt(&self, adopted: Adopted) -> Answer<'_, ()> {
        let bytes = adopted.size();
        self.write(bytes, |answer, room| Write::Adopt(Call::new(adopted, answer, room)))
    }

    fn write<T: Send + 'static>(
        &self,
        bytes: usize,
        write: impl FnOnce(
            oneshot::Sender<Result<T, JournalError>>,
            Option<OwnedSemaphorePermit>,
        ) -> Write
        + Send
        + 'static,
    ) -> Answer<'_, T> {
        Box::pin(async move {
            let room = self.room(bytes).await?;
            let (answer, answered) = oneshot::channel();
            let write = write(answer, room);
            self.writes.send(write).await.map_err(|_| JournalError::Closed)?;
            answered.await.map_err(|_| JournalError::Unknown {
                source: "the thread that writes has ended".into(),
            })?
        })
    }

    /// What is larger than all the room there is waits for all of it.
    async fn room(&self, bytes: usize) -> Result<Option<OwnedSemaphorePermit>, JournalError> {
        match u32::try_from(bytes.min(self.most_bytes)) {
            Ok(0) => Ok(None),
            bytes => {
                let (room, bytes) = (Arc::clone(&self.room), bytes.unwrap_or(u32::MAX));
                let room = room.acquire_many_owned(bytes).await;
                room.map(Some).map_err(|_| JournalError::Closed)
            }
        }
    }

    pub(in crate::journal) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&R) -> Outcome<T> + Send + 'static,
    ) -> Answer<'_, T> {
        let (answer, answered) = oneshot::channel();
        let read: Read<R> = Box::new(move |from| {
            if !answer.is_closed() {
                let read = catch_unwind(AssertUnwindSafe(|| read(from)));
                let failed = |panic: Box<dyn Any + Send>| {
                    Err(panicked("reading the journal", panic.as_ref()))
                };
                let read = read.unwrap_or_else(failed);
                // Whoever asked may have gone meanwhile.
                let _ = answer.send(read.and_then(|read| read));
            }
        });
        Box::pin(async move {
            self.reads.send(read).await.map_err(|_| JournalError::Closed)?;
            answered.await.map_err(|_| JournalError::Closed)?
        })
    }

    pub(in crate::journal) fn changes(&self) -> Changes {
        self.changed.changes()
    }

    /// How many calls wait for the thread that writes.
    pub(in crate::journal) fn waiting(&self) -> usize {
        self.writes.max_capacity() - self.writes.capacity()
    }
}

/// The error of a store that has panicked.
pub(in crate::journal) fn panicked(what: &str, panic: &(dyn Any + Send)) -> JournalError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("it does not say why");
    let what = alloc::format!(
        "{what} has made the store panic ({text}): stop, keep the file, and go on with a backup"
    );
    JournalError::Unusable { what }
}
