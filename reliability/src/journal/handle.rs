use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::claim::check_lease;
use super::id::check_kind;
use super::{
    Append, Appended, Changes, Claim, Head, Heads, JournalError, Lease, MemoryStore, Page,
    Position, Record, Sequence, Standing, Store, StreamId, observe,
};
use crate::error::Invalid;

/// A durable, ordered, fenced log of many streams. Cheap to clone; clones share the store.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Append, Event, Journal, Sequence, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let journal = Journal::in_memory();
/// let order = StreamId::new("order", "4711")?;
/// let placed = journal.append(Append::to(&order).event(Event::json("Placed", 1, &["tea"])?)).await?;
/// journal.append(Append::to(&order).after(placed.sequence).event(Event::bytes("Paid", 1, []))).await?;
/// assert_eq!(journal.read(&order, Sequence::START, 100).await?.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Journal(Arc<dyn Store>);

impl Journal {
    /// The most appends of one batch.
    pub const LONGEST_BATCH: usize = 1_000;
    /// The most that the events of one batch take, in bytes, with their names and 64 bytes for each:
    /// 32 MiB.
    pub const LARGEST_BATCH: usize = 32 << 20;
    /// The most records or heads that one call reads.
    pub const LONGEST_PAGE: usize = 100_000;
    /// The most that the records of one call take, in bytes, with their names and 64 bytes for each:
    /// 32 MiB. A page ends before it gets larger.
    pub const LARGEST_PAGE: usize = 32 << 20;

    /// A journal that is gone with the process: for tests, and for what need not outlive it.
    pub fn in_memory() -> Self {
        Self::on(MemoryStore::new())
    }

    /// A journal in that file, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unusable`] when the file belongs to another program or to another version of
    /// this one; [`JournalError::Unavailable`] when it cannot be opened.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::journal::{Append, Event, Journal, StreamId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// let journal = Journal::open(folder.join("orders.db"))?;
    /// let order = StreamId::new("order", "4711")?;
    /// // Once this returns, no crash and no power failure takes it away.
    /// journal.append(Append::to(&order).event(Event::json("Placed", 1, &["tea"])?)).await?;
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, JournalError> {
        Ok(Self::on(super::SqliteStore::open(path)?))
    }

    /// A journal in that file, which is made if it is not there: as `Journal::open`, but without a
    /// line of C, and for one process alone. Nobody else can look into the file while it is open.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unusable`] when the file belongs to another program or to another version of
    /// this one, or is damaged; [`JournalError::Unavailable`] when it cannot be opened, also because
    /// it is open already.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::journal::{Append, Event, Journal, StreamId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = std::env::temp_dir().join(format!("journal-redb-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// let journal = Journal::open_redb(folder.join("orders.redb"))?;
    /// let order = StreamId::new("order", "4711")?;
    /// journal.append(Append::to(&order).event(Event::json("Placed", 1, &["tea"])?)).await?;
    /// let twice = Journal::open_redb(folder.join("orders.redb")).unwrap_err();
    /// assert!(twice.to_string().contains("is open already"));
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "redb")]
    pub fn open_redb(path: impl AsRef<std::path::Path>) -> Result<Self, JournalError> {
        Ok(Self::on(super::RedbStore::open(path)?))
    }

    /// A journal in that PostgreSQL database, which several machines may share; its tables are made
    /// if they are not there. [`PostgresStore`](super::PostgresStore) says more, and has settings.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unusable`] when the schema belongs to another program or to a newer version
    /// of this one, or the server does not let us in; [`JournalError::Unavailable`] when it cannot
    /// be reached.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the tables are made or not.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use reliability::journal::{Append, Event, Journal, StreamId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let journal = Journal::connect("postgres://orders@db.example/orders").await?;
    /// let order = StreamId::new("order", "4711")?;
    /// journal.append(Append::to(&order).event(Event::json("Placed", 1, &["tea"])?)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "postgres")]
    pub async fn connect(server: &str) -> Result<Self, JournalError> {
        Ok(Self::on(super::PostgresStore::connect(server).await?))
    }

    /// A journal on a store of your own.
    pub fn on(store: impl Store) -> Self {
        Self(Arc::new(store))
    }

    /// Adds to a stream. What was added is durable when this returns.
    ///
    /// # Errors
    ///
    /// [`Conflict`](JournalError::Conflict) and [`Fenced`](JournalError::Fenced) when the stream does
    /// not meet the conditions, [`Invalid`](JournalError::Invalid) for what is too long, and what a
    /// store can meet with.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the append is made or not. Make it again with the
    /// same [`after`](Append::after): it is not made twice. A conflict says that the record behind
    /// it is there, yours or that of somebody else; read it to find out.
    pub async fn append(&self, append: Append) -> Result<Appended, JournalError> {
        append.check()?;
        check_size(core::slice::from_ref(&append))?;
        let appended = self.write(alloc::vec![append]).await?;
        appended.into_iter().next().ok_or_else(|| broken("append"))
    }

    /// Adds to several streams: to all of them, or to none.
    ///
    /// # Errors
    ///
    /// As of [`append`](Self::append); the error names the stream. More than 1,000 appends are
    /// invalid, and so are more than 32 MiB of events.
    ///
    /// # Cancel safety
    ///
    /// As of [`append`](Self::append).
    pub async fn append_all(
        &self,
        batch: impl IntoIterator<Item = Append>,
    ) -> Result<Vec<Appended>, JournalError> {
        let batch: Vec<Append> = batch.into_iter().collect();
        if batch.len() > Self::LONGEST_BATCH {
            let (expected, got) = ("at most 1000 appends", batch.len());
            return Err(Invalid::new("journal", "batch", expected, got).into());
        }
        batch.iter().try_for_each(Append::check)?;
        check_size(&batch)?;
        match batch.is_empty() {
            true => Ok(Vec::new()),
            false => self.write(batch).await,
        }
    }

    async fn write(&self, batch: Vec<Append>) -> Result<Vec<Appended>, JournalError> {
        let events = batch.iter().map(|append| append.events().len()).sum();
        let appended = self.0.append(batch).await;
        observe::appended(events, &appended);
        appended
    }

    /// The records of a stream behind that number, in order; at most so many of them, and fewer when
    /// they would be [larger than 32 MiB](Self::LARGEST_PAGE): go on behind the last one until there
    /// is none. There is none for a stream that is not there.
    ///
    /// # Errors
    ///
    /// What the store can meet with; more than 100,000 at once are invalid.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn read(
        &self,
        stream: &StreamId,
        after: Sequence,
        most: usize,
    ) -> Result<Vec<Record>, JournalError> {
        self.0.read(stream.clone(), after, page(most)?).await
    }

    /// All records of a stream behind that number, page by page: for streams that are known to be
    /// short, because all of them are in memory at once.
    ///
    /// # Errors
    ///
    /// What a store can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens when this is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::journal::{Append, Event, Journal, Sequence, StreamId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::journal::JournalError> {
    /// let (journal, order) = (Journal::in_memory(), StreamId::new("order", "4711")?);
    /// let paid = |cents: u64| Event::json("Paid", 1, &cents);
    /// journal.append(Append::to(&order).event(paid(299)?).event(paid(1)?)).await?;
    /// assert_eq!(journal.read_to_end(&order, Sequence::START).await?.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn read_to_end(
        &self,
        stream: &StreamId,
        after: Sequence,
    ) -> Result<Vec<Record>, JournalError> {
        const PAGE: usize = 1_000;
        let (mut records, mut after) = (Vec::new(), after);
        loop {
            let page = self.read(stream, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(records) };
            after = last.sequence;
            let is_last = Page::is_last(&page, PAGE);
            records.extend(page);
            if is_last {
                return Ok(records);
            }
        }
    }

    /// The records of all streams behind that position, in the order in which they were written; at
    /// most so many of them, and fewer as of [`read`](Self::read). Go on behind the last one: none is
    /// missed, and none comes twice.
    ///
    /// # Errors
    ///
    /// As of [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn read_all(
        &self,
        after: Position,
        most: usize,
    ) -> Result<Vec<Record>, JournalError> {
        self.0.read_all(after, page(most)?).await
    }

    /// The place of the last record of all, [`Position::START`] if there is none; `None` from a store
    /// that does not know. It is good for showing how far somebody has come who
    /// [reads all](Self::read_all), who may see the last records only later.
    ///
    /// # Errors
    ///
    /// What the store can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn end(&self) -> Result<Option<Position>, JournalError> {
        self.0.end().await
    }

    /// What there is to know about a stream without reading it, if it is there.
    ///
    /// # Errors
    ///
    /// What the store can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn head(&self, stream: &StreamId) -> Result<Option<Head>, JournalError> {
        self.0.head(stream.clone()).await
    }

    /// The heads of streams, by kind and key.
    ///
    /// # Errors
    ///
    /// As of [`read`](Self::read); a kind that no stream can have is invalid.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn heads(&self, heads: Heads) -> Result<Vec<Head>, JournalError> {
        page(heads.limit())?;
        heads.kind().map_or(Ok(()), check_kind)?;
        self.0.heads(heads).await
    }

    /// Claims streams that are due and that nobody holds. An empty answer says that there are none
    /// right now.
    ///
    /// # Errors
    ///
    /// What the store can meet with; a lease below 1 ms or above a day, no stream or more than
    /// 10,000, and no kind, more than 64 or one that no stream can have, are invalid.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, streams may have been claimed. They are free again
    /// when their lease has run out.
    pub async fn claim(&self, claim: Claim) -> Result<Vec<Lease>, JournalError> {
        claim.check()?;
        let leases = self.0.claim(claim).await?;
        observe::claimed(leases.len());
        Ok(leases)
    }

    /// Makes leases last so long from now: `true` for each that does. Where it is `false`, stop
    /// working at the stream: it was given back, or somebody else has it.
    ///
    /// A lease that has run out can be renewed as long as nobody else has claimed the stream.
    ///
    /// # Errors
    ///
    /// As of [`claim`](Self::claim).
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the leases may have been renewed.
    pub async fn renew(
        &self,
        leases: &[Lease],
        length: Duration,
    ) -> Result<Vec<bool>, JournalError> {
        check_lease(length)?;
        match leases.is_empty() {
            true => Ok(Vec::new()),
            false => self.0.renew(leases.to_vec(), length).await,
        }
    }

    /// Forgets a stream with all its records, if it ends with that record and is neither due nor
    /// held.
    ///
    /// # Errors
    ///
    /// [`Conflict`](JournalError::Conflict) when it ends with another, [`Busy`](JournalError::Busy)
    /// when it is due or held. One that is not there ends with record 0.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the stream is forgotten or not.
    pub async fn remove(&self, stream: &StreamId, last: Sequence) -> Result<(), JournalError> {
        self.0.remove(stream.clone(), last).await
    }

    /// Forgets a stream with all its records: the last word of a worker who holds it. It may be due,
    /// so that somebody comes back to it when the worker dies before this happens.
    ///
    /// # Errors
    ///
    /// [`Fenced`](JournalError::Fenced) when somebody else has claimed it since that lease was given,
    /// or it is not there any more; [`Conflict`](JournalError::Conflict) when it does not end with the
    /// lease's [`sequence`](Lease::sequence).
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the stream is forgotten or not.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::journal::{Append, Claim, Due, Event, Journal, StreamId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::journal::JournalError> {
    /// let (journal, order) = (Journal::in_memory(), StreamId::new("order", "4711")?);
    /// journal.append(Append::to(&order).event(Event::bytes("Placed", 1, [])).due(Due::Now)).await?;
    /// let lease = journal.claim(Claim::of(["order"])).await?.remove(0);
    /// journal.remove_held(&lease).await?;
    /// assert_eq!(journal.head(&order).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn remove_held(&self, lease: &Lease) -> Result<(), JournalError> {
        self.0.remove_held(lease.clone()).await
    }

    /// Whether the journal is sealed, and which is the highest epoch that it has ever given.
    ///
    /// # Errors
    ///
    /// What the store can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing happens.
    pub async fn standing(&self) -> Result<Standing, JournalError> {
        self.0.standing().await
    }

    /// Lets nobody write any more, in whatever process: appends, claims, renewals and removals are
    /// refused with [`Sealed`](JournalError::Sealed). [`copy`](super::copy()) does this to what it
    /// copies.
    ///
    /// # Errors
    ///
    /// [`Busy`](JournalError::Busy) while somebody holds a stream, and what the store can meet with.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the journal is sealed or not.
    pub async fn seal(&self) -> Result<(), JournalError> {
        self.0.seal(true).await
    }

    /// Lets everybody write again. Of a journal that was copied, one says so only when the copy is
    /// given up: else the same work would be done in both.
    ///
    /// # Errors
    ///
    /// What the store can meet with.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the journal is sealed or not.
    pub async fn unseal(&self) -> Result<(), JournalError> {
        self.0.seal(false).await
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.0
    }

    /// Wakes those who wait for work: see [`Changes`].
    pub fn changes(&self) -> Changes {
        self.0.changes()
    }
}

fn page(most: usize) -> Result<usize, Invalid> {
    match most {
        1..=Journal::LONGEST_PAGE => Ok(most),
        _ => Err(Invalid::new("journal", "most", "1 to 100000", most)),
    }
}

fn check_size(batch: &[Append]) -> Result<(), Invalid> {
    let bytes = batch.iter().map(Append::size).fold(0, usize::saturating_add);
    if bytes <= Journal::LARGEST_BATCH {
        return Ok(());
    }
    let (expected, got) = ("at most 32 MiB of events", alloc::format!("{bytes} bytes"));
    Err(Invalid::new("journal", "batch", expected, got)
        .with_advice("append it in parts, or keep what is large elsewhere and write where it is"))
}

fn broken(what: &'static str) -> JournalError {
    let what = alloc::format!("the store has answered `{what}` with nothing: it is broken");
    JournalError::Unusable { what }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Journal").field(&self.0).finish()
    }
}
