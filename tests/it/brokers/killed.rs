//! A server that is killed while events go through it, over whichever bus.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reliability::distributed::transaction::choreography::bus::{
    Bus, Envelope, EventId, Group, TransactionId,
};
use reliability::error::{Class, Fault};
use reliability::journal::Event;
use tokio::sync::watch;
use tokio::task::JoinSet;

const PUBLISHERS: u32 = 4;
const EACH: u32 = 60;
pub(super) const GROUPS: [&str; 2] = ["stock", "card"];

/// What each group has taken in, once.
type Inbox = Arc<Mutex<BTreeMap<&'static str, BTreeMap<EventId, Envelope>>>>;

fn envelope(publisher: u32, number: u32) -> Envelope {
    let event = Event::json("Numbered", 1, &(publisher, number)).unwrap();
    let transaction = TransactionId::new(u128::from(publisher * EACH + number));
    Envelope::new("place_order", transaction, "order-1", event).unwrap()
}

/// Publishers that publish again what was not confirmed, as an outbox does, and members that
/// acknowledge, give back or drop what comes; `restart` kills the server and starts it again.
pub(super) async fn nothing_is_lost(bus: Arc<dyn Bus>, restart: impl Fn() + Send + Sync + 'static) {
    for group in GROUPS {
        bus.declare(Group::of("place_order", group).unwrap()).await.unwrap();
    }
    let (confirmed, mut counted) = watch::channel(0);
    let inbox = Inbox::default();
    let (taken, mut enough) = watch::channel(0);
    let mut publishing = JoinSet::new();
    for publisher in 0..PUBLISHERS {
        publishing.spawn(publish(Arc::clone(&bus), publisher, confirmed.clone()));
    }
    let mut members = JoinSet::new();
    for member in 0..4 {
        let group = GROUPS[member % 2];
        members.spawn(receive(Arc::clone(&bus), group, Arc::clone(&inbox), taken.clone()));
    }
    let restart = Arc::new(restart);
    for at in [60, 160] {
        counted.wait_for(|confirmed| *confirmed >= at).await.unwrap();
        let restart = Arc::clone(&restart);
        tokio::task::spawn_blocking(move || restart()).await.unwrap();
    }
    let published: BTreeMap<EventId, Envelope> =
        publishing.join_all().await.into_iter().flatten().collect();
    assert_eq!(published.len(), (PUBLISHERS * EACH) as usize);
    let all = published.len() * GROUPS.len();
    // What is lost comes never.
    let lost = tokio::time::sleep(super::PATIENCE);
    tokio::select! {
        () = lost => {}
        came = enough.wait_for(|taken| *taken >= all) => assert!(came.is_ok()),
        ended = members.join_next() => panic!("a member has ended: {ended:?}"),
    }
    for (group, came) in inbox.lock().unwrap().iter() {
        assert_eq!(*came, published, "`{group}`: what has come, and what was confirmed");
    }
}

async fn publish(
    bus: Arc<dyn Bus>,
    publisher: u32,
    confirmed: watch::Sender<i32>,
) -> Vec<(EventId, Envelope)> {
    let mut published = Vec::new();
    for number in 0..EACH {
        let envelope = envelope(publisher, number);
        while let Err(error) = bus.publish(envelope.clone()).await {
            assert_eq!(error.class(), Class::Transient, "{error}");
        }
        confirmed.send_modify(|confirmed| *confirmed += 1);
        published.push((envelope.id().clone(), envelope));
    }
    published
}

async fn receive(
    bus: Arc<dyn Bus>,
    group: &'static str,
    inbox: Inbox,
    taken: watch::Sender<usize>,
) {
    let group = Group::of("place_order", group).unwrap().with_most_unsettled(16).unwrap();
    let name = GROUPS.into_iter().find(|name| *name == group.name()).unwrap();
    let mut member = loop {
        match bus.subscribe(group.clone()).await {
            Ok(member) => break member,
            Err(error) => assert_eq!(error.class(), Class::Transient, "{error}"),
        }
    };
    let mut seen = BTreeSet::new();
    loop {
        let delivery = match member.next().await {
            Ok(delivery) => delivery,
            Err(error) => {
                assert_eq!(error.class(), Class::Transient, "{error}");
                continue;
            }
        };
        let envelope = delivery.envelope().clone();
        let number = envelope.transaction().get();
        if number >= u128::from(PUBLISHERS * EACH) {
            // What is to stay where it is.
            let _ = delivery.nack(Duration::from_secs(3_600)).await;
            continue;
        }
        let is_first = seen.insert(number);
        match number % 10 {
            // What could not be dealt with comes again.
            3 if is_first => drop(delivery),
            7 if is_first => drop(delivery.nack(Duration::from_millis(10)).await),
            _ => {
                let is_new = take_in(&inbox, name, envelope);
                taken.send_modify(|taken| *taken += usize::from(is_new));
                // Not acknowledged, it comes again, and is known.
                let _ = delivery.ack().await;
            }
        }
    }
}

fn take_in(inbox: &Inbox, group: &'static str, envelope: Envelope) -> bool {
    let mut inbox = inbox.lock().unwrap();
    let known = inbox.entry(group).or_default();
    known.insert(envelope.id().clone(), envelope).is_none()
}
