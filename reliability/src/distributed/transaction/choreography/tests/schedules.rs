//! Mistakes in the rules themselves, which nobody can make from outside, are found by made-up schedules
//! of one order: events that come twice, late and in the wrong order, a bus and journals that fail and do
//! not say whether they did, participants that are cut off between any two polls.
//!
//! That what has no mistake holds in thousands of schedules, whole processes and all, is a matter of
//! `tests/sim`.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::time::Duration;
use std::time::SystemTime;

use serde_json::json;

use super::order::{Orders, PlaceOrder, World, all};
use crate::distributed::transaction::choreography::bus::{
    Answer, Bus, BusError, Envelope, EventId, Group, Subscription, TransactionId,
};
use crate::distributed::transaction::choreography::desk::{Desk, Put, Room, START, control};
use crate::distributed::transaction::choreography::entry::Entry;
use crate::distributed::transaction::choreography::participant::Participants;
use crate::distributed::transaction::choreography::plan::Wiring;
use crate::distributed::transaction::choreography::rules::{REFUSED, STARTED};
use crate::distributed::transaction::choreography::task::Planted;
use crate::journal::{
    Answer as Answered, Append, Appended, Changes, Claim, Due, Encoding, Event, Head, Heads,
    Journal, JournalError, Lease, MemoryStore, Position, Record, Sequence, Store, StreamId,
};
use crate::sync::Mutex;
use crate::time::WallClock;

/// What can go wrong, as long as there is some left.
#[derive(Debug)]
struct Luck(Mutex<Option<fastrand::Rng>>);

impl Luck {
    fn fails(&self, share: f64) -> bool {
        self.0.lock().as_mut().is_some_and(|random| random.f64() < share)
    }
}

/// A store that may be cut off before and behind each thing it does.
#[derive(Debug)]
struct Stumbling(MemoryStore, Arc<Luck>);

impl Stumbling {
    fn slowly<'a, T: Send + 'a>(&'a self, writes: bool, doing: Answered<'a, T>) -> Answered<'a, T> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if self.1.fails(0.03) {
                return Err(JournalError::Unavailable { what: "it", source: "not now".into() });
            }
            let done = doing.await;
            tokio::task::yield_now().await;
            if writes && self.1.fails(0.03) {
                return Err(JournalError::Unknown { source: "the answer was lost".into() });
            }
            done
        })
    }
}

impl Store for Stumbling {
    fn append(&self, batch: Vec<Append>) -> Answered<'_, Vec<Appended>> {
        self.slowly(true, self.0.append(batch))
    }
    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answered<'_, Vec<Record>> {
        self.slowly(false, self.0.read(stream, after, most))
    }
    fn read_all(&self, after: Position, most: usize) -> Answered<'_, Vec<Record>> {
        self.0.read_all(after, most)
    }
    fn head(&self, stream: StreamId) -> Answered<'_, Option<Head>> {
        self.0.head(stream)
    }
    fn heads(&self, heads: Heads) -> Answered<'_, Vec<Head>> {
        self.0.heads(heads)
    }
    fn claim(&self, claim: Claim) -> Answered<'_, Vec<Lease>> {
        self.0.claim(claim)
    }
    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answered<'_, Vec<bool>> {
        self.0.renew(leases, length)
    }
    fn remove(&self, stream: StreamId, last: Sequence) -> Answered<'_, ()> {
        self.0.remove(stream, last)
    }
    fn remove_held(&self, lease: Lease) -> Answered<'_, ()> {
        self.0.remove_held(lease)
    }
    fn changes(&self) -> Changes {
        self.0.changes()
    }
}

/// A bus that says it has failed before and behind what it does, and delivers twice.
#[derive(Debug)]
struct Rumour {
    groups: Vec<&'static str>,
    under_way: Mutex<Vec<(&'static str, Envelope)>>,
    luck: Arc<Luck>,
}

impl Bus for Rumour {
    fn publish(&self, envelope: Envelope) -> Answer<'_, ()> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let failed = || "not now".into();
            if self.luck.fails(0.05) {
                return Err(BusError::Unavailable { what: "it", source: failed() });
            }
            for group in &self.groups {
                let copies = if self.luck.fails(0.2) { 2 } else { 1 };
                for _ in 0..copies {
                    self.under_way.lock().push((group, envelope.clone()));
                }
            }
            tokio::task::yield_now().await;
            match self.luck.fails(0.05) {
                true => Err(BusError::Unknown { what: "it", source: failed() }),
                false => Ok(()),
            }
        })
    }

    fn declare(&self, _: Group) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn subscribe(&self, _: Group) -> Answer<'_, Box<dyn Subscription>> {
        Box::pin(async { Err(BusError::Closed) })
    }

    fn remove(&self, _: Group) -> Answer<'_, ()> {
        Box::pin(async { Err(BusError::Closed) })
    }
}

/// One order in one made-up world.
struct Play {
    random: fastrand::Rng,
    clock: WallClock,
    luck: Arc<Luck>,
    world: Arc<World>,
    bus: Arc<Rumour>,
    desks: Vec<Desk<PlaceOrder>>,
    envelope: Envelope,
}

/// How long a worker has a transaction.
const LEASE: Duration = Duration::from_secs(30);

impl Play {
    async fn begin(seed: u64, planted: Option<Planted>) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        // What the participants draw lots with.
        fastrand::seed(random.u64(..));
        let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let luck = Arc::new(Luck(Mutex::new(Some(random.fork()))));
        let world: Arc<World> = Arc::default();
        *world.random.lock() = Some(random.fork());
        let refuser = random.usize(..6);
        world.refuses.lock().extend(["reserve", "quote", "charge"].get(refuser));
        let wiring = Wiring::of::<Orders>();
        let groups = wiring.participants().into_iter().chain([START]).collect();
        let (under_way, own) = (Mutex::new(Vec::new()), Arc::clone(&luck));
        let bus = Arc::new(Rumour { groups, under_way, luck: own });
        let desk = |name, handlers| {
            let store = Stumbling(MemoryStore::with_clock(&clock), Arc::clone(&luck));
            let room = Room {
                journal: Journal::on(store),
                bus: Arc::clone(&bus) as Arc<dyn Bus>,
                wiring: wiring.clone(),
                clock: clock.clone(),
                owner: "me".into(),
                lease: LEASE,
                retention: None,
                planted,
            };
            Desk::new(&Arc::new(room), name, handlers).unwrap()
        };
        let members = all(&world).members().into_iter();
        let mut desks: Vec<_> = members.map(|it| desk(it.name, it.handlers)).collect();
        desks.push(desk(START, Vec::new()));
        let event = Event::from_parts(STARTED, 1, Encoding::Json, b"3".to_vec());
        let transaction = TransactionId::new(random.u128(..));
        let envelope = Envelope::new("place_order", transaction, "order-1", event).unwrap();
        let play = Self { random, clock, luck, world, bus, desks, envelope };
        play.start().await;
        play
    }

    async fn start(&self) {
        let front = self.desks.last().unwrap();
        let stream = front.stream(&self.envelope).unwrap();
        let entry = Entry::Started(self.envelope.clone()).event();
        loop {
            let append = Append::to(&stream).after(Sequence::START).event(entry.clone());
            match front.room.journal.append(append.due(Due::Now)).await {
                Ok(_) | Err(JournalError::Conflict { .. }) => return,
                Err(_) => {}
            }
        }
    }

    /// One thing happens, perhaps not to its end.
    async fn step(&mut self) {
        let cut = match self.random.u8(..4) {
            0 => self.random.u32(1..40),
            _ => u32::MAX,
        };
        match self.random.u8(..10) {
            0 => self.clock.advance(Duration::from_millis(self.random.u64(1..40_000))),
            1 if self.random.u8(..20) == 0 => self.cancel(),
            1..=5 => self.deliver(cut).await,
            _ => {
                let desk = self.random.usize(..self.desks.len());
                self.work(desk, cut).await;
            }
        }
    }

    fn cancel(&self) {
        let event = control(REFUSED, &json!({ "cancelled": "by somebody" }));
        let transaction = self.envelope.transaction();
        let envelope = Envelope::new("place_order", transaction, "order-1", event).unwrap();
        let envelope = envelope.with_id(EventId::new("cancelled").unwrap());
        for group in &self.bus.groups {
            self.bus.under_way.lock().push((group, envelope.clone()));
        }
    }

    async fn deliver(&mut self, cut: u32) {
        let (group, envelope) = {
            let mut under_way = self.bus.under_way.lock();
            if under_way.is_empty() {
                return;
            }
            let which = self.random.usize(..under_way.len());
            under_way.swap_remove(which)
        };
        let desk = self.desks.iter().find(|desk| desk.name == group).unwrap();
        let taken = within(cut, desk.take(&envelope)).await;
        // What was not acknowledged comes again, and so does what was, now and then.
        if !matches!(taken, Some(Ok(_))) || self.luck.fails(0.1) {
            self.bus.under_way.lock().push((group, envelope));
        }
    }

    async fn work(&mut self, desk: usize, cut: u32) -> bool {
        let desk = &self.desks[desk];
        let claim = Claim::of([desk.kind.as_str()]).by("me").lease(LEASE);
        let Some(lease) = desk.room.journal.claim(claim).await.unwrap().pop() else { return false };
        match within(cut, desk.work(lease.clone())).await {
            // It died, and its lease runs out by and by.
            None => {}
            Some(Ok(Put::Down(_) | Put::Gone | Put::Forgotten)) => {}
            Some(Err(_)) => {
                let append = Append::to(&lease.stream).fenced(&lease).due(Due::Now).release();
                let _ = desk.room.journal.append(append).await;
            }
        }
        true
    }

    /// Nothing goes wrong any more: it must come to its end.
    async fn heal(&mut self) -> Result<(), String> {
        *self.luck.0.lock() = None;
        *self.world.random.lock() = None;
        for _ in 0..2_000 {
            self.clock.advance(LEASE + Duration::from_secs(60));
            let mut busy = false;
            while !self.bus.under_way.lock().is_empty() {
                self.deliver(u32::MAX).await;
                busy = true;
            }
            for desk in 0..self.desks.len() {
                busy |= self.work(desk, u32::MAX).await;
                busy |= self.retry(desk).await;
            }
            if !busy {
                return Ok(());
            }
        }
        Err("it never comes to rest".into())
    }

    /// Somebody looks at what is parked.
    async fn retry(&self, desk: usize) -> bool {
        let desk = &self.desks[desk];
        let parked = Heads::of(&desk.kind).with_status("parked");
        let parked = desk.room.journal.heads(parked).await.unwrap();
        for head in &parked {
            let entry = Entry::Retried { by: "ada".into(), why: "it works again".into() };
            let append = Append::to(&head.stream).event(entry.event()).due(Due::Now);
            desk.room.journal.append(append.status("running")).await.unwrap();
        }
        !parked.is_empty()
    }

    async fn check(&self) -> Result<&'static str, String> {
        if let Some(wrong) = self.world.wrong.lock().first() {
            return Err(wrong.clone());
        }
        let mut end = "nothing";
        for desk in &self.desks {
            for head in desk.room.journal.heads(Heads::of(&desk.kind)).await.unwrap() {
                match (desk.name, head.status.as_str()) {
                    (START, "done") => end = "done",
                    (START, "undone") => end = "undone",
                    (_, "done" | "undone") => {}
                    (name, status) => return Err(format!("`{name}` has left it `{status}`")),
                }
            }
        }
        let standing = self.world.standing();
        let expected: &[&str] = match end {
            "done" => &["Charged", "Mailed", "Reserved"],
            _ => &[],
        };
        match standing == expected && end != "nothing" {
            true => Ok(end),
            false => Err(format!("it is {end}, and {standing:?} stands")),
        }
    }
}

/// Drops it when it has been polled so often.
async fn within<T>(polls: u32, doing: impl Future<Output = T>) -> Option<T> {
    let mut left = polls;
    let mut doing = core::pin::pin!(doing);
    core::future::poll_fn(|context| match doing.as_mut().poll(context) {
        core::task::Poll::Ready(done) => core::task::Poll::Ready(Some(done)),
        core::task::Poll::Pending if left == 0 => core::task::Poll::Ready(None),
        core::task::Poll::Pending => {
            left = left.saturating_sub(u32::from(polls != u32::MAX));
            core::task::Poll::Pending
        }
    })
    .await
}

async fn play(seed: u64, planted: Option<Planted>) -> Result<&'static str, String> {
    let mut play = Play::begin(seed, planted).await;
    for _ in 0..play.random.u32(20..200) {
        play.step().await;
    }
    play.heal().await?;
    play.check().await
}

fn run(seed: u64, planted: Option<Planted>) -> Result<&'static str, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(play(seed, planted))
}

/// The first of so many schedules in which something is wrong.
fn found(seeds: u64, planted: Option<Planted>) -> Option<String> {
    let told = |seed, wrong| format!("schedule {seed}: {wrong}");
    (0..seeds).find_map(|seed| run(seed, planted).err().map(|wrong| told(seed, wrong)))
}

#[test]
fn mistakes_in_the_rules_are_found() {
    for planted in [Planted::Hasty, Planted::NoBarrier, Planted::NoProbe] {
        assert!(found(1_500, Some(planted)).is_some(), "{planted:?} is found by no schedule");
    }
    assert_eq!(found(300, None), None, "and without a mistake");
}
