//! Sagas in sagas: a trade whose shipping is a saga that can be called back, whose payment is one that
//! is its point of no return, and whose news is one behind it; with engines that are killed, journals
//! that are away, and all that steps can do wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reliability::distributed::sim::{Random, Schedule, Violation};
use reliability::distributed::transaction::saga::{
    Attempt, Cx, Outcome, Sagas, Transient, Why, saga,
};
use reliability::journal::{Heads, Journal, MemoryStore, Store as _, StreamId};
use reliability::time::WallClock;

use super::{CALM, END, TICK};
use crate::disk::Disk;
use crate::outside::World;
use crate::{Played, none, replays, right, runtime, schedules};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// The undo of the nested saga leaves a part of it.
    LeavesAPart,
    /// An undo in the nested saga does nothing about what may have happened.
    UndoesOnlyWhatIsDone,
    /// The other side does not heed the effect id.
    EffectsAreNew,
}

/// What all steps share.
#[derive(Debug)]
pub(super) struct Shared {
    world: World,
    bug: Bug,
}

#[saga(input = u32, refuse = String, shared = Shared)]
enum Trade {
    #[step(reserve, undo = release, backoff = constant("20ms"))]
    Reserved(()),
    #[step(saga = Ship, input = parcel, output = nothing, refused = not_done, needs(Reserved),
        undo = fetch_back, backoff = constant("20ms"))]
    Shipped(()),
    #[step(pack, undo = unpack, beside = Shipped, backoff = constant("20ms"))]
    Packed(()),
    #[pivot(saga = Pay, input = amount, output = receipt, refused = not_done, needs(Shipped, Packed))]
    Paid(String),
    #[then(saga = Tell, input = words, output = nothing, needs(Paid))]
    Told(()),
}

#[saga(input = u32, refuse = String, shared = Shared)]
enum Ship {
    #[step(book, undo = unbook, backoff = constant("20ms"))]
    Booked(()),
    #[pivot(hand_over, needs(Booked), backoff = constant("20ms"))]
    Gone(()),
}

#[saga(input = u32, refuse = String, shared = Shared)]
enum Pay {
    #[step(hold, undo = let_go, backoff = constant("20ms"))]
    Held(()),
    #[pivot(take, backoff = constant("20ms"))]
    Taken(String),
}

#[saga(input = String, refuse = (), shared = Shared)]
enum Tell {
    #[then(mail, backoff = constant("20ms"))]
    Mailed(()),
}

/// What stands when a trade is complete.
const SERVICES: [&str; 7] = ["reserve", "pack", "book", "hand over", "hold", "take", "mail"];
const KINDS: [&str; 4] = ["trade", "ship", "pay", "tell"];

fn parcel(pieces: &u32, (): &()) -> u32 {
    *pieces
}

fn amount(pieces: &u32, (): &(), (): &()) -> u32 {
    pieces * 299
}

fn words(_: &u32, receipt: &str) -> String {
    receipt.to_owned()
}

fn nothing<T>(_: T) {}

fn receipt(done: PayDone) -> String {
    done.taken
}

fn not_done(why: Why<String>) -> String {
    format!("{why:?}")
}

type Told = Result<(), Transient>;

impl Shared {
    async fn act(cx: &Cx<Self>, what: &'static str, after: &[&str]) -> Result<(), Outcome<String>> {
        let refuses = Some((40, format!("no {what}")));
        cx.shared().world.act(what, cx.effect(), after, refuses).await
    }

    async fn unact<T>(&self, what: &'static str, attempt: Attempt<'_, T>, gone: &[&str]) -> Told {
        let really = attempt.done().is_some() || self.bug != Bug::UndoesOnlyWhatIsDone;
        self.world.unact(what, really, gone).await
    }
}

async fn reserve(cx: &Cx<Shared>, _: &u32) -> Result<(), Outcome<String>> {
    Shared::act(cx, "reserve", &[]).await
}

async fn release(cx: &Cx<Shared>, _: &u32, it: Attempt<'_, ()>) -> Told {
    cx.shared().unact("reserve", it, &["book", "hand over", "take"]).await
}

async fn pack(cx: &Cx<Shared>, _: &u32) -> Result<(), Outcome<String>> {
    Shared::act(cx, "pack", &[]).await
}

async fn unpack(cx: &Cx<Shared>, _: &u32, it: Attempt<'_, ()>) -> Told {
    cx.shared().unact("pack", it, &["take"]).await
}

/// The other side knows both parts by the order.
async fn fetch_back(cx: &Cx<Shared>, _: &u32, it: Attempt<'_, ()>) -> Told {
    let Shared { world, bug } = cx.shared();
    if it.done().is_none() {
        world
            .lock()
            .wrong("nobody knows whether it was shipped, and nobody has abandoned it".into());
    }
    if *bug != Bug::LeavesAPart {
        world.unact("hand over", true, &["take"]).await?;
    }
    world.unact("book", true, &["take"]).await
}

async fn book(cx: &Cx<Shared>, _: &u32) -> Result<(), Outcome<String>> {
    Shared::act(cx, "book", &["reserve"]).await
}

async fn unbook(cx: &Cx<Shared>, _: &u32, it: Attempt<'_, ()>) -> Told {
    cx.shared().unact("book", it, &["hand over", "take"]).await
}

async fn hand_over(cx: &Cx<Shared>, _: &u32, (): &()) -> Result<(), Outcome<String>> {
    Shared::act(cx, "hand over", &["book"]).await
}

async fn hold(cx: &Cx<Shared>, _: &u32) -> Result<(), Outcome<String>> {
    Shared::act(cx, "hold", &["pack", "hand over"]).await
}

async fn let_go(cx: &Cx<Shared>, _: &u32, it: Attempt<'_, ()>) -> Told {
    cx.shared().unact("hold", it, &["take"]).await
}

async fn take(cx: &Cx<Shared>, _: &u32) -> Result<String, Outcome<String>> {
    Shared::act(cx, "take", &["hold"]).await?;
    Ok("paid".into())
}

async fn mail(cx: &Cx<Shared>, _: &String) -> Told {
    let mailed = cx.shared().world.act::<()>("mail", cx.effect(), &["take"], None).await;
    mailed.map_err(|why| Transient::new(format!("{why:?}")))
}

/// What is said from outside, and when.
struct Said {
    cancel: Option<usize>,
    kill: Vec<usize>,
    deadline: Option<Duration>,
}

fn said(random: &mut Random) -> Said {
    let kills = random.below(5);
    Said {
        cancel: random.per_mille(250).then(|| random.below(60)),
        kill: (0..kills).map(|_| random.below(CALM)).collect(),
        deadline: random.per_mille(300).then(|| TICK * random.below(80) as u32),
    }
}

async fn play(seed: u64, bug: Bug) -> Played<String> {
    fastrand::seed(seed);
    let mut random = Random::new(seed);
    let said = said(&mut random);
    let world = World::new(random);
    world.lock().effects_are_new = bug == Bug::EffectsAreNew;
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let inner = Arc::new(MemoryStore::with_clock(&clock));
    let journal = Journal::on(Disk { inner: Arc::clone(&inner), luck: world.clone() });
    let engine = |number: usize| {
        Sagas::on(&journal)
            .saga::<Trade>(Arc::new(Shared { world: world.clone(), bug }))
            .owner(&format!("engine {number}"))
            .clock(&clock)
            .lease(Duration::from_millis(200))
            .poll(Duration::from_millis(20))
            .stay(Duration::from_millis(60))
            .start()
            .unwrap()
    };
    let stream = StreamId::new("trade", "1").unwrap();
    let (mut engines, mut current) = (0, None);
    let mut statuses = Vec::new();
    for tick in 0..END {
        if tick == CALM {
            world.lock().calm = true;
        }
        if said.kill.contains(&tick) {
            world.tell(format!("killed at {tick}"));
            current = None;
        }
        let sagas = current.get_or_insert_with(|| {
            engines += 1;
            engine(engines)
        });
        if inner.head(stream.clone()).await.unwrap().is_none() {
            let start = sagas.start::<Trade>("1", 1);
            let _ = match said.deadline {
                Some(deadline) => start.deadline(deadline).await,
                None => start.await,
            };
        } else if said.cancel == Some(tick) {
            world.tell("cancel");
            let _ = sagas.find::<Trade>("1").unwrap().cancel("ada", "too late").await;
        }
        tokio::time::sleep(TICK).await;
        clock.advance(TICK);
        statuses.clear();
        for kind in KINDS {
            let heads = inner.heads(Heads::of(kind)).await.unwrap();
            statuses.extend(heads.into_iter().map(|head| (kind, head.status)));
        }
        let over =
            |(_, status): &(_, String)| ["completed", "rolled_back"].contains(&status.as_str());
        if !statuses.is_empty() && statuses.iter().all(over) {
            break;
        }
    }
    drop(current);
    world.tell_the_next_lot();
    let mut outside = world.lock();
    let around = statuses.first().map(|(_, status)| status.clone()).unwrap_or_default();
    match around.as_str() {
        "completed" => outside.check(true, &SERVICES),
        "rolled_back" => outside.check(false, &SERVICES),
        _ => outside.wrong(format!("it does not come to its end: {statuses:?}")),
    }
    for (kind, status) in &statuses[1..] {
        if !["completed", "rolled_back"].contains(&status.as_str()) {
            outside.wrong(format!("`{kind}` outlives the saga around it, and is `{status}`"));
        }
    }
    let trace = std::mem::take(&mut outside.trace);
    (trace, outside.wrong.take().map_or(Ok(around), Err))
}

type Tally = Rc<RefCell<BTreeMap<String, usize>>>;

fn played(seed: u64, bug: Bug) -> Played<String> {
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
fn a_schedule_of_sagas_in_sagas_can_be_repeated() {
    replays(|seed| played(seed, Bug::None));
}

#[test]
fn a_saga_of_sagas_is_done_or_undone_whatever_goes_wrong() {
    let tally = Tally::default();
    let explored = schedules(right::NESTED, |schedule| run(schedule, Bug::None, &tally));
    let tried = explored.schedules;
    none(explored, "a_saga_of_sagas_is_done_or_undone_whatever_goes_wrong");
    let tally = tally.borrow();
    let of = |end: &str| tally.get(end).copied().unwrap_or_default();
    println!("{tally:?}");
    assert!(tried == 1 || (of("completed") > 200 && of("rolled_back") > 200), "{tally:?}");
}

#[test]
fn bugs_of_nested_sagas_are_found() {
    for bug in [Bug::LeavesAPart, Bug::UndoesOnlyWhatIsDone, Bug::EffectsAreNew] {
        let tally = Tally::default();
        let explored = schedules(300, |schedule| run(schedule, bug, &tally));
        assert!(explored.violations > 0, "{bug:?} was not found in {}", explored.schedules);
        assert!(!explored.first.unwrap().trace().is_empty());
        println!("{bug:?}: {} of {}", explored.violations, explored.schedules);
    }
}
