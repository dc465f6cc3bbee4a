use alloc::string::{String, ToString};
use core::time::Duration;

use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, NoTls, Socket};

use super::store::Server;
use super::{PostgresReadError, PostgresReadStore};
use crate::error::Invalid;
use crate::journal::Dial;

/// Settings of a [`PostgresReadStore`].
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::PostgresReadStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let refused = PostgresReadStore::builder("host=db").schema("1st").build().await.unwrap_err();
/// assert_eq!(
///     refused.to_string(),
///     "`read_store`: `schema` must be 1 to 63 of `a-z`, `0-9` and `_`, no digit at first, but is \
///      \"1st\"; give `schema` such a value",
/// );
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PostgresReadBuilder {
    config: Result<Config, String>,
    dial: Dial,
    schema: String,
    timeout: Duration,
}

impl PostgresReadBuilder {
    pub(super) fn new(server: &str) -> Self {
        let config = server.parse::<Config>().map_err(|error| {
            let source = core::error::Error::source(&error).map(ToString::to_string);
            source.unwrap_or_else(|| error.to_string())
        });
        let (schema, timeout) = ("public".into(), Duration::from_secs(30));
        Self { config, dial: Dial::with(NoTls), schema, timeout }
    }

    /// Changes how connections are made, beyond what a URL says: a password from elsewhere,
    /// keepalives, several servers.
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        if let Ok(config) = &mut self.config {
            change(config);
        }
        self
    }

    /// Encrypts connections with that connector: one of `postgres-native-tls`, of
    /// `tokio-postgres-rustls`, or your own. There is none by default, and a server that asks for
    /// encryption is refused.
    pub fn tls<T>(mut self, connector: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.dial = Dial::with(connector);
        self
    }

    /// The schema that has `projection_places` and `projection_parked`; it is made if it is not
    /// there. `public` by default. The tables of the read models themselves are wherever their
    /// projections make them.
    pub fn schema(mut self, name: &str) -> Self {
        self.schema = name.to_string();
        self
    }

    /// How long a statement may take, and a transaction lie idle; 1 ms to an hour, by default 30
    /// seconds. So long a worker that is frozen keeps others from its projection: then the server
    /// ends its transaction.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Connects, and makes the tables if they are not there. Connections live in the runtime in
    /// which the store is used.
    ///
    /// # Errors
    ///
    /// [`Invalid`](PostgresReadError::Invalid) for a setting out of its range,
    /// [`Server`](PostgresReadError::Server) when the server cannot be reached or refuses.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the tables are made or not.
    pub async fn build(self) -> Result<PostgresReadStore, PostgresReadError> {
        let invalid = |setting, expected, got: String| {
            PostgresReadError::Invalid(Invalid::new("read_store", setting, expected, got))
        };
        let mut config = self.config.map_err(|error| {
            let advice = "write it as `postgres://user:password@host/database`";
            Invalid::new("read_store", "server", "a URL or `key=value` pairs", error)
                .with_advice(advice)
        })?;
        if !is_plain(&self.schema) {
            let expected = "1 to 63 of `a-z`, `0-9` and `_`, no digit at first";
            return Err(invalid("schema", expected, alloc::format!("{:?}", self.schema)));
        }
        if !(Duration::from_millis(1)..=Duration::from_secs(3_600)).contains(&self.timeout) {
            let got = alloc::format!("{:?}", self.timeout);
            return Err(invalid("timeout", "1 ms to an hour", got));
        }
        config.connect_timeout(config.get_connect_timeout().copied().unwrap_or(self.timeout));
        if config.get_application_name().is_none() {
            config.application_name("reliability read model");
        }
        let server = Server { config, dial: self.dial, schema: self.schema, timeout: self.timeout };
        PostgresReadStore::open(server).await
    }
}

/// Whether it needs no quotes.
fn is_plain(name: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|byte| first(*byte))
        && bytes.len() <= 63
        && bytes.iter().all(|byte| first(*byte) || byte.is_ascii_digit())
}
