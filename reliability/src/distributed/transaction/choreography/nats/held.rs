//! What a member holds and has not settled.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::{Request, Subject};
use bytes::Bytes;
use tokio::sync::Notify;

use super::super::broker::settled;
use super::super::bus::{Answer, BusError, Settle};
use super::bus::{Inner, SYSTEM};
use super::error::{SETTLING, of_settling};
use crate::sync::Mutex;

/// Where each is acknowledged, until it is settled.
#[derive(Debug)]
pub(super) struct Held {
    slots: Mutex<Slots>,
    /// One was settled or dropped.
    pub(super) changed: Notify,
}

#[derive(Debug, Default)]
struct Slots {
    next: u64,
    held: BTreeMap<u64, Subject>,
    /// Dropped without a word; the server is still to be told.
    dropped: Vec<Subject>,
}

impl Held {
    pub(super) fn new() -> Self {
        Self { slots: Mutex::new(Slots::default()), changed: Notify::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.slots.lock().held.len()
    }

    /// All that is held, for who tells the server that they are worked at.
    pub(super) fn all(&self) -> Vec<Subject> {
        self.slots.lock().held.values().cloned().collect()
    }

    pub(super) fn take_dropped(&self) -> Vec<Subject> {
        core::mem::take(&mut self.slots.lock().dropped)
    }

    /// All that is not settled, when nobody is there any more who could.
    pub(super) fn take_all(&self) -> Vec<Subject> {
        let mut slots = self.slots.lock();
        let mut all = core::mem::take(&mut slots.dropped);
        all.extend(core::mem::take(&mut slots.held).into_values());
        all
    }

    pub(super) fn hold(self: &Arc<Self>, bus: &Arc<Inner>, reply: Subject) -> Holding {
        let mut slots = self.slots.lock();
        slots.next += 1;
        let number = slots.next;
        slots.held.insert(number, reply.clone());
        drop(slots);
        Holding { bus: Arc::clone(bus), held: Arc::clone(self), number, reply, settled: false }
    }
}

/// One that is held. When it is dropped, the server hears of it.
pub(super) struct Holding {
    bus: Arc<Inner>,
    held: Arc<Held>,
    number: u64,
    reply: Subject,
    settled: bool,
}

impl Holding {
    async fn tell(mut self: Box<Self>, kind: AckKind, how: &'static str) -> Result<(), BusError> {
        // Anything that comes back says that the server has dealt with it.
        let said =
            Request::new().payload(Bytes::from(kind)).timeout(Some(self.bus.settings.timeout));
        let asked = self.bus.client.send_request(self.reply.clone(), said);
        let told = async { asked.await.map(drop).map_err(|error| of_settling(&error)) };
        let told = self.bus.unless_lost(SETTLING, told).await;
        self.settled = told.is_ok();
        settled(SYSTEM, if told.is_ok() { how } else { "failed" });
        told
    }
}

impl Settle for Holding {
    fn ack(self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(self.tell(AckKind::Ack, "acked"))
    }

    fn nack(self: Box<Self>, after: Duration) -> Answer<'static, ()> {
        let after = (!after.is_zero()).then_some(after);
        Box::pin(self.tell(AckKind::Nak(after), "nacked"))
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let mut slots = self.held.slots.lock();
        let was_held = slots.held.remove(&self.number).is_some();
        if was_held && !self.settled {
            slots.dropped.push(self.reply.clone());
        }
        drop(slots);
        self.held.changed.notify_one();
    }
}
