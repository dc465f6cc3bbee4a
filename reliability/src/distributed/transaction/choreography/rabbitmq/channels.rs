//! Channels to publish through, each for one message at a time.
//!
//! What RabbitMQ returns, because no queue takes it, comes before its confirmation, and the client
//! gives it to whoever is confirmed next. Confirmations may come for several at once, so that with
//! several on their way one of them would be told what is meant for another.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::super::bus::BusError;
use super::error::{full, is_missing, of, of_sent, unknown};
use super::link::Link;
use crate::sync::Mutex;

pub(super) struct Channels {
    link: Arc<Link>,
    idle: Mutex<Vec<Channel>>,
    room: Semaphore,
    /// How long to wait for a channel, and for an answer.
    patience: Duration,
    timeout: Duration,
}

/// What became of a message.
pub(super) enum Sent {
    /// Every queue that it goes to has it.
    Confirmed,
    /// There is no queue that it goes to.
    Returned,
}

impl Channels {
    pub(super) fn new(
        link: &Arc<Link>,
        most: usize,
        patience: Duration,
        timeout: Duration,
    ) -> Self {
        let (idle, room) = (Mutex::new(Vec::new()), Semaphore::new(most));
        Self { link: Arc::clone(link), idle, room, patience, timeout }
    }

    /// Publishes to an exchange with a key, and waits until it is confirmed.
    ///
    /// The channel of who does not wait until then is closed: what comes over it is for nobody else.
    pub(super) async fn send(
        &self,
        what: &'static str,
        (exchange, key): (&str, &str),
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<Sent, BusError> {
        let _room = match timeout(self.patience, self.room.acquire()).await {
            Ok(room) => room.map_err(|_| BusError::Closed)?,
            Err(_) => return Err(full("all channels wait for confirmations")),
        };
        if let Some(why) = self.link.blocked() {
            return Err(full(&why));
        }
        let channel = self.channel(what).await?;
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sent = async {
            let sent =
                channel.basic_publish(exchange.into(), key.into(), options, body, properties);
            sent.await?.await
        };
        let confirmed = match timeout(self.timeout, sent).await {
            Ok(Ok(confirmed)) => confirmed,
            // There is not even the exchange, and the channel is closed for it.
            Ok(Err(error)) if is_missing(&error) => return Ok(Sent::Returned),
            Ok(Err(error)) => return Err(of_sent(what, &error)),
            Err(_) => return Err(unknown(what, "RabbitMQ has not confirmed it in time")),
        };
        self.idle.lock().push(channel);
        match confirmed {
            Confirmation::Ack(None) => Ok(Sent::Confirmed),
            Confirmation::Ack(Some(_)) => Ok(Sent::Returned),
            Confirmation::Nack(_) => Err(full("a queue takes no more")),
            Confirmation::NotRequested => {
                Err(unknown(what, "RabbitMQ was not asked to confirm it"))
            }
        }
    }

    async fn channel(&self, what: &'static str) -> Result<Channel, BusError> {
        while let Some(channel) = self.take_idle() {
            if channel.status().connected() {
                return Ok(channel);
            }
        }
        let channel = self.link.channel(what).await?;
        let asked = channel.confirm_select(ConfirmSelectOptions::default()).await;
        asked.map_err(|error| of(what, error))?;
        Ok(channel)
    }

    fn take_idle(&self) -> Option<Channel> {
        self.idle.lock().pop()
    }
}
