//! A journal that does not answer when it is to renew what somebody works at.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::distributed::transaction::choreography::bus::{Envelope, JournalBus, TransactionId};
use crate::distributed::transaction::choreography::desk::{Desk, Put, Room};
use crate::distributed::transaction::choreography::entry::Entry;
use crate::distributed::transaction::choreography::participant::Participants as _;
use crate::distributed::transaction::choreography::plan::Wiring;
use crate::distributed::transaction::choreography::rules::STARTED;
use crate::distributed::transaction::choreography::{choreography, participant};
use crate::distributed::transaction::saga::{Cx, Outcome, saga};
use crate::journal::{
    Answer, Append, Appended, Changes, Claim, Due, Encoding, Event, Head, Heads, Journal,
    JournalError, Lease, MemoryStore, Position, Record, Sequence, Store, StreamId,
};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::time::WallClock;

#[saga(input = u32, refuse = String, choreographed)]
enum Bake {
    #[step]
    Baked(u32),
}

/// It takes so many seconds as it is asked for.
struct Oven(Arc<AtomicUsize>);

#[participant(Bake)]
impl Oven {
    #[on(start => Baked, undo = none("it is eaten"))]
    async fn bake(&self, _: &Cx, seconds: &u32) -> Result<u32, Outcome<String>> {
        tokio::time::sleep(Duration::from_secs(u64::from(*seconds))).await;
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(*seconds)
    }
}

choreography!(Bakery: Bake { Oven, terminal Baked });

/// What becomes of a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Renewals {
    Kept,
    /// Somebody else has it.
    Refused,
    Unanswered,
    /// Those after the first two are.
    TwiceUnanswered,
}

#[derive(Debug)]
struct Renewing(MemoryStore, Renewals, AtomicUsize);

impl Store for Renewing {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        self.0.append(batch)
    }
    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.read(stream, after, most)
    }
    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.read_all(after, most)
    }
    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.0.head(stream)
    }
    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.0.heads(heads)
    }
    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.0.claim(claim)
    }
    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        let first = self.2.fetch_add(1, Ordering::Relaxed) < 2;
        match self.1 {
            Renewals::Unanswered => alloc::boxed::Box::pin(core::future::pending()),
            Renewals::TwiceUnanswered if first => {
                alloc::boxed::Box::pin(core::future::pending::<Result<_, JournalError>>())
            }
            Renewals::Refused => alloc::boxed::Box::pin(async { Ok([false].to_vec()) }),
            Renewals::Kept | Renewals::TwiceUnanswered => self.0.renew(leases, length),
        }
    }
    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.0.remove(stream, last)
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.0.remove_held(lease)
    }
    fn changes(&self) -> Changes {
        self.0.changes()
    }
}

const LEASE: Duration = Duration::from_secs(30);

/// How it ended, after how many seconds, and how often something was baked.
async fn bake(seconds: &'static str, renewals: Renewals) -> (Put, u64, usize) {
    let journal = Journal::on(Renewing(MemoryStore::new(), renewals, AtomicUsize::new(0)));
    let baked: Arc<AtomicUsize> = Arc::default();
    let bus = JournalBus::in_memory();
    let room = Arc::new(Room {
        journal: journal.clone(),
        bus: Arc::new(bus.clone()),
        wiring: Wiring::of::<Bakery>(),
        clock: WallClock::system(),
        owner: "me".into(),
        lease: LEASE,
        retention: None,
        planted: None,
    });
    let oven = (Oven(Arc::clone(&baked)),).members().pop().unwrap();
    let desk = Desk::new(&room, oven.name, oven.handlers).unwrap();
    let topic = desk.room.wiring.name();
    let group = crate::distributed::transaction::choreography::bus::Group::of(topic, "oven");
    crate::distributed::transaction::choreography::bus::Bus::declare(&bus, group.unwrap())
        .await
        .unwrap();
    let event = Event::from_parts(STARTED, 1, Encoding::Json, seconds.as_bytes().to_vec());
    let started = Envelope::new(topic, TransactionId::new(7), "bread", event).unwrap();
    let heard = Append::to(&desk.stream(&started).unwrap()).event(Entry::Heard(started).event());
    journal.append(heard.due(Due::Now)).await.unwrap();
    let claim = Claim::of([desk.kind.as_str()]).by("me").lease(LEASE);
    let lease = journal.claim(claim).await.unwrap().pop().unwrap();
    let began = tokio::time::sleep(Duration::ZERO).deadline();
    let worked = tokio::time::timeout(Duration::from_secs(3_600), desk.work(lease)).await;
    let put = worked.unwrap().unwrap();
    (put, began.elapsed().as_secs(), baked.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_does_not_answer_holds_no_handler_up() {
    // It was ended by the time the lease is over, and the journal writes it down.
    assert_eq!(bake("25", Renewals::Unanswered).await, (Put::Down("done"), 25, 1));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_may_have_is_let_go() {
    assert_eq!(bake("100", Renewals::Unanswered).await, (Put::Gone, 30, 0));
    assert_eq!(bake("100", Renewals::Refused).await, (Put::Gone, 10, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_renewed_may_take_its_time() {
    for renewals in [Renewals::Kept, Renewals::TwiceUnanswered] {
        let (put, took, baked) = bake("100", renewals).await;
        assert_eq!((took, baked), (100, 1), "{renewals:?}: {put:?}");
    }
}
