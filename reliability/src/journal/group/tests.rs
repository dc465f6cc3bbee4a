#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::task::Poll;
use core::time::Duration;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::journal::{
    Adopted, Append, Appended, Claim, Event, JournalError, Lease, Position, Removal, Sequence,
    StreamId,
};
use crate::time::WallClock;

/// A store that does with an append what the key of its stream says.
struct Scripted {
    /// The keys of each commit.
    commits: Arc<Mutex<Vec<Vec<String>>>>,
    /// Every transaction says that it is begun, and waits to be let through.
    begun: Sender<()>,
    gate: Receiver<()>,
}

struct Keys(Vec<String>);

impl Engine for Scripted {
    fn transact(&mut self, _: &WallClock, work: Work<'_>) -> Result<(), Failed> {
        let _ = (self.begun.send(()), self.gate.recv());
        let mut keys = Keys(Vec::new());
        work(&mut keys).map_err(Failed::Before)?;
        let has = |wanted: &str| keys.0.iter().any(|key| key == wanted);
        assert!(!has("panics in the commit"), "the disk is on fire");
        if has("fails in the commit") {
            let source = "no answer".into();
            return Err(Failed::While(JournalError::Unknown { source }));
        }
        self.commits.lock().unwrap().push(keys.0);
        Ok(())
    }
}

impl Writing for Keys {
    fn append(&mut self, batch: &[Append]) -> Outcome<Vec<Appended>> {
        let key = batch[0].stream().key();
        assert_ne!(key, "panics", "a bug");
        if key == "fails" {
            let source = "no room".into();
            return Err(JournalError::Unavailable { what: "writing", source });
        }
        if key == "refused" {
            let (stream, expected) = (batch[0].stream().clone(), Sequence::new(7));
            return Ok(Err(JournalError::Conflict { stream, expected, found: Sequence::START }));
        }
        self.0.push(key.to_string());
        Ok(Ok(alloc::vec![Appended::new(Sequence::new(1), Position::from_parts(0, 1))]))
    }

    fn claim(&mut self, _: &Claim) -> Outcome<Vec<Lease>> {
        Ok(Ok(Vec::new()))
    }

    fn renew(&mut self, leases: &[Lease], _: Duration) -> Outcome<Vec<bool>> {
        Ok(Ok(alloc::vec![true; leases.len()]))
    }

    fn remove(&mut self, _: &Removal) -> Outcome<()> {
        Ok(Ok(()))
    }

    fn is_sealed(&mut self) -> Result<bool, JournalError> {
        Ok(false)
    }

    fn seal(&mut self, _: bool) -> Outcome<()> {
        Ok(Ok(()))
    }

    fn adopt(&mut self, _: &Adopted) -> Outcome<()> {
        Ok(Ok(()))
    }
}

struct Bench {
    threads: Threads<()>,
    commits: Arc<Mutex<Vec<Vec<String>>>>,
    begun: Receiver<()>,
    gate: Sender<()>,
}

fn bench(set: impl FnOnce(&mut Settings)) -> Bench {
    let mut settings = Settings::new();
    set(&mut settings);
    let ((gate, opened), (begins, begun)) = (channel(), channel());
    let commits = Arc::default();
    let engine = Scripted { commits: Arc::clone(&commits), begun: begins, gate: opened };
    Bench { threads: Threads::start(engine, (), settings).unwrap(), commits, begun, gate }
}

/// An append of which the size is known: 65 bytes and its payload.
fn append(key: &str, payload: usize) -> Vec<Append> {
    let append = Append::to(&StreamId::new("order", key).unwrap());
    alloc::vec![append.event(Event::bytes("E", 1, alloc::vec![0; payload]))]
}

type Running<'b> = core::pin::Pin<Box<dyn Future<Output = Said> + Send + 'b>>;
type Said = Result<Vec<Appended>, JournalError>;

impl Bench {
    /// Those are in the queue, or wait for room in it, while the thread is in a transaction with
    /// an append of its own.
    async fn gathered<'b>(
        &'b self,
        keys: &[&str],
        payload: usize,
    ) -> (Running<'b>, Vec<Running<'b>>) {
        let mut first: Running<'b> = self.threads.append(append("first", 0));
        polled(&mut first).await;
        self.begun.recv().unwrap();
        let mut all = Vec::new();
        for key in keys {
            let mut one: Running<'b> = self.threads.append(append(key, payload));
            polled(&mut one).await;
            all.push(one);
        }
        (first, all)
    }

    /// Nothing is held back any more.
    fn open(&self) {
        (0..100).for_each(|_| self.gate.send(()).unwrap());
    }

    fn commits(&self) -> Vec<String> {
        self.commits.lock().unwrap().iter().map(|keys| keys.join(" ")).collect()
    }
}

async fn polled(running: &mut Running<'_>) {
    let pending = poll_fn(|cx| Poll::Ready(running.as_mut().poll(cx).is_pending())).await;
    assert!(pending, "nothing is answered before it is committed");
}

async fn said(running: Vec<Running<'_>>) -> Vec<String> {
    let mut all = Vec::new();
    for one in running {
        all.push(match one.await {
            Ok(_) => "written".to_string(),
            Err(error) => error.to_string(),
        });
    }
    all
}

#[tokio::test]
async fn what_came_meanwhile_goes_into_one_commit_and_who_is_refused_undoes_nobody() {
    let bench = bench(|_| {});
    let (first, all) = bench.gathered(&["a", "refused", "b"], 0).await;
    bench.open();
    first.await.unwrap();
    let all = said(all).await;
    assert_eq!((all[0].as_str(), all[2].as_str()), ("written", "written"));
    assert!(all[1].contains("was expected to end with record 7"), "{}", all[1]);
    assert_eq!(bench.commits(), ["first", "a b"]);
}

#[tokio::test]
async fn what_the_store_cannot_write_or_panics_at_fails_alone() {
    for (poison, told) in [("fails", "writing failed"), ("panics", "made the store panic")] {
        let bench = bench(|_| {});
        let (first, all) = bench.gathered(&["a", poison, "b"], 0).await;
        bench.open();
        first.await.unwrap();
        let all = said(all).await;
        assert_eq!((all[0].as_str(), all[2].as_str()), ("written", "written"));
        assert!(all[1].contains(told), "{}", all[1]);
        assert_eq!(bench.commits(), ["first", "a", "b"]);
    }
}

#[tokio::test]
async fn after_a_commit_that_breaks_nobody_knows_and_the_thread_goes_on() {
    for poison in ["fails in the commit", "panics in the commit"] {
        let bench = bench(|_| {});
        let (first, all) = bench.gathered(&["a", poison, "b"], 0).await;
        bench.open();
        first.await.unwrap();
        for one in all {
            let unknown = one.await.unwrap_err();
            assert!(unknown.may_be_written(), "{unknown}");
        }
        bench.threads.append(append("later", 0)).await.unwrap();
        assert_eq!(bench.commits(), ["first", "later"]);
    }
}

#[tokio::test]
async fn a_commit_is_full_by_calls_or_by_bytes() {
    let by_calls = bench(|it| it.group = 2);
    let (first, all) = by_calls.gathered(&["a", "b", "c"], 0).await;
    by_calls.open();
    first.await.unwrap();
    assert_eq!(said(all).await, ["written"; 3]);
    assert_eq!(by_calls.commits(), ["first", "a b", "c"]);

    // Two of them are more than half of it, and the third one makes it more than full.
    let by_bytes = bench(|it| it.group_bytes = 2_500);
    let (first, all) = by_bytes.gathered(&["a", "b", "c", "d"], 1_000).await;
    by_bytes.open();
    first.await.unwrap();
    assert_eq!(said(all).await, ["written"; 4]);
    assert_eq!(by_bytes.commits(), ["first", "a b c", "d"]);
}

#[tokio::test]
async fn who_brings_more_than_there_is_room_for_waits_outside() {
    let bench = bench(|it| it.queue_bytes = 2_500);
    let (first, all) = bench.gathered(&["a", "b", "more than all", "c"], 1_000).await;
    // The first one is in its transaction and has its room: two are in the queue, the others not.
    assert_eq!(bench.threads.waiting(), 2);
    bench.open();
    first.await.unwrap();
    assert_eq!(said(all).await, ["written"; 4]);
    let larger = bench.threads.append(append("larger than the room", 10_000)).await;
    larger.unwrap();
}

#[tokio::test]
async fn who_has_gone_gets_nothing_written_and_the_thread_ends_with_the_store() {
    let bench = bench(|_| {});
    {
        let (first, mut all) = bench.gathered(&["gone", "b"], 0).await;
        // Who has gone before it was begun gets nothing written.
        drop(all.remove(0));
        bench.open();
        first.await.unwrap();
        assert_eq!(said(all).await, ["written"]);
    }
    assert_eq!(bench.commits(), ["first", "b"]);
    let Bench { threads, commits, gate, .. } = bench;
    drop((threads, gate));
    // The thread has let go of what it had.
    while Arc::strong_count(&commits) > 1 {
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn a_read_that_panics_is_answered_and_the_next_one_too() {
    let bench = bench(|_| {});
    let read = bench.threads.read(|()| -> Outcome<u8> { panic!("no such page") }).await;
    assert!(read.unwrap_err().to_string().contains("no such page"));
    assert_eq!(bench.threads.read(|()| Ok(Ok(7))).await.unwrap(), 7);
}
