//! Who comes first, who was there before, what keeps nobody waiting, and what all of it costs.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use tokio::sync::Semaphore;

use super::super::*;
use super::trade::{self, Trade};
use crate::journal::{
    Answer, Append, Appended, Changes, Claim, Due, Event, Head, Heads, Journal, JournalError,
    Lease, MemoryStore, Position, Record, Sequence, Store, StreamId,
};
use crate::sync::Mutex;

/// One is served after the other.
#[saga(input = Wish, refuse = String, shared = Counter)]
#[derive(Debug)]
enum Queue {
    #[pivot(serve)]
    Served(u32),
}

/// Four steps, each after the one before.
#[saga(input = Wish, refuse = String, shared = Counter)]
#[derive(Debug)]
enum Line {
    #[step(first, undo = none("it was only said"))]
    First(u32),
    #[step(first, undo = none("it was only said"))]
    Second(u32),
    #[pivot(first)]
    Third(u32),
    #[then(last)]
    Fourth(()),
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Wish {
    article: String,
    pieces: u32,
}

fn wish(pieces: u32) -> Wish {
    Wish { article: "tea".into(), pieces }
}

/// Nobody is served while it is closed.
struct Counter {
    open: Semaphore,
    served: Mutex<Vec<String>>,
}

impl Counter {
    fn new(open: usize) -> Arc<Self> {
        Arc::new(Self { open: Semaphore::new(open), served: Mutex::new(Vec::new()) })
    }

    fn served(&self) -> Vec<String> {
        self.served.lock().clone()
    }
}

async fn serve(cx: &Cx<Counter>, wish: &Wish) -> Result<u32, Outcome<String>> {
    cx.shared().served.lock().push(cx.key().to_string());
    cx.shared().open.acquire().await.unwrap().forget();
    Ok(wish.pieces)
}

async fn first(_: &Cx<Counter>, wish: &Wish) -> Result<u32, Outcome<String>> {
    Ok(wish.pieces)
}

async fn last(_: &Cx<Counter>, _: &Wish) -> Result<(), Transient> {
    Ok(())
}

fn queue(journal: &Journal, counter: &Arc<Counter>, most: usize) -> Sagas {
    let sagas = Sagas::on(journal).saga::<Queue>(Arc::clone(counter)).most(most);
    sagas.start().unwrap()
}

fn stream(key: &str) -> StreamId {
    StreamId::new("queue", key).unwrap()
}

#[tokio::test(start_paused = true)]
async fn whoever_has_the_higher_priority_is_served_first_when_there_is_room_for_one() {
    let (journal, counter) = (Journal::in_memory(), Counter::new(0));
    let sagas = queue(&journal, &counter, 1);
    let mut all = Vec::from([sagas.start::<Queue>("here", wish(1)).await.unwrap()]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for (key, priority) in [("low", -1), ("usual", 0), ("high", 7), ("higher", 8)] {
        let start = sagas.start::<Queue>(key, wish(1)).priority(priority);
        all.push(start.await.unwrap());
        let head = journal.head(&stream(key)).await.unwrap().unwrap();
        assert_eq!(head.priority, priority, "{key}");
    }
    assert_eq!(counter.served(), ["here"], "there is no room");
    counter.open.add_permits(all.len());
    for each in &all {
        assert!(matches!(each.ended().await.unwrap(), End::Completed(_)));
    }
    assert_eq!(counter.served(), ["here", "higher", "high", "usual", "low"]);
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_is_a_step_has_the_priority_of_the_one_around_it() {
    let journal = Journal::in_memory();
    let sagas = Sagas::on(&journal).saga::<Trade>(trade::World::failing(&[])).start().unwrap();
    let trade = sagas.start::<Trade>("1", 3).priority(7).await.unwrap();
    assert!(matches!(trade.ended().await.unwrap(), End::Completed(_)));
    let heads = journal.heads(Heads::of("ship")).await.unwrap();
    let of = |head: &Head| head.priority;
    assert_eq!(heads.iter().map(of).collect::<Vec<_>>(), [7]);
}

#[tokio::test(start_paused = true)]
async fn who_starts_it_again_with_the_same_has_the_same_run() {
    let (journal, counter) = (Journal::in_memory(), Counter::new(9));
    let sagas = queue(&journal, &counter, 9);
    let once = sagas.start::<Queue>("4711", wish(3)).await.unwrap();
    assert!(matches!(once.ended().await.unwrap(), End::Completed(_)));
    let records = journal.read_to_end(once.stream(), Sequence::START).await.unwrap();
    // Another process, and later.
    let again = queue(&journal, &counter, 9).start::<Queue>("4711", wish(3)).await.unwrap();
    assert_eq!(again.stream(), once.stream());
    let End::Completed(done) = again.ended().await.unwrap() else { panic!("{again:?}") };
    assert_eq!(done.served, 3);
    assert_eq!(counter.served(), ["4711"], "nobody is served twice");
    let after = journal.read_to_end(once.stream(), Sequence::START).await.unwrap();
    assert_eq!(after, records);
}

#[tokio::test(start_paused = true)]
async fn who_starts_another_one_under_the_same_key_is_told_which() {
    let (journal, counter) = (Journal::in_memory(), Counter::new(9));
    let sagas = queue(&journal, &counter, 9);
    sagas.start::<Queue>("4711", wish(3)).await.unwrap();
    let other = sagas.start::<Queue>("4711", wish(4)).await.unwrap_err();
    assert!(matches!(other, JournalError::Invalid(_)), "{other:?}");
    let said = other.to_string();
    for words in ["queue/4711", "a key of its own for each input", "with another input"] {
        assert!(said.contains(words), "{said}");
    }
}

// In real time: what came first again and again would leave no time to go by.
#[tokio::test]
async fn what_nobody_can_read_keeps_nobody_waiting_though_there_is_room_for_one() {
    let (journal, counter) = (Journal::in_memory(), Counter::new(0));
    let sagas = queue(&journal, &counter, 1);
    let here = sagas.start::<Queue>("here", wish(1)).await.unwrap();
    while counter.served().is_empty() {
        tokio::task::yield_now().await;
    }
    // They would come first, each time.
    for key in ["bad", "worse"] {
        let nonsense = Append::to(&stream(key)).priority(9).due(Due::Now);
        journal.append(nonsense.event(Event::bytes("Nonsense", 1, []))).await.unwrap();
    }
    let good = sagas.start::<Queue>("good", wish(2)).await.unwrap();
    counter.open.add_permits(2);
    for each in [here, good] {
        let ended = tokio::time::timeout(Duration::from_secs(30), each.ended()).await;
        assert!(matches!(ended, Ok(Ok(End::Completed(_)))), "{ended:?}");
    }
    for key in ["bad", "worse"] {
        let head = journal.head(&stream(key)).await.unwrap().unwrap();
        assert_eq!((head.status.as_str(), head.held), ("broken", None));
        assert!(head.due_at.is_some(), "it is looked at again");
    }
}

/// Counts how often somebody writes something to the runs of sagas.
#[derive(Debug)]
struct Counting {
    inner: MemoryStore,
    appends: Arc<Mutex<Vec<String>>>,
}

impl Store for Counting {
    fn append(&self, batch: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        if batch.iter().any(|it| it.stream().kind() != "saga.definition") {
            let events = batch.iter().flat_map(|it| it.events());
            let names: Vec<_> = events.map(|it| it.name()).collect();
            self.appends.lock().push(names.join(" "));
        }
        self.inner.append(batch)
    }

    fn read(&self, stream: StreamId, after: Sequence, most: usize) -> Answer<'_, Vec<Record>> {
        self.inner.read(stream, after, most)
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
        self.inner.claim(claim)
    }

    fn renew(&self, leases: Vec<Lease>, length: Duration) -> Answer<'_, Vec<bool>> {
        self.inner.renew(leases, length)
    }

    fn remove(&self, stream: StreamId, last: Sequence) -> Answer<'_, ()> {
        self.inner.remove(stream, last)
    }

    fn remove_held(&self, lease: Lease) -> Answer<'_, ()> {
        self.inner.remove_held(lease)
    }

    fn changes(&self) -> Changes {
        self.inner.changes()
    }
}

#[tokio::test(start_paused = true)]
async fn a_saga_of_so_many_steps_is_written_so_often_and_once_more() {
    let appends = Arc::new(Mutex::new(Vec::new()));
    let store = Counting { inner: MemoryStore::new(), appends: Arc::clone(&appends) };
    let journal = Journal::on(store);
    let sagas = Sagas::on(&journal).saga::<Line>(Counter::new(0)).start().unwrap();
    let line = sagas.start::<Line>("1", wish(1)).await.unwrap();
    assert!(matches!(line.ended().await.unwrap(), End::Completed(_)));
    sagas.stop(Duration::from_secs(1)).await;
    let appends = appends.lock().clone();
    assert_eq!(appends, ["saga.started", "First", "Second", "Third", "Fourth saga.completed"]);
}
