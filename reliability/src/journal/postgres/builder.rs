use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use tokio::sync::mpsc;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, NoTls, Socket};

use super::PostgresStore;
use super::dial::Dial;
use super::group::Sending;
use super::line::{Line, Server};
use super::listen::Listener;
use super::open::Place;
use super::session::Texts;
use super::writer::Writer;
use crate::error::Invalid;
use crate::journal::{Changed, JournalError};
use crate::time::WallClock;

/// Settings of a [`PostgresStore`].
///
/// # Examples
///
/// ```
/// use reliability::journal::PostgresStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let refused = PostgresStore::builder("postgres://localhost/orders").connections(1).build().await;
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "`journal`: `connections` must be 2 to 1000, but is 1; give `connections` such a value",
/// );
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PostgresBuilder {
    config: Result<Config, String>,
    dial: Dial,
    schema: String,
    connections: usize,
    queue: usize,
    group: usize,
    patience: Duration,
    timeout: Duration,
    clock: Option<WallClock>,
    may_forget: bool,
}

impl PostgresBuilder {
    pub(super) fn new(server: &str) -> Self {
        let config = server.parse::<Config>().map_err(|error| {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            source.unwrap_or_else(|| error.to_string())
        });
        Self {
            config,
            dial: Dial::with(NoTls),
            schema: "public".into(),
            connections: 8,
            queue: 1_024,
            group: 256,
            patience: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            clock: None,
            may_forget: false,
        }
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

    /// The schema that has the tables; it is made if it is not there. `public` by default. Journals
    /// in different schemas know nothing of each other.
    pub fn schema(mut self, name: &str) -> Self {
        self.schema = name.to_string();
        self
    }

    /// How many connections at most, besides the one that listens; 2 to 1,000, 8 by default. Half of
    /// them append; what comes while some calls are on their way goes together into the next one, so
    /// that few are enough. Two calls at most are on their way on one connection.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// How many calls may wait for those who append; 1 to 1,000,000, by default 1,024. Those who
    /// come when it is full wait for room.
    pub fn queue(mut self, calls: usize) -> Self {
        self.queue = calls;
        self
    }

    /// How many calls at most go into one commit; 1 to 10,000, by default 256.
    pub fn group(mut self, calls: usize) -> Self {
        self.group = calls;
        self
    }

    /// How long a call waits for a connection while the server is away; 1 ms to an hour, by default
    /// 5 seconds. Nothing was written when it gives up.
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// How long the server works at a call, also waiting for a lock that somebody holds by hand; 1 ms
    /// to an hour, by default 30 seconds. Nothing was written when it gives up. One that does not
    /// even say so within half as long again and a second is taken for gone.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// What the store takes for the time of day: the clock of the server by default, which is the
    /// same for all who share it. A clock of one's own is for tests: what is held since a time to come
    /// is free, as if the clock had been set back, so that those who share it need the same one.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// Takes a server with `fsync = off` as well, as tests have it: it loses with the power what it
    /// has committed.
    pub fn may_forget(mut self) -> Self {
        self.may_forget = true;
        self
    }

    /// Connects, and makes the tables if they are not there. The connections live in the runtime in
    /// which this is called.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] for a setting out of its range, [`JournalError::Unusable`] when the
    /// schema belongs to another program or a newer version or the server does not let us in,
    /// [`JournalError::Unavailable`] when it cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the tables are made or not.
    pub async fn build(self) -> Result<PostgresStore, JournalError> {
        self.check()?;
        let advice = "write it as `postgres://user:password@host/database`";
        let config = self.config.map_err(|error| {
            Invalid::new("journal", "server", "a URL or `key=value` pairs", error)
                .with_advice(advice)
        })?;
        let mut config = config;
        config.connect_timeout(config.get_connect_timeout().copied().unwrap_or(self.patience));
        if config.get_application_name().is_none() {
            config.application_name("reliability journal");
        }
        let place = Place::new(&self.schema, self.may_forget)?;
        let server = Arc::new(Server {
            texts: Texts::of(&place.schema),
            config,
            dial: self.dial,
            place,
            patience: self.patience,
            timeout: self.timeout,
        });
        let others = self.connections - self.connections / 2;
        let lines: Vec<Line> = (0..others).map(|_| Line::new(&server)).collect();
        for line in lines.iter().take(1) {
            line.session().await?;
        }
        let changed = Arc::new(Changed::new());
        let (news, heard) = mpsc::channel(1);
        let listener =
            Listener::new(Arc::clone(&server), Arc::clone(&changed), heard, news.downgrade());
        let client = listener.connect().await?;
        tokio::spawn(listener.run(client));
        let (writes, queued) = mpsc::channel(self.queue);
        let appending = (0..self.connections / 2).map(|_| Arc::new(Line::new(&server))).collect();
        let sending = Sending::new(self.clock.as_ref(), &changed, &news);
        tokio::spawn(Writer::new(appending, queued, self.group, sending).run());
        Ok(PostgresStore::new(server, writes, lines, self.clock, changed, news))
    }

    fn check(&self) -> Result<(), Invalid> {
        let between =
            |name, range: core::ops::RangeInclusive<usize>, expected, found: usize| match range
                .contains(&found)
            {
                true => Ok(()),
                false => Err(Invalid::new("journal", name, expected, found)),
            };
        between("connections", 2..=1_000, "2 to 1000", self.connections)?;
        between("queue", 1..=1_000_000, "1 to 1000000", self.queue)?;
        between("group", 1..=10_000, "1 to 10000", self.group)?;
        for (name, time) in [("patience", self.patience), ("timeout", self.timeout)] {
            if !(Duration::from_millis(1)..=Duration::from_secs(3_600)).contains(&time) {
                let got = alloc::format!("{time:?}");
                return Err(Invalid::new("journal", name, "1 ms to an hour", got));
            }
        }
        Ok(())
    }
}
