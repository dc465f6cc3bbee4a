use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;

use super::super::broker::{Health, published};
use super::super::bus::{Answer, Bus, BusError, Envelope, Group, Subscription};
use super::builder::{RabbitMqBusBuilder, Settings};
use super::channels::{Channels, Sent};
use super::error::PUBLISHING;
use super::link::Link;
use super::subscription::RabbitMqSubscription;
use super::{group, message};
use crate::sync::Mutex;

/// A [bus](Bus) over RabbitMQ, version 3.10 or newer.
///
/// Clones share the connection. See the [module](super) for what it relies on.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct RabbitMqBus(Arc<Inner>);

pub(super) const SYSTEM: &str = "rabbitmq";

pub(super) struct Inner {
    pub(super) link: Arc<Link>,
    pub(super) channels: Channels,
    pub(super) settings: Settings,
    /// The queues of those that come later, as far as they are known to be there.
    laters: Mutex<BTreeSet<String>>,
}

/// The most queues that are known to be there.
const MOST_LATERS: usize = 10_000;

impl RabbitMqBus {
    /// Connects with standard settings, to a URL such as `amqp://user:password@host:5672/vhost`, where
    /// the virtual host `/` is written `%2f`.
    ///
    /// # Errors
    ///
    /// As of [`RabbitMqBusBuilder::build`].
    ///
    /// # Cancel safety
    ///
    /// As of [`RabbitMqBusBuilder::build`].
    pub async fn connect(server: &str) -> Result<Self, BusError> {
        Self::builder(server).build().await
    }

    /// Settings for that server.
    pub fn builder(server: &str) -> RabbitMqBusBuilder {
        RabbitMqBusBuilder::new(server)
    }

    pub(super) fn new(link: Link, settings: Settings) -> Self {
        let link = Arc::new(link);
        let Settings { channels, patience, timeout, .. } = settings;
        let channels = Channels::new(&link, channels, patience, timeout);
        Self(Arc::new(Inner { link, channels, settings, laters: Mutex::new(BTreeSet::new()) }))
    }

    /// How it stands with the server.
    pub fn health(&self) -> Health {
        self.0.link.standing.health()
    }
}

impl Inner {
    async fn publish(&self, envelope: &Envelope) -> Result<(), BusError> {
        let to = (self.settings.prefix.as_str(), envelope.topic());
        let (body, properties) = (envelope.write(), message::properties(envelope));
        match self.channels.send(PUBLISHING, to, &body, properties).await? {
            Sent::Confirmed => Ok(()),
            Sent::Returned => Err(BusError::Nobody { topic: envelope.topic().to_string() }),
        }
    }

    pub(super) fn knows_later(&self, queue: &str) -> bool {
        self.laters.lock().contains(queue)
    }

    pub(super) fn has_later(&self, queue: &str) {
        let mut laters = self.laters.lock();
        if laters.len() >= MOST_LATERS {
            laters.clear();
        }
        laters.insert(queue.to_string());
    }

    pub(super) fn forget_later(&self, queue: &str) {
        self.laters.lock().remove(queue);
    }
}

impl Bus for RabbitMqBus {
    fn publish(&self, envelope: Envelope) -> Answer<'_, ()> {
        Box::pin(async move {
            let done = self.0.publish(&envelope).await;
            published(SYSTEM, &done);
            done
        })
    }

    fn declare(&self, group: Group) -> Answer<'_, ()> {
        Box::pin(async move { group::declare(&self.0, &group).await.map(drop) })
    }

    fn subscribe(&self, group: Group) -> Answer<'_, Box<dyn Subscription>> {
        Box::pin(async move {
            let subscription = RabbitMqSubscription::open(&self.0, group).await?;
            Ok(Box::new(subscription) as Box<dyn Subscription>)
        })
    }

    fn remove(&self, group: Group) -> Answer<'_, ()> {
        Box::pin(async move { group::remove(&self.0, &group).await })
    }
}

impl fmt::Debug for RabbitMqBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMqBus")
            .field("server", &self.0.link.place())
            .field("settings", &self.0.settings)
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}
