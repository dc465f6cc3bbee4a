use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, ready};
use core::pin::Pin;
use core::time::Duration;

use super::{
    Adopted, Append, Appended, Changes, Claim, Head, Heads, JournalError, Lease, Position, Record,
    Sequence, Standing, StreamId,
};

/// What a [`Store`] answers, by and by.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, JournalError>> + Send + 'a>>;

/// Where a journal keeps its records: write one to bring your own database.
///
/// The [`Journal`](super::Journal) in front checks all arguments, so a store gets what is valid.
/// What it must do stands at each method, and is checked by the
/// [conformance suite](super::conformance): let it run over a new store before anything else.
///
/// Two things are asked of all methods. A call that is dropped half way has happened or it has not.
/// And an error other than [`JournalError::Unknown`] means that nothing was written.
///
/// # Examples
///
/// A store that counts what goes through it:
///
/// ```
/// # use std::{sync::atomic::{AtomicUsize, Ordering}, time::Duration};
/// use reliability::journal::*;
///
/// #[derive(Debug, Default)]
/// struct Counting {
///     inner: MemoryStore,
///     appends: AtomicUsize,
/// }
///
/// impl Store for Counting {
///     fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
///         self.appends.fetch_add(batch.len(), Ordering::Relaxed);
///         self.inner.append(batch)
///     }
///     // ... and all others as `inner` does them.
/// #   fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
/// #       self.inner.read(stream, after, most)
/// #   }
/// #   fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
/// #       self.inner.read_all(after, most)
/// #   }
/// #   fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
/// #       self.inner.head(stream)
/// #   }
/// #   fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
/// #       self.inner.heads(heads)
/// #   }
/// #   fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
/// #       self.inner.claim(claim)
/// #   }
/// #   fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
/// #       self.inner.renew(leases, length)
/// #   }
/// #   fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
/// #       self.inner.remove(stream, last)
/// #   }
/// #   fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
/// #       self.inner.remove_held(lease)
/// #   }
/// #   fn changes(&self) -> Changes {
/// #       self.inner.changes()
/// #   }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), JournalError> {
/// let journal = Journal::on(Counting::default());
/// journal.append(Append::to(&StreamId::new("order", "1")?)).await?;
/// # Ok(())
/// # }
/// ```
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Adds to streams: all of the batch or nothing of it, durably before it answers. Each append
    /// is held against [`Terms::allow`](super::Terms::allow) as the appends before it in the batch
    /// have left its stream.
    ///
    /// A record gets the next number of its stream, the epoch that the stream is in, and a place
    /// behind all records that anybody can have read.
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>>;

    /// The records of a stream behind that number, in order. None for a stream that is not there.
    /// They are gathered in a [`Page`](super::Page), which ends when it gets too large.
    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>>;

    /// The records of all streams behind that position, in order. One that is not among them never
    /// comes up at a position before the last of them: who reads on misses nothing. They are gathered
    /// as by [`read`](Self::read).
    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>>;

    /// The place of the last record of all, [`Position::START`] if there is none: what progress is
    /// shown against. `None` from a store that does not know, as this one.
    fn end(&self) -> Answer<'_, Option<Position>> {
        Box::pin(ready(Ok(None)))
    }

    /// The head of a stream, if it is there.
    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>>;

    /// The heads of streams, by kind and key.
    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>>;

    /// Claims streams that are due and not held: each gets an epoch above all that were ever given,
    /// also to streams that were forgotten since.
    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>>;

    /// Makes leases last so long from now; `false` for those of which the epoch is not the current
    /// one any more, or which were given back.
    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>>;

    /// Forgets a stream that ends with that record and is neither due nor held:
    /// [`Conflict`](JournalError::Conflict) or else [`Busy`](JournalError::Busy). One that is not
    /// there ends with record 0.
    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()>;

    /// Forgets the stream of a lease, also one that is due, if it ends with the lease's record and
    /// nobody else has claimed it since: [`Fenced`](JournalError::Fenced) or else
    /// [`Conflict`](JournalError::Conflict). One that is not there was never claimed.
    fn remove_held(&self, lease: Lease) -> Answer<'_, ()>;

    /// Whether it is sealed, and which is the highest epoch that it has ever given.
    ///
    /// This, [`seal`](Self::seal) and [`adopt`](Self::adopt) are what [`copy`](super::copy()) takes.
    /// A store that does not have them cannot be copied, and cannot be copied into.
    fn standing(&self) -> Answer<'_, Standing> {
        Box::pin(ready(Err(unmovable())))
    }

    /// Makes all calls that write fail with [`Sealed`](JournalError::Sealed), except this one and
    /// [`adopt`](Self::adopt), or takes them again; durably before it answers, and for all who have
    /// the same store open. A call that has not been answered is in before, or refused. It is
    /// refused itself, with [`Busy`](JournalError::Busy), while somebody holds a stream.
    fn seal(&self, sealed: bool) -> Answer<'_, ()> {
        let _ = sealed;
        Box::pin(ready(Err(unmovable())))
    }

    /// Takes what was another store's, as it is: all of it or nothing, durably before it answers.
    /// What does not [fit](Adopted::fits) is refused, and all of it when the store is not sealed. No
    /// epoch is given up to the [highest](Adopted::highest_epoch) of them.
    fn adopt(&self, adopted: Adopted) -> Answer<'_, ()> {
        drop(adopted);
        Box::pin(ready(Err(unmovable())))
    }

    /// Tells those in this process who wait for work that something was written, also by other
    /// processes if the store learns of it.
    fn changes(&self) -> Changes;
}

fn unmovable() -> JournalError {
    let what = "this store can neither be sealed nor adopt what is another one's: implement \
                `standing`, `seal` and `adopt`, or copy another one"
        .into();
    JournalError::Unusable { what }
}
