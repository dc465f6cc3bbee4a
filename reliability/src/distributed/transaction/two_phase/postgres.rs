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
}

type Work = dyn for<'a> Fn(&'a Client) -> Pin<Box<dyn Future<Output = Result<Vote, Error>> + Send + 'a>>
    + Send
    + Sync;

/// No more connections than that are kept while nobody uses them.
const MOST_IDLE: usize = 16;

const SET_UP: &str = "CREATE TABLE IF NOT EXISTS reliability_two_phase (transaction text PRIMARY KEY, \
     prepared_at timestamptz NOT NULL DEFAULT now())";
const LEAVE_NAME: &str = "INSERT INTO reliability_two_phase (transaction) VALUES ($1)";
const FIND_NAME: &str = "SELECT 1 FROM reliability_two_phase WHERE transaction = $1";
const REMOVE_NAME: &str = "DELETE FROM reliability_two_phase WHERE transaction = $1";
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
        PostgresWork { at: self.clone(), work: Box::new(work) }
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

    /// The name under which the database keeps it. Neither part has a quote in it.
    fn global(&self, transaction: &TransactionId) -> String {
        alloc::format!("{}{transaction}", self.prefix())
    }

    async fn prepare(&self, transaction: &TransactionId, work: &Work) -> Result<Vote, Unreachable> {
        let client = self.take().await?;
        client.batch_execute("BEGIN").await.map_err(|error| self.lost(error))?;
        let vote = match work(&client).await {
            Ok(Vote::Yes) => self.promise(&client, transaction).await,
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

    async fn promise(&self, client: &Client, transaction: &TransactionId) -> Result<Vote, Error> {
        client.execute(LEAVE_NAME, &[&transaction.as_str()]).await?;
        let global = self.global(transaction);
        client.batch_execute(&alloc::format!("PREPARE TRANSACTION '{global}'")).await?;
        Ok(Vote::Yes)
    }

    /// `COMMIT PREPARED` or `ROLLBACK PREPARED`. One that is not there has been ended before: the
    /// name that it has left, or not, tells how.
    async fn end(
        &self,
        verb: &'static str,
        transaction: TransactionId,
    ) -> Result<Followed, Unreachable> {
        let client = self.take().await?;
        let global = self.global(&transaction);
        let ended = client.batch_execute(&alloc::format!("{verb} PREPARED '{global}'")).await;
        let followed = match ended {
            Ok(()) => Followed::AsTold,
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_OBJECT) => {
                let found = client.query_opt(FIND_NAME, &[&transaction.as_str()]).await;
                let committed = found.map_err(|error| self.lost(error))?.is_some();
                match committed == (verb == "COMMIT") {
                    true => Followed::AsTold,
                    false => Followed::Against,
                }
            }
            Err(error) => return Err(self.lost(error)),
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
            TransactionId::new(global.strip_prefix(&prefix)?).ok()
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
        Box::pin(self.end("COMMIT", transaction.clone()))
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(self.end("ROLLBACK", transaction.clone()))
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
        self.at.commit(transaction)
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.at.abort(transaction)
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
        Box::pin(async move { self.at.prepare(&transaction, &*self.work).await })
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
