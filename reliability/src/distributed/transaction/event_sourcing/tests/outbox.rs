//! Several processes with one outbox: one of them publishes, in order, around what cannot be told.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, SystemTime};

use super::account::*;
use crate::distributed::transaction::event_sourcing::{
    Failure, Happened, MemoryReadStore, Outbox, ProjectionError, Publisher, Repository,
};
use crate::error::{Class, Fault as _};
use crate::journal::{Heads, Journal, MemoryStore};
use crate::sync::Mutex;
use crate::time::WallClock;

/// The other side, as all who publish see it.
#[derive(Default)]
struct Other {
    /// Who has told what, in order.
    told: Vec<(u32, String, u64)>,
    /// How many are telling something now, and the most that ever were.
    now: u32,
    most: u32,
    /// Cannot be reached.
    is_away: bool,
    /// Takes no deposit of so much.
    poison: Option<u64>,
}

#[derive(Clone)]
struct Wire {
    other: Arc<Mutex<Other>>,
    from: u32,
    /// Does not come back before somebody says so.
    holds: Option<Arc<tokio::sync::Notify>>,
}

impl Publisher for Wire {
    type Event = AccountEvent;
    const NAME: &'static str = "Wire to Oslo";

    async fn publish(&mut self, happened: &Happened<AccountEvent>) -> Result<(), Failure> {
        {
            let mut other = self.other.lock();
            if other.is_away {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused).into());
            }
            if matches!(&happened.event, AccountEvent::Deposited(it) if Some(it.cents) == other.poison)
            {
                return Err("it does not take that".into());
            }
            let (stream, sequence) = (happened.stream.key().to_owned(), happened.sequence.get());
            other.told.push((self.from, stream, sequence));
            other.now += 1;
            other.most = other.most.max(other.now);
        }
        match &self.holds {
            Some(holds) => holds.notified().await,
            None => tokio::task::yield_now().await,
        }
        self.other.lock().now -= 1;
        Ok(())
    }
}

struct World {
    clock: WallClock,
    journal: Journal,
    store: MemoryReadStore<()>,
    other: Arc<Mutex<Other>>,
}

impl World {
    async fn with_deposits(many: u64) -> Self {
        let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        let journal = Journal::on(MemoryStore::with_clock(&clock));
        let (store, other) = (MemoryReadStore::new(()), Arc::new(Mutex::new(Other::default())));
        let world = Self { clock, journal, store, other };
        for key in ["1", "2", "3"] {
            world.execute(key, Command::Open("Ada")).await;
        }
        for number in 0..many {
            world.execute(["1", "2", "3"][number as usize % 3], Command::Deposit(number + 1)).await;
        }
        world
    }

    async fn execute(&self, key: &str, command: Command) {
        let accounts: Repository<Account> = Repository::on(&self.journal);
        accounts.execute(key, &command).await.unwrap();
    }

    fn wire(&self, from: u32) -> Wire {
        Wire { other: Arc::clone(&self.other), from, holds: None }
    }

    fn outbox(&self, wire: Wire) -> Outbox<MemoryReadStore<()>, Wire> {
        let owner = format!("process-{}", wire.from);
        Outbox::of(&self.journal, self.store.clone(), wire).owner(&owner)
    }

    fn told_by(&self, from: u32) -> usize {
        self.other.lock().told.iter().filter(|(by, ..)| *by == from).count()
    }

    /// The numbers of each stream as they came.
    fn told(&self) -> BTreeMap<String, Vec<u64>> {
        let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (_, stream, sequence) in &self.other.lock().told {
            told.entry(stream.clone()).or_default().push(*sequence);
        }
        told
    }
}

#[tokio::test(start_paused = true)]
async fn while_one_publishes_others_do_not_and_take_over_when_it_is_frozen() {
    let world = World::with_deposits(9).await;
    let holds = Arc::new(tokio::sync::Notify::new());
    let slow = Wire { holds: Some(Arc::clone(&holds)), ..world.wire(1) };
    let (mut first, mut second) = (world.outbox(slow), world.outbox(world.wire(2)));
    {
        let mut publishing = pin!(first.catch_up());
        let mut context = Context::from_waker(Waker::noop());
        assert!(publishing.as_mut().poll(&mut context).is_pending());
        assert_eq!(world.told_by(1), 1, "it is at the first one");
        let progress = second.catch_up().await.unwrap();
        assert!(!progress.is_caught_up && world.told_by(2) == 0, "it is not its turn");
        let held = world.journal.heads(Heads::all().most(1_000)).await.unwrap();
        let held: Vec<_> = held.iter().filter_map(|head| head.held.as_ref()).collect();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].owner, "process-1");
        // It is frozen for longer than its lease.
        world.clock.advance(Duration::from_secs(11));
        assert!(second.catch_up().await.unwrap().is_caught_up);
        holds.notify_one();
        let overtaken = publishing.await.unwrap_err();
        assert!(matches!(&overtaken, ProjectionError::Store(_)), "{overtaken}");
    }
    assert_eq!((world.told_by(1), world.told_by(2)), (1, 12));
    assert_eq!(world.told()["1"], [1, 1, 2, 3, 4], "the one at which it froze came again");
    assert_eq!(world.told()["2"], [1, 2, 3, 4]);
    // It was given back, so the next one has it at once.
    world.execute("2", Command::Deposit(1)).await;
    assert!(second.catch_up().await.unwrap().is_caught_up);
    assert_eq!(world.told()["2"], [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn who_was_dropped_while_it_published_goes_on_at_once() {
    let world = World::with_deposits(3).await;
    let holds = Arc::new(tokio::sync::Notify::new());
    let mut outbox = world.outbox(Wire { holds: Some(Arc::clone(&holds)), ..world.wire(1) });
    let mut other = world.outbox(world.wire(2));
    {
        let mut publishing = pin!(outbox.catch_up());
        let mut context = Context::from_waker(Waker::noop());
        assert!(publishing.as_mut().poll(&mut context).is_pending());
        assert_eq!(world.told_by(1), 1, "it is at the first one");
    }
    assert!(!other.catch_up().await.unwrap().is_caught_up, "somebody has the lease");
    let let_through = async {
        loop {
            holds.notify_one();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        caught_up = outbox.catch_up() => assert!(caught_up.unwrap().is_caught_up),
        () = let_through => {}
    }
    assert_eq!(world.told()["1"], [1, 1, 2], "the one at which it was dropped came again");
    // Once it has lost its lease, it takes it like anybody else.
    assert!(other.catch_up().await.unwrap().is_caught_up);
}

#[tokio::test(start_paused = true)]
async fn of_many_that_follow_one_publishes_at_a_time_and_in_order() {
    let world = World::with_deposits(30).await;
    let following: Vec<_> = (0..5)
        .map(|from| {
            let mut outbox = world.outbox(world.wire(from));
            tokio::spawn(async move { outbox.follow().await.map(|never| match never {}) })
        })
        .collect();
    for round in 0_u64..5 {
        for number in 0..6_u64 {
            world.execute(["1", "2", "3"][number as usize % 3], Command::Deposit(1)).await;
        }
        let all = 33 + 6 * (round as usize + 1);
        while world.other.lock().told.len() < all {
            // Whoever has it goes away, and its lease runs out.
            tokio::time::sleep(Duration::from_secs(1)).await;
            world.clock.advance(Duration::from_secs(1));
        }
        let working = world.other.lock().told.last().map(|(from, ..)| *from as usize).unwrap();
        following[working].abort();
        assert_eq!(world.other.lock().told.len(), all, "each came once");
        if round == 4 {
            break;
        }
    }
    assert_eq!(world.other.lock().most, 1, "never two at a time");
    for (stream, numbers) in world.told() {
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{stream}: {numbers:?}");
    }
    let mut who: Vec<_> = world.other.lock().told.iter().map(|(from, ..)| *from).collect();
    who.dedup();
    assert_eq!(who.len(), 5, "each had its turn");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_parked_while_the_other_side_is_away() {
    let world = World::with_deposits(3).await;
    world.other.lock().is_away = true;
    let mut outbox = world.outbox(world.wire(1));
    for _ in 0..4 {
        let away = outbox.catch_up().await.unwrap_err();
        assert_eq!(away.class(), Class::Transient);
        assert!(matches!(&away, ProjectionError::Away(_)), "{away}");
    }
    assert_eq!(outbox.parked().await.unwrap(), []);
    world.other.lock().is_away = false;
    assert_eq!(outbox.catch_up().await.unwrap().applied, 6);
    assert_eq!(world.told()["3"], [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_is_mended_elsewhere_goes_on_in_order_where_the_rest_is_published() {
    let world = World::with_deposits(9).await;
    world.other.lock().poison = Some(5);
    let mut following = world.outbox(world.wire(1));
    assert_eq!(following.catch_up().await.unwrap().parked, 2);
    assert_eq!((world.told()["2"].len(), world.told()["1"].len()), (2, 4));
    let mut operator = world.outbox(world.wire(2));
    assert_eq!(operator.retry_parked().await.unwrap(), 0, "it does not take it still");
    world.execute("2", Command::Deposit(70)).await;
    assert_eq!(following.catch_up().await.unwrap().parked, 3, "it waits behind the other one");
    world.other.lock().poison = None;
    assert_eq!(operator.retry_parked().await.unwrap(), 3);
    world.execute("2", Command::Deposit(80)).await;
    assert_eq!(following.catch_up().await.unwrap().parked, 0);
    assert_eq!(world.told()["2"], [1, 2, 3, 4, 5, 6]);
}
