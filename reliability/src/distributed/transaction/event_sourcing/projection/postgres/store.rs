use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use tokio_postgres::{Client, Config};

use super::{PostgresReadBuilder, PostgresReadError, PostgresTransaction};
use crate::distributed::transaction::event_sourcing::ReadStore;
use crate::journal::{Dial, drive};
use crate::sync::Mutex;

/// Several may come here at once, and of two who make one table one would fail: they wait for each
/// other. Who may not make tables needs not to, if they are there.
const TABLES: &str = "
DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('{schema}.projection_places', 0));
    IF to_regclass('{schema}.projection_places') IS NULL
        OR to_regclass('{schema}.projection_parked') IS NULL THEN
        IF to_regnamespace('{schema}') IS NULL THEN
            CREATE SCHEMA {schema};
        END IF;
        CREATE TABLE IF NOT EXISTS {schema}.projection_places (
            projection text PRIMARY KEY,
            version    bigint NOT NULL,
            major      bigint NOT NULL,
            minor      bigint NOT NULL
        );
        CREATE TABLE IF NOT EXISTS {schema}.projection_parked (
            projection text NOT NULL,
            major      bigint NOT NULL,
            minor      bigint NOT NULL,
            kind       text NOT NULL,
            key        text NOT NULL,
            sequence   bigint NOT NULL,
            error      text NOT NULL,
            PRIMARY KEY (projection, major, minor)
        );
    END IF;
END $$;
";

/// Read models in a PostgreSQL database, beside whatever else is in it.
///
/// A projection writes to tables of its own through [`PostgresTransaction::client`]; how far it has
/// come stands in `projection_places`, in the same transaction. So each event is in the tables
/// exactly once, whoever is killed in between. Any number of workers may have the same projection:
/// one of them writes, the others wait, and go on when it is gone.
///
/// A commit waits for the disk if the server is set up so. Where it is not (`synchronous_commit =
/// off`), a crash of the server takes rows and place back together, and what they lack is taken in
/// again.
///
/// # Examples
///
/// ```no_run
/// use reliability::distributed::transaction::event_sourcing::{
///     Events, Failure, Happened, PostgresReadStore, PostgresTransaction, Projection, Projector,
/// };
/// use reliability::journal::Journal;
///
/// #[derive(Events)]
/// #[events(kind = "account")]
/// enum AccountEvent {
///     Deposited(i64),
///     Withdrawn(i64),
/// }
///
/// /// What each account has, as a table.
/// struct Balances;
///
/// impl Projection<PostgresTransaction> for Balances {
///     type Event = AccountEvent;
///     const NAME: &'static str = "balances";
///
///     async fn reset(&mut self, rows: &mut PostgresTransaction) -> Result<(), Failure> {
///         let tables = "CREATE TABLE IF NOT EXISTS balance (account text PRIMARY KEY, cents bigint);
///                       TRUNCATE balance";
///         Ok(rows.client()?.batch_execute(tables).await?)
///     }
///
///     async fn apply(
///         &mut self,
///         rows: &mut PostgresTransaction,
///         happened: &Happened<AccountEvent>,
///     ) -> Result<(), Failure> {
///         let cents = match happened.event {
///             AccountEvent::Deposited(cents) => cents,
///             AccountEvent::Withdrawn(cents) => -cents,
///         };
///         let sql = "INSERT INTO balance VALUES ($1, $2) ON CONFLICT (account)
///                    DO UPDATE SET cents = balance.cents + excluded.cents";
///         rows.client()?.execute(sql, &[&happened.stream.key(), &cents]).await?;
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = Journal::connect("postgres://bank@db.example/journal").await?;
/// let store = PostgresReadStore::connect("postgres://bank@db.example/reports").await?;
/// let mut projector = Projector::of(&journal, store, Balances);
/// projector.follow().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresReadStore(Arc<Shared>);

struct Shared {
    server: Server,
    idle: Mutex<Option<Client>>,
}

/// Where it is, and how it is treated.
pub(super) struct Server {
    pub(super) config: Config,
    pub(super) dial: Dial,
    pub(super) schema: String,
    pub(super) timeout: Duration,
}

impl PostgresReadStore {
    /// Those in that database, with standard settings: a URL, or `key=value` pairs as `psql` takes
    /// them.
    ///
    /// # Errors
    ///
    /// As of [`PostgresReadBuilder::build`].
    ///
    /// # Cancel safety
    ///
    /// As of [`PostgresReadBuilder::build`].
    pub async fn connect(server: &str) -> Result<Self, PostgresReadError> {
        Self::builder(server).build().await
    }

    /// Settings for that database.
    pub fn builder(server: &str) -> PostgresReadBuilder {
        PostgresReadBuilder::new(server)
    }

    pub(super) async fn open(server: Server) -> Result<Self, PostgresReadError> {
        let store = Self(Arc::new(Shared { server, idle: Mutex::new(None) }));
        let client = store.dial().await?;
        let tables = TABLES.replace("{schema}", store.schema());
        store.in_time(client.batch_execute(&tables)).await?;
        store.give_back(client);
        Ok(store)
    }

    pub(super) fn schema(&self) -> &str {
        &self.0.server.schema
    }

    /// For who begins next.
    pub(super) fn give_back(&self, client: Client) {
        if !client.is_closed() {
            *self.0.idle.lock() = Some(client);
        }
    }

    /// The server gives up by itself, unless it is gone without a word.
    pub(super) async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, PostgresReadError> {
        let timeout = self.0.server.timeout;
        let late = timeout + timeout / 2 + Duration::from_secs(1);
        let answered = tokio::time::timeout(late, asked).await;
        Ok(answered.map_err(|_| PostgresReadError::Late)??)
    }

    async fn dial(&self) -> Result<Client, PostgresReadError> {
        let Server { config, dial, .. } = &self.0.server;
        let (client, driver) = self.in_time(dial.dial(config)).await?;
        tokio::spawn(drive(driver));
        Ok(client)
    }

    /// The savepoint is there until the commit, if nobody has ended the transaction by hand.
    async fn start(&self, client: &Client) -> Result<(), PostgresReadError> {
        let ms = self.0.server.timeout.as_millis();
        let begin = alloc::format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
             SET LOCAL statement_timeout = {ms};
             SET LOCAL idle_in_transaction_session_timeout = {ms};
             SAVEPOINT reliability_read_model"
        );
        self.in_time(client.batch_execute(&begin)).await
    }
}

impl ReadStore for PostgresReadStore {
    type Transaction = PostgresTransaction;
    type Error = PostgresReadError;

    async fn begin(&mut self) -> Result<PostgresTransaction, PostgresReadError> {
        let idle = self.0.idle.lock().take();
        if let Some(client) = idle
            && self.start(&client).await.is_ok()
        {
            return Ok(PostgresTransaction::new(client, self.clone()));
        }
        // The one that was there may have been lost unseen.
        let client = self.dial().await?;
        self.start(&client).await?;
        Ok(PostgresTransaction::new(client, self.clone()))
    }
}

impl fmt::Debug for PostgresReadStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server { config, schema, .. } = &self.0.server;
        f.debug_struct("PostgresReadStore")
            .field("hosts", &config.get_hosts())
            .field("database", &config.get_dbname())
            .field("schema", schema)
            .finish_non_exhaustive()
    }
}
