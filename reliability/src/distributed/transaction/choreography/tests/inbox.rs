//! What cannot be taken in here: it is newer, or what is there of its transaction cannot be read.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::order::{Orders, PlaceOrder, World, all};
use crate::distributed::transaction::choreography::bus::{
    Answer, BusError, Delivery, Envelope, JournalBus, Settle, Subscription, TransactionId,
};
use crate::distributed::transaction::choreography::desk::{Desk, Put, Room, Taken};
use crate::distributed::transaction::choreography::entry::Entry;
use crate::distributed::transaction::choreography::participant::Participants;
use crate::distributed::transaction::choreography::plan::Wiring;
use crate::distributed::transaction::choreography::rules::STARTED;
use crate::distributed::transaction::choreography::work::take;
use crate::journal::{Append, Claim, Due, Encoding, Event, Heads, Journal, MemoryStore};
use crate::sync::Mutex;
use crate::time::WallClock;

fn warehouse(journal: &Journal, world: &Arc<World>) -> Desk<PlaceOrder> {
    let room = Arc::new(Room {
        journal: journal.clone(),
        bus: Arc::new(JournalBus::on(journal)),
        wiring: Wiring::of::<Orders>(),
        clock: WallClock::system(),
        owner: "me".into(),
        lease: Duration::from_secs(30),
        retention: None,
        planted: None,
    });
    let member = all(world).members().into_iter().find(|it| it.name == "warehouse").unwrap();
    Desk::new(&room, member.name, member.handlers).unwrap()
}

fn event(name: &'static str, version: u32) -> Envelope {
    let event = Event::from_parts(name, version, Encoding::Json, b"3".to_vec());
    Envelope::new("place_order", TransactionId::new(7), "order-1", event).unwrap()
}

/// Acknowledged by an old program, it would be lost for the new one of the same participant.
#[tokio::test]
async fn what_is_newer_is_left_to_who_knows_it() {
    let (world, journal) = (Arc::<World>::default(), Journal::in_memory());
    let desk = warehouse(&journal, &world);
    for newer in [event(STARTED, 2), event("Insured", 2), event("Charged", 2)] {
        assert_eq!(desk.take(&newer).await.unwrap(), Taken::Elsewhere, "{}", newer.event().name());
    }
    assert!(journal.heads(Heads::of(&desk.kind)).await.unwrap().is_empty());
    // What nobody has any more is no reason to keep it.
    assert_eq!(desk.take(&event("Insured", 1)).await.unwrap(), Taken::Known);
    assert_eq!(desk.take(&event(STARTED, 1)).await.unwrap(), Taken::Heard);
}

#[tokio::test]
async fn what_newer_programs_have_begun_is_not_worked_at() {
    let clock = WallClock::manual(WallClock::system().now());
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    let world = Arc::<World>::default();
    let desk = warehouse(&journal, &world);
    let started = event(STARTED, 2);
    let stream = desk.stream(&started).unwrap();
    let heard = |it| Append::to(&stream).event(Entry::Heard(it).event()).due(Due::Now);
    journal.append(heard(started)).await.unwrap();
    let due = async || {
        let claim = Claim::of([desk.kind.as_str()]).by("me").lease(Duration::from_secs(30));
        journal.claim(claim).await.unwrap().pop()
    };
    let visited = async |lease| {
        assert_eq!(desk.work(lease).await.unwrap(), Put::Down("elsewhere"));
        let head = journal.head(&stream).await.unwrap().unwrap();
        assert!(head.due_at.is_some() && head.held.is_none());
    };
    visited(due().await.unwrap()).await;
    // Whoever knows it may have it at once. Nobody does, so it rests.
    visited(due().await.unwrap()).await;
    assert_eq!(due().await, None);
    // Something comes: others may have it at once again, whoever sees it first.
    journal.append(heard(event("Charged", 2))).await.unwrap();
    visited(due().await.unwrap()).await;
    assert!(due().await.is_some());
    assert!(world.calls.lock().is_empty());
}

type Settled = Arc<Mutex<Vec<Option<Duration>>>>;

/// What has come, and what became of each: given back for so long, or acknowledged.
#[derive(Debug)]
struct Inbox(Vec<Envelope>, Settled);

struct Note(Settled);

impl Settle for Note {
    fn ack(self: Box<Self>) -> Answer<'static, ()> {
        self.0.lock().push(None);
        Box::pin(async { Ok(()) })
    }

    fn nack(self: Box<Self>, after: Duration) -> Answer<'static, ()> {
        self.0.lock().push(Some(after));
        Box::pin(async { Ok(()) })
    }
}

impl Subscription for Inbox {
    fn next(&mut self) -> Answer<'_, Delivery> {
        let next = self.0.pop().map(|it| Delivery::new(it, Note(Arc::clone(&self.1))));
        Box::pin(async { next.ok_or(BusError::Closed) })
    }
}

/// Given back at once, it would come as fast as the bus can bring it.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_in_rests_and_holds_nothing_up() {
    let (world, journal) = (Arc::<World>::default(), Journal::in_memory());
    let desk = warehouse(&journal, &world);
    let stream = desk.stream(&event(STARTED, 1)).unwrap();
    let foreign = Append::to(&stream).event(Event::bytes("heard", 1, "what?"));
    journal.append(foreign).await.unwrap();
    let settled = Settled::new(Mutex::new(Vec::new()));
    let began = tokio::time::sleep(Duration::ZERO).deadline();
    // From the last one on.
    let other = Event::from_parts(STARTED, 1, Encoding::Json, b"3".to_vec());
    let other = Envelope::new("place_order", TransactionId::new(8), "order-2", other).unwrap();
    let newer = event(STARTED, 2);
    let came = Vec::from([other, event(STARTED, 1), newer.clone(), newer]);
    take(Arc::new(desk), Box::new(Inbox(came, Arc::clone(&settled)))).await;
    // Whoever knows it may be there, and gets it at once; the second time, nobody is.
    let settled = settled.lock().clone();
    let [first, again, broken, taken] = *settled.as_slice() else { panic!("{settled:?}") };
    assert_eq!((first, broken), (Some(Duration::ZERO), Some(Duration::from_secs(60))));
    let some_seconds = Duration::from_millis(2_500)..=Duration::from_secs(5);
    assert!(again.is_some_and(|again| some_seconds.contains(&again)), "{again:?}");
    assert_eq!(taken, None);
    assert!(began.elapsed() < Duration::from_millis(50), "nothing has waited for it");
}
