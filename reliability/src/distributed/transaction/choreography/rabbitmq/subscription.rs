use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use tokio::time::{sleep, timeout};

use super::super::broker::{delivered, set_aside};
use super::super::bus::{Answer, BusError, Delivery, Envelope, Group, Subscription};
use super::bus::{Inner, SYSTEM};
use super::error::{RECEIVING, away, of};
use super::group;
use super::holding::Holding;
use super::link::AGAIN;

/// A member of a group: a channel of its own. When it goes, RabbitMQ gives what it held to others.
pub(super) struct RabbitMqSubscription {
    bus: Arc<Inner>,
    group: Group,
    queue: Arc<str>,
    open: Option<Open>,
    /// How often it could not be opened or did not last, one after the other.
    failures: u32,
}

struct Open {
    consumer: Consumer,
    /// Is closed when it is dropped.
    _channel: Channel,
}

impl RabbitMqSubscription {
    pub(super) async fn open(bus: &Arc<Inner>, group: Group) -> Result<Self, BusError> {
        let queue = group::declare(bus, &group).await?.into();
        let mut opened = Self { bus: Arc::clone(bus), group, queue, open: None, failures: 0 };
        opened.open = Some(opened.consume().await?);
        Ok(opened)
    }

    async fn consume(&self) -> Result<Open, BusError> {
        let channel = self.bus.link.channel(RECEIVING).await?;
        let most = u16::try_from(self.group.most_unsettled()).unwrap_or(u16::MAX);
        let consumed = async {
            channel.basic_qos(most, BasicQosOptions::default()).await?;
            let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
            channel.basic_consume((&*self.queue).into(), "".into(), options, none).await
        };
        match timeout(self.bus.settings.timeout, consumed).await {
            Ok(Ok(consumer)) => Ok(Open { consumer, _channel: channel }),
            Ok(Err(error)) => Err(of(RECEIVING, error)),
            Err(_) => Err(away(RECEIVING, Some("RabbitMQ has not answered in time".into()))),
        }
    }

    async fn wait(&mut self) -> Result<Delivery, BusError> {
        loop {
            let Some(open) = &mut self.open else {
                self.open_again().await?;
                continue;
            };
            let came = match open.consumer.next().await {
                Some(Ok(came)) => came,
                Some(Err(error)) => {
                    self.bus.link.standing.complained(&error);
                    self.open = None;
                    continue;
                }
                // The queue was removed, or moves to another node.
                None => {
                    self.open = None;
                    continue;
                }
            };
            self.failures = 0;
            let holding = Holding::new(&self.bus, &self.queue, came);
            match Envelope::read(holding.body()) {
                Ok(envelope) => {
                    delivered(SYSTEM);
                    return Ok(Delivery::new(envelope, holding));
                }
                Err(why) => {
                    set_aside(SYSTEM, &self.group, &why);
                    holding.set_aside().await?;
                }
            }
        }
    }

    /// Whatever it was, the queue may be gone with it.
    async fn open_again(&mut self) -> Result<(), BusError> {
        if self.failures > 0 {
            sleep(AGAIN.delay(self.failures, Duration::ZERO, fastrand::u64(..))).await;
        }
        self.failures = self.failures.saturating_add(1);
        group::declare(&self.bus, &self.group).await?;
        self.open = Some(self.consume().await?);
        Ok(())
    }
}

impl Subscription for RabbitMqSubscription {
    fn next(&mut self) -> Answer<'_, Delivery> {
        Box::pin(self.wait())
    }
}

impl fmt::Debug for RabbitMqSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitMqSubscription")
            .field("group", &self.group)
            .field("queue", &self.queue)
            .field("open", &self.open.is_some())
            .finish_non_exhaustive()
    }
}
