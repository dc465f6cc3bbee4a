//! The buses over brokers, on servers of the tests' own.

mod killed;
mod nats;
mod orders;
mod rabbitmq;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reliability::distributed::transaction::choreography::bus::{
    Bus, BusError, Delivery, Envelope, Group, Subscription, TransactionId,
};
use reliability::error::{Class, Fault};
use reliability::journal::Event;

/// A loaded machine is slow, which is not what is tested.
const PATIENCE: Duration = Duration::from_secs(60);

fn envelope(number: u64) -> Envelope {
    let event = Event::json("Numbered", 1, &number).unwrap();
    Envelope::new("place_order", TransactionId::new(number.into()), "order-1", event).unwrap()
}

fn stock() -> Group {
    Group::of("place_order", "stock").unwrap()
}

fn number(delivery: &Delivery) -> u64 {
    delivery.envelope().event().read_json().unwrap()
}

async fn next(subscription: &mut Box<dyn Subscription>) -> Delivery {
    tokio::time::timeout(PATIENCE, subscription.next()).await.expect("something comes").unwrap()
}

async fn next_number(subscription: &mut Box<dyn Subscription>) -> u64 {
    let delivery = next(subscription).await;
    let number = number(&delivery);
    delivery.ack().await.unwrap();
    number
}

/// With room for two.
async fn a_bus_that_is_full_refuses_and_takes_more_when_there_is_room(bus: impl Bus) {
    let mut stock = bus.subscribe(stock().with_most_unsettled(1).unwrap()).await.unwrap();
    let mut published = 0;
    let refused = loop {
        match bus.publish(envelope(published + 1)).await {
            Ok(()) => published += 1,
            Err(error) => break error,
        }
        assert!(published < 10, "there is no end");
    };
    assert!(matches!(refused, BusError::Full { .. }), "{refused}");
    assert_eq!(refused.class(), Class::Overloaded);
    let mut came = Vec::new();
    while came.len() < published as usize {
        came.push(next_number(&mut stock).await);
    }
    bus.publish(envelope(99)).await.unwrap();
    assert_eq!(next_number(&mut stock).await, 99);
    assert_eq!(came, (1..=published).collect::<Vec<_>>());
}

/// A member whose process dies without a word: its runtime is gone.
async fn what_a_member_held_that_died_comes_to_another_one<B: Bus>(
    dying: impl Future<Output = B> + Send + 'static,
    bus: B,
) {
    bus.declare(stock()).await.unwrap();
    bus.publish(envelope(1)).await.unwrap();
    let died = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let held = runtime.block_on(async {
            let bus = dying.await;
            let mut member = bus.subscribe(stock()).await.unwrap();
            let delivery = next(&mut member).await;
            (bus, member, delivery)
        });
        // Nobody is told anything: what would tell them runs no more.
        runtime.shutdown_background();
        let number = number(&held.2);
        std::mem::forget(held);
        number
    });
    assert_eq!(died.join().unwrap(), 1);
    let mut member = bus.subscribe(stock()).await.unwrap();
    assert_eq!(next_number(&mut member).await, 1);
}

/// What is kept while nobody listens, over a crash of the server.
async fn a_group_that_was_declared_outlives_the_server(bus: impl Bus, restart: impl AsyncFnOnce()) {
    bus.declare(stock()).await.unwrap();
    publish(&bus, 1).await;
    restart().await;
    publish(&bus, 2).await;
    let mut member = bus.subscribe(stock()).await.unwrap();
    let mut came = BTreeSet::new();
    while came.len() < 2 {
        came.insert(next_number(&mut member).await);
    }
    assert_eq!(came, BTreeSet::from([1, 2]));
}

/// Again, until it is confirmed.
async fn publish(bus: &impl Bus, number: u64) {
    while let Err(error) = bus.publish(envelope(number)).await {
        assert_eq!(error.class(), Class::Transient, "{error}");
    }
}

fn shared<B: Bus>(bus: &Arc<B>) -> Arc<dyn Bus> {
    let bus: Arc<B> = Arc::clone(bus);
    bus
}
