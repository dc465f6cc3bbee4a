//! A database to work in, and what is asked of it.

use reliability_tests::postgres::Postgres;
use tokio_postgres::{Client, NoTls};

use crate::BoxError;

/// It has everything that the example makes.
pub(crate) const SCHEMA: &str = "read_model_example";

#[derive(Debug)]
pub(crate) struct Database {
    url: String,
    /// Stopped when this is dropped.
    _own: Option<Postgres>,
}

impl Database {
    /// That of `DATABASE_URL`, or one of our own.
    pub(crate) async fn find() -> Result<Self, BoxError> {
        let database = match std::env::var("DATABASE_URL") {
            Ok(url) => Self { url, _own: None },
            Err(_) if Postgres::is_installed() => {
                let own = Postgres::start();
                Self { url: own.url(), _own: Some(own) }
            }
            Err(_) => {
                let advice = "no PostgreSQL is installed here: install it (`apt-get install \
                              postgresql`), or say where one is, as \
                              DATABASE_URL=postgres://user@host/database";
                return Err(advice.into());
            }
        };
        let made_anew = format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}");
        database.connect().await?.batch_execute(&made_anew).await?;
        Ok(database)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The accounts with the most in them: what no account could answer by itself.
    pub(crate) async fn richest(&self, most: i64) -> Result<Vec<(String, String, i64)>, BoxError> {
        let sql = "SELECT account, owner, cents FROM read_model_example.balance
                   ORDER BY cents DESC, account LIMIT $1";
        let rows = self.connect().await?.query(sql, &[&most]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
    }

    async fn connect(&self) -> Result<Client, BoxError> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}
