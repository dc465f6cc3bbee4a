use ::core::fmt;
use ::core::future::Future;
use ::core::pin::Pin;
use ::core::time::Duration;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::{Answer, Participant, Resource, TransactionId, Unreachable};
use crate::distributed::transaction::{Followed, Vote};
use crate::error::Invalid;
use crate::sync::Mutex;

/// A PostgreSQL database that takes part in transactions, by `PREPARE TRANSACTION`.
///
/// The server needs `max_prepared_transactions` above 0, at least as many as transactions are under
/// way at once; it is 0 unless set. [`set_up`](Self::set_up) makes a small table, in which each
/// transaction leaves its name for as long as somebody may tell it to commit once more: by that, a
/// second time is told from an operator who has rolled back on his own.
///
/// Clones share their connections.
///
/// # Examples
///
/// ```no_run
/// use std::sync::Arc;
/// use reliability::distributed::transaction::Vote;
/// use reliability::distributed::transaction::two_phase::{
///     self, PostgresResource, TransactionId, TwoPhase,
/// };
/// use reliability::journal::Journal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let here = PostgresResource::new("here", "host=db-1 user=bank dbname=bank")?;
/// let there = PostgresResource::new("there", "host=db-2 user=bank dbname=bank")?;
/// here.set_up().await?;
/// there.set_up().await?;
/// let coordinator = TwoPhase::builder(&Journal::in_memory())
///     .resource(Arc::new(here.clone()))
///     .resource(Arc::new(there.clone()))
///     .build()?;
///
/// let take = here.work(|client| {
///     Box::pin(async move {
///         let sql = "UPDATE account SET cents = cents - 100 WHERE id = $1 AND cents >= 100";
///         let changed = client.execute(sql, &[&1_i64]).await?;
///         Ok(if changed == 1 { Vote::Yes } else { Vote::No })
///     })
/// });
/// let give = there.work(|client| {
///     Box::pin(async move {
///         let sql = "UPDATE account SET cents = cents + 100 WHERE id = $1";
///         client.execute(sql, &[&2_i64]).await?;
///         Ok(Vote::Yes)
///     })
/// });
/// two_phase::begin!(let transfer = coordinator, TransactionId::new("transfer-4711")?, (take, give));
/// let votes = tokio::try_join!(transfer.ask::<0>(), transfer.ask::<1>())?;
/// transfer.all_voted(votes).commit().log().await?.deliver().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresResource(Arc<Shared>);

struct Shared {
    name: String,
    config: Config,
    /// Connections that nobody uses right now.
    idle: Mutex<Vec<Client>>,
}

/// What one transaction wants of a [`PostgresResource`].
///
/// # Examples
///
/// See [`PostgresResource`].
pub struct PostgresWork {
    at: PostgresResource,
    work: Box<Work>,
    /// Drawn anew for each: what another one has promised under the same name, a client's retry say,
    /// is not this one's to end.
    claim: Claim,
}

/// Eight hexadecimal digits, so that the name under which the database keeps it stays below 200 bytes.
#[derive(Clone, Copy)]
struct Claim(u32);

type Work = dyn for<'a> Fn(&'a Client) -> Pin<Box<dyn Future<Output = Result<Vote, Error>> + Send + 'a>>
    + Send
    + Sync;

/// No more connections than that are kept while nobody uses them.
const MOST_IDLE: usize = 16;

const SET_UP: &str = "CREATE TABLE IF NOT EXISTS reliability_two_phase (transaction text PRIMARY KEY, \
     claim text NOT NULL, prepared_at timestamptz NOT NULL DEFAULT now())";
const LEAVE_NAME: &str = "INSERT INTO reliability_two_phase (transaction, claim) VALUES ($1, $2)";
const FIND_NAME: &str = "SELECT 1 FROM reliability_two_phase \
     WHERE transaction = $1 AND ($2::text IS NULL OR claim = $2)";
const REMOVE_NAME: &str = "DELETE FROM reliability_two_phase WHERE transaction = $1";
/// All that were prepared under that name, whoever has done so: a colon and the claim are behind it.
const PREPARED: &str = "SELECT gid FROM pg_prepared_xacts \
     WHERE database = current_database() AND left(gid, -9) = $1";
const IN_DOUBT: &str = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() \
     AND starts_with(gid, $1) \
     AND prepared <= clock_timestamp() - $2::bigint * interval '1 microsecond' ORDER BY prepared";

impl PostgresResource {
    /// The longest name, in bytes.
    pub const LONGEST_NAME: usize = 48;

    /// A database of that name, where `config` is a connection string or URL as PostgreSQL has it.
    /// Nothing is connected yet.
    ///
    /// Two resources of one transaction must not be one database server with one name.
    ///
    /// # Errors
    ///
    /// A name that is not 1 to 48 of letters, digits, `_`, `-` and `.`, and what is no connection
    /// string.
    pub fn new(name: &str, config: &str) -> Result<Self, Invalid> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if !(1..=Self::LONGEST_NAME).contains(&name.len()) || !name.bytes().all(fits) {
            let expected = "1 to 48 of letters, digits, `_`, `-` and `.`";
            let got = alloc::format!("{name:?}");
            return Err(Invalid::new("two_phase", "resource", expected, got));
        }
        let config: Config = config.parse().map_err(|error: Error| {
            // The text may hold a password.
            Invalid::new("two_phase", "config", "a connection string or URL", error)
        })?;
        let (name, idle) = (name.to_string(), Mutex::new(Vec::new()));
        Ok(Self(Arc::new(Shared { name, config, idle })))
    }

    /// Makes the table that it needs, if it is not there.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or does not let this user make tables.
    ///
    /// # Cancel safety
    ///
    /// It is made or not; make it again.
    pub async fn set_up(&self) -> Result<(), Unreachable> {
        let client = self.take().await?;
        client.batch_execute(SET_UP).await.map_err(|error| self.lost(error))?;
        self.give_back(client);
        Ok(())
    }

    /// A participant that does this in a transaction of the database, and promises it if the answer
    /// is [`Vote::Yes`]. The statements see nothing of `PREPARE`: no `BEGIN`, no `COMMIT`.
    ///
    /// A database error is a no, and everything is rolled back.
    pub fn work(
        &self,
        work: impl for<'a> Fn(
            &'a Client,
        ) -> Pin<Box<dyn Future<Output = Result<Vote, Error>> + Send + 'a>>
        + Send
        + Sync
        + 'static,
    ) -> PostgresWork {
        PostgresWork { at: self.clone(), work: Box::new(work), claim: Claim(fastrand::u32(..)) }
    }

    /// A connection, which is closed with whatever it was doing unless it is given back.
    async fn take(&self) -> Result<Client, Unreachable> {
        let idle = {
            let mut idle = self.0.idle.lock();
            idle.retain(|client| !client.is_closed());
            idle.pop()
        };
        if let Some(client) = idle {
            return Ok(client);
        }
        let connected = self.0.config.connect(NoTls).await;
        let (client, connection) = connected.map_err(|error| self.lost(error))?;
        tokio::spawn(async move { connection.await.ok() });
        Ok(client)
    }

    fn give_back(&self, client: Client) {
        let mut idle = self.0.idle.lock();
        if idle.len() < MOST_IDLE && !client.is_closed() {
            idle.push(client);
        }
    }

    fn lost(&self, error: Error) -> Unreachable {
        Unreachable::new(&self.0.name, error)
    }

    /// What all of its transactions begin with.
    fn prefix(&self) -> String {
        alloc::format!("reliability:{}:", self.0.name)
    }

    /// The name under which the database keeps it. None of its parts has a quote in it.
    fn global(&self, transaction: &TransactionId, claim: Claim) -> String {
        alloc::format!("{}{transaction}:{claim}", self.prefix())
    }

    async fn prepare(
        &self,
        transaction: &TransactionId,
        work: &Work,
        claim: Claim,
    ) -> Result<Vote, Unreachable> {
        let client = self.take().await?;
        client.batch_execute("BEGIN").await.map_err(|error| self.lost(error))?;
        let vote = match work(&client).await {
            Ok(Vote::Yes) => self.promise(&client, transaction, claim).await,
            Ok(Vote::ReadOnly) => client.batch_execute("COMMIT").await.map(|()| Vote::ReadOnly),
            Ok(Vote::No) => client.batch_execute("ROLLBACK").await.map(|()| Vote::No),
            Err(error) => Err(error),
        };
        match vote {
            Ok(vote) => {
                self.give_back(client);
                Ok(vote)
            }
            // The database has said no. The connection is closed, and with it the transaction.
            Err(error) if error.as_db_error().is_some() => Ok(Vote::No),
            Err(error) => Err(self.lost(error)),
        }
    }

    async fn promise(
        &self,
        client: &Client,
        transaction: &TransactionId,
        claim: Claim,
    ) -> Result<Vote, Error> {
        client.execute(LEAVE_NAME, &[&transaction.as_str(), &claim.to_string()]).await?;
        let global = self.global(transaction, claim);
        client.batch_execute(&alloc::format!("PREPARE TRANSACTION '{global}'")).await?;
        Ok(Vote::Yes)
    }

    /// `COMMIT PREPARED` or `ROLLBACK PREPARED`: of that claim, or of whichever there is. One that is
    /// not there has been ended before: the name that it has left, or not, tells how.
    async fn end(
        &self,
        verb: &'static str,
        transaction: TransactionId,
        claim: Option<Claim>,
    ) -> Result<Followed, Unreachable> {
        let client = self.take().await?;
        let prepared = match claim {
            Some(claim) => alloc::vec![self.global(&transaction, claim)],
            None => {
                let name = alloc::format!("{}{transaction}", self.prefix());
                let rows =
                    client.query(PREPARED, &[&name]).await.map_err(|error| self.lost(error))?;
                rows.iter().map(|row| row.get(0)).collect()
            }
        };
        let mut ended = false;
        for global in prepared {
            let told = client.batch_execute(&alloc::format!("{verb} PREPARED '{global}'")).await;
            match told {
                Ok(()) => ended = true,
                Err(error) if error.code() == Some(&SqlState::UNDEFINED_OBJECT) => {}
                Err(error) => return Err(self.lost(error)),
            }
        }
        let followed = match ended {
            true => Followed::AsTold,
            false => {
                let claim = claim.map(|claim| claim.to_string());
                let found = client.query_opt(FIND_NAME, &[&transaction.as_str(), &claim]).await;
                let committed = found.map_err(|error| self.lost(error))?.is_some();
                match committed == (verb == "COMMIT") {
                    true => Followed::AsTold,
                    false => Followed::Against,
                }
            }
        };
        self.give_back(client);
        Ok(followed)
    }

    async fn prepared(&self, older_than: Duration) -> Result<Vec<TransactionId>, Unreachable> {
        let client = self.take().await?;
        let (prefix, age) = (self.prefix(), i64::try_from(older_than.as_micros()));
        let age = age.unwrap_or(i64::MAX);
        let rows = client.query(IN_DOUBT, &[&prefix, &age]).await;
        let rows = rows.map_err(|error| self.lost(error))?;
        self.give_back(client);
        let transactions = rows.iter().filter_map(|row| {
            let global: String = row.get(0);
            let (transaction, _) = global.strip_prefix(&prefix)?.rsplit_once(':')?;
            TransactionId::new(transaction).ok()
        });
        Ok(transactions.collect())
    }

    async fn remove(&self, transaction: TransactionId) -> Result<(), Unreachable> {
        let client = self.take().await?;
        let removed = client.execute(REMOVE_NAME, &[&transaction.as_str()]).await;
        removed.map_err(|error| self.lost(error))?;
        self.give_back(client);
        Ok(())
    }
}

impl Resource for PostgresResource {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(self.end("COMMIT", transaction.clone(), None))
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(self.end("ROLLBACK", transaction.clone(), None))
    }

    fn in_doubt(&self, older_than: Duration) -> Answer<'_, Vec<TransactionId>> {
        Box::pin(self.prepared(older_than))
    }

    fn forget(&self, transaction: &TransactionId) -> Answer<'_, ()> {
        Box::pin(self.remove(transaction.clone()))
    }
}

impl Resource for PostgresWork {
    fn name(&self) -> &str {
        self.at.name()
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(self.at.end("COMMIT", transaction.clone(), Some(self.claim)))
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(self.at.end("ROLLBACK", transaction.clone(), Some(self.claim)))
    }

    fn in_doubt(&self, older_than: Duration) -> Answer<'_, Vec<TransactionId>> {
        self.at.in_doubt(older_than)
    }

    fn forget(&self, transaction: &TransactionId) -> Answer<'_, ()> {
        self.at.forget(transaction)
    }
}

impl Participant for PostgresWork {
    fn prepare(&self, transaction: &TransactionId) -> Answer<'_, Vote> {
        let transaction = transaction.clone();
        Box::pin(async move { self.at.prepare(&transaction, &*self.work, self.claim).await })
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for PostgresResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresResource").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for PostgresWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresWork").field("at", &self.at).finish_non_exhaustive()
    }
}
