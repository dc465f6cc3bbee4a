//! Two-phase commits of sites on their journals: two processes that have the same three sites and are
//! killed between any two awaits, of which one coordinates and the other one only recovers; journals
//! and members that do not answer, or whose answers get lost.

mod shelf;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use reliability::distributed::sim::{Random, Schedule, Violation};
use reliability::distributed::transaction::Decision;
use reliability::distributed::transaction::two_phase::{
    Participant, Resource, Site, TransactionId, TwoPhase, TwoPhaseError,
};
use reliability::journal::{
    Answer, Append, Appended, Changes, Claim, Head, Heads, Journal, Lease, MemoryStore, Position,
    Record, Sequence, Store, StreamId,
};
use reliability::time::WallClock;
use tokio::task::JoinSet;

use self::shelf::Shelf;
use crate::disk::{Disk, Luck as _};
use crate::outside::World;
use crate::{Played, none, replays, right, runtime, schedules};

const NAMES: [&str; 3] = ["tea", "cups", "milk"];
const TRANSACTIONS: usize = 3;
const TICK: Duration = Duration::from_millis(50);
/// From then on nothing goes wrong any more, and all have so long to come to their end.
const CALM: usize = 80;
const END: usize = 180;
const GRACE: Duration = Duration::from_millis(1_500);

/// What is wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// A site votes before its promise is on the disk.
    VotesBeforeItIsWritten,
    /// A member prepares before its site has written that it does.
    PreparesBeforeItIsWritten,
    /// A site takes for done what is not.
    TellsBeforeItIsDone,
}

impl Bug {
    /// What comes to the disk only after it was said that it is there.
    fn late(self) -> Option<&'static str> {
        match self {
            Self::VotesBeforeItIsWritten => Some("Promised"),
            Self::PreparesBeforeItIsWritten => Some("Prepares"),
            Self::None | Self::TellsBeforeItIsDone => None,
        }
    }
}

/// The journal of a site. With a bug it says that something is written, and then writes it.
#[derive(Debug)]
struct Hasty {
    disk: Disk<World>,
    late: Option<&'static str>,
    /// What a process that is killed has not written yet.
    writing: Mutex<JoinSet<()>>,
}

impl Store for Hasty {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        let is_late = self.late.is_some_and(|late| {
            batch.iter().flat_map(Append::events).any(|event| event.name() == late)
        });
        if !is_late {
            return self.disk.append(batch);
        }
        let last = batch[0].terms().after.unwrap_or(Sequence::START).next();
        let disk = self.disk.clone();
        self.writing.lock().unwrap().spawn(async move {
            disk.luck.pause().await;
            disk.luck.pause().await;
            disk.inner.append(batch).await.ok();
        });
        Box::pin(async move { Ok(vec![Appended::new(last, Position::START)]) })
    }
    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.disk.read(stream, after, most)
    }
    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.disk.read_all(after, most)
    }
    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.disk.head(stream)
    }
    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.disk.heads(heads)
    }
    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        self.disk.claim(claim)
    }
    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.disk.renew(leases, length)
    }
    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.disk.remove(stream, last)
    }
    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.disk.remove_held(lease)
    }
    fn changes(&self) -> Changes {
        self.disk.changes()
    }
}

/// All that outlives processes.
struct Play {
    world: World,
    clock: WallClock,
    log: Arc<MemoryStore>,
    journals: [Arc<MemoryStore>; 3],
    shelves: [Shelf; 3],
    bug: Bug,
    /// What each transaction wants of each site, and what whoever ran it was told.
    wants: [[&'static str; 3]; TRANSACTIONS],
    ended: Arc<Mutex<BTreeMap<usize, Decision>>>,
}

/// A process, until it is dropped.
struct Process {
    coordinator: TwoPhase,
    sites: [Site<Shelf>; 3],
    tasks: JoinSet<()>,
}

impl Play {
    fn new(random: &mut Random, world: World, bug: Bug) -> Self {
        let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let store = || Arc::new(MemoryStore::with_clock(&clock));
        let shelves =
            NAMES.map(|name| Shelf { name, world: world.clone(), kept: Arc::default(), bug });
        let mut wants = [["yes"; 3]; TRANSACTIONS];
        for wants in &mut wants {
            let odd = random.below(3);
            match random.below(6) {
                0 => wants[odd] = "no",
                1 => wants[odd] = "read",
                _ => {}
            }
        }
        let (log, journals, ended) = (store(), [store(), store(), store()], Arc::default());
        Self { world, clock, log, journals, shelves, bug, wants, ended }
    }

    fn start(&self, coordinates: bool) -> Process {
        let site = |at: usize| {
            let disk = Disk { inner: Arc::clone(&self.journals[at]), luck: self.world.clone() };
            let (late, writing) = (self.bug.late(), Mutex::default());
            let journal = Journal::on(Hasty { disk, late, writing });
            let site = Site::on(&journal, NAMES[at], self.shelves[at].clone()).unwrap();
            site.clock(&self.clock)
        };
        let sites = [site(0), site(1), site(2)];
        let log = Disk { inner: Arc::clone(&self.log), luck: self.world.clone() };
        let coordinator = TwoPhase::builder(&Journal::on(log))
            .votes_within(Duration::from_millis(500))
            .answer_within(Duration::from_millis(200))
            .repeat_after(Duration::from_millis(40))
            .deliver_within(Duration::from_millis(300))
            .grace(GRACE);
        let coordinator =
            sites.iter().fold(coordinator, |it, site| it.resource(Arc::new(site.clone())));
        let (coordinator, mut tasks) = (coordinator.build().unwrap(), JoinSet::new());
        let pause = TICK * 5;
        if coordinates {
            let recovers = coordinator.clone();
            tasks.spawn(async move { recovers.keep_recovering(pause).await });
        } else {
            for site in sites.clone() {
                let log = coordinator.clone();
                tasks.spawn(async move { site.keep_recovering(&log, pause).await });
            }
        }
        Process { coordinator, sites, tasks }
    }

    /// Has a transaction done by that process.
    fn begin(&self, process: &mut Process, number: usize) {
        let parts = process.sites.iter().zip(self.wants[number]);
        let parts =
            parts.map(|(site, wants)| Arc::new(site.work(wants.into())) as Arc<dyn Participant>);
        let (parts, coordinator) = (parts.collect(), process.coordinator.clone());
        let (world, ended) = (self.world.clone(), Arc::clone(&self.ended));
        process.tasks.spawn(async move {
            let outcome = coordinator.run(id(number), parts).await;
            world.tell(format!("{number} ends: {outcome:?}"));
            let decision = match outcome {
                Ok(outcome) => {
                    if !outcome.against.is_empty() {
                        world
                            .lock()
                            .wrong(format!("{number}: {:?} did the opposite", outcome.against));
                    }
                    outcome.decision
                }
                Err(TwoPhaseError::Undecided { .. }) => return,
                Err(_) => Decision::Abort,
            };
            ended.lock().unwrap().insert(number, decision);
        });
    }

    /// What must be so in the end; how many transactions have committed.
    fn check(&self) -> usize {
        let (mut world, mut count) = (self.world.lock(), 0);
        for (number, wants) in self.wants.iter().enumerate() {
            let did =
                self.shelves.iter().map(|it| it.kept.lock().unwrap().done.contains(&id(number)));
            let did: Vec<bool> = did.collect();
            let expected: Vec<bool> = wants.iter().map(|wants| *wants == "yes").collect();
            let committed = did.contains(&true);
            if committed && (did != expected || wants.contains(&"no")) {
                world.wrong(format!("{number}, which wants {wants:?}: {did:?} have committed"));
            }
            let ended = self.ended.lock().unwrap().get(&number).copied();
            if ended.is_some_and(|ended| (ended == Decision::Commit) != committed) {
                world.wrong(format!("{number}: {ended:?} was said, and {did:?} have committed"));
            }
            count += usize::from(committed);
        }
        for shelf in &self.shelves {
            let aside = &shelf.kept.lock().unwrap().aside;
            if !aside.is_empty() {
                world.wrong(format!("{} keeps {aside:?} for ever", shelf.name));
            }
        }
        count
    }
}

fn id(number: usize) -> TransactionId {
    TransactionId::new(&format!("order-{number}")).unwrap()
}

async fn play(seed: u64, bug: Bug) -> Played<usize> {
    // What the library draws lots with.
    fastrand::seed(seed);
    let mut random = Random::new(seed);
    let begins: Vec<usize> = (0..TRANSACTIONS).map(|_| random.below(50)).collect();
    let kills: [Vec<usize>; 2] = [4, 3].map(|most| {
        let count = random.below(most);
        (0..count).map(|_| random.below(70)).collect()
    });
    let world = World::new(Random::new(seed ^ 0x5173));
    let play = Play::new(&mut random, world.clone(), bug);
    let mut processes = [true, false].map(|coordinates| play.start(coordinates));
    for tick in 0..END {
        if tick == CALM {
            world.lock().calm = true;
        }
        for (at, kills) in kills.iter().enumerate() {
            if kills.contains(&tick) {
                world.tell(format!("{at} is killed at {tick}"));
                processes[at] = play.start(at == 0);
            }
        }
        for number in (0..TRANSACTIONS).filter(|number| begins[*number] == tick) {
            play.begin(&mut processes[0], number);
        }
        // Not always at the same moment of what they do.
        let short = Duration::from_millis(random.below(50) as u64);
        for pause in [short, TICK.saturating_sub(short)] {
            tokio::time::sleep(pause).await;
            play.clock.advance(pause);
        }
    }
    let doubts = in_doubt(&processes[1].sites).await;
    if !doubts.is_empty() {
        world.lock().wrong(format!("in doubt for ever: {doubts:?}"));
    }
    drop(processes);
    let committed = play.check();
    world.tell_the_next_lot();
    let mut outside = world.lock();
    let trace = std::mem::take(&mut outside.trace);
    (trace, outside.wrong.take().map_or(Ok(committed), Err))
}

async fn in_doubt(sites: &[Site<Shelf>; 3]) -> Vec<TransactionId> {
    let mut doubts = Vec::new();
    for site in sites {
        doubts.extend(site.in_doubt(Duration::ZERO).await.unwrap());
    }
    doubts
}

fn played(seed: u64, bug: Bug) -> Played<usize> {
    runtime().block_on(play(seed, bug))
}

type Tally = Rc<RefCell<BTreeMap<usize, usize>>>;

fn run(schedule: Schedule, bug: Bug, tally: &Tally) -> Result<(), Violation> {
    match played(schedule.seed(), bug) {
        (_, Ok(committed)) => {
            *tally.borrow_mut().entry(committed).or_default() += 1;
            Ok(())
        }
        (trace, Err(what)) => Err(Violation::new(schedule.seed(), what, trace)),
    }
}

#[test]
fn a_schedule_of_sites_can_be_repeated() {
    replays(|seed| played(seed, Bug::None));
}

#[test]
fn sites_agree_and_keep_nothing_aside_whatever_goes_wrong() {
    let tally = Tally::default();
    let explored = schedules(right::SITES, |schedule| run(schedule, Bug::None, &tally));
    let tried = explored.schedules;
    none(explored, "sites_agree_and_keep_nothing_aside_whatever_goes_wrong");
    let tally = tally.borrow();
    println!("by how many of {TRANSACTIONS} have committed: {tally:?}");
    let of = |count: usize| tally.get(&count).copied().unwrap_or_default();
    assert!(tried == 1 || (of(0) > 20 && of(TRANSACTIONS) > 20), "{tally:?}");
}

#[test]
fn bugs_of_sites_are_found() {
    let bugs =
        [Bug::VotesBeforeItIsWritten, Bug::PreparesBeforeItIsWritten, Bug::TellsBeforeItIsDone];
    for bug in bugs {
        let tally = Tally::default();
        let explored = schedules(500, |schedule| run(schedule, bug, &tally));
        assert!(explored.violations > 0, "{bug:?} was not found in {}", explored.schedules);
        assert!(!explored.first.unwrap().trace().is_empty());
        println!("{bug:?}: {} of {}", explored.violations, explored.schedules);
    }
}
