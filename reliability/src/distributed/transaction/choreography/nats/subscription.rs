use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use async_nats::connection::State;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::super::bus::{Answer, BusError, Delivery, Group, Subscription};
use super::bus::Inner;
use super::error::{RECEIVING, away};
use super::group;
use super::held::Held;
use super::pump::Pump;

/// A member of a group. What it is given is fetched by a task, which ends with it.
pub(super) struct NatsSubscription {
    bus: Arc<Inner>,
    group: Group,
    held: Arc<Held>,
    came: mpsc::Receiver<Result<Delivery, BusError>>,
}

impl NatsSubscription {
    pub(super) async fn open(bus: &Arc<Inner>, group: Group) -> Result<Self, BusError> {
        let consumer = group::declare(bus, &group).await?;
        let held = Arc::new(Held::new());
        // Room for all that may be held, and for an error.
        let (sender, came) = mpsc::channel(group.most_unsettled() + 1);
        let pump = Pump::open(bus, &group, consumer, &held, sender).await?;
        tokio::spawn(pump.run());
        Ok(Self { bus: Arc::clone(bus), group, held, came })
    }

    async fn wait(&mut self) -> Result<Delivery, BusError> {
        loop {
            match timeout(self.bus.settings.patience, self.came.recv()).await {
                Ok(Some(came)) => {
                    // There may be reason to fetch more.
                    self.held.changed.notify_one();
                    return came;
                }
                // The runtime has ended, or the client was closed.
                Ok(None) => return Err(BusError::Closed),
                Err(_) if self.bus.client.connection_state() != State::Connected => {
                    return Err(away(RECEIVING, self.bus.standing.last_error()));
                }
                Err(_) => {}
            }
        }
    }
}

impl Subscription for NatsSubscription {
    fn next(&mut self) -> Answer<'_, Delivery> {
        Box::pin(self.wait())
    }
}

impl fmt::Debug for NatsSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsSubscription")
            .field("group", &self.group)
            .field("unsettled", &self.held.count())
            .finish_non_exhaustive()
    }
}
