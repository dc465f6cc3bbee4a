//! Making the tables, and telling whether they are ours.

use alloc::string::String;
use core::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::error::{untouched, unusable};
use crate::error::Invalid;
use crate::journal::JournalError;

/// The version of the tables.
const SCHEMA: u32 = 2;
const TABLES: &str =
    concat!(include_str!("schema.sql"), include_str!("reading.sql"), include_str!("moving.sql"));

/// Where in the database the tables are.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The name of the schema, in quotes.
    pub(super) schema: String,
    /// Whether a server will do that forgets with the power what it has committed.
    pub(super) may_forget: bool,
}

impl Place {
    pub(super) fn new(schema: &str, may_forget: bool) -> Result<Self, Invalid> {
        let first = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let other = |byte: u8| first(byte) || byte.is_ascii_digit();
        let bytes = schema.as_bytes();
        if bytes.first().is_some_and(|byte| first(*byte))
            && bytes.len() <= 63
            && bytes.iter().all(|byte| other(*byte))
        {
            return Ok(Self { schema: alloc::format!("\"{schema}\""), may_forget });
        }
        let expected = "1 to 63 of `a-z`, `0-9` and `_`, no digit at first";
        Err(Invalid::new("journal", "schema", expected, alloc::format!("{schema:?}")))
    }

    /// What those who wait for news listen to.
    pub(super) fn channel(&self) -> String {
        alloc::format!("\"journal_{}\"", self.schema.trim_matches('"'))
    }
}

/// Makes a new connection one of a journal's, and the tables if they are not there.
pub(super) async fn session(
    client: &Client,
    place: &Place,
    timeout: Duration,
) -> Result<(), JournalError> {
    let failed = |error| untouched(OPENING, &error);
    let ms = timeout.as_millis();
    // Every statement finds its rows by index, whatever is thought of how many there are. A commit
    // waits for the disk.
    let settings = alloc::format!(
        "SET statement_timeout = {ms}; SET lock_timeout = {ms}; SET jit = off;
         SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning;
         SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
         SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') = 'off'"
    );
    client.batch_execute(&settings).await.map_err(failed)?;
    let found = identify(client, place).await?;
    if found < SCHEMA {
        create(client, place).await?;
    }
    let schema = &place.schema;
    // A database that was restored elsewhere has records of transactions that are still to come
    // there: the numbers go on behind them.
    let shift = alloc::format!(
        "UPDATE {schema}.journal_schema SET shift = newest.xact + 1
         FROM (SELECT max(xact) AS xact FROM {schema}.journal_records) AS newest
         WHERE newest.xact >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + shift"
    );
    client.batch_execute(&shift).await.map_err(failed)
}

/// The version of the tables: 0 if there are none at all.
async fn identify(client: &Client, place: &Place) -> Result<u32, JournalError> {
    let schema = &place.schema;
    let ask = alloc::format!(
        "SELECT current_setting('server_version_num'), current_setting('fsync'),
                to_regclass('{schema}.journal_schema') IS NOT NULL,
                coalesce(to_regclass('{schema}.journal_streams'),
                         to_regclass('{schema}.journal_records')) IS NOT NULL"
    );
    let told = first_row(client, &ask).await.map_err(|error| untouched(OPENING, &error))?;
    let column = |at: usize| told.get(at).and_then(Option::as_deref).unwrap_or_default();
    if column(0).parse::<u32>().is_ok_and(|version| version < 130_000) {
        return Err(unusable("the server is older than PostgreSQL 13: take a newer one".into()));
    }
    if column(1) == "off" && !place.may_forget {
        return Err(unusable(
            "the server has `fsync = off`, and loses with the power what it has committed: set it \
             to `on`, or say `may_forget()` where that does not matter"
                .into(),
        ));
    }
    let foreign = || {
        unusable(alloc::format!(
            "schema {schema} has tables of another program: give the journal a schema of its own"
        ))
    };
    match (column(2) == "t", column(3) == "t") {
        (false, false) => return Ok(0),
        (false, true) => return Err(foreign()),
        (true, _) => {}
    }
    let ask = alloc::format!("SELECT version, shift, sealed FROM {schema}.journal_schema");
    let version = match first_row(client, &ask).await {
        Ok(row) => row.into_iter().next().flatten().and_then(|version| version.parse().ok()),
        Err(error) if error.code().is_some_and(|code| code.code().starts_with("42703")) => None,
        Err(error) => return Err(untouched(OPENING, &error)),
    };
    match version {
        Some(SCHEMA) => Ok(SCHEMA),
        Some(other) => Err(unusable(alloc::format!(
            "schema {schema} has tables of version {other}, and this program knows version \
             {SCHEMA}: run the program that wrote it, or a newer one"
        ))),
        None => Err(foreign()),
    }
}

/// Several may come here at once: the second one waits, and finds that there is nothing left to do.
/// When this fails, the connection is given up, and with it the transaction.
async fn create(client: &Client, place: &Place) -> Result<(), JournalError> {
    let failed = |error| untouched("making the tables of the journal", &error);
    let Place { schema, .. } = place;
    let lock = alloc::format!(
        "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('{schema}.journal_schema', 0))"
    );
    client.batch_execute(&lock).await.map_err(failed)?;
    if identify(client, place).await? < SCHEMA {
        let there = alloc::format!("SELECT to_regnamespace('{schema}') IS NOT NULL");
        let there = first_row(client, &there).await.map_err(failed)?;
        if there != [Some("t".into())] {
            let make = alloc::format!("CREATE SCHEMA {schema}");
            client.batch_execute(&make).await.map_err(failed)?;
        }
        client.batch_execute(&TABLES.replace("{schema}", schema)).await.map_err(failed)?;
    }
    client.batch_execute("COMMIT").await.map_err(failed)
}

const OPENING: &str = "opening the journal";

/// Not prepared, so that it also works where statements cannot be kept.
async fn first_row(
    client: &Client,
    ask: &str,
) -> Result<alloc::vec::Vec<Option<String>>, tokio_postgres::Error> {
    let said = client.simple_query(ask).await?;
    let row = said.into_iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let columns = row.iter().flat_map(|row| (0..row.len()).map(|at| row.get(at)));
    Ok(columns.map(|text| text.map(Into::into)).collect())
}
