//! Processes that are killed and started again on their journals.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reliability::distributed::transaction::choreography::{Choreographed, Choreography};
use reliability::distributed::transaction::choreography::{ChoreographedBuilder, Handle};
use reliability::journal::{Heads, Journal, JournalError, MemoryStore, Store as _};
use reliability::time::WallClock;

use super::broker::Broker;
use crate::disk::Disk;
use crate::outside::World;

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// One process, whatever it does in the choreography.
pub(super) trait Process {
    /// Starts it, unless it runs.
    fn up(&mut self) -> Later<'_, ()>;

    /// Kills it.
    fn down(&mut self);

    /// Somebody looks at what is parked.
    fn mend(&self) -> Later<'_, ()>;

    /// How the transaction stands in its journal.
    fn statuses(&self) -> Later<'_, Vec<String>>;
}

/// The participants of a process, made anew whenever it starts.
type Here<C> = Box<dyn Fn(&World) -> <C as Choreography>::Here>;

pub(super) struct Node<C: Choreography> {
    name: &'static str,
    store: Arc<MemoryStore>,
    journal: Journal,
    clock: WallClock,
    broker: Broker,
    world: World,
    here: Here<C>,
    starts: bool,
    current: Option<Choreographed<C>>,
}

impl<C: Choreography> Node<C> {
    pub(super) fn new(
        name: &'static str,
        (clock, broker, world): (&WallClock, &Broker, &World),
        here: impl Fn(&World) -> C::Here + 'static,
    ) -> Self {
        let store = Arc::new(MemoryStore::with_clock(clock));
        let journal = Journal::on(Disk { inner: Arc::clone(&store), luck: world.clone() });
        let (clock, broker, world) = (clock.clone(), broker.clone(), world.clone());
        let (starts, current) = (name == "start", None);
        Self { name, store, journal, clock, broker, world, here: Box::new(here), starts, current }
    }

    /// Starts the order, once for its key.
    pub(super) async fn start(
        &self,
        input: <C::Events as reliability::distributed::transaction::saga::Saga>::Input,
    ) -> Option<Result<Handle<C>, JournalError>> {
        match &self.current {
            Some(current) => Some(current.start("order-1", input).await),
            None => None,
        }
    }

    pub(super) async fn cancel(&self) -> bool {
        let Some(current) = &self.current else { return false };
        match current.find("order-1").await {
            Ok(Some(order)) => order.cancel("the customer has changed her mind").await.is_ok(),
            _ => false,
        }
    }
}

impl<C: Choreography> Process for Node<C> {
    fn up(&mut self) -> Later<'_, ()> {
        Box::pin(async move {
            if self.current.is_some() {
                return;
            }
            let here = (self.here)(&self.world);
            let on = ChoreographedBuilder::<C>::new(&self.journal, self.broker.clone(), here);
            let on = on.clock(&self.clock).lease(Duration::from_millis(200));
            let on = on.poll(Duration::from_millis(20));
            let on = if self.starts { on } else { on.participants_only() };
            // A journal that is away now is there another time.
            self.current = on.start().await.ok();
        })
    }

    fn down(&mut self) {
        self.world.tell(format!("{} is killed", self.name));
        self.current = None;
    }

    fn mend(&self) -> Later<'_, ()> {
        Box::pin(async move {
            let Some(current) = &self.current else { return };
            for parked in current.parked().await.unwrap_or_default() {
                self.world.tell(format!("{} is mended", self.name));
                let _ = current.retry(&parked, "ada", "it works again").await;
            }
        })
    }

    fn statuses(&self) -> Later<'_, Vec<String>> {
        Box::pin(async move {
            let kind = format!("place_order.{}", self.name);
            let heads = self.store.heads(Heads::of(&kind)).await.unwrap();
            heads.into_iter().map(|head| head.status).collect()
        })
    }
}
