//! What a journal tells: of workers that were taken for dead, and of stores that refuse.

use std::time::{Duration, SystemTime};

use reliability::journal::{
    Answer, Append, Appended, Changes, Claim, Due, Event, Head, Heads, Journal, JournalError,
    Lease, MemoryStore, Position, Record, Sequence, Store, StreamId,
};
use reliability::telemetry::metrics::{self, Data};
use reliability::time::WallClock;

use super::crash::Folder;
use crate::metrics::{as_the_chapter_says, grows};
use crate::policy::events::{assert_as_documented, heard_of};

/// A store whose disk is gone.
#[derive(Debug)]
struct Gone;

fn gone<T: Send + 'static>() -> Answer<'static, T> {
    let source = "no such disk".into();
    Box::pin(async { Err(JournalError::Unavailable { what: "asking the disk", source }) })
}

impl Store for Gone {
    fn append(&self, _: Vec<Append>) -> Answer<'_, Vec<Appended>> {
        gone()
    }

    fn read(&self, _: StreamId, _: Sequence, _: usize) -> Answer<'_, Vec<Record>> {
        gone()
    }

    fn read_all(&self, _: Position, _: usize) -> Answer<'_, Vec<Record>> {
        gone()
    }

    fn head(&self, _: StreamId) -> Answer<'_, Option<Head>> {
        gone()
    }

    fn heads(&self, _: Heads) -> Answer<'_, Vec<Head>> {
        gone()
    }

    fn claim(&self, _: Claim) -> Answer<'_, Vec<Lease>> {
        gone()
    }

    fn renew(&self, _: Vec<Lease>, _: Duration) -> Answer<'_, Vec<bool>> {
        gone()
    }

    fn remove(&self, _: StreamId, _: Sequence) -> Answer<'_, ()> {
        gone()
    }

    fn remove_held(&self, _: Lease) -> Answer<'_, ()> {
        gone()
    }

    fn changes(&self) -> Changes {
        Changes::never()
    }
}

fn order() -> StreamId {
    StreamId::new("order", "4711").unwrap()
}

fn paid() -> Append {
    Append::to(&order()).event(Event::bytes("Paid", 1, []))
}

/// A worker sleeps through its lease, and a disk goes away.
async fn sleep_through_a_lease_and_lose_a_disk() {
    let clock = WallClock::manual(SystemTime::UNIX_EPOCH);
    let journal = Journal::on(MemoryStore::with_clock(&clock));
    journal.append(paid().due(Due::Now)).await.unwrap();
    let claim = || Claim::of(["order"]).lease(Duration::from_secs(1));
    let slow = journal.claim(claim()).await.unwrap();
    clock.advance(Duration::from_secs(1));
    journal.claim(claim()).await.unwrap();
    journal.append(paid().fenced(&slow[0])).await.unwrap_err();
    let lost = Journal::on(Gone).append(paid()).await.unwrap_err();
    assert_eq!(lost.to_string(), "asking the disk failed, and nothing was written: no such disk");
}

#[tokio::test]
async fn a_fenced_worker_and_a_lost_disk_are_told() {
    let heard = heard_of(sleep_through_a_lease_and_lose_a_disk).await;
    assert_as_documented(&heard, |event| event.starts_with("reliability.journal."));
    let fenced = &heard[0].1;
    assert_eq!(fenced["reliability.journal.stream"], "order/4711");
    assert_eq!(fenced["reliability.journal.shown_epoch"], "1");
    assert_eq!(fenced["reliability.journal.epoch"], "2");
}

fn count(metric: &str, outcome: Option<&str>) -> u64 {
    let all = metrics::collect();
    let Some(Data::Counter(points)) =
        all.into_iter().find(|it| it.name == metric).map(|it| it.data)
    else {
        return 0;
    };
    let of = |point: &&metrics::Point<u64>| {
        outcome
            .is_none_or(|outcome| point.attributes.iter().any(|it| it.value.to_string() == outcome))
    };
    points.iter().filter(of).map(|point| point.value).sum()
}

/// Other tests write to journals meanwhile, so counts grow by what is written here or by more.
#[tokio::test]
async fn appends_records_and_claims_are_counted() {
    let outcomes = ["written", "conflict", "fenced", "failed"];
    let counts = || {
        let appends = outcomes.map(|it| count("reliability.journal.appends", Some(it)));
        let records = count("reliability.journal.records", None);
        (appends, records, count("reliability.journal.claims", None))
    };
    let before = counts();
    sleep_through_a_lease_and_lose_a_disk().await;
    let journal = Journal::in_memory();
    journal.append(paid().event(Event::bytes("Sent", 1, []))).await.unwrap();
    journal.append(paid().after(Sequence::new(7))).await.unwrap_err();
    let after = counts();
    for (outcome, (before, after)) in outcomes.iter().zip(before.0.into_iter().zip(after.0)) {
        let grown = if *outcome == "written" { 2 } else { 1 };
        assert!(after >= before + grown, "{outcome}: {before} -> {after}");
    }
    assert!(after.1 >= before.1 + 3, "records");
    assert!(after.2 >= before.2 + 2, "claims");
}

#[tokio::test]
async fn how_long_a_disk_takes_is_told() {
    let folder = format!("reliability-journal-told-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(folder));
    std::fs::create_dir_all(&folder.0).unwrap();
    let work = async {
        let journal = Journal::open(folder.0.join("orders.db")).unwrap();
        journal.append(paid()).await.unwrap();
    };
    grows(&[("reliability.journal.commit.duration", None, 1.0)], work).await;
    as_the_chapter_says("journal", "reliability.journal.");
}
