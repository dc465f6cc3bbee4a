//! A choreography of five processes, on their engines: events that come twice, late and in the wrong
//! order, or not until they are told again; processes that are killed between any two awaits; journals
//! that do not answer or lose their answer; handlers that fail, lose their answer, refuse, and are
//! parked until somebody has looked at them; and customers who call it off.

mod broker;
mod order;
mod process;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use reliability::distributed::sim::{Random, Schedule, Violation};
use reliability::time::WallClock;

use self::broker::Broker;
use self::order::{
    Card, Cards, HastyCard, HastyCards, Mail, Mails, MisinformedStock, Prices, Pricing, SERVICES,
    Shop, Stock, Warehouse,
};
use self::process::{Node, Process};
use crate::outside::World;
use crate::{Played, none, replays, right, runtime, schedules};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// The bus loses what it has taken.
    Loses,
    /// An undo does nothing about what may have happened.
    UndoesOnlyWhatIsDone,
    /// The other side does not heed the effect id.
    EffectsAreNew,
    /// The card is charged again without asking the probe.
    AsksNobody,
    /// One process knows something else of the others than they do.
    Misinformed,
}

const TICK: Duration = Duration::from_millis(20);
/// From then on nothing goes wrong any more, and it has so long to come to its end.
const CALM: usize = 100;
const END: usize = 3_000;
/// Until then processes are killed.
const KILLS: usize = 50;

/// What happens to the processes, and when.
struct Said {
    cancel: Option<usize>,
    kill: Vec<(usize, usize)>,
    mend: Vec<usize>,
}

const PROCESSES: usize = 5;

fn said(random: &mut Random) -> Said {
    let (kills, mends) = (random.below(8), random.below(4));
    Said {
        cancel: random.per_mille(400).then(|| random.below(30)),
        kill: (0..kills).map(|_| (random.below(KILLS), random.below(PROCESSES))).collect(),
        mend: (0..mends).map(|_| random.below(CALM)).collect(),
    }
}

async fn play(seed: u64, bug: Bug) -> Played<&'static str> {
    // What the library draws lots with.
    fastrand::seed(seed);
    let mut random = Random::new(seed);
    let said = said(&mut random);
    let world = World::new(random);
    world.lock().effects_are_new = bug == Bug::EffectsAreNew;
    world.lock().heedless.insert("charge");
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let broker = Broker::new(&world, bug == Bug::Loses);
    let all = (&clock, &broker, &world);
    let mut shop = Node::<Shop>::new("start", all, |_| ());
    let only_what_is_done = bug == Bug::UndoesOnlyWhatIsDone;
    let warehouse = move |world: &World| (Warehouse { world: world.clone(), only_what_is_done },);
    let stock: Box<dyn Process> = match bug {
        Bug::Misinformed => Box::new(Node::<MisinformedStock>::new("warehouse", all, warehouse)),
        _ => Box::new(Node::<Stock>::new("warehouse", all, warehouse)),
    };
    let cards: Box<dyn Process> = match bug {
        Bug::AsksNobody => {
            Box::new(Node::<HastyCards>::new("card", all, |world| (HastyCard(world.clone()),)))
        }
        _ => Box::new(Node::<Cards>::new("card", all, |world| (Card(world.clone()),))),
    };
    let mut others: [Box<dyn Process>; PROCESSES - 1] = [
        stock,
        Box::new(Node::<Prices>::new("pricing", all, |world| (Pricing(world.clone()),))),
        cards,
        Box::new(Node::<Mails>::new("mail", all, |world| (Mail(world.clone()),))),
    ];
    let (mut started, mut cancelled, mut end) = (false, false, None);
    for tick in 0..END {
        if tick == CALM {
            world.tell("nothing goes wrong any more");
            world.lock().calm = true;
        }
        for (_, killed) in said.kill.iter().filter(|(at, _)| *at == tick) {
            match others.get_mut(*killed) {
                Some(other) => other.down(),
                None => shop.down(),
            }
        }
        shop.up().await;
        for other in &mut others {
            other.up().await;
        }
        if !started {
            started = matches!(shop.start(1).await, Some(Ok(_)));
        }
        if started && !cancelled && said.cancel.is_some_and(|at| at <= tick) && tick < CALM {
            world.tell("cancel");
            cancelled = shop.cancel().await;
        }
        if tick > CALM || said.mend.contains(&tick) {
            for other in &others {
                other.mend().await;
            }
        }
        tokio::time::sleep(TICK).await;
        clock.advance(TICK);
        if tick > KILLS && broker.is_empty() {
            end = ended(&shop, &others).await;
            if end.is_some() {
                break;
            }
        }
    }
    let mut last = vec![shop.statuses().await];
    for other in &others {
        last.push(other.statuses().await);
    }
    drop((shop, others));
    world.tell_the_next_lot();
    let mut outside = world.lock();
    match end {
        Some(end) => outside.check(end == "done", &SERVICES),
        None => outside.wrong(format!("it does not come to its end: {last:?}")),
    }
    if outside.calls > 400 {
        let calls = outside.calls;
        outside.wrong(format!("its handlers were called {calls} times"));
    }
    let trace = std::mem::take(&mut outside.trace);
    (trace, outside.wrong.take().map_or(Ok(end.unwrap_or_default()), Err))
}

/// How it has ended, if it has for everybody.
async fn ended(shop: &Node<Shop>, others: &[Box<dyn Process>]) -> Option<&'static str> {
    for other in others {
        let statuses = other.statuses().await;
        if statuses.len() != 1 || !["done", "undone"].contains(&statuses[0].as_str()) {
            return None;
        }
    }
    match shop.statuses().await.as_slice() {
        [one] if one == "done" => Some("done"),
        [one] if one == "undone" => Some("undone"),
        _ => None,
    }
}

type Tally = Rc<RefCell<BTreeMap<&'static str, usize>>>;

fn played(seed: u64, bug: Bug) -> Played<&'static str> {
    runtime().block_on(play(seed, bug))
}

fn run(schedule: Schedule, bug: Bug, tally: &Tally) -> Result<(), Violation> {
    match played(schedule.seed(), bug) {
        (_, Ok(end)) => {
            *tally.borrow_mut().entry(end).or_default() += 1;
            Ok(())
        }
        (trace, Err(what)) => Err(Violation::new(schedule.seed(), what, trace)),
    }
}

#[test]
fn a_schedule_of_a_choreography_can_be_repeated() {
    replays(|seed| played(seed, Bug::None));
}

#[test]
fn a_choreography_is_done_or_undone_whatever_goes_wrong() {
    let tally = Tally::default();
    let explored = schedules(right::CHOREOGRAPHY, |schedule| run(schedule, Bug::None, &tally));
    let tried = explored.schedules;
    none(explored, "a_choreography_is_done_or_undone_whatever_goes_wrong");
    let tally = tally.borrow();
    let of = |end: &str| tally.get(end).copied().unwrap_or_default();
    println!("{tally:?}");
    assert!(tried == 1 || (of("done") > 200 && of("undone") > 200), "{tally:?}");
}

#[test]
fn choreography_bugs_are_found() {
    let wrong = [
        Bug::Loses,
        Bug::UndoesOnlyWhatIsDone,
        Bug::EffectsAreNew,
        Bug::AsksNobody,
        Bug::Misinformed,
    ];
    for bug in wrong {
        let tally = Tally::default();
        let first = (0..600).find_map(|seed| run(Schedule::of(seed), bug, &tally).err());
        let first = first.unwrap_or_else(|| panic!("{bug:?} was not found"));
        assert!(!first.trace().is_empty());
        println!("{bug:?}: found in schedule {}", first.seed());
    }
}
