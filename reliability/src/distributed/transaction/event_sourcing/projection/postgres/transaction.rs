use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::pin::pin;
use core::task::{Context, Waker};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::{PostgresReadError, PostgresReadStore};
use crate::distributed::transaction::event_sourcing::{Parked, Place, ReadTransaction};
use crate::journal::{Position, Sequence, StreamId};

/// A transaction in a PostgreSQL database.
///
/// When it is dropped without a commit, the server is told to take it back, and the connection is
/// used again.
///
/// # Examples
///
/// See [`PostgresReadStore`].
pub struct PostgresTransaction {
    /// There until it ends, or the server is late.
    client: Option<Client>,
    store: PostgresReadStore,
}

/// What a parameter is, so that nothing has to be prepared.
type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

impl PostgresTransaction {
    pub(super) const fn new(client: Client, store: PostgresReadStore) -> Self {
        Self { client: Some(client), store }
    }

    /// What statements are run on. It is in the transaction: begin and commit none. A statement that
    /// fails has failed the whole transaction, so return the error.
    ///
    /// # Errors
    ///
    /// [`Late`](PostgresReadError::Late) when the transaction was given up, because the server did
    /// not answer.
    pub fn client(&self) -> Result<&Client, PostgresReadError> {
        self.client.as_ref().ok_or(PostgresReadError::Late)
    }

    /// One statement of the store's own, in which `{schema}` is its schema.
    async fn ask(&mut self, sql: &str, with: &[Typed<'_>]) -> Result<Vec<Row>, PostgresReadError> {
        let sql = sql.replace("{schema}", self.store.schema());
        let client = self.client.as_ref().ok_or(PostgresReadError::Late)?;
        let asked = self.store.in_time(client.query_typed(&sql, with)).await;
        if matches!(asked, Err(PostgresReadError::Late)) {
            self.client = None;
        }
        asked
    }
}

impl ReadTransaction for PostgresTransaction {
    type Error = PostgresReadError;

    async fn place(&mut self, projection: &str) -> Result<Option<Place>, PostgresReadError> {
        // A statement sees what was committed when it began: so the lock has one of its own.
        let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))::text";
        let of = alloc::format!("{}.projection_places/{projection}", self.store.schema());
        self.ask(lock, &[(&of, Type::TEXT)]).await?;
        let select =
            "SELECT version, major, minor FROM {schema}.projection_places WHERE projection = $1";
        let rows = self.ask(select, &[(&projection, Type::TEXT)]).await?;
        let place = |row: &Row| {
            let version: i64 = row.try_get(0)?;
            let version = u32::try_from(version).map_err(|_| PostgresReadError::Unreadable {
                what: alloc::format!("version {version} of `{projection}` was not written by us"),
            })?;
            Ok(Place { version, position: position(row, 1)? })
        };
        rows.first().map(place).transpose()
    }

    async fn keep(&mut self, projection: &str, place: Place) -> Result<(), PostgresReadError> {
        let sql = "INSERT INTO {schema}.projection_places VALUES ($1, $2, $3, $4)
                   ON CONFLICT (projection) DO UPDATE SET version = $2, major = $3, minor = $4";
        let (version, (major, minor)) = (i64::from(place.version), signed(place.position));
        let [version, major, minor] = [&version, &major, &minor].map(number);
        self.ask(sql, &[(&projection, Type::TEXT), version, major, minor]).await?;
        Ok(())
    }

    async fn park(&mut self, projection: &str, parked: &Parked) -> Result<(), PostgresReadError> {
        let sql = "INSERT INTO {schema}.projection_parked VALUES ($1, $2, $3, $4, $5, $6, $7)
                   ON CONFLICT (projection, major, minor) DO UPDATE SET error = $7";
        let (sequence, (major, minor)) =
            (parked.sequence.get().cast_signed(), signed(parked.position));
        let [sequence, major, minor] = [&sequence, &major, &minor].map(number);
        let (kind, key) = (parked.stream.kind(), parked.stream.key());
        // A text of the database has no zeros in it.
        let error = parked.error.replace('\0', "\u{fffd}");
        let error = error.as_str();
        let [projection, kind, key, error] =
            [&projection, &kind, &key, &error].map(|text| (text as _, Type::TEXT));
        self.ask(sql, &[projection, major, minor, kind, key, sequence, error]).await?;
        Ok(())
    }

    async fn parked(
        &mut self,
        projection: &str,
        most: usize,
    ) -> Result<Vec<Parked>, PostgresReadError> {
        let sql = "SELECT major, minor, kind, key, sequence, error FROM {schema}.projection_parked
                   WHERE projection = $1 ORDER BY major, minor LIMIT $2";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.ask(sql, &[(&projection, Type::TEXT), number(&most)]).await?;
        let parked = |row: &Row| {
            let (kind, key): (String, String) = (row.try_get(2)?, row.try_get(3)?);
            let stream = StreamId::new(&kind, &key)
                .map_err(|invalid| PostgresReadError::Unreadable { what: invalid.to_string() })?;
            let sequence = Sequence::new(row.try_get::<_, i64>(4)?.cast_unsigned());
            Ok(Parked { stream, sequence, position: position(row, 0)?, error: row.try_get(5)? })
        };
        rows.iter().map(parked).collect()
    }

    async fn unpark(
        &mut self,
        projection: &str,
        position: Option<Position>,
    ) -> Result<(), PostgresReadError> {
        let all = "DELETE FROM {schema}.projection_parked WHERE projection = $1";
        match position.map(signed) {
            None => self.ask(all, &[(&projection, Type::TEXT)]).await?,
            Some((major, minor)) => {
                let one = alloc::format!("{all} AND major = $2 AND minor = $3");
                let with = [(&projection as _, Type::TEXT), number(&major), number(&minor)];
                self.ask(&one, &with).await?
            }
        };
        Ok(())
    }

    async fn commit(mut self) -> Result<(), PostgresReadError> {
        let client = self.client.take().ok_or(PostgresReadError::Late)?;
        // A commit of what has failed is none, and no error either: this is one, and so is it where
        // somebody has ended the transaction by hand.
        let commit = "RELEASE SAVEPOINT reliability_read_model; COMMIT";
        let committed = self.store.in_time(client.batch_execute(commit)).await;
        match &committed {
            Ok(()) => self.store.give_back(client),
            // It is closed, and what it has begun is taken back.
            Err(_) => drop(client),
        }
        committed
    }
}

impl Drop for PostgresTransaction {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        {
            // It is sent when it is asked for the first time, and answered to nobody.
            let rollback = pin!(client.batch_execute("ROLLBACK"));
            let _ = rollback.poll(&mut Context::from_waker(Waker::noop()));
        }
        self.store.give_back(client);
    }
}

fn number(number: &i64) -> Typed<'_> {
    (number, Type::INT8)
}

fn position(row: &Row, column: usize) -> Result<Position, PostgresReadError> {
    let major: i64 = row.try_get(column)?;
    let minor: i64 = row.try_get(column + 1)?;
    Ok(Position::from_parts(major.cast_unsigned(), minor.cast_unsigned()))
}

fn signed(position: Position) -> (i64, i64) {
    let (major, minor) = position.parts();
    (major.cast_signed(), minor.cast_signed())
}

impl fmt::Debug for PostgresTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTransaction")
            .field("is_open", &self.client.is_some())
            .finish_non_exhaustive()
    }
}
