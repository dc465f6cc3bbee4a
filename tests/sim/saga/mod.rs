//! Sagas on the engine: plans of several shapes, steps that refuse, fail and lose their answers, an
//! engine that is killed between any two awaits, a journal that does not answer or loses its answer,
//! signals before their time and twice, deadlines and cancellations.

mod nested;
mod outside;
mod plans;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use reliability::distributed::sim::{Random, Schedule, Violation};
use reliability::distributed::transaction::saga::Sagas;
use reliability::journal::{Journal, JournalError, MemoryStore, Store as _, StreamId};
use reliability::time::WallClock;

use self::outside::{Of, Outside, World};
use self::plans::{PIVOTS, PLANS, SIGNALS, TIMERS, WRONG_PLAN};
use crate::disk::Disk;
use crate::{Played, none, replays, right, runtime, schedules};

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

async fn play<const PLAN: usize>(seed: u64, bug: Bug) -> Played<String> {
    // What the library draws lots with.
    fastrand::seed(seed);
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
    let journal = Journal::on(Disk { inner: Arc::clone(&inner), luck: world.clone() });
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
    let next = world.lock().random.below(1_000_000);
    world.tell(format!("the next lot is {next}"));
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
    (trace, outside.wrong.take().map_or(Ok(status), Err))
}

type Tally = Rc<RefCell<BTreeMap<String, usize>>>;

fn played(seed: u64, bug: Bug) -> Played<String> {
    let number = if bug == Bug::BeginsBeforeTheWrite { WRONG_PLAN } else { seed % WRONG_PLAN };
    let (trace, end) = runtime().block_on(async {
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
    (trace, end.map_err(|what| format!("plan {number}: {what}")))
}

fn run(schedule: Schedule, bug: Bug, tally: &Tally) -> Result<(), Violation> {
    match played(schedule.seed(), bug) {
        (_, Ok(status)) => {
            *tally.borrow_mut().entry(status).or_default() += 1;
            Ok(())
        }
        (trace, Err(what)) => Err(Violation::new(schedule.seed(), what, trace)),
    }
}

#[test]
fn a_schedule_of_a_saga_can_be_repeated() {
    replays(|seed| played(seed, Bug::None));
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
