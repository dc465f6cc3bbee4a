//! A random life of a journal, in memory and elsewhere: both say the same, all the way.

use std::task::Poll;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

#[cfg(any(feature = "redb", feature = "sqlite"))]
use super::folder::Folder;
use super::*;
use crate::time::WallClock;

/// What is done `Together` waits for the same commit; behind a `Switch`, somebody else who has the
/// file open goes on.
#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Wish>),
    Claim { kinds: Vec<&'static str>, lease_ms: u64, most: usize },
    Renew { lease: usize, ms: u64 },
    Remove { stream: usize, last: u64 },
    RemoveHeld { lease: usize },
    Advance { ms: u64 },
    SetBack { ms: u64 },
    Together(Vec<Step>),
    Switch,
}

#[derive(Debug, Clone)]
struct Wish {
    stream: usize,
    after: Option<u64>,
    lease: Option<usize>,
    events: u8,
    due: Option<Due>,
    priority: Option<i16>,
    status: Option<&'static str>,
    release: bool,
    held_ms: Option<u64>,
}

const STREAMS: [(&str, &str); 4] = [("a", "1"), ("a", "2"), ("b", "1"), ("b", "x/y")];

fn due() -> impl Strategy<Value = Due> {
    prop_oneof![
        3 => Just(Due::Now),
        1 => Just(Due::Never),
        2 => (0_u64..50).prop_map(|ms| Due::After(Duration::from_millis(ms))),
        1 => (0_u64..5_000).prop_map(|ms| Due::At(start() + Duration::from_millis(ms))),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    let status = prop_oneof![Just("open"), Just("stuck"), Just("")];
    let terms = (
        proptest::option::of(due()),
        proptest::option::of(-1_i16..2),
        proptest::option::of(status),
        proptest::bool::weighted(0.2),
    );
    let conditions = (
        0..STREAMS.len(),
        proptest::option::weighted(0.4, 0_u64..6),
        proptest::option::weighted(0.3, 0_usize..6),
        0_u8..3,
    );
    let held = proptest::option::weighted(0.1, 1_u64..40);
    (conditions, terms, held).prop_map(|((stream, after, lease, events), terms, held_ms)| {
        let (due, priority, status, release) = terms;
        Wish { stream, after, lease, events, due, priority, status, release, held_ms }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = prop_oneof![Just(vec!["a"]), Just(vec!["b"]), Just(vec!["a", "b"])];
    prop_oneof![
        6 => proptest::collection::vec(wish(), 1..4).prop_map(Step::Append),
        4 => (kinds, 1_u64..40, 1_usize..4)
            .prop_map(|(kinds, lease_ms, most)| Step::Claim { kinds, lease_ms, most }),
        1 => (0_usize..6, 1_u64..40).prop_map(|(lease, ms)| Step::Renew { lease, ms }),
        1 => (0..STREAMS.len(), 0_u64..6).prop_map(|(stream, last)| Step::Remove { stream, last }),
        1 => (0_usize..6).prop_map(|lease| Step::RemoveHeld { lease }),
        3 => (0_u64..60).prop_map(|ms| Step::Advance { ms }),
        1 => (0_u64..200).prop_map(|ms| Step::SetBack { ms }),
    ]
}

/// In a file, where calls are carried out in the order they came in.
#[cfg(any(feature = "redb", feature = "sqlite"))]
fn step_in_a_file() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => step(),
        1 => proptest::collection::vec(step(), 2..5).prop_map(Step::Together),
        1 => Just(Step::Switch),
    ]
}

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn id(stream: usize) -> StreamId {
    let (kind, key) = STREAMS[stream];
    StreamId::new(kind, key).unwrap()
}

fn append(wish: &Wish, leases: &[Lease]) -> Append {
    let mut append = Append::to(&id(wish.stream));
    if let Some(after) = wish.after {
        append = append.after(Sequence::new(after));
    }
    // Also the lease of another stream: its epoch is wrong here.
    if let Some(lease) = wish.lease.and_then(|at| leases.iter().rev().nth(at)) {
        append = append.fenced(lease);
    }
    if let Some(due) = wish.due {
        append = append.due(due);
    }
    if let Some(priority) = wish.priority {
        append = append.priority(priority);
    }
    if let Some(status) = wish.status {
        append = append.status(status);
    }
    match wish.held_ms {
        Some(ms) => {
            append = append.after(Sequence::START).held_by("you", Duration::from_millis(ms));
        }
        None if wish.release => append = append.release(),
        None => {}
    }
    append.events_of((0..wish.events).map(|n| Event::bytes("Event", n.into(), [n])))
}

/// What a step has given.
#[derive(Debug, Default)]
struct Said {
    words: String,
    leases: Vec<Lease>,
    positions: Vec<Position>,
}

async fn take(journal: &Journal, step: &Step, leases: &[Lease]) -> Said {
    let mut said = Said::default();
    said.words = match step {
        Step::Append(wishes) => {
            let batch = wishes.iter().map(|wish| append(wish, leases)).collect::<Vec<_>>();
            match journal.append_all(batch).await {
                Ok(appended) => {
                    let is_one = |position: &Position| *position > Position::START;
                    said.positions = appended.iter().map(|it| it.position).filter(is_one).collect();
                    let told = appended
                        .iter()
                        .map(|it| (it.sequence, it.position > Position::START, it.held));
                    format!("{:?}", told.collect::<Vec<_>>())
                }
                Err(error) => error.to_string(),
            }
        }
        Step::Claim { kinds, lease_ms, most } => {
            let claim = Claim::of(kinds.iter().copied()).by("me").most(*most);
            let claim = claim.lease(Duration::from_millis(*lease_ms));
            said.leases = journal.claim(claim).await.unwrap();
            format!("{:?}", said.leases)
        }
        Step::Renew { lease, ms } => match leases.iter().rev().nth(*lease) {
            Some(lease) => {
                let length = Duration::from_millis(*ms);
                format!("{:?}", journal.renew(core::slice::from_ref(lease), length).await.unwrap())
            }
            None => String::new(),
        },
        Step::Remove { stream, last } => {
            match journal.remove(&id(*stream), Sequence::new(*last)).await {
                Ok(()) => "removed".into(),
                Err(error) => error.to_string(),
            }
        }
        Step::RemoveHeld { lease } => match leases.iter().rev().nth(*lease) {
            Some(lease) => match journal.remove_held(lease).await {
                Ok(()) => "removed".into(),
                Err(error) => error.to_string(),
            },
            None => String::new(),
        },
        Step::Together(steps) => {
            let mut taken = Vec::new();
            for step in steps {
                taken.push(Box::pin(take(journal, step, leases)));
            }
            let mut words = String::new();
            for part in join(taken).await {
                words += &part.words;
                said.leases.extend(part.leases);
                said.positions.extend(part.positions);
            }
            words
        }
        Step::Advance { .. } | Step::SetBack { .. } | Step::Switch => String::new(),
    };
    said
}

/// All of them are asked before the first one has answered.
async fn join<F: Future + Unpin>(futures: Vec<F>) -> Vec<F::Output> {
    let mut all: Vec<_> = futures.into_iter().map(|it| (it, None)).collect();
    core::future::poll_fn(|cx| {
        for (future, said) in all.iter_mut().filter(|(_, said)| said.is_none()) {
            if let Poll::Ready(now) = core::pin::Pin::new(future).poll(cx) {
                *said = Some(now);
            }
        }
        match all.iter().all(|(_, said)| said.is_some()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    all.into_iter().filter_map(|(_, said)| said).collect()
}

/// One of the two, and what it has given so far.
#[derive(Default)]
struct Side {
    leases: Vec<Lease>,
    last: Position,
}

impl Side {
    async fn take(&mut self, journal: &Journal, step: &Step) -> Result<String, TestCaseError> {
        let said = take(journal, step, &self.leases).await;
        for position in said.positions {
            // Also behind those that were removed: whoever follows has read them.
            prop_assert!(position > self.last, "{position:?} after {:?}: {step:?}", self.last);
            self.last = position;
        }
        self.leases.extend(said.leases);
        Ok(said.words)
    }
}

async fn everything(journal: &Journal) -> String {
    let heads = journal.heads(Heads::all()).await.unwrap();
    let mut all = journal.read_all(Position::START, 1_000).await.unwrap();
    assert!(all.is_sorted_by(|one, next| one.position < next.position));
    let positions: Vec<Position> = all.iter().map(|record| record.position).collect();
    for (record, place) in all.iter_mut().zip(1..) {
        record.position = Position::from_parts(0, place);
    }
    let mut said = format!("{heads:#?}\n{all:#?}");
    for stream in 0..STREAMS.len() {
        let mut page = journal.read(&id(stream), Sequence::new(1), 2).await.unwrap();
        for record in &mut page {
            let place = positions.iter().position(|it| *it == record.position).unwrap();
            record.position = Position::from_parts(0, place as u64 + 1);
        }
        said += &format!("{:#?}\n{page:#?}", journal.head(&id(stream)).await.unwrap());
    }
    said
}

/// Both take every step, and say the same of it; those who have the other one open take turns.
async fn live(steps: &[Step], clock: &WallClock, other: &[Journal]) -> Result<(), TestCaseError> {
    let memory = Journal::on(MemoryStore::with_clock(clock));
    let (mut ours, mut theirs) = (Side::default(), Side::default());
    let mut others = other.iter().cycle();
    let mut other = others.next().unwrap();
    for step in steps {
        match step {
            Step::Advance { ms } => clock.advance(Duration::from_millis(*ms)),
            Step::SetBack { ms } => clock.set(clock.now() - Duration::from_millis(*ms)),
            Step::Switch => other = others.next().unwrap(),
            _ => {}
        }
        let expected = ours.take(&memory, step).await?;
        let found = theirs.take(other, step).await?;
        prop_assert_eq!(&expected, &found, "{:?}", step);
    }
    prop_assert_eq!(everything(&memory).await, everything(other).await);
    Ok(())
}

/// Opens a store in that folder, which goes by that clock, as often as that is possible.
#[cfg(any(feature = "redb", feature = "sqlite"))]
type Open = fn(&Folder, &WallClock) -> Vec<Journal>;

#[cfg(any(feature = "redb", feature = "sqlite"))]
fn memory_says_the_same_as(open: Open, steps: &[Step]) -> Result<(), TestCaseError> {
    let folder = Folder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let clock = WallClock::manual(start());
    let file = open(&folder, &clock);
    runtime.block_on(live(steps, &clock, &file))
}

/// A few, which commit to a disk, unless the environment says how many.
fn cases() -> u32 {
    std::env::var_os("PROPTEST_CASES").map_or(64, |_| ProptestConfig::default().cases)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[cfg(feature = "sqlite")]
    #[test]
    fn memory_and_sqlite_say_the_same(steps in proptest::collection::vec(step_in_a_file(), 1..40)) {
        let open: Open = |folder, clock| {
            let builder = SqliteStore::builder(folder.file("same.db")).clock(clock);
            let open = |_| Journal::on(builder.clone().build().unwrap());
            (0..2).map(open).collect()
        };
        memory_says_the_same_as(open, &steps)?;
    }

    #[cfg(feature = "redb")]
    #[test]
    fn memory_and_redb_say_the_same(steps in proptest::collection::vec(step_in_a_file(), 1..40)) {
        let open: Open = |folder, clock| {
            let builder = RedbStore::builder(folder.file("same.redb")).clock(clock);
            vec![Journal::on(builder.build().unwrap())]
        };
        memory_says_the_same_as(open, &steps)?;
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn memory_and_postgres_say_the_same(steps in proptest::collection::vec(step(), 1..40)) {
        // One for all cases, which comes and goes with this test.
        let server = DATABASE.with(Clone::clone);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = WallClock::manual(start());
            let schema = server.1.fetch_add(1, crate::sync::atomic::Ordering::Relaxed);
            let builder = PostgresStore::builder(&server.0.url()).connections(2).clock(&clock);
            let store = builder.schema(&format!("life_{schema}")).build().await.unwrap();
            live(&steps, &clock, &[Journal::on(store)]).await
        })?;
    }
}

#[cfg(feature = "postgres")]
type Database =
    std::rc::Rc<(reliability_tests::postgres::Postgres, crate::sync::atomic::AtomicU32)>;

#[cfg(feature = "postgres")]
std::thread_local! {
    static DATABASE: Database = std::rc::Rc::new((
        reliability_tests::postgres::Postgres::start(),
        crate::sync::atomic::AtomicU32::new(0),
    ));
}
