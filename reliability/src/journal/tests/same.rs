//! A random life of a journal, in memory and in a file: both say the same, all the way.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::folder::Folder;
use super::*;
use crate::time::WallClock;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Wish>),
    Claim { kinds: Vec<&'static str>, lease_ms: u64, most: usize },
    Renew { lease: usize, ms: u64 },
    Remove { stream: usize, last: u64 },
    Advance { ms: u64 },
    SetBack { ms: u64 },
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
    (conditions, terms).prop_map(|((stream, after, lease, events), terms)| {
        let (due, priority, status, release) = terms;
        Wish { stream, after, lease, events, due, priority, status, release }
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
        3 => (0_u64..60).prop_map(|ms| Step::Advance { ms }),
        1 => (0_u64..200).prop_map(|ms| Step::SetBack { ms }),
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
    if wish.release {
        append = append.release();
    }
    append.events_of((0..wish.events).map(|n| Event::bytes("Event", n.into(), [n])))
}

/// What the step gives, in words; new leases go to the others.
async fn take(journal: &Journal, step: &Step, leases: &mut Vec<Lease>) -> String {
    match step {
        Step::Append(wishes) => {
            let batch = wishes.iter().map(|wish| append(wish, leases)).collect::<Vec<_>>();
            match journal.append_all(batch).await {
                Ok(appended) => format!("{appended:?}"),
                Err(error) => error.to_string(),
            }
        }
        Step::Claim { kinds, lease_ms, most } => {
            let claim = Claim::of(kinds.iter().copied()).by("me").most(*most);
            let claim = claim.lease(Duration::from_millis(*lease_ms));
            let claimed = journal.claim(claim).await.unwrap();
            leases.extend(claimed.iter().cloned());
            format!("{claimed:?}")
        }
        Step::Renew { lease, ms } => {
            let Some(lease) = leases.iter().rev().nth(*lease) else { return String::new() };
            let length = Duration::from_millis(*ms);
            format!("{:?}", journal.renew(core::slice::from_ref(lease), length).await.unwrap())
        }
        Step::Remove { stream, last } => {
            match journal.remove(&id(*stream), Sequence::new(*last)).await {
                Ok(()) => "removed".into(),
                Err(error) => error.to_string(),
            }
        }
        Step::Advance { .. } | Step::SetBack { .. } => String::new(),
    }
}

async fn everything(journal: &Journal) -> String {
    let heads = journal.heads(Heads::all()).await.unwrap();
    let all = journal.read_all(Position::START, 1_000).await.unwrap();
    let mut said = format!("{heads:#?}\n{all:#?}");
    for stream in 0..STREAMS.len() {
        let page = journal.read(&id(stream), Sequence::new(1), 2).await.unwrap();
        said += &format!("{:#?}\n{page:#?}", journal.head(&id(stream)).await.unwrap());
    }
    said
}

/// Opens a store in that folder, which goes by that clock.
type Open = fn(&Folder, &WallClock) -> Journal;

fn memory_says_the_same_as(open: Open, steps: &[Step]) -> Result<(), TestCaseError> {
    let folder = Folder::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let clock = WallClock::manual(start());
        let memory = Journal::on(MemoryStore::with_clock(&clock));
        let file = open(&folder, &clock);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Advance { ms } => clock.advance(Duration::from_millis(*ms)),
                Step::SetBack { ms } => clock.set(clock.now() - Duration::from_millis(*ms)),
                _ => {}
            }
            let expected = take(&memory, step, &mut ours).await;
            let found = take(&file, step, &mut theirs).await;
            prop_assert_eq!(&expected, &found, "{:?}", step);
        }
        prop_assert_eq!(everything(&memory).await, everything(&file).await);
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[cfg(feature = "sqlite")]
    #[test]
    fn memory_and_sqlite_say_the_same(steps in proptest::collection::vec(step(), 1..40)) {
        let open: Open = |folder, clock| {
            Journal::on(SqliteStore::builder(folder.file("same.db")).clock(clock).build().unwrap())
        };
        memory_says_the_same_as(open, &steps)?;
    }

    #[cfg(feature = "redb")]
    #[test]
    fn memory_and_redb_say_the_same(steps in proptest::collection::vec(step(), 1..40)) {
        let open: Open = |folder, clock| {
            Journal::on(RedbStore::builder(folder.file("same.redb")).clock(clock).build().unwrap())
        };
        memory_says_the_same_as(open, &steps)?;
    }
}
