//! Three-phase commit of sites in tasks of their own, each with a journal, which are killed between
//! any two things that anybody does.

mod alone;
mod crashes;
mod events;
mod metrics;
mod operator;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reliability::distributed::transaction::three_phase::{
    Coordinator, Envelope, Local, Member, Message, Outcome, Site, Standing, ThreePhase,
    ThreePhaseError, Transport,
};
use reliability::distributed::transaction::two_phase::{
    Answer, Resource, TransactionId, Unreachable,
};
use reliability::distributed::transaction::{Decision, Followed, Vote};
use reliability::journal::{Journal, Sequence, StreamId};

const ROUND: Duration = Duration::from_millis(100);
const NAMES: [&str; 3] = ["a", "b", "c"];
const COORDINATOR: usize = NAMES.len();

fn id() -> TransactionId {
    TransactionId::new("order-1").unwrap()
}

/// A database that outlives its site. What it is to do is the vote that it gives.
#[derive(Clone)]
struct Shelf {
    name: &'static str,
    kept: Arc<Mutex<Kept>>,
    world: Arc<Mutex<World>>,
}

#[derive(Debug, Default)]
struct Kept {
    promised: Vec<TransactionId>,
    done: BTreeMap<TransactionId, Decision>,
    /// How many calls it does not answer, after it has done what they ask for.
    lost: u32,
    /// How long a call takes.
    slow: Duration,
}

impl Shelf {
    fn done(&self) -> Option<Decision> {
        self.kept.lock().unwrap().done.get(&id()).copied()
    }

    fn follow(&self, transaction: &TransactionId, told: Decision) -> Answer<'_, Followed> {
        let transaction = transaction.clone();
        Box::pin(async move {
            something_happens(&self.world).await;
            let slow = self.kept.lock().unwrap().slow;
            tokio::time::sleep(slow).await;
            let kept = &mut *self.kept.lock().unwrap();
            kept.promised.retain(|it| *it != transaction);
            let done = *kept.done.entry(transaction).or_insert(told);
            if kept.lost > 0 {
                kept.lost -= 1;
                return Err(Unreachable::new(self.name, "the line is cut"));
            }
            Ok(if done == told { Followed::AsTold } else { Followed::Against })
        })
    }
}

impl Resource for Shelf {
    fn name(&self) -> &str {
        self.name
    }

    fn commit(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.follow(transaction, Decision::Commit)
    }

    fn abort(&self, transaction: &TransactionId) -> Answer<'_, Followed> {
        self.follow(transaction, Decision::Abort)
    }
}

impl Member for Shelf {
    fn prepare(&self, transaction: &TransactionId, work: &str) -> Answer<'_, Vote> {
        let (transaction, work) = (transaction.clone(), work.to_owned());
        Box::pin(async move {
            let slow = self.kept.lock().unwrap().slow;
            tokio::time::sleep(slow).await;
            if work == "no" {
                return Ok(Vote::No);
            }
            self.kept.lock().unwrap().promised.push(transaction);
            something_happens(&self.world).await;
            match work.as_str() {
                "panic" => panic!("on purpose"),
                _ => Ok(Vote::Yes),
            }
        })
    }
}

/// Who lives, and who dies when.
#[derive(Default)]
struct World {
    sites: [Option<Site>; 3],
    coordinator: Option<Coordinator>,
    run: Option<tokio::task::AbortHandle>,
    /// How many things have happened.
    happened: usize,
    /// Before which of them those die.
    dies: Option<(usize, Vec<usize>)>,
}

/// One more thing happens, unless somebody dies before: whose task this is goes no further then.
async fn something_happens(world: &Arc<Mutex<World>>) {
    let dead = {
        let world = &mut *world.lock().unwrap();
        world.happened += 1;
        match &world.dies {
            Some((at, victims)) if *at == world.happened => {
                let victims = victims.clone();
                victims.iter().map(|victim| world.take(*victim)).collect()
            }
            _ => Vec::new(),
        }
    };
    drop(dead);
    tokio::task::yield_now().await;
}

impl World {
    /// Dropped outside of the lock, because it drops what locks.
    fn take(&mut self, victim: usize) -> (Option<Site>, Option<Coordinator>) {
        match victim {
            COORDINATOR => {
                self.run.take().inspect(tokio::task::AbortHandle::abort);
                (None, self.coordinator.take())
            }
            site => (self.sites[site].take(), None),
        }
    }
}

/// Counts what is sent.
#[derive(Clone)]
struct Wire {
    bus: Local,
    world: Arc<Mutex<World>>,
}

impl Transport for Wire {
    fn send(&self, envelope: Envelope) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            something_happens(&self.world).await;
            self.bus.send(envelope).await;
        })
    }
}

/// Three sites and a coordinator, which can be killed and begun again.
struct Play {
    wire: Wire,
    shelves: [Shelf; 3],
    journals: [Journal; 4],
}

type Ended = Option<Result<Outcome, ThreePhaseError>>;

impl Play {
    fn new() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let shelves = NAMES.map(|name| {
            let (kept, world) = (Arc::default(), Arc::clone(&world));
            Shelf { name, kept, world }
        });
        let journals = std::array::from_fn(|_| Journal::in_memory());
        let play = Self { wire: Wire { bus: Local::new(), world }, shelves, journals };
        (0..=COORDINATOR).for_each(|who| play.start(who));
        play
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.wire.world.lock().unwrap()
    }

    fn start(&self, who: usize) {
        let protocol = ThreePhase::assuming_no_partition(ROUND);
        let setup = protocol.on(&self.journals[who], self.wire.clone());
        if who == COORDINATOR {
            let coordinator = setup.coordinator("orders").unwrap();
            self.wire.bus.attach(coordinator.inbox());
            self.world().coordinator = Some(coordinator);
        } else {
            let site = setup.site(self.shelves[who].clone()).unwrap();
            self.wire.bus.attach(site.inbox());
            self.world().sites[who] = Some(site);
        }
    }

    fn kill(&self, who: usize) {
        let dead = self.world().take(who);
        drop(dead);
    }

    fn alive(&self) -> Vec<usize> {
        let world = self.world();
        (0..NAMES.len()).filter(|site| world.sites[*site].is_some()).collect()
    }

    /// The transaction to its end, or to that of its coordinator.
    async fn run(&self, works: [&'static str; 3]) -> Ended {
        let coordinator = self.world().coordinator.clone().unwrap();
        let run =
            tokio::spawn(async move { coordinator.run(id(), NAMES.into_iter().zip(works)).await });
        self.world().run = Some(run.abort_handle());
        run.await.ok()
    }

    /// What a site has written down last.
    async fn standing(&self, site: usize) -> Option<Standing> {
        let kind = format!("three_phase.{}", NAMES[site]);
        let stream = StreamId::new(&kind, id().as_str()).unwrap();
        let records = self.journals[site].read_to_end(&stream, Sequence::START).await.unwrap();
        records.iter().rev().find_map(|record| {
            let fields: serde_json::Value = record.event.read_json().unwrap();
            Standing::from_name(fields["standing"].as_str()?)
        })
    }

    /// Something that a site is asked, which lives on.
    async fn at<T>(&self, site: usize, ask: impl AsyncFnOnce(&Site) -> T) -> T {
        let asked = self.world().sites[site].take().unwrap();
        let answer = ask(&asked).await;
        self.world().sites[site] = Some(asked);
        answer
    }

    fn done(&self) -> [Option<Decision>; 3] {
        [0, 1, 2].map(|site| self.shelves[site].done())
    }
}

async fn rounds(count: u32) {
    tokio::time::sleep(ROUND * count).await;
}
