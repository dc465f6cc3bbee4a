//! What becomes of runs that are over, and of those that operators have ended.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize};

use super::super::*;
use crate::journal::{Journal, MemoryStore, StreamId};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::time::WallClock;

/// A note that is written and, perhaps, cannot be read any more.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Note(&'static str);

impl<'de> Deserialize<'de> for Note {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "legible" => Ok(Self("legible")),
            _ => Err(serde::de::Error::custom("nobody can read that")),
        }
    }
}

/// Whoever writes is away at first, or not.
pub(super) struct Desk {
    away: AtomicBool,
}

mod first {
    use super::*;

    #[saga(name = "note", input = Note, refuse = String, shared = Desk)]
    pub(super) enum Keep {
        #[step(write, undo = erase, retry = 1)]
        Written(()),
    }

    #[saga(name = "book", input = Note, refuse = String, shared = Desk)]
    pub(super) enum Bind {
        #[step(saga = Keep, input = same, refused = why, output = nothing, undo = none("it is kept"))]
        Kept(()),
    }

    fn same(note: &Note) -> Note {
        note.clone()
    }

    fn why(_: Why<String>) -> String {
        "it was not kept".into()
    }

    fn nothing(_: KeepDone) {}
}

mod second {
    use super::*;

    #[saga(name = "note", version = 2, drain(1), input = Note, refuse = String, shared = Desk)]
    pub(super) enum Keep {
        #[step(write, undo = erase, retry = 1)]
        Written(()),
    }
}

async fn write(cx: &Cx<Desk>, _: &Note) -> Result<(), Outcome<String>> {
    match cx.shared().away.load(Ordering::Relaxed) {
        true => Err(Outcome::transient("away")),
        false => Ok(()),
    }
}

async fn erase(_: &Cx<Desk>, _: &Note, _: Attempt<'_, ()>) -> Result<(), Transient> {
    Ok(())
}

const MINUTE: Retention = Retention::For(Duration::from_secs(60));

struct Bench {
    clock: WallClock,
    journal: Journal,
    desk: Arc<Desk>,
}

impl Bench {
    fn new(away: bool) -> Self {
        let clock = WallClock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let journal = Journal::on(MemoryStore::with_clock(&clock));
        Self { clock, journal, desk: Arc::new(Desk { away: AtomicBool::new(away) }) }
    }

    /// An engine that keeps for a minute what is over.
    fn engine<D: Saga<Shared = Desk>>(&self) -> Sagas {
        let sagas = Sagas::on(&self.journal).saga::<D>(Arc::clone(&self.desk)).clock(&self.clock);
        sagas.retain(MINUTE).start().unwrap()
    }

    /// So much time goes by, and the engines look at what is due.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn status(&self, stream: &StreamId) -> Option<String> {
        let head = self.journal.head(stream).await.unwrap();
        head.map(|head| head.status)
    }
}

fn note() -> StreamId {
    StreamId::new("note", "1").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_finished_run_of_a_drained_version_goes_when_its_time_is_over() {
    let bench = Bench::new(false);
    let old = bench.engine::<first::Keep>();
    let kept = old.start::<first::Keep>("1", Note("legible")).await.unwrap();
    assert!(matches!(kept.ended().await.unwrap(), End::Completed(_)));
    drop((kept, old));

    let _new = bench.engine::<second::Keep>();
    let before = bench.journal.head(&note()).await.unwrap().unwrap();
    bench.pass(50).await;
    let head = bench.journal.head(&note()).await.unwrap().unwrap();
    assert_eq!((head.status.as_str(), head.epoch), ("completed", before.epoch), "it rests");
    bench.pass(15).await;
    assert_eq!(bench.status(&note()).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_drained_version_that_is_not_over_is_left_to_others() {
    let bench = Bench::new(true);
    let old = bench.engine::<first::Keep>();
    let kept = old.start::<first::Keep>("1", Note("legible")).await.unwrap();
    assert!(matches!(kept.ended().await.unwrap(), End::Stuck { .. }));
    drop((kept, old));

    let new = bench.engine::<second::Keep>();
    Operator::on(&bench.journal).retry(&note(), "ada", "somebody is back").await.unwrap();
    bench.pass(120).await;
    assert_eq!(bench.status(&note()).await.as_deref(), Some("elsewhere"));
    drop(new);

    bench.desk.away.store(false, Ordering::Relaxed);
    let old = bench.engine::<first::Keep>();
    bench.pass(10).await;
    let end = old.find::<first::Keep>("1").unwrap().ended().await.unwrap();
    assert!(matches!(end, End::Completed(_)));
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_run_stays_as_long_as_one_that_has_ended_by_itself() {
    for text in ["legible", "illegible"] {
        let bench = Bench::new(true);
        let sagas = bench.engine::<first::Keep>();
        sagas.start::<first::Keep>("1", Note(text)).await.unwrap();
        bench.pass(1).await;
        assert_eq!(bench.status(&note()).await.as_deref(), Some("stuck"));
        let operator = Operator::on(&bench.journal);
        if text == "illegible" {
            operator.retry(&note(), "ada", "to see it read").await.unwrap();
            bench.pass(1).await;
            assert_eq!(bench.status(&note()).await.as_deref(), Some("broken"));
        }
        operator.abandon(&note(), "ada", "the pen is lost").await.unwrap();
        bench.pass(50).await;
        assert_eq!(bench.status(&note()).await.as_deref(), Some("abandoned"));
        assert!(operator.show(&note()).await.unwrap().to_string().contains("the pen is lost"));
        bench.pass(15).await;
        assert_eq!(bench.status(&note()).await, None, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_run_stays_for_the_one_around_it() {
    let bench = Bench::new(true);
    let sagas = bench.engine::<first::Bind>();
    let book = sagas.start::<first::Bind>("1", Note("legible")).await.unwrap();
    assert!(matches!(book.ended().await.unwrap(), End::Stuck { .. }));
    let kept = book.nested::<first::bind::Kept>().await.unwrap().unwrap().stream().clone();

    let operator = Operator::on(&bench.journal);
    operator.abandon(&kept, "ada", "the pen is lost").await.unwrap();
    bench.pass(300).await;
    assert_eq!(bench.status(&kept).await.as_deref(), Some("abandoned"));
    // What was told to it is what it does not know how to go on with.
    assert_eq!(bench.status(book.stream()).await.as_deref(), Some("stuck"));

    operator.abandon(book.stream(), "ada", "nobody reads it").await.unwrap();
    bench.pass(50).await;
    let listed = operator.list(None, Some("abandoned")).await.unwrap();
    let listed: Vec<&StreamId> = listed.iter().map(|head| &head.stream).collect();
    assert_eq!(listed, [&kept, book.stream()]);
    bench.pass(120).await;
    assert_eq!((bench.status(&kept).await, bench.status(book.stream()).await), (None, None));
}
