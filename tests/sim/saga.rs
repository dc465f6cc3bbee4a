//! Sagas on the engine: plans of several shapes, steps that refuse, fail and lose their answers, an
//! engine that is killed between any two awaits, a journal that does not answer or loses its answer,
//! signals before their time and twice, deadlines and cancellations.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use reliability::distributed::sim::{Random, Schedule, Violation};
use reliability::distributed::transaction::saga::{
    Cx, Definition, Doing, History, Kind, Outcome, Probing, Saga, Sagas, Step, Transient, Undoing,
    Unwritable,
};
use reliability::journal::{
    Answer, Append, Appended, Changes, Claim, Head, Heads, Journal, JournalError, Lease,
    MemoryStore, Position, Record, Sequence, Store, StreamId,
};
use reliability::resilience::retry::Backoff;
use reliability::time::WallClock;

use crate::{none, right, schedules};

const SHORT: Backoff = Backoff::constant(Duration::from_millis(20));

const fn call(name: &'static str) -> Step {
    Step::new(name, Kind::Compensable).undo().backoff(SHORT)
}

const fn pivot(name: &'static str) -> Step {
    Step::new(name, Kind::Pivot).backoff(SHORT)
}

const fn then(name: &'static str) -> Step {
    Step::new(name, Kind::Retriable).backoff(SHORT)
}

/// What each plan is, as its engine sees it.
const PLANS: [&[Step]; 8] = [
    // A line.
    &[call("A"), call("B").after(&[0]), pivot("C").after(&[1]), then("D").after(&[2])],
    // A diamond before a pivot with a probe.
    &[
        call("A"),
        call("B").after(&[0]),
        call("C").after(&[0]),
        call("D").after(&[1, 2]),
        pivot("E").after(&[3]).probed(),
        then("F").after(&[4]),
    ],
    // All side by side, and no pivot.
    &[
        call("A"),
        call("B"),
        call("C"),
        call("D").after(&[0, 1, 2]),
        then("E").after(&[3]),
        then("F").after(&[3]),
    ],
    // A pause beside a step, and a signal that comes after another.
    &[
        call("A"),
        Step::new("B", Kind::Compensable).timer(Duration::from_millis(300)),
        Step::new("C", Kind::Compensable).after(&[0]).signal(),
        pivot("D").after(&[1, 2]),
        then("E").after(&[3]),
    ],
    // Two lines that meet.
    &[
        call("A"),
        call("B").after(&[0]),
        call("C"),
        call("D").after(&[2]),
        pivot("E").after(&[1, 3]).probed(),
    ],
    // A signal behind the pivot.
    &[
        call("A"),
        pivot("B").after(&[0]),
        Step::new("C", Kind::Retriable).after(&[1]).signal(),
        then("D").after(&[2]),
    ],
    // Pairs.
    &[
        call("A"),
        call("B"),
        call("C").after(&[0, 1]),
        call("D").after(&[0, 1]),
        pivot("E").after(&[2, 3]),
    ],
    // A step that does not wait for what it comes after: wrong on purpose.
    &[call("A"), call("B"), call("C").after(&[0, 1])],
];

/// What comes before each step, said once more and naively: all of it.
const BEFORE: [&[&[usize]]; 8] = [
    &[&[], &[0], &[0, 1], &[0, 1, 2]],
    &[&[], &[0], &[0], &[0, 1, 2], &[0, 1, 2, 3], &[0, 1, 2, 3, 4]],
    &[&[], &[], &[], &[0, 1, 2], &[0, 1, 2, 3], &[0, 1, 2, 3]],
    &[&[], &[], &[0], &[0, 1, 2], &[0, 1, 2, 3]],
    &[&[], &[0], &[], &[2], &[0, 1, 2, 3]],
    &[&[], &[0], &[0, 1], &[0, 1, 2]],
    &[&[], &[], &[0, 1], &[0, 1], &[0, 1, 2, 3]],
    &[&[], &[0], &[0, 1]],
];

const SIGNALS: [Option<usize>; 8] = [None, None, None, Some(2), None, Some(2), None, None];
const TIMERS: [Option<usize>; 8] = [None, None, None, Some(1), None, None, None, None];
const PIVOTS: [Option<usize>; 8] =
    [Some(2), Some(4), None, Some(3), Some(4), Some(1), Some(4), None];
/// The first step that cannot be undone or refuse.
const THENS: [usize; 8] = [3, 5, 4, 4, 5, 2, 5, 3];
const WRONG_PLAN: u64 = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// An undo does nothing about what may have happened.
    UndoesOnlyWhatIsDone,
    /// A step begins before what it comes after is written.
    BeginsBeforeTheWrite,
    /// The other side does not heed the effect id.
    EffectsAreNew,
}

/// What the services outside know.
struct Outside {
    plan: usize,
    bug: Bug,
    random: Random,
    /// Nothing goes wrong any more.
    calm: bool,
    /// Per step: how often it has happened, and whether it is undone.
    done: Vec<u32>,
    undone: Vec<bool>,
    calls: usize,
    trace: Vec<String>,
    wrong: Option<String>,
}

impl Outside {
    fn often(&mut self, per_mille: u32) -> bool {
        self.random.per_mille(per_mille) && !self.calm
    }

    fn wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    fn is_there(&self, step: usize) -> bool {
        self.done[step] > 0 && !self.undone[step]
    }

    fn effect(&mut self, step: usize) {
        // What was undone by its effect id does not happen any more.
        if self.undone[step] {
            return self.wrong(format!("step {step} is done after it was undone"));
        }
        let (signal, timer) = (SIGNALS[self.plan], TIMERS[self.plan]);
        for &before in BEFORE[self.plan][step] {
            if Some(before) != signal && Some(before) != timer && !self.is_there(before) {
                self.wrong(format!("step {step} is done before step {before}"));
            }
        }
        if self.done[step] == 0 || self.bug == Bug::EffectsAreNew {
            self.done[step] += 1;
        }
    }

    fn undo(&mut self, step: usize, known: bool) {
        for (later, before) in BEFORE[self.plan].iter().enumerate().skip(step + 1) {
            if before.contains(&step) && self.is_there(later) {
                self.wrong(format!("step {step} is undone before step {later}"));
            }
        }
        if known || self.bug != Bug::UndoesOnlyWhatIsDone {
            self.undone[step] = true;
        }
    }
}

#[derive(Clone)]
struct World(Arc<Mutex<Outside>>);

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl World {
    fn lock(&self) -> MutexGuard<'_, Outside> {
        self.0.lock().unwrap()
    }

    /// Time in which an engine can be killed.
    async fn pause(&self) {
        let pause = self.lock().random.below(40);
        if pause > 8 {
            tokio::time::sleep(Duration::from_millis(pause as u64)).await;
        }
    }

    fn often(&self, per_mille: u32) -> bool {
        self.lock().often(per_mille)
    }

    fn tell(&self, what: String) {
        self.lock().trace.push(what);
    }
}

/// A step of the plan with that number.
struct Of<const PLAN: usize> {
    step: usize,
}

impl<const PLAN: usize> Saga for Of<PLAN> {
    type Input = u64;
    type Refusal = u64;
    type Shared = World;
    type Done = ();

    const DEFINITION: Definition = Definition::new("sim", 1, PLANS[PLAN]);

    fn call(step: usize, cx: Cx<World>, _: Arc<History<Self>>) -> Doing<Self> {
        Box::pin(async move {
            let world = cx.shared();
            world.tell(format!("do {step}"));
            world.lock().calls += 1;
            world.pause().await;
            if world.often(80) {
                return Err(Outcome::transient("busy"));
            }
            if world.often(80) {
                return Err(Outcome::unknown("it has not reached the other side"));
            }
            let refuses = step < THENS[PLAN] && world.lock().done[step] == 0 && world.often(60);
            if refuses {
                return Err(Outcome::Rejected(step as u64));
            }
            world.lock().effect(step);
            world.tell(format!("has done {step}"));
            world.pause().await;
            if world.often(120) {
                return Err(Outcome::unknown("the answer was lost"));
            }
            Ok(Self { step })
        })
    }

    fn probe(step: usize, cx: Cx<World>, _: Arc<History<Self>>) -> Probing<Self> {
        Box::pin(async move {
            let world = cx.shared();
            world.tell(format!("probe {step}"));
            world.pause().await;
            match world.often(150) {
                true => Err(Transient::new("busy")),
                false => Ok(world.lock().is_there(step).then_some(Self { step })),
            }
        })
    }

    fn undo(step: usize, cx: Cx<World>, history: Arc<History<Self>>) -> Undoing {
        Box::pin(async move {
            let world = cx.shared();
            world.tell(format!("undo {step}"));
            world.pause().await;
            if world.often(150) {
                return Err(Transient::new("busy"));
            }
            world.lock().undo(step, history.output(step).is_some());
            world.pause().await;
            match world.often(100) {
                true => Err(Transient::new("the answer was lost")),
                false => Ok(()),
            }
        })
    }

    fn place(&self) -> usize {
        self.step
    }

    fn write(&self) -> Result<Vec<u8>, Unwritable> {
        Ok(b"null".to_vec())
    }

    fn read(step: usize, _: &[u8]) -> Result<Self, Unwritable> {
        Ok(Self { step })
    }

    fn done(_: History<Self>) -> Option<()> {
        Some(())
    }
}

/// A journal that is away now and then, and whose answers get lost.
#[derive(Debug, Clone)]
struct Disk {
    inner: Arc<MemoryStore>,
    world: World,
}

fn away<T>() -> Result<T, JournalError> {
    Err(JournalError::Unavailable { what: "call", source: "it is away".into() })
}

fn lost<T>() -> Result<T, JournalError> {
    Err(JournalError::Unknown { source: "the answer was lost".into() })
}

impl Store for Disk {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        Box::pin(async move {
            if self.world.often(40) {
                return away();
            }
            if self.world.often(40) {
                return lost();
            }
            self.world.pause().await;
            let appended = self.inner.append(batch).await;
            self.world.pause().await;
            match appended.is_ok() && self.world.often(40) {
                true => lost(),
                false => appended,
            }
        })
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        match self.world.often(30) {
            true => Box::pin(async { away() }),
            false => self.inner.read(stream, after, most),
        }
    }

    fn read_all(&self, after: Position, most: usize) -> Answer<'_, Vec<Record>> {
        self.inner.read_all(after, most)
    }

    fn head(&self, stream: StreamId) -> Answer<'_, Option<Head>> {
        self.inner.head(stream)
    }

    fn heads(&self, heads: Heads) -> Answer<'_, Vec<Head>> {
        self.inner.heads(heads)
    }

    fn claim(&self, claim: Claim) -> Answer<'_, Vec<Lease>> {
        Box::pin(async move {
            let claimed = self.inner.claim(claim).await;
            self.world.pause().await;
            match self.world.often(30) {
                true => away(),
                false => claimed,
            }
        })
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.inner.renew(leases, length)
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.inner.remove(stream, last)
    }

    fn changes(&self) -> Changes {
        self.inner.changes()
    }
}

/// One engine after the other, with the same journal.
struct Engines<const PLAN: usize> {
    journal: Journal,
    clock: WallClock,
    world: World,
    started: usize,
    current: Option<Sagas>,
}

impl<const PLAN: usize> Engines<PLAN> {
    fn current(&mut self) -> &Sagas {
        let Self { journal, clock, world, started, current } = self;
        current.get_or_insert_with(|| {
            *started += 1;
            Sagas::on(journal)
                .saga::<Of<PLAN>>(world.clone())
                .owner(&format!("engine {started}"))
                .clock(clock)
                .lease(Duration::from_millis(200))
                .poll(Duration::from_millis(20))
                .stay(Duration::from_millis(60))
                .start()
                .unwrap()
        })
    }
}

const TICK: Duration = Duration::from_millis(20);
/// From then on nothing goes wrong any more, and it has so long to come to its end.
const CALM: usize = 100;
const END: usize = 1_000;

/// What is said from outside, and when.
struct Said {
    cancel: Option<usize>,
    signal: [usize; 2],
    kill: Vec<usize>,
    deadline: Option<Duration>,
}

fn said(random: &mut Random) -> Said {
    let kills = random.below(4);
    Said {
        cancel: random.per_mille(250).then(|| random.below(40)),
        signal: [random.below(30), random.below(40)],
        kill: (0..kills).map(|_| random.below(60)).collect(),
        deadline: random.per_mille(400).then(|| TICK * random.below(60) as u32),
    }
}

async fn play<const PLAN: usize>(seed: u64, bug: Bug) -> Result<String, (String, Vec<String>)> {
    let mut random = Random::new(seed);
    let said = said(&mut random);
    let steps = PLANS[PLAN].len();
    let world = World(Arc::new(Mutex::new(Outside {
        plan: PLAN,
        bug,
        random,
        calm: false,
        done: vec![0; steps],
        undone: vec![false; steps],
        calls: 0,
        trace: Vec::new(),
        wrong: None,
    })));
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let inner = Arc::new(MemoryStore::with_clock(&clock));
    let journal = Journal::on(Disk { inner: Arc::clone(&inner), world: world.clone() });
    let (started, current) = (0, None);
    let mut engines =
        Engines::<PLAN> { journal, clock: clock.clone(), world: world.clone(), started, current };
    let stream = StreamId::new("sim", "1").unwrap();
    let mut told = [false; 2];
    let mut status = String::new();
    for tick in 0..END {
        if tick == CALM {
            world.lock().calm = true;
        }
        if said.kill.contains(&tick) {
            world.tell(format!("killed at {tick}"));
            engines.current = None;
        }
        let sagas = engines.current().clone();
        if inner.head(stream.clone()).await.unwrap().is_none() {
            let start = sagas.start::<Of<PLAN>>("1", 1);
            let start = match said.deadline {
                Some(deadline) => start.deadline(deadline),
                None => start,
            };
            let _ = start.await;
        } else {
            if SIGNALS[PLAN].is_some() {
                for (told, at) in told.iter_mut().zip(said.signal) {
                    if !*told && at <= tick {
                        world.tell("signal".into());
                        let step = SIGNALS[PLAN].unwrap();
                        let signalled = sagas.signal("1", Of::<PLAN> { step }).await;
                        *told = matches!(signalled, Ok(()) | Err(JournalError::Invalid(_)));
                    }
                }
            }
            if said.cancel == Some(tick) {
                world.tell("cancel".into());
                let _ = sagas.find::<Of<PLAN>>("1").unwrap().cancel("ada", "too late").await;
            }
        }
        drop(sagas);
        tokio::time::sleep(TICK).await;
        clock.advance(TICK);
        let head = inner.head(stream.clone()).await.unwrap();
        status = head.map(|head| head.status).unwrap_or_default();
        if ["completed", "rolled_back", "stuck", "broken"].contains(&status.as_str()) {
            break;
        }
    }
    drop(engines);
    let mut outside = world.lock();
    let pivot = PIVOTS[PLAN];
    let waits = |step: usize| SIGNALS[PLAN] == Some(step) || TIMERS[PLAN] == Some(step);
    for step in (0..steps).filter(|step| !waits(*step)) {
        let (there, times) = (outside.is_there(step), outside.done[step]);
        if times > 1 {
            outside.wrong(format!("step {step} has happened {times} times"));
        }
        match (status.as_str(), there) {
            ("completed", false) => outside.wrong(format!("it is complete without step {step}")),
            ("rolled_back", true) => {
                let what = if Some(step) == pivot { "its pivot" } else { "step" };
                outside.wrong(format!("it is rolled back, and {what} {step} is not undone"));
            }
            _ => {}
        }
    }
    if !["completed", "rolled_back"].contains(&status.as_str()) {
        outside.wrong(format!("it does not come to its end, and is `{status}`"));
    }
    if outside.calls > 400 {
        let calls = outside.calls;
        outside.wrong(format!("its steps were called {calls} times"));
    }
    let trace = std::mem::take(&mut outside.trace);
    outside.wrong.take().map_or(Ok(status), |wrong| Err((wrong, trace)))
}

type Tally = Rc<RefCell<BTreeMap<String, usize>>>;

fn run(schedule: Schedule, bug: Bug, tally: &Tally) -> Result<(), Violation> {
    let seed = schedule.seed();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let number = if bug == Bug::BeginsBeforeTheWrite { WRONG_PLAN } else { seed % WRONG_PLAN };
    let played = runtime.block_on(async {
        match number {
            0 => play::<0>(seed, bug).await,
            1 => play::<1>(seed, bug).await,
            2 => play::<2>(seed, bug).await,
            3 => play::<3>(seed, bug).await,
            4 => play::<4>(seed, bug).await,
            5 => play::<5>(seed, bug).await,
            6 => play::<6>(seed, bug).await,
            _ => play::<7>(seed, bug).await,
        }
    });
    match played {
        Ok(status) => {
            *tally.borrow_mut().entry(status).or_default() += 1;
            Ok(())
        }
        Err((what, trace)) => Err(Violation::new(seed, format!("plan {number}: {what}"), trace)),
    }
}

#[test]
fn a_saga_is_done_or_undone_whatever_goes_wrong() {
    let tally = Tally::default();
    let explored = schedules(right::SAGA, |schedule| run(schedule, Bug::None, &tally));
    let tried = explored.schedules;
    none(explored, "a_saga_is_done_or_undone_whatever_goes_wrong");
    let tally = tally.borrow();
    let of = |end: &str| tally.get(end).copied().unwrap_or_default();
    println!("{tally:?}");
    assert!(tried == 1 || (of("completed") > 200 && of("rolled_back") > 200), "{tally:?}");
}

#[test]
fn saga_bugs_are_found() {
    let bugs = [Bug::UndoesOnlyWhatIsDone, Bug::BeginsBeforeTheWrite, Bug::EffectsAreNew];
    for bug in bugs {
        let tally = Tally::default();
        let explored = schedules(300, |schedule| run(schedule, bug, &tally));
        assert!(explored.violations > 0, "{bug:?} was not found in {}", explored.schedules);
        assert!(!explored.first.unwrap().trace().is_empty());
        println!("{bug:?}: {} of {}", explored.violations, explored.schedules);
    }
}
