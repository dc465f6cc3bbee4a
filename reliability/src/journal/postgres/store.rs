use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Row;

use super::PostgresBuilder;
use super::append::span;
use super::error::{unreadable, unusable};
use super::group::{Call, WRITING};
use super::line::{Line, Server};
use super::read::{self, number};
use super::session::Ask;
use crate::journal::values::{self, signed};
use crate::journal::{
    Adopted, Answer, Append, Appended, Changed, Changes, Claim, Epoch, Head, Heads, JournalError,
    Lease, Position, Record, Removal, Sequence, Standing, Store, StreamId,
};
use crate::time::WallClock;

/// A store on PostgreSQL 13 or newer, which several machines share; what `Journal::connect` takes.
///
/// An append is one round trip, and committed with `synchronous_commit` when it returns; appends
/// that come at once go together. The tables are `journal_streams` and `journal_records`, as in a
/// file, and may be read by hand. All who share a journal go by the clock of the server, so theirs
/// need not agree.
///
/// When the connection is lost on the way, the error says whether something may have been written;
/// the next call makes a new one. A pooler between must keep sessions: `LISTEN` and prepared
/// statements need them.
///
/// # Examples
///
/// ```no_run
/// use reliability::journal::{Journal, PostgresStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let store = PostgresStore::builder("postgres://orders@db.example/orders")
///     .schema("journal")
///     .connections(16)
///     .configure(|config| {
///         config.password("from the vault");
///     })
///     .build()
///     .await?;
/// let journal = Journal::on(store);
/// # drop(journal);
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    server: Arc<Server>,
    writes: mpsc::Sender<Call>,
    lines: Vec<Line>,
    clock: Option<WallClock>,
    changed: Arc<Changed>,
    news: mpsc::Sender<()>,
}

pub(super) const READING: &str = "reading the journal";

impl PostgresStore {
    /// Connects with standard settings, and makes the tables if they are not there.
    ///
    /// # Errors
    ///
    /// As of [`PostgresBuilder::build`].
    ///
    /// # Cancel safety
    ///
    /// As of [`PostgresBuilder::build`].
    pub async fn connect(server: &str) -> Result<Self, JournalError> {
        Self::builder(server).build().await
    }

    /// Settings for that server: a URL, or `key=value` pairs as `psql` takes them. A host that is a
    /// folder has the server's socket.
    pub fn builder(server: &str) -> PostgresBuilder {
        PostgresBuilder::new(server)
    }

    pub(super) const fn new(
        server: Arc<Server>,
        writes: mpsc::Sender<Call>,
        lines: Vec<Line>,
        clock: Option<WallClock>,
        changed: Arc<Changed>,
        news: mpsc::Sender<()>,
    ) -> Self {
        Self { server, writes, lines, clock, changed, news }
    }

    /// The one with the fewest calls before.
    pub(super) fn line(&self) -> Result<&Line, JournalError> {
        self.lines.iter().min_by_key(|line| line.waiting()).ok_or(JournalError::Closed)
    }

    /// By which clock: `None` for the server's.
    pub(super) fn wall(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| values::micros(clock.now()))
    }

    /// There is news for those who wait for work, here and in other processes.
    pub(super) fn tell(&self) {
        self.changed.tell();
        // When it is full, others are about to be told.
        let _ = self.news.try_send(());
    }

    async fn write(&self, batch: Vec<Append>) -> Result<Vec<Appended>, JournalError> {
        let (answer, answered) = oneshot::channel();
        self.writes.send(Call::new(batch, answer)).await.map_err(|_| JournalError::Closed)?;
        answered.await.map_err(|_| JournalError::Unknown {
            source: "the runtime in which the store was made has ended".into(),
        })?
    }

    async fn heads_of(&self, heads: Heads) -> Result<Vec<Head>, JournalError> {
        let (kind, key) = heads.behind().map_or(("", ""), |behind| (behind.kind(), behind.key()));
        let most = most(heads.limit());
        let rows = match heads.kind() {
            None => {
                let with = (kind, key, heads.status(), most);
                let with: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                    [&with.0, &with.1, &with.2, &with.3];
                self.line()?.read(READING, Ask::Heads, &with).await?
            }
            Some(wanted) => {
                // All of a kind stand together.
                let key = match kind.cmp(wanted) {
                    core::cmp::Ordering::Less => "",
                    core::cmp::Ordering::Equal => key,
                    core::cmp::Ordering::Greater => return Ok(Vec::new()),
                };
                let with: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                    [&wanted, &key, &heads.status(), &most];
                self.line()?.read(READING, Ask::HeadsOf, &with).await?
            }
        };
        read::all(&rows, read::head)
    }

    async fn renewed(
        &self,
        leases: Vec<Lease>,
        length: Duration,
    ) -> Result<Vec<bool>, JournalError> {
        // In the order in which all lock streams; one that is named twice is renewed once.
        let mut sorted: BTreeMap<(&StreamId, i64), bool> = BTreeMap::new();
        for lease in &leases {
            sorted.insert((&lease.stream, signed(lease.epoch.get())), false);
        }
        let kinds: Vec<&str> = sorted.keys().map(|(stream, _)| stream.kind()).collect();
        let keys: Vec<&str> = sorted.keys().map(|(stream, _)| stream.key()).collect();
        let epochs: Vec<i64> = sorted.keys().map(|(_, epoch)| *epoch).collect();
        let (wall, length) = (self.wall(), values::span(length));
        let rows = self
            .line()?
            .write(WRITING, Ask::Renew, &[&wall, &kinds, &keys, &epochs, &length])
            .await?;
        let renewed: Vec<bool> = only(&rows)?.try_get(0).map_err(|error| unreadable(&error))?;
        for (held, renewed) in sorted.values_mut().zip(renewed) {
            *held = renewed;
        }
        let held = leases.iter().map(|lease| {
            let held = sorted.get(&(&lease.stream, signed(lease.epoch.get())));
            held.copied().unwrap_or_default()
        });
        Ok(held.collect())
    }

    async fn removed(&self, removal: Removal) -> Result<(), JournalError> {
        let (wall, last) = (self.wall(), signed(removal.last.get()));
        let (kind, key) = (removal.stream.kind(), removal.stream.key());
        let shown = removal.epoch.map(|epoch| signed(epoch.get()));
        let rows =
            self.line()?.write(WRITING, Ask::Remove, &[&wall, &kind, &key, &last, &shown]).await?;
        let row = only(&rows)?;
        let state = row.try_get::<_, i32>(0).map_err(|error| unreadable(&error))?;
        if state == 0 {
            return Ok(());
        }
        let (last, current) = (Sequence::new(number(row, 1)?), Epoch::new(number(row, 2)?));
        removal.allow(last, current, state == 1)?;
        Err(unusable("the database refuses to remove a stream, and does not say why".into()))
    }
}

impl Store for PostgresStore {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        Box::pin(self.write(batch))
    }

    fn read(&self, stream: StreamId, after: Sequence, limit: usize) -> Answer<'_, Vec<Record>> {
        Box::pin(async move {
            let (after, most) = (signed(after.get()), most(limit));
            let rows = self
                .line()?
                .read(READING, Ask::Read, &[&stream.kind(), &stream.key(), &after, &most])
                .await?;
            read::page(&rows, limit)
        })
    }

    fn read_all(&self, after: Position, limit: usize) -> Answer<'_, Vec<Record>> {
        Box::pin(async move {
            let (major, minor) = after.parts();
            let (major, minor, most) = (signed(major), signed(minor), most(limit));
            let rows = self.line()?.read(READING, Ask::ReadAll, &[&major, &minor, &most]).await?;
            read::page(&rows, limit)
        })
    }

    fn end(&self) -> Answer<'_, Option<Position>> {
        Box::pin(async move {
            let rows = self.line()?.read(READING, Ask::End, &[]).await?;
            let Some(row) = rows.first() else { return Ok(Some(Position::START)) };
            Ok(Some(Position::from_parts(number(row, 0)?, number(row, 1)?)))
        })
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        Box::pin(async move {
            let rows =
                self.line()?.read(READING, Ask::Head, &[&stream.kind(), &stream.key()]).await?;
            rows.first().map(read::head).transpose()
        })
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        Box::pin(self.heads_of(heads))
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        Box::pin(async move {
            let (wall, length) = (self.wall(), span(claim.lease_length()));
            let (kinds, owner, most) = (claim.kinds(), claim.owner(), most(claim.limit()));
            let rows = self
                .line()?
                .write(WRITING, Ask::Claim, &[&wall, &kinds, &owner, &length, &most])
                .await?;
            read::all(&rows, read::lease)
        })
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        Box::pin(self.renewed(leases, length))
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        Box::pin(self.removed(Removal::of(stream, last)))
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        Box::pin(self.removed(Removal::held(lease)))
    }

    fn standing(&self) -> Answer<'_, Standing> {
        Box::pin(self.standing_now())
    }

    fn seal(&self, sealed: bool) -> Answer<'_, ()> {
        Box::pin(self.seal_all(sealed))
    }

    fn adopt(&self, adopted: Adopted) -> Answer<'_, ()> {
        Box::pin(self.adopt_all(adopted))
    }

    fn changes(&self) -> Changes {
        self.changed.changes()
    }
}

/// A function that is no list answers with one row.
pub(super) fn only(rows: &[Row]) -> Result<&Row, JournalError> {
    rows.first().ok_or_else(|| unusable("the database has answered with nothing".into()))
}

fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.writes.max_capacity() - self.writes.capacity();
        f.debug_struct("PostgresStore")
            .field("hosts", &self.server.config.get_hosts())
            .field("database", &self.server.config.get_dbname())
            .field("schema", &self.server.place.schema)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}
