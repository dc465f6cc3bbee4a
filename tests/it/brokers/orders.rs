//! Orders that are done by participants over a broker, which is killed on the way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reliability::distributed::transaction::choreography::bus::Bus;
use reliability::distributed::transaction::choreography::{End, choreography, participant};
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
use reliability::journal::Journal;

#[saga(input = u32, refuse = String, choreographed)]
#[derive(Debug)]
enum PlaceOrder {
    #[step]
    Reserved(u32),
    #[pivot]
    Charged(String),
    #[then]
    Mailed(()),
}

/// How often each effect was asked for.
#[derive(Clone, Default)]
struct World(Arc<Mutex<BTreeMap<String, u32>>>);

impl World {
    fn happens(&self, what: &str, cx: &Cx) {
        let effect = format!("{what} {}", cx.effect());
        *self.0.lock().unwrap().entry(effect).or_default() += 1;
    }

    fn count(&self, what: &str) -> usize {
        self.0.lock().unwrap().keys().filter(|effect| effect.starts_with(what)).count()
    }
}

struct Warehouse(World);
struct Card(World);

#[participant(PlaceOrder)]
impl Warehouse {
    #[on(start => Reserved, undo = release)]
    async fn reserve(&self, cx: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> {
        self.0.happens("reserve", cx);
        Ok(*pieces)
    }

    async fn release(&self, cx: &Cx, _: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
        self.0.happens("release", cx);
        Ok(())
    }

    #[on(Charged => Mailed)]
    async fn send(&self, cx: &Cx, _: &u32, _: &String) -> Result<(), Transient> {
        self.0.happens("send", cx);
        Ok(())
    }
}

#[participant(PlaceOrder)]
impl Card {
    #[on(Reserved => Charged)]
    async fn charge(&self, cx: &Cx, _: &u32, pieces: &u32) -> Result<String, Outcome<String>> {
        self.0.happens("charge", cx);
        if pieces % 4 == 3 { Err(Outcome::Rejected("no money".into())) } else { Ok("paid".into()) }
    }
}

choreography! {
    Orders: PlaceOrder { Warehouse, Card, terminal Mailed }
}

pub(super) const TOPIC: &str = "place_order";
pub(super) const PARTICIPANTS: [&str; 2] = ["warehouse", "card"];
const ORDERS: u32 = 40;

/// Each is done or undone as a whole, and nothing happens twice, however often events come.
pub(super) async fn each_ends_and_nothing_happens_twice(
    bus: impl Bus,
    restart: impl Fn() + Send + 'static,
) {
    let (world, journal) = (World::default(), Journal::in_memory());
    let participants = (Warehouse(world.clone()), Card(world.clone()));
    let orders = Orders::on(&journal, bus, participants).start().await.unwrap();
    let mut started = Vec::new();
    for number in 0..ORDERS {
        started.push((number, orders.start(&format!("order-{number}"), number).await.unwrap()));
        if number == ORDERS / 2 {
            // Those before are on their way.
            started[0].1.ended().await.unwrap();
        }
    }
    let restarted = tokio::task::spawn_blocking(restart);
    for (number, order) in started {
        let end = order.ended().await.unwrap();
        match number % 4 {
            3 => assert!(matches!(&end, End::RolledBack(_)), "order {number}: {end:?}"),
            _ => assert!(matches!(&end, End::Completed(_)), "order {number}: {end:?}"),
        }
    }
    restarted.await.unwrap();
    let refused = (ORDERS / 4) as usize;
    let all = ORDERS as usize;
    let counts = ["reserve", "charge", "release", "send"].map(|it| world.count(it));
    assert_eq!(counts, [all, all, refused, all - refused]);
    let again: Vec<_> =
        world.0.lock().unwrap().clone().into_iter().filter(|it| it.1 != 1).collect();
    assert_eq!(again, [], "what has happened more than once");
    orders.stop().await;
}
