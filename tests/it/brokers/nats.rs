//! Over NATS JetStream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt;
use reliability::distributed::transaction::choreography::broker::Health;
use reliability::distributed::transaction::choreography::bus::{Bus, BusError, Group, conformance};
use reliability::distributed::transaction::choreography::nats::{NatsBus, NatsBusBuilder};
use reliability::error::{Class, Fault};
use reliability_tests::nats::Nats;

use super::{PATIENCE, envelope, killed, next, next_number, number, orders, shared, stock};
use crate::metrics::{as_the_chapter_says, grows};

const PREFIX: &str = "shop";
/// What is lost with the server, acknowledgements and answers, is not waited for much longer.
const SOON: Duration = Duration::from_secs(2);

fn at(server: &Nats) -> NatsBusBuilder {
    let bus = NatsBus::builder(&server.url()).prefix(PREFIX).allow_forgetful_servers();
    bus.patience(PATIENCE).timeout(PATIENCE)
}

/// A bus that knows nothing of others on the same server.
fn own(server: &Nats) -> NatsBusBuilder {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    at(server).prefix(&format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Whether the server is of a version that cleans up too much when it is started.
fn forgets(health: &Health) -> bool {
    health.last_error().is_some_and(|error| error.contains("forgets unsettled events"))
}

/// Makes a server keep what it should, also one that forgets: that one cleans up only behind what all
/// groups have settled from the first event on, so that the first one of each is given back for a
/// hundred years.
async fn keep_all(server: &Nats, bus: &NatsBus, topic: &str, groups: &[&str]) {
    if !forgets(&bus.health()) {
        return;
    }
    for group in groups {
        bus.declare(Group::of(topic, group).unwrap()).await.unwrap();
    }
    bus.publish(envelope(1_000_000)).await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stream = jetstream.get_stream(format!("{PREFIX}_{topic}")).await.unwrap();
    for group in groups {
        let group: PullConsumer = stream.get_consumer(group).await.unwrap();
        let mut came = group.fetch().max_messages(1).messages().await.unwrap();
        let first = came.next().await.unwrap().unwrap();
        let century = Duration::from_secs(100 * 365 * 86_400);
        first.double_ack_with(AckKind::Nak(Some(century))).await.unwrap();
    }
    // What it knows of groups it writes a little later, or when it ends.
    server.stop();
    server.start_again();
}

fn restart(server: &Nats) {
    server.kill();
    server.start_again();
}

#[tokio::test]
async fn the_bus_over_nats_conforms() {
    let server = Nats::shared();
    let open = async || Arc::new(own(&server).build().await.unwrap());
    conformance::check(open).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_nats_is_killed() {
    let server = Arc::new(Nats::start());
    let bus = Arc::new(at(&server).redelivery(SOON).timeout(SOON).build().await.unwrap());
    keep_all(&server, &bus, "place_order", &killed::GROUPS).await;
    let killed = Arc::clone(&server);
    killed::nothing_is_lost(shared(&bus), move || restart(&killed)).await;
    let health = bus.health();
    assert!(health.is_connected() && health.losses() >= 1, "{health}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_over_nats_that_is_killed_end_as_a_whole() {
    let server = Arc::new(Nats::start());
    let bus = at(&server).redelivery(SOON).timeout(SOON).build().await.unwrap();
    keep_all(&server, &bus, orders::TOPIC, &orders::PARTICIPANTS).await;
    let killed = Arc::clone(&server);
    orders::each_ends_and_nothing_happens_twice(bus, move || restart(&killed)).await;
}

#[tokio::test]
async fn a_server_that_forgets_is_refused_unless_that_is_allowed() {
    let server = Nats::shared();
    let allowed = own(&server).build().await.unwrap();
    match (NatsBus::builder(&server.url()).build().await, forgets(&allowed.health())) {
        (Err(refused), true) => {
            assert_eq!(refused.class(), Class::Permanent);
            assert!(refused.to_string().contains("allow_forgetful_servers"), "{refused}");
        }
        (served, forgets) => assert!(!forgets && served.is_ok(), "{forgets}: {served:?}"),
    }
}

#[tokio::test]
async fn a_group_that_was_declared_outlives_nats_that_is_killed() {
    let server = Nats::start();
    let bus = at(&server).build().await.unwrap();
    super::a_group_that_was_declared_outlives_the_server(bus, async || restart(&server)).await;
}

#[tokio::test]
async fn a_stream_that_is_full_refuses() {
    let server = Nats::shared();
    let bus = own(&server).most_messages(2).build().await.unwrap();
    super::a_bus_that_is_full_refuses_and_takes_more_when_there_is_room(bus).await;
}

#[tokio::test]
async fn what_a_member_held_that_died_comes_to_another_one() {
    let server = Nats::shared();
    let builder = own(&server).redelivery(Duration::from_millis(200));
    let dying = builder.clone();
    let dying = async move { dying.build().await.unwrap() };
    let bus = builder.build().await.unwrap();
    super::what_a_member_held_that_died_comes_to_another_one(dying, bus).await;
}

#[tokio::test]
async fn who_takes_long_keeps_what_it_has() {
    let redelivery = Duration::from_millis(200);
    let server = Nats::shared();
    let bus = own(&server).redelivery(redelivery).build().await.unwrap();
    let mut slow = bus.subscribe(stock()).await.unwrap();
    let mut other = bus.subscribe(stock()).await.unwrap();
    bus.publish(envelope(1)).await.unwrap();
    let came = tokio::select! {
        came = slow.next() => came.unwrap(),
        came = other.next() => came.unwrap(),
    };
    let again = tokio::time::timeout(redelivery * 4, async {
        tokio::select! {
            again = slow.next() => number(&again.unwrap()),
            again = other.next() => number(&again.unwrap()),
        }
    });
    assert!(again.await.is_err(), "it came again to who works at it, or to another one");
    came.ack().await.unwrap();
}

#[tokio::test]
async fn what_is_published_again_is_stored_once_and_says_what_it_is() {
    let server = Nats::shared();
    let bus = at(&server).prefix("looked-at").build().await.unwrap();
    let mut stock = bus.subscribe(stock()).await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let mut looking_on = client.subscribe("looked-at.place_order").await.unwrap();
    client.flush().await.unwrap();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let traced = envelope(1).with_traceparent(trace).unwrap();
    for _ in 0..3 {
        bus.publish(traced.clone()).await.unwrap();
    }
    bus.publish(envelope(2)).await.unwrap();
    let delivery = next(&mut stock).await;
    assert_eq!(*delivery.envelope(), traced);
    delivery.ack().await.unwrap();
    assert_eq!(next_number(&mut stock).await, 2, "the first one was stored once");
    let headers = looking_on.next().await.unwrap().headers.unwrap();
    let said = |name: &str| headers.get(name).map(|it| it.as_str().to_owned()).unwrap();
    assert_eq!(said("traceparent"), trace);
    assert_eq!([said("Nats-Msg-Id"), said("ce-id")], [traced.id().as_str(), traced.id().as_str()]);
    let names = [said("ce-type"), said("ce-source"), said("ce-subject")];
    assert_eq!(names, ["Numbered", "place_order", "order-1"]);
}

#[tokio::test]
async fn what_is_no_envelope_is_set_aside() {
    let server = Nats::start();
    let bus = at(&server).build().await.unwrap();
    let mut stock = bus.subscribe(stock()).await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let sent = jetstream.publish("shop.place_order", "nonsense".into()).await.unwrap();
    sent.await.unwrap();
    bus.publish(envelope(1)).await.unwrap();
    assert_eq!(next_number(&mut stock).await, 1);
    let aside = jetstream.get_stream("shop=set-aside").await.unwrap();
    assert_eq!(aside.get_raw_message(1).await.unwrap().payload, "nonsense");
}

#[tokio::test]
async fn what_goes_through_a_bus_is_told_in_numbers() {
    let server = Arc::new(Nats::start());
    let outcome = |outcome| Some(("reliability.bus.outcome", outcome));
    let of = Some(("messaging.system", "nats"));
    let all = [
        ("reliability.bus.published", outcome("confirmed"), 3.0),
        ("reliability.bus.published", of, 3.0),
        ("reliability.bus.delivered", of, 3.0),
        ("reliability.bus.settled", outcome("acked"), 1.0),
        ("reliability.bus.settled", outcome("nacked"), 1.0),
        ("reliability.bus.settled", outcome("dropped"), 1.0),
        ("reliability.bus.set_aside", of, 1.0),
        ("reliability.bus.lost", of, 1.0),
    ];
    grows(&all, through_a_bus(&server)).await;
    as_the_chapter_says("choreography", "reliability.bus.");
}

async fn through_a_bus(server: &Arc<Nats>) {
    let bus = at(server).build().await.unwrap();
    let mut group = bus.subscribe(stock()).await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let sent = jetstream.publish("shop.place_order", "nonsense".into()).await.unwrap();
    sent.await.unwrap();
    for number in 1..=3 {
        bus.publish(envelope(number)).await.unwrap();
    }
    next(&mut group).await.ack().await.unwrap();
    next(&mut group).await.nack(PATIENCE).await.unwrap();
    drop(next(&mut group).await);
    let killed = Arc::clone(server);
    tokio::task::spawn_blocking(move || restart(&killed)).await.unwrap();
    let lost = async {
        while bus.health().losses() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, lost).await.expect("it finds out");
}

#[tokio::test]
async fn what_cannot_be_used_is_told() {
    let server = Nats::start();
    let client = async_nats::connect(server.url()).await.unwrap();
    let foreign = async_nats::jetstream::stream::Config {
        name: "shop_place_order".into(),
        subjects: vec!["shop.place_order".into()],
        ..Default::default()
    };
    async_nats::jetstream::new(client).create_stream(foreign).await.unwrap();
    let bus = at(&server).build().await.unwrap();
    let refused = bus.declare(stock()).await.unwrap_err();
    assert!(matches!(refused, BusError::Unusable { .. }), "{refused}");
    assert_eq!(refused.class(), Class::Permanent);

    server.kill();
    let away = at(&server).patience(Duration::from_millis(50)).build().await.unwrap_err();
    assert!(matches!(away, BusError::Unavailable { .. }), "{away}");
    assert_eq!(away.class(), Class::Transient);
    let short = NatsBus::builder(&server.url());
    for (refused, told) in [
        (short.clone().prefix("Shop"), "prefix"),
        (short.clone().patience(Duration::ZERO), "patience"),
        (short.clone().timeout(Duration::MAX), "timeout"),
        (short.clone().redelivery(Duration::from_millis(99)), "redelivery"),
        (short.clone().duplicates(Duration::ZERO), "duplicates"),
        (short.clone().most_messages(0), "most_messages"),
        (short.clone().most_bytes(1), "most_bytes"),
        (short.clone().most_pending(0), "most_pending"),
        (short.clone().replicas(6), "replicas"),
        (NatsBus::builder("nats://a, :b:"), "servers"),
    ] {
        match refused.build().await.unwrap_err() {
            BusError::Invalid(invalid) => assert_eq!(invalid.setting(), told, "{invalid}"),
            other => panic!("{told}: {other}"),
        }
    }
}
