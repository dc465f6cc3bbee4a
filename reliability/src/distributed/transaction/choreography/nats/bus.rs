use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;

use async_nats::Client;
use async_nats::HeaderMap;
use async_nats::connection::State;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use tokio::time::timeout;

use super::super::broker::{Health, Standing, headers, published};
use super::super::bus::{Answer, Bus, BusError, Envelope, Group, Subscription};
use super::NatsBusBuilder;
use super::builder::Settings;
use super::error::{PUBLISHING, RECEIVING, away, of_publish, unknown};
use super::subscription::NatsSubscription;
use super::{group, names};
use crate::sync::Mutex;

/// A [bus](Bus) over NATS JetStream, version 2.9.16 or newer; what older ones forget says the
/// [module](super#versions).
///
/// Clones share the connection. See the [module](super) for what it relies on.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct NatsBus(Arc<Inner>);

pub(super) const SYSTEM: &str = "nats";

pub(super) struct Inner {
    pub(super) client: Client,
    pub(super) context: Context,
    pub(super) settings: Settings,
    pub(super) standing: Arc<Standing>,
    /// The topics that have a group.
    heard: Mutex<BTreeSet<String>>,
}

/// The most topics of which it is remembered that they have a group.
const MOST_HEARD: usize = 10_000;

impl NatsBus {
    /// Connects with standard settings to servers, which are URLs with commas between them.
    ///
    /// # Errors
    ///
    /// As of [`NatsBusBuilder::build`].
    ///
    /// # Cancel safety
    ///
    /// As of [`NatsBusBuilder::build`].
    pub async fn connect(servers: &str) -> Result<Self, BusError> {
        Self::builder(servers).build().await
    }

    /// Settings for those servers: URLs with commas between them.
    pub fn builder(servers: &str) -> NatsBusBuilder {
        NatsBusBuilder::new(servers)
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// How it stands with the server.
    pub fn health(&self) -> Health {
        self.0.standing.health()
    }
}

impl Inner {
    pub(super) fn new(
        client: Client,
        context: Context,
        settings: Settings,
        standing: Arc<Standing>,
    ) -> Self {
        Self { client, context, settings, standing, heard: Mutex::new(BTreeSet::new()) }
    }

    async fn publish(&self, envelope: &Envelope) -> Result<(), BusError> {
        self.connected(PUBLISHING).await?;
        self.check_heard(envelope.topic()).await?;
        let mut lines = HeaderMap::new();
        for (name, value) in headers(envelope) {
            lines.insert(name, value.as_str());
        }
        let message = PublishMessage::build()
            .payload(envelope.write().into())
            .headers(lines)
            .message_id(envelope.id().as_str());
        let subject = names::subject(&self.settings.prefix, envelope.topic());
        let stored = async {
            let sent = self.context.send_publish(subject, message).await.map_err(of_publish)?;
            match sent.await {
                Ok(_) => Ok(()),
                Err(error) => {
                    if error.kind() == PublishErrorKind::StreamNotFound {
                        // Whoever declares the topic anew is asked for a group again.
                        self.has_no_group(envelope.topic());
                    }
                    Err(of_publish(error))
                }
            }
        };
        self.unless_lost(PUBLISHING, stored).await
    }

    /// No answer comes over another connection than that over which was asked.
    pub(super) async fn unless_lost<T>(
        &self,
        what: &'static str,
        answered: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        let mut state = self.standing.watch();
        let before = state.borrow().losses;
        tokio::select! {
            answered = answered => answered,
            _ = state.wait_for(|state| state.losses > before) => {
                Err(unknown(what, "the connection was lost"))
            }
        }
    }

    /// JetStream forgets at once what nobody listens to, so that it is not told such a thing.
    async fn check_heard(&self, topic: &str) -> Result<(), BusError> {
        if self.heard.lock().contains(topic) {
            return Ok(());
        }
        if group::is_heard(self, topic).await? {
            self.has_group(topic);
            return Ok(());
        }
        Err(BusError::Nobody { topic: topic.to_string() })
    }

    pub(super) fn has_group(&self, topic: &str) {
        let mut heard = self.heard.lock();
        if heard.len() >= MOST_HEARD {
            heard.clear();
        }
        heard.insert(topic.to_string());
    }

    pub(super) fn has_no_group(&self, topic: &str) {
        self.heard.lock().remove(topic);
    }

    /// Waits for a connection for as long as there is patience.
    pub(super) async fn connected(&self, what: &'static str) -> Result<(), BusError> {
        if self.client.connection_state() == State::Connected {
            return Ok(());
        }
        let mut state = self.standing.watch();
        let connected = async { state.wait_for(|state| state.connected).await.is_ok() };
        match timeout(self.settings.patience, connected).await {
            Ok(true) => Ok(()),
            _ => Err(away(what, self.standing.last_error())),
        }
    }
}

impl Bus for NatsBus {
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
            self.0.connected(RECEIVING).await?;
            let subscription = NatsSubscription::open(&self.0, group).await?;
            Ok(Box::new(subscription) as Box<dyn Subscription>)
        })
    }

    fn remove(&self, group: Group) -> Answer<'_, ()> {
        Box::pin(async move { group::remove(&self.0, &group).await })
    }
}

impl fmt::Debug for NatsBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsBus")
            .field("settings", &self.0.settings)
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}
