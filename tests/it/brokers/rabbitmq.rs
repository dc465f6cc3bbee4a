//! Over RabbitMQ.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lapin::options::{BasicAckOptions, BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use reliability::distributed::transaction::choreography::bus::{Bus, BusError, Group, conformance};
use reliability::distributed::transaction::choreography::rabbitmq::{
    RabbitMqBus, RabbitMqBusBuilder,
};
use reliability::error::{Class, Fault};
use reliability_tests::rabbitmq::RabbitMq;

use super::{PATIENCE, envelope, killed, next, next_number, orders, shared, stock};

fn at(node: &RabbitMq, prefix: &str) -> RabbitMqBusBuilder {
    RabbitMqBus::builder(&node.url()).prefix(prefix).patience(PATIENCE).timeout(PATIENCE)
}

/// A bus that knows nothing of others on the same node, and its prefix.
fn own(node: &RabbitMq) -> (RabbitMqBusBuilder, String) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    (at(node, &prefix), prefix)
}

fn restart(node: &RabbitMq) {
    node.kill();
    node.start_again();
}

/// What RabbitMQ is told a moment before it is killed, it may not know afterwards: the queues beside
/// the groups', for what is given back, are there before.
async fn each_group_gives_back_once(bus: &RabbitMqBus) {
    let mut members = Vec::new();
    for group in killed::GROUPS {
        members.push(bus.subscribe(Group::of("place_order", group).unwrap()).await.unwrap());
    }
    bus.publish(envelope(0)).await.unwrap();
    for mut member in members {
        next(&mut member).await.nack(Duration::from_millis(1)).await.unwrap();
        assert_eq!(next_number(&mut member).await, 0);
    }
}

async fn channel(node: &RabbitMq) -> (Connection, Channel) {
    let properties = ConnectionProperties::default();
    let connection = Connection::connect(&node.url(), properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

#[tokio::test]
async fn the_bus_over_rabbitmq_conforms() {
    let node = RabbitMq::shared();
    let open = async || Arc::new(own(&node).0.build().await.unwrap());
    conformance::check(open).await.unwrap();
}

/// One node for all that kill it, and each time it is killed is one for all whom it can be: it takes some
/// seconds to start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_rabbitmq_is_killed() {
    let node = Arc::new(RabbitMq::start());
    let bus = Arc::new(at(&node, "events").build().await.unwrap());
    each_group_gives_back_once(&bus).await;
    let declared = at(&node, "declared").build().await.unwrap();
    super::a_group_that_was_declared_outlives_the_server(declared, async || {
        node.remembers_its_queues();
        let killed = Arc::clone(&node);
        killed::nothing_is_lost(shared(&bus), move || restart(&killed)).await;
    })
    .await;
    let health = bus.health();
    assert!(health.is_connected() && health.losses() >= 1, "{health}");

    let bus = at(&node, "orders").build().await.unwrap();
    let killed = Arc::clone(&node);
    orders::each_ends_and_nothing_happens_twice(bus, move || {
        killed.remembers_its_queues();
        restart(&killed);
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_is_full_refuses() {
    let node = RabbitMq::shared();
    let bus = own(&node).0.most_messages(2).build().await.unwrap();
    super::a_bus_that_is_full_refuses_and_takes_more_when_there_is_room(bus).await;
}

#[tokio::test]
async fn what_a_member_held_that_died_comes_to_another_one() {
    let node = RabbitMq::shared();
    let (builder, prefix) = own(&node);
    // The client's thread stays, as it does not in a process that dies; nothing is heard of it.
    let server = format!("{}?heartbeat=1", node.url());
    let dying = async move {
        let dying = RabbitMqBus::builder(&server).prefix(&prefix).patience(PATIENCE);
        dying.build().await.unwrap()
    };
    let bus = builder.build().await.unwrap();
    super::what_a_member_held_that_died_comes_to_another_one(dying, bus).await;
}

#[tokio::test]
async fn a_message_says_what_it_is() {
    let node = RabbitMq::shared();
    let (builder, prefix) = own(&node);
    let bus = builder.build().await.unwrap();
    bus.declare(stock()).await.unwrap();
    let (_connection, channel) = channel(&node).await;
    let (own, none) = (QueueDeclareOptions::exclusive(), FieldTable::default());
    let looking_on = channel.queue_declare("".into(), own, none.clone()).await.unwrap();
    let (queue, exchange) = (looking_on.name().clone(), prefix.as_str().into());
    let options = QueueBindOptions::default();
    channel.queue_bind(queue.clone(), exchange, "#".into(), options, none).await.unwrap();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let traced = envelope(1).with_traceparent(trace).unwrap();
    bus.publish(traced.clone()).await.unwrap();
    let came = channel.basic_get(queue, BasicGetOptions::default()).await.unwrap().unwrap();
    let properties = &came.delivery.properties;
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), traced.id().as_str());
    assert_eq!(properties.kind().as_ref().unwrap().as_str(), "Numbered");
    assert_eq!(*properties.delivery_mode(), Some(2), "it is persistent");
    let headers = properties.headers().clone().unwrap();
    let said = |name: &str| match headers.inner().get(name) {
        Some(AMQPValue::LongString(said)) => said.to_string(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!([said("traceparent"), said("ce-id")], [trace, traced.id().as_str()]);
    let names = [said("ce-type"), said("ce-source"), said("ce-subject")];
    assert_eq!(names, ["Numbered", "place_order", "order-1"]);
    came.delivery.acker.ack(BasicAckOptions::default()).await.unwrap();
}

#[tokio::test]
async fn what_is_no_envelope_is_set_aside() {
    let node = RabbitMq::shared();
    let (builder, prefix) = own(&node);
    let bus = builder.build().await.unwrap();
    let mut stock = bus.subscribe(stock()).await.unwrap();
    let (_connection, channel) = channel(&node).await;
    let (exchange, key) = (prefix.as_str().into(), "place_order".into());
    let (options, plain) = (Default::default(), BasicProperties::default());
    channel.basic_publish(exchange, key, options, b"nonsense", plain).await.unwrap();
    bus.publish(envelope(1)).await.unwrap();
    assert_eq!(next_number(&mut stock).await, 1);
    let queue = format!("{prefix}/set-aside").into();
    let aside = channel.basic_get(queue, BasicGetOptions::default()).await.unwrap().unwrap();
    assert_eq!(aside.delivery.data, b"nonsense");
}

#[tokio::test]
async fn what_cannot_be_used_is_told() {
    let node = RabbitMq::shared();
    let (builder, prefix) = own(&node);
    let bus = builder.clone().build().await.unwrap();
    let (_connection, channel) = channel(&node).await;
    let queue = format!("{prefix}/place_order/stock").into();
    let (own, none) = (QueueDeclareOptions::durable(), FieldTable::default());
    channel.queue_declare(queue, own, none).await.unwrap();
    let refused = bus.declare(stock()).await.unwrap_err();
    assert!(matches!(refused, BusError::Unusable { .. }), "{refused}");
    assert_eq!(refused.class(), Class::Permanent);

    let stranger = node.url().replace("guest:guest", "guest:guess");
    let refused = RabbitMqBus::connect(&stranger).await.unwrap_err();
    assert!(matches!(refused, BusError::Unusable { .. }), "{refused}");
    assert!(!format!("{bus:?}").contains("guest:"), "no password is shown");
    let away = RabbitMqBus::builder("amqp://127.0.0.1:1/%2f").patience(Duration::from_millis(50));
    let away = away.build().await.unwrap_err();
    assert!(matches!(away, BusError::Unavailable { .. }), "{away}");
    assert_eq!(away.class(), Class::Transient);
    for (refused, told) in [
        (builder.clone().prefix(""), "prefix"),
        (builder.clone().patience(Duration::ZERO), "patience"),
        (builder.clone().timeout(Duration::MAX), "timeout"),
        (builder.clone().channels(1_001), "channels"),
        (builder.clone().most_messages(0), "most_messages"),
        (builder.replicas(0), "replicas"),
        (RabbitMqBus::builder("redis://127.0.0.1"), "server"),
    ] {
        match refused.build().await.unwrap_err() {
            BusError::Invalid(invalid) => assert_eq!(invalid.setting(), told, "{invalid}"),
            other => panic!("{told}: {other}"),
        }
    }
}
