use alloc::string::{String, ToString};
use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use lapin::ConnectionProperties;
use lapin::uri::AMQPUri;

use super::super::broker::{check_between, check_prefix, check_time};
use super::super::bus::BusError;
use super::bus::RabbitMqBus;
use super::error::CONNECTING;
use super::link::Link;
use crate::error::Invalid;

/// The settings of a [`RabbitMqBus`].
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::rabbitmq::RabbitMqBus;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let refused = RabbitMqBus::builder("amqp://127.0.0.1/%2f").channels(0).build().await;
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "`bus`: `channels` must be 1 to 1000, but is 0; give `channels` such a value",
/// );
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RabbitMqBusBuilder {
    server: String,
    properties: ConnectionProperties,
    settings: Settings,
}

/// What a bus goes by.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) prefix: String,
    pub(super) patience: Duration,
    pub(super) timeout: Duration,
    pub(super) channels: usize,
    pub(super) most_messages: u64,
    pub(super) replicas: Option<usize>,
}

const TIMES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3_600);

impl RabbitMqBusBuilder {
    pub(super) fn new(server: &str) -> Self {
        Self {
            server: server.to_string(),
            properties: ConnectionProperties::default()
                .with_connection_name("reliability bus".into()),
            settings: Settings {
                prefix: "reliability".to_string(),
                patience: Duration::from_secs(5),
                timeout: Duration::from_secs(10),
                channels: 32,
                most_messages: 1_000_000,
                replicas: None,
            },
        }
    }

    /// Changes how connections are made, beyond what a URL says: a name, another way to prove who
    /// we are. Leave the client's own recovery off: the bus makes new connections by itself.
    ///
    /// For `amqps`, take `lapin` with its feature `rustls` or `native-tls` as well.
    pub fn configure(
        mut self,
        change: impl FnOnce(ConnectionProperties) -> ConnectionProperties,
    ) -> Self {
        self.properties = change(self.properties);
        self
    }

    /// The name of its exchange, and what the names of its queues begin with: 1 to 32 of `a-z`,
    /// `0-9`, `_` and `-`, by default `reliability`. Buses with different prefixes know nothing of each
    /// other.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.settings.prefix = prefix.to_string();
        self
    }

    /// How long a call waits for a connection while the server is away, or for a channel while all are
    /// in use; 1 ms to an hour, by default 5 seconds. Nothing has happened when it gives up.
    pub fn patience(mut self, time: Duration) -> Self {
        self.settings.patience = time;
        self
    }

    /// How long to wait for an answer of the server; 1 ms to an hour, by default 10 seconds. Whether
    /// something has happened is unknown when a call gives up.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.settings.timeout = time;
        self
    }

    /// How many events may be published at once, each through a channel of its own; 1 to 1,000, by
    /// default 32. Others wait.
    pub fn channels(mut self, channels: usize) -> Self {
        self.settings.channels = channels;
        self
    }

    /// How many events a group may have in its queue, 1 to 1,000,000,000; a million by default. RabbitMQ
    /// refuses a group whose queue was made with another number.
    pub fn most_messages(mut self, messages: u64) -> Self {
        self.settings.most_messages = messages;
        self
    }

    /// On how many nodes of a cluster each queue is kept, 1 to 9; by default as RabbitMQ does it.
    /// It refuses a group whose queue was made with another number.
    pub fn replicas(mut self, nodes: usize) -> Self {
        self.settings.replicas = Some(nodes);
        self
    }

    /// Connects. The connection lives in the runtime in which this is called.
    ///
    /// # Errors
    ///
    /// [`Invalid`](BusError::Invalid) for a setting out of its range,
    /// [`Unusable`](BusError::Unusable) when the server does not let us in,
    /// [`Unavailable`](BusError::Unavailable) when it cannot be reached.
    ///
    /// # Cancel safety
    ///
    /// Nothing is left behind when it is dropped before it returns.
    pub async fn build(self) -> Result<RabbitMqBus, BusError> {
        self.settings.check()?;
        let uri: AMQPUri = self.server.parse().map_err(|_| {
            // It may have a password, so it is not shown.
            let expected = "a URL such as `amqp://user:password@host:5672/%2f`";
            Invalid::new("bus", "server", expected, "something else")
        })?;
        let link = Link::new(uri, self.properties, self.settings.patience);
        link.connection(CONNECTING).await?;
        Ok(RabbitMqBus::new(link, self.settings))
    }
}

impl Settings {
    fn check(&self) -> Result<(), Invalid> {
        check_prefix(&self.prefix)?;
        check_time("patience", self.patience, &TIMES)?;
        check_time("timeout", self.timeout, &TIMES)?;
        check_between("channels", self.channels, &(1..=1_000))?;
        check_between("most_messages", self.most_messages, &(1..=1_000_000_000))?;
        check_between("replicas", self.replicas.unwrap_or(1), &(1..=9))
    }
}

impl fmt::Debug for RabbitMqBusBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMqBusBuilder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
