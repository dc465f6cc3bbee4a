//! A bus that delivers twice, late and in any order, says that it has failed when it has not, and
//! brings again what its subscribers have not acknowledged, or have and it did not hear.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reliability::distributed::transaction::choreography::bus::{
    Answer, Bus, BusError, Delivery, Envelope, Group, Settle, Subscription,
};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::disk::Luck as _;
use crate::outside::World;

#[derive(Debug, Clone)]
pub(super) struct Broker {
    groups: Arc<Mutex<BTreeMap<String, Waiting>>>,
    changed: Arc<Notify>,
    world: World,
    /// Some of what it has taken it loses: a bug.
    loses: bool,
}

/// What is to come to a group, and when.
type Waiting = Vec<(Instant, Envelope)>;

impl Broker {
    pub(super) fn new(world: &World, loses: bool) -> Self {
        let (groups, changed) = (Arc::default(), Arc::default());
        Self { groups, changed, world: world.clone(), loses }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Waiting>> {
        self.groups.lock().unwrap()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().values().all(Vec::is_empty)
    }

    fn put(&self, group: &str, envelope: &Envelope, after: Duration) {
        let due = tokio::time::sleep(after).deadline();
        if let Some(waiting) = self.lock().get_mut(group) {
            waiting.push((due, envelope.clone()));
        }
        self.changed.notify_waiters();
    }

    async fn take(&self, envelope: Envelope) -> Result<(), BusError> {
        self.world.pause().await;
        if self.world.often(50) {
            return Err(BusError::Unavailable { what: "it", source: "not now".into() });
        }
        let groups: Vec<String> = self.lock().keys().cloned().collect();
        if groups.is_empty() {
            return Err(BusError::Nobody { topic: envelope.topic().into() });
        }
        for group in groups {
            if self.loses && self.world.often(60) {
                self.world.tell(format!("{} is lost for {group}", envelope.event().name()));
                continue;
            }
            let copies = 1 + usize::from(self.world.often(150));
            for _ in 0..copies {
                let late = if self.world.often(200) { 400 } else { 30 };
                let late = self.world.below(late) as u64;
                self.put(&group, &envelope, Duration::from_millis(late));
            }
        }
        self.world.pause().await;
        match self.world.often(50) {
            true => Err(BusError::Unknown { what: "it", source: "the answer was lost".into() }),
            false => Ok(()),
        }
    }
}

impl Bus for Broker {
    fn publish(&self, envelope: Envelope) -> Answer<'_, ()> {
        Box::pin(self.take(envelope))
    }

    fn declare(&self, group: Group) -> Answer<'_, ()> {
        Box::pin(async move {
            self.lock().entry(group.name().into()).or_default();
            Ok(())
        })
    }

    fn subscribe(&self, group: Group) -> Answer<'_, Box<dyn Subscription>> {
        Box::pin(async move {
            self.declare(group.clone()).await?;
            let member = Member { broker: self.clone(), group: group.name().into() };
            Ok(Box::new(member) as Box<dyn Subscription>)
        })
    }

    fn remove(&self, group: Group) -> Answer<'_, ()> {
        Box::pin(async move {
            self.lock().remove(group.name());
            Ok(())
        })
    }
}

#[derive(Debug)]
struct Member {
    broker: Broker,
    group: String,
}

impl Member {
    async fn next(&self) -> Delivery {
        loop {
            let changed = self.broker.changed.notified();
            let now = tokio::time::sleep(Duration::ZERO).deadline();
            let next = {
                let mut groups = self.broker.lock();
                let waiting = groups.get_mut(&self.group).unwrap();
                let due = |it: &&(usize, Instant)| it.1 <= now;
                let all = waiting.iter().enumerate().map(|(place, it)| (place, it.0));
                let ready: Vec<_> = all.collect::<Vec<_>>().iter().filter(due).copied().collect();
                match ready.is_empty() {
                    true => Err(waiting.iter().map(|it| it.0).min()),
                    false => {
                        let which = ready[self.broker.world.below(ready.len())].0;
                        Ok(waiting.swap_remove(which).1)
                    }
                }
            };
            match next {
                Ok(envelope) => return Delivery::new(envelope.clone(), self.held(envelope)),
                Err(None) => changed.await,
                Err(Some(due)) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = tokio::time::sleep_until(due) => {}
                },
            }
        }
    }

    fn held(&self, envelope: Envelope) -> Held {
        let (broker, group) = (self.broker.clone(), self.group.clone());
        Held { broker, group, envelope, again: Some(Duration::from_millis(50)) }
    }
}

impl Subscription for Member {
    fn next(&mut self) -> Answer<'_, Delivery> {
        Box::pin(async { Ok(Member::next(self).await) })
    }
}

/// What a member holds comes again when the member is gone.
struct Held {
    broker: Broker,
    group: String,
    envelope: Envelope,
    again: Option<Duration>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(after) = self.again {
            self.broker.put(&self.group, &self.envelope, after);
        }
    }
}

impl Settle for Held {
    fn ack(mut self: Box<Self>) -> Answer<'static, ()> {
        Box::pin(async move {
            if self.broker.world.often(60) {
                return Err(BusError::Unknown { what: "it", source: "not heard".into() });
            }
            self.again = None;
            Ok(())
        })
    }

    fn nack(mut self: Box<Self>, after: Duration) -> Answer<'static, ()> {
        Box::pin(async move {
            self.again = Some(after);
            Ok(())
        })
    }
}
