//! The server is killed with `kill -9` while it works, and started again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reliability::journal::{
    Append, Claim, Due, Epoch, Event, Heads, Journal, JournalError, Position, Sequence,
};
use reliability_tests::postgres::Postgres;

use super::{journal, stream};

const WRITERS: u32 = 16;
/// How often it is killed: three times, unless this says otherwise.
const CYCLES: &str = "RELIABILITY_CRASH_CYCLES";

fn cycles() -> u64 {
    std::env::var(CYCLES).ok().and_then(|cycles| cycles.parse().ok()).unwrap_or(3)
}

/// What one writer was told is written, and the epochs that it was given.
struct Told {
    last: Sequence,
    epochs: Vec<Epoch>,
}

/// Appends to two streams at once, until so many were written in all.
async fn write(journal: Journal, writer: u32, written: Arc<AtomicU64>, enough: u64) -> Told {
    let (one, other) = (stream("debit", writer), stream("credit", writer));
    let mut told = Told { last: Sequence::START, epochs: Vec::new() };
    while written.load(Ordering::Relaxed) < enough {
        let number = told.last.next().get();
        let event = || Event::json("Moved", 1, &(writer, number, "x".repeat(150))).unwrap();
        let both =
            [&one, &other].map(|it| Append::to(it).after(told.last).event(event()).due(Due::Now));
        match journal.append_all(both).await {
            Ok(appended) => {
                told.last = appended[0].sequence;
                written.fetch_add(1, Ordering::Relaxed);
            }
            // Nobody else writes here: it is the one of which nothing was known.
            Err(JournalError::Conflict { found, .. }) => {
                assert_eq!(found, told.last.next());
                told.last = found;
            }
            Err(JournalError::Unknown { .. } | JournalError::Unavailable { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        if number.is_multiple_of(5) {
            let claim = Claim::of(["credit"]).lease(Duration::from_millis(1)).most(2);
            match journal.claim(claim).await {
                Ok(leases) => told.epochs.extend(leases.iter().map(|lease| lease.epoch)),
                Err(JournalError::Unknown { .. } | JournalError::Unavailable { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_server_that_is_killed_and_nothing_is_there_by_half() {
    const EACH: u64 = 150;
    // As somebody has set it up who wants speed: the journal wants its commits on the disk all the
    // same.
    let settings = [("synchronous_commit", "off"), ("wal_writer_delay", "10s")];
    let server = Arc::new(Postgres::with(&settings));
    let written = Arc::new(AtomicU64::new(0));
    let mut writers = Vec::new();
    let shared = [journal(&server.url()).await, journal(&server.url()).await];
    for writer in 0..WRITERS {
        let journal = shared[writer as usize % 2].clone();
        writers.push(tokio::spawn(write(journal, writer, written.clone(), EACH * (cycles() + 1))));
    }
    for cycle in 1..=cycles() {
        while written.load(Ordering::Relaxed) < EACH * cycle {
            tokio::task::yield_now().await;
        }
        let server = Arc::clone(&server);
        let killed = tokio::task::spawn_blocking(move || {
            server.kill();
            server.start_again();
        });
        killed.await.unwrap();
    }
    let mut told = Vec::new();
    for writer in writers {
        told.push(writer.await.unwrap());
    }
    server.kill();
    server.start_again();

    let mut epochs = BTreeSet::new();
    let mut all = 0;
    for (writer, told) in (0..).zip(told) {
        for epoch in told.epochs {
            assert!(epochs.insert(epoch), "epoch {epoch} was given twice");
        }
        let mut ends = Vec::new();
        for kind in ["debit", "credit"] {
            let stream = stream(kind, writer);
            let records = shared[0].read_to_end(&stream, Sequence::START).await.unwrap();
            for (number, record) in (1..).zip(&records) {
                let said: (u32, u64, String) = record.event.read_json().unwrap();
                assert_eq!(record.sequence.get(), number, "without gaps");
                assert_eq!((said.0, said.1, said.2.len()), (writer, number, 150), "whole");
            }
            ends.push(records.len() as u64);
        }
        assert_eq!(ends[0], ends[1], "both streams of a batch, or none");
        assert!(ends[0] >= told.last.get(), "{writer} was told of {}, found {ends:?}", told.last);
        assert!(ends[0] <= told.last.get() + 1, "{writer} wrote one at a time");
        all += ends[0] + ends[1];
    }
    assert!(!epochs.is_empty());
    let (mut read, mut behind) = (0, Position::START);
    loop {
        let page = shared[1].read_all(behind, 10_000).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(last.position > behind, "in order, and no end that is the beginning");
        (read, behind) = (read + page.len() as u64, last.position);
    }
    assert_eq!(read, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_much_is_recovered_strands_nothing() {
    const STREAMS: u32 = 400;
    let server = Arc::new(Postgres::start());
    let first = journal(&server.url()).await;
    let due = (0..STREAMS).map(|key| Append::to(&stream("order", key)).due(Due::Now));
    first.append_all(due).await.unwrap();
    let done = Arc::new(AtomicU64::new(0));
    let mut workers = Vec::new();
    for worker in 0..4 {
        let (journal, done) = (journal(&server.url()).await, Arc::clone(&done));
        workers.push(tokio::spawn(async move {
            loop {
                // Short, because a claim whose answer was lost holds its streams as long.
                let claim = Claim::of(["order"]).by(&format!("worker-{worker}")).most(9);
                let claim = claim.lease(Duration::from_millis(300));
                match journal.claim(claim).await {
                    Ok(leases) if leases.is_empty() => {
                        let open = journal.heads(Heads::of("order").with_status("").most(1)).await;
                        if open.is_ok_and(|open| open.is_empty()) {
                            return;
                        }
                    }
                    Ok(leases) => {
                        for lease in leases {
                            let end = Append::to(&lease.stream).fenced(&lease);
                            let end = end.after(lease.sequence).status("done").release();
                            let end = end.event(super::event(worker)).due(Due::Never);
                            match journal.append(end).await {
                                Ok(_) => drop(done.fetch_add(1, Ordering::Relaxed)),
                                Err(error) => assert!(passes(&error), "{error}"),
                            }
                        }
                    }
                    Err(error) => assert!(passes(&error), "{error}"),
                }
            }
        }));
    }
    while done.load(Ordering::Relaxed) < 60 {
        tokio::task::yield_now().await;
    }
    let killed = Arc::clone(&server);
    let killed = tokio::task::spawn_blocking(move || {
        killed.kill();
        killed.start_again();
    });
    killed.await.unwrap();
    for worker in workers {
        worker.await.unwrap();
    }
    let heads = first.heads(Heads::of("order")).await.unwrap();
    assert_eq!(heads.len(), STREAMS as usize);
    for head in heads {
        assert_eq!((head.status.as_str(), head.sequence.get()), ("done", 1), "{}", head.stream);
    }
}

/// What a worker meets with when the server is away, or when others were quicker meanwhile.
fn passes(error: &JournalError) -> bool {
    matches!(
        error,
        JournalError::Unknown { .. }
            | JournalError::Unavailable { .. }
            | JournalError::Fenced { .. }
            | JournalError::Conflict { .. }
    )
}
