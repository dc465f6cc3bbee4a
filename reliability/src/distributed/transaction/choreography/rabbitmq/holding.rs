//! One that a member holds and has not settled.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::{Acker, BasicProperties};
use tokio::runtime::Handle;

use super::super::broker::settled;
use super::super::bus::{Answer, BusError, Settle};
use super::bus::{Inner, SYSTEM};
use super::channels::Sent;
use super::error::{SETTLING, away};
use super::{group, names};

/// When it is dropped, the server hears of it.
pub(super) struct Holding {
    bus: Arc<Inner>,
    queue: Arc<str>,
    acker: Acker,
    /// As it came, in case that it has to be copied.
    body: Vec<u8>,
    properties: BasicProperties,
    /// Where the server is told for who has no time to wait.
    runtime: Handle,
}

impl Holding {
    pub(super) fn new(bus: &Arc<Inner>, queue: &Arc<str>, came: Delivery) -> Self {
        let (bus, queue, runtime) = (Arc::clone(bus), Arc::clone(queue), Handle::current());
        let Delivery { acker, data: body, properties, .. } = came;
        Self { bus, queue, acker, body, properties, runtime }
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Keeps what is no envelope where somebody may look at it.
    pub(super) async fn set_aside(&self) -> Result<(), BusError> {
        let queue = group::declare_set_aside(&self.bus).await?;
        match self.copy_to(&queue, None).await? {
            Sent::Confirmed => self.done().await,
            Sent::Returned => Err(away(SETTLING, Some("what was declared is gone".into()))),
        }
    }

    /// It does not come again.
    async fn done(&self) -> Result<(), BusError> {
        told(self.acker.ack(BasicAckOptions::default()).await)
    }

    /// It comes again.
    async fn back(&self, after: Duration) -> Result<(), BusError> {
        if after.is_zero() {
            return told(self.acker.nack(requeue()).await);
        }
        let later = names::later(&self.queue, names::level(after));
        for _ in 0..2 {
            group::declare_later(&self.bus, &self.queue, &later).await?;
            match self.copy_to(&later, Some(after)).await? {
                Sent::Confirmed => return self.done().await,
                // Somebody has removed it.
                Sent::Returned => self.bus.forget_later(&later),
            }
        }
        Err(away(SETTLING, Some("what was declared is gone".into())))
    }

    async fn copy_to(&self, queue: &str, expires: Option<Duration>) -> Result<Sent, BusError> {
        let mut properties = self.properties.clone();
        if let Some(after) = expires {
            // Never too soon.
            let ms = after.as_micros().div_ceil(1_000).max(1);
            properties = properties.with_expiration(ms.to_string().into());
        }
        self.bus.channels.send(SETTLING, ("", queue), &self.body, properties).await
    }
}

fn told(told: Result<bool, lapin::Error>) -> Result<(), BusError> {
    let why = match told {
        Ok(true) => return Ok(()),
        // The channel over which it came is gone, and it comes again.
        Ok(false) => "the connection was lost".to_string(),
        Err(error) => error.to_string(),
    };
    Err(away(SETTLING, Some(why)))
}

fn requeue() -> BasicNackOptions {
    BasicNackOptions { requeue: true, ..BasicNackOptions::default() }
}

impl Settle for Holding {
    fn ack(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async move { counted(self.done().await, "acked") })
    }

    fn nack(self: Box<Self>, after: Duration) -> Answer<'static, ()> {
        Box::pin(async move { counted(self.back(after).await, "nacked") })
    }
}

fn counted(done: Result<(), BusError>, how: &'static str) -> Result<(), BusError> {
    settled(SYSTEM, if done.is_ok() { how } else { "failed" });
    done
}

impl Drop for Holding {
    fn drop(&mut self) {
        if !self.acker.usable() {
            return;
        }
        let acker = self.acker.clone();
        settled(SYSTEM, "dropped");
        self.runtime.spawn(async move {
            // When it cannot be told, the connection is gone, and it comes again for that.
            let _ = acker.nack(requeue()).await;
        });
    }
}
