//! An engine whose journal, clock, users and neighbours do what they should not.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::Semaphore;

use super::super::*;
use crate::journal::{
    Answer, Append, Appended, Changes, Claim, Due, Encoding, Event, Head, Heads, Journal,
    JournalError, Lease, MemoryStore, Position, Record, Sequence, Store, StreamId,
};
use crate::resilience::retry::Backoff;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::time::WallClock;

/// Two steps side by side, a signal or a pause, and a last step.
pub(super) struct Small<const VERSION: u32> {
    step: usize,
    value: u64,
}

/// Thirteen is not to be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Wanted(pub(super) u128);

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = u128::deserialize(deserializer)?;
        assert_ne!(wanted, 13, "nobody reads thirteen");
        Ok(Self(wanted))
    }
}

pub(super) struct World {
    /// So many attempts at the first step fail.
    fails: AtomicUsize,
    /// What the second step waits for.
    pub(super) gate: Semaphore,
    pub(super) seen: Mutex<Vec<String>>,
}

impl World {
    pub(super) fn failing(attempts: usize) -> Arc<Self> {
        let (fails, gate) = (AtomicUsize::new(attempts), Semaphore::new(100));
        Arc::new(Self { fails, gate, seen: Mutex::new(Vec::new()) })
    }

    fn see(&self, what: String) {
        self.seen.lock().push(what);
    }
}

const PAUSED: u32 = 9;
const SHORT: Backoff = Backoff::constant(Duration::from_millis(5));
const FIRST: Step = Step::new("First", Kind::Compensable).undo().attempts(2).backoff(SHORT);
const WAITS: Step = Step::new("Waits", Kind::Compensable).after(&[0, 1]);
const LAST: Step = Step::new("Last", Kind::Retriable).after(&[2]).needs(&[0]);

impl<const VERSION: u32> Small<VERSION> {
    const STEPS: &'static [Step] = &[
        FIRST,
        Step::new("Beside", Kind::Compensable),
        match VERSION {
            PAUSED => WAITS.timer(Duration::from_secs(3600)),
            _ => WAITS.signal(),
        },
        LAST,
    ];
}

impl<const VERSION: u32> Saga for Small<VERSION> {
    type Input = Wanted;
    type Refusal = ();
    type Shared = World;
    type Done = u64;

    const DEFINITION: Definition = Definition::new("small", VERSION, Self::STEPS);

    fn call(step: usize, cx: Cx<World>, history: Arc<History<Self>>) -> Doing<Self> {
        Box::pin(async move {
            let (world, wanted) = (cx.shared(), history.input().0);
            world.see(format!("{} of {wanted}", cx.step()));
            let less = |it: usize| it.checked_sub(1);
            let fails = || world.fails.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
            match step {
                0 if fails().is_ok() => Err(Outcome::transient("busy")),
                1 => match world.gate.acquire().await {
                    Ok(_) => Ok(Self { step, value: 1 }),
                    Err(_) => Err(Outcome::unknown("closed")),
                },
                3 => match history.output(0) {
                    Some(first) => Ok(Self { step, value: first.value }),
                    None => Err(Outcome::unknown("an output is missing")),
                },
                _ => Ok(Self { step, value: 1 }),
            }
        })
    }

    fn undo(_: usize, _: Cx<World>, _: Arc<History<Self>>) -> Undoing {
        Box::pin(async { Ok(()) })
    }

    fn place(&self) -> usize {
        self.step
    }

    fn write(&self) -> Result<Vec<u8>, Unwritable> {
        Ok(serde_json::to_vec(&self.value)?)
    }

    fn read(step: usize, output: &[u8]) -> Result<Self, Unwritable> {
        Ok(Self { step, value: serde_json::from_slice(output)? })
    }

    fn done(history: History<Self>) -> Option<u64> {
        history.output(3).map(|last| last.value)
    }

    fn migrate(mut old: Old) -> Result<Old, Unwritable> {
        old.input = (old.input.as_u64().unwrap_or_default() + 100).into();
        Ok(old)
    }
}

/// A store that does what it is told, or not.
#[derive(Debug)]
pub(super) struct Faulty {
    inner: MemoryStore,
    claims: AtomicUsize,
    /// So many readings fail, behind each claim that finds something.
    unread: AtomicUsize,
    unreadable: AtomicUsize,
    /// What somebody else writes just before a run is put down or removed.
    pub(super) meanwhile: Mutex<Option<Append>>,
    /// The call that is not answered any more.
    pub(super) hung: Mutex<Option<&'static str>>,
    /// How often it was made.
    pub(super) hangs: AtomicUsize,
}

impl Faulty {
    async fn through(&self, call: &'static str) {
        if *self.hung.lock() == Some(call) {
            self.hangs.fetch_add(1, Ordering::Relaxed);
            core::future::pending().await
        }
    }

    async fn meanwhile(&self) -> Result<(), JournalError> {
        let other = self.meanwhile.lock().take();
        match other {
            Some(other) => self.inner.append(Vec::from([other])).await.map(drop),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Clone)]
struct Shared(Arc<Faulty>);

fn faulty() -> (Arc<Faulty>, Journal) {
    faulty_at(&WallClock::system())
}

pub(super) fn faulty_at(clock: &WallClock) -> (Arc<Faulty>, Journal) {
    let store = Arc::new(Faulty {
        inner: MemoryStore::with_clock(clock),
        claims: AtomicUsize::new(0),
        unread: AtomicUsize::new(0),
        unreadable: AtomicUsize::new(0),
        meanwhile: Mutex::new(None),
        hung: Mutex::new(None),
        hangs: AtomicUsize::new(0),
    });
    let journal = Journal::on(Shared(Arc::clone(&store)));
    (store, journal)
}

impl Store for Shared {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        Box::pin(async move {
            let text = format!("{batch:?}");
            let puts_down = text.contains("epoch: Some") && text.contains("events: []");
            if puts_down {
                self.0.meanwhile().await?;
            }
            self.0.inner.append(batch).await
        })
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        let less = |it: usize| it.checked_sub(1);
        let left = self.0.unreadable.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        match left {
            Err(_) => self.0.inner.read(stream, after, most),
            Ok(_) => Box::pin(async {
                Err(JournalError::Unavailable { what: "read", source: "it is away".into() })
            }),
        }
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.0.inner.read_all(after, most)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.0.inner.head(stream)
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.0.inner.heads(heads)
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        Box::pin(async move {
            let leases = self.0.inner.claim(claim).await?;
            self.0.claims.fetch_add(leases.len(), Ordering::Relaxed);
            if !leases.is_empty() {
                let unread = self.0.unread.swap(0, Ordering::Relaxed);
                self.0.unreadable.store(unread, Ordering::Relaxed);
            }
            Ok(leases)
        })
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        Box::pin(async move {
            self.0.through("renew").await;
            self.0.inner.renew(leases, length).await
        })
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        Box::pin(async move {
            self.0.through("remove").await;
            self.0.inner.remove(stream, last).await
        })
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        Box::pin(async move {
            self.0.through("remove").await;
            self.0.meanwhile().await?;
            self.0.inner.remove_held(lease).await
        })
    }

    fn changes(&self) -> Changes {
        self.0.inner.changes()
    }
}

pub(super) fn stream() -> StreamId {
    StreamId::new("small", "1").unwrap()
}

/// As soon as lists say so; and what they have said until then.
pub(super) async fn listed(journal: &Journal, status: &str) -> Vec<String> {
    let mut said = Vec::new();
    for _ in 0..1_000 {
        let head = journal.head(&stream()).await.unwrap().unwrap();
        if said.last() != Some(&head.status) {
            said.push(head.status.clone());
        }
        if head.status == status && head.held.is_none() {
            return said;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it was never `{status}`, but {said:?}");
}

/// It waits for its signal, and nobody holds it.
async fn put_down(journal: &Journal) {
    for _ in 0..1_000 {
        let head = journal.head(&stream()).await.unwrap().unwrap();
        if head.held.is_none() && head.sequence.get() >= 3 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("somebody holds it");
}

pub(super) fn said<const VERSION: u32>() -> Small<VERSION> {
    Small { step: 2, value: 0 }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stops_leaves_what_it_did_not_begin_to_others() {
    let (world, journal) = (World::failing(1), Journal::in_memory());
    world.gate.forget_permits(100);
    let clock = WallClock::manual(WallClock::system().now());
    let sagas = Sagas::on(&journal).saga::<Small<1>>(Arc::clone(&world)).clock(&clock);
    let sagas = sagas.start().unwrap();
    sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    sagas.signal("1", said::<1>()).await.unwrap();
    // The first step has failed, and would be tried again while the engine waits for the second.
    while journal.head(&stream()).await.unwrap().unwrap().sequence.get() < 3 {
        tokio::task::yield_now().await;
    }
    let stopped = tokio::spawn(async move { sagas.stop(Duration::from_secs(600)).await });
    tokio::time::sleep(Duration::from_millis(1)).await;
    clock.advance(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.gate.add_permits(100);
    stopped.await.unwrap();
    let head = journal.head(&stream()).await.unwrap().unwrap();
    assert!(head.due_at.is_some() && head.held.is_none(), "{head:?}");

    let others = Sagas::on(&journal).saga::<Small<1>>(world).start().unwrap();
    let end = others.find::<Small<1>>("1").unwrap().ended().await.unwrap();
    assert!(matches!(end, End::Completed(1)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_is_away_says_nothing_of_the_run() {
    let (store, journal) = faulty();
    let sagas = Sagas::on(&journal).saga::<Small<1>>(World::failing(0)).start().unwrap();
    sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    put_down(&journal).await;
    store.unread.store(3, Ordering::Relaxed);
    sagas.signal("1", said::<1>()).await.unwrap();
    assert_eq!(listed(&journal, "completed").await, ["running", "completed"]);
    assert_eq!(store.unread.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_reading_panics_is_broken_and_held_by_nobody() {
    let journal = Journal::in_memory();
    let sagas = Sagas::on(&journal).saga::<Small<1>>(World::failing(0)).start().unwrap();
    sagas.start::<Small<1>>("1", Wanted(13)).await.unwrap();
    put_down(&journal).await;
    Operator::on(&journal).cancel(&stream(), "ada", "to see it read").await.unwrap();
    listed(&journal, "broken").await;
    assert!(format!("{sagas:?}").contains("active: 0"), "{sagas:?}");
}

#[tokio::test(start_paused = true)]
async fn an_input_is_read_as_it_was_written_however_large_its_numbers() {
    let (journal, world) = (Journal::in_memory(), World::failing(0));
    let sagas = Sagas::on(&journal).saga::<Small<1>>(Arc::clone(&world)).start().unwrap();
    let small = sagas.start::<Small<1>>("1", Wanted(u128::MAX)).await.unwrap();
    put_down(&journal).await;
    sagas.signal("1", said::<1>()).await.unwrap();
    assert!(matches!(small.ended().await.unwrap(), End::Completed(1)));
    let last = world.seen.lock().pop();
    assert_eq!(last, Some(format!("Last of {}", u128::MAX)));
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_says_while_a_worker_looks_reaches_the_steps() {
    let (store, journal) = faulty();
    let world = World::failing(2);
    let sagas = Sagas::on(&journal).saga::<Small<1>>(Arc::clone(&world)).start().unwrap();
    let small = sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    sagas.signal("1", said::<1>()).await.unwrap();
    listed(&journal, "stuck").await;
    let text = br#"{"step":"First","value":7,"by":"ada","why":"by phone"}"#.to_vec();
    let event = Event::from_parts("saga.edited", 1, Encoding::Json, text);
    *store.meanwhile.lock() = Some(Append::to(&stream()).event(event).due(Due::Now));
    journal.append(Append::to(&stream()).due(Due::Now)).await.unwrap();
    listed(&journal, "completed").await;
    assert!(matches!(small.ended().await.unwrap(), End::Completed(7)));
    let lasts = world.seen.lock().iter().filter(|it| it.starts_with("Last")).count();
    assert_eq!(lasts, 1);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_was_changed_is_carried_over_to_the_next_version() {
    let (journal, world) = (Journal::in_memory(), World::failing(2));
    let sagas = Sagas::on(&journal).saga::<Small<1>>(Arc::clone(&world)).start().unwrap();
    sagas.start::<Small<1>>("1", Wanted(1)).await.unwrap();
    listed(&journal, "stuck").await;
    sagas.stop(Duration::from_secs(1)).await;
    Operator::on(&journal).edit(&stream(), &5.into(), "ada", "five").await.unwrap();

    let newer = Sagas::on(&journal).saga::<Small<2>>(Arc::clone(&world)).start().unwrap();
    put_down(&journal).await;
    newer.signal("1", said::<2>()).await.unwrap();
    listed(&journal, "completed").await;
    assert_eq!(world.seen.lock().pop(), Some("Last of 105".into()));
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_clock_is_late_does_not_take_up_the_same_run_again_and_again() {
    let (store, journal) = faulty();
    let late = WallClock::manual(WallClock::system().now() - Duration::from_secs(3 * 3600));
    let sagas = Sagas::on(&journal).saga::<Small<PAUSED>>(World::failing(0)).clock(&late);
    let sagas = sagas.start().unwrap();
    sagas.start::<Small<PAUSED>>("1", Wanted(1)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let claims = store.claims.load(Ordering::Relaxed);
    assert!(claims < 5, "it was claimed {claims} times");
}
