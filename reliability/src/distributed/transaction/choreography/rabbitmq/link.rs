//! The connection, which is made anew when it is gone.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::time::Duration;

use futures_util::StreamExt;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Event};
use tokio::time::{sleep, timeout};

use super::super::broker::Standing;
use super::super::bus::BusError;
use super::bus::SYSTEM;
use super::error::{CONNECTING, away, of};
use crate::resilience::retry::Backoff;
use crate::sync::Mutex;

/// How long to leave a server alone that cannot be reached.
pub(super) const AGAIN: Backoff =
    Backoff::exponential(Duration::from_millis(10)).max(Duration::from_secs(2));

pub(super) struct Link {
    uri: AMQPUri,
    properties: ConnectionProperties,
    patience: Duration,
    pub(super) standing: Arc<Standing>,
    connection: Mutex<Option<Arc<Connection>>>,
    /// Held by who makes a connection; the others wait for it.
    connecting: tokio::sync::Mutex<()>,
}

impl Link {
    pub(super) fn new(uri: AMQPUri, properties: ConnectionProperties, patience: Duration) -> Self {
        Self {
            uri,
            properties,
            patience,
            standing: Arc::new(Standing::new(SYSTEM)),
            connection: Mutex::new(None),
            connecting: tokio::sync::Mutex::new(()),
        }
    }

    /// The server, without the password.
    pub(super) fn place(&self) -> String {
        let AMQPUri { authority, vhost, .. } = &self.uri;
        alloc::format!("{}:{}/{vhost}", authority.host, authority.port)
    }

    /// A new channel of the connection, or of a new one if it is gone.
    pub(super) async fn channel(&self, what: &'static str) -> Result<Channel, BusError> {
        let connection = self.connection(what).await?;
        match timeout(self.patience, connection.create_channel()).await {
            Ok(made) => made.map_err(|error| of(what, error)),
            Err(_) => Err(away(what, Some("the server does not answer".into()))),
        }
    }

    /// Waits for a connection for as long as there is patience.
    pub(super) async fn connection(&self, what: &'static str) -> Result<Arc<Connection>, BusError> {
        if let Some(connection) = self.living() {
            return Ok(connection);
        }
        match timeout(self.patience, self.connect()).await {
            Ok(connected) => connected,
            Err(_) => Err(away(what, self.standing.last_error())),
        }
    }

    fn living(&self) -> Option<Arc<Connection>> {
        self.connection.lock().clone().filter(|connection| connection.status().connected())
    }

    async fn connect(&self) -> Result<Arc<Connection>, BusError> {
        let _connecting = self.connecting.lock().await;
        if let Some(connection) = self.living() {
            return Ok(connection);
        }
        // Whatever it was that ended it, if it was not told.
        self.standing.lost(&"the connection is closed");
        let mut attempt = 0;
        loop {
            let made = Connection::connect_uri(self.uri.clone(), self.properties.clone()).await;
            match made.map_err(|error| of(CONNECTING, error)) {
                Ok(connection) => return Ok(self.made(connection)),
                // Another attempt may succeed: it starts, or it moves to another machine.
                Err(error @ BusError::Unavailable { .. }) => self.standing.complained(&error),
                Err(error) => {
                    self.standing.complained(&error);
                    return Err(error);
                }
            }
            attempt += 1;
            sleep(AGAIN.delay(attempt, Duration::ZERO, fastrand::u64(..))).await;
        }
    }

    fn made(&self, connection: Connection) -> Arc<Connection> {
        let connection = Arc::new(connection);
        self.standing.made();
        let events = connection.events_listener();
        let (standing, status) = (Arc::clone(&self.standing), connection.status().clone());
        tokio::spawn(async move {
            let mut events = core::pin::pin!(events);
            while let Some(event) = events.next().await {
                match event {
                    Event::Error(error) if !status.connected() => {
                        standing.lost(&error);
                        return;
                    }
                    Event::Error(error) => standing.complained(&error),
                    Event::ConnectionBlocked(why) => standing.complained(&why),
                    _ => {}
                }
            }
        });
        *self.connection.lock() = Some(Arc::clone(&connection));
        connection
    }

    /// Why nothing is to be published, if RabbitMQ has said so.
    pub(super) fn blocked(&self) -> Option<String> {
        let blocked = self.living()?.status().blocked();
        blocked.then(|| {
            let why = self.standing.last_error();
            why.unwrap_or_else(|| "it has blocked who publishes".to_string())
        })
    }
}
