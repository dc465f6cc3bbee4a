//! A journal comes to the server, with all that is in work in it.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reliability::distributed::transaction::saga::{
    Attempt, Cx, End, Outcome, Sagas, Transient, saga,
};
use reliability::journal::{
    self, Append, Claim, CopyError, Due, Journal, JournalError, Position, Sequence,
};
use reliability_tests::postgres::Postgres;
use serde::{Deserialize, Serialize};

use super::{PATIENCE, event, journal, store, stream};
use crate::journal::crash::Folder;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Refused {}

/// What was done, by whichever engine.
#[derive(Debug, Default)]
pub(crate) struct Done(Mutex<Vec<String>>);

impl Done {
    fn done(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

async fn reserve(cx: &Cx<Done>, order: &u32) -> Result<u32, Outcome<Refused>> {
    cx.shared().done(format!("reserve for {order}"));
    Ok(7)
}

async fn release(cx: &Cx<Done>, order: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
    cx.shared().done(format!("release for {order}"));
    Ok(())
}

async fn ship(cx: &Cx<Done>, order: &u32, goods: &u32, paid: &String) -> Result<(), Transient> {
    cx.shared().done(format!("ship {goods} for {order}, {paid}"));
    Ok(())
}

#[saga(input = u32, refuse = Refused, shared = Done)]
#[derive(Debug)]
pub(crate) enum Shipping {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[signal]
    Paid(String),
    #[then(ship, needs(Reserved, Paid))]
    Shipped(()),
}

#[tokio::test]
async fn what_was_begun_in_a_file_is_ended_on_a_server() {
    let folder = std::env::temp_dir().join(format!("journal-moves-{}", std::process::id()));
    let folder = Folder(folder);
    fs::create_dir_all(&folder.0).unwrap();
    let file = Journal::open(folder.0.join("orders.db")).unwrap();
    let server = Postgres::shared();
    let large = journal(&server.url_of(&server.database())).await;
    let done = std::sync::Arc::new(Done::default());

    // One is due, one was held once and given back, one is due much later, one is stuck.
    for key in 1..=4 {
        file.append(Append::to(&stream("order", key)).event(event(key))).await.unwrap();
    }
    file.append(Append::to(&stream("order", 2)).due(Due::Now)).await.unwrap();
    let held = file.claim(Claim::of(["order"]).by("worker")).await.unwrap().remove(0);
    let back = Append::to(&held.stream).fenced(&held).priority(5).release();
    file.append(back.event(event(20))).await.unwrap();
    file.append(Append::to(&stream("order", 1)).due(Due::Now)).await.unwrap();
    let later = Append::to(&stream("order", 3)).due(Due::After(Duration::from_secs(86_400)));
    file.append(later).await.unwrap();
    file.append(Append::to(&stream("order", 4)).status("stuck")).await.unwrap();

    // And a saga has half of its way behind it.
    let sagas = Sagas::on(&file).saga::<Shipping>(done.clone()).start().unwrap();
    let run = sagas.start::<Shipping>("4711", 300).await.unwrap();
    let mut progress = run.progress().await.unwrap().expect("it was started");
    while done.0.lock().unwrap().is_empty() {
        progress = run.further_than(&progress).await.unwrap();
    }
    sagas.stop(PATIENCE).await;
    let copied = journal::copy(&file, &large).await.unwrap();
    assert!(copied.streams >= 5 && copied.records >= 6, "{copied:?}");

    let old = sagas.signal("4711", Shipping::Paid("there".into())).await.unwrap_err();
    assert!(matches!(old, JournalError::Sealed), "{old}");
    let sagas = Sagas::on(&large).saga::<Shipping>(done.clone()).start().unwrap();
    sagas.signal("4711", Shipping::Paid("in cash".into())).await.unwrap();
    let end = sagas.find::<Shipping>("4711").unwrap().ended().await.unwrap();
    assert!(matches!(end, End::Completed(_)), "{end:?}");
    let calls = ["reserve for 300", "ship 7 for 300, in cash"];
    assert_eq!(*done.0.lock().unwrap(), calls, "each once");

    let leases = large.claim(Claim::of(["order"]).most(9)).await.unwrap();
    let keys: Vec<_> = leases.iter().map(|lease| lease.stream.key()).collect();
    assert_eq!(keys, ["2", "1"], "what is urgent, and what was due");
    assert!(leases.iter().all(|lease| lease.epoch > held.epoch));
    let next = Append::to(&leases[0].stream).fenced(&leases[0]).after(Sequence::new(2));
    assert_eq!(large.append(next.event(event(21))).await.unwrap().sequence.get(), 3);
    let stuck = large.head(&stream("order", 4)).await.unwrap().expect("it was copied");
    assert_eq!((stuck.status.as_str(), stuck.due_at), ("stuck", None));
    let stale = large.append(Append::to(&held.stream).fenced(&held)).await.unwrap_err();
    assert!(matches!(stale, JournalError::Fenced { .. }), "{stale}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_slips_past_a_seal() {
    let server = Postgres::shared();
    let database = server.url_of(&server.database());
    let (one, other) = (journal(&database).await, journal(&database).await);
    for _ in 0..5 {
        let written = std::sync::Arc::new(AtomicU64::new(0));
        let mut writers = Vec::new();
        let before = one.read_all(Position::START, 10_000).await.unwrap().len();
        for writer in 0..12 {
            let journal = [&one, &other][writer as usize % 2].clone();
            let written = written.clone();
            writers.push(tokio::spawn(async move {
                loop {
                    let append = Append::to(&stream("order", writer)).event(event(writer));
                    match journal.append(append).await {
                        Ok(_) => drop(written.fetch_add(1, Ordering::Relaxed)),
                        Err(JournalError::Sealed) => return,
                        Err(error) => panic!("{error}"),
                    }
                }
            }));
        }
        while written.load(Ordering::Relaxed) < 50 {
            tokio::task::yield_now().await;
        }
        one.seal().await.unwrap();
        let sealed = one.read_all(Position::START, 10_000).await.unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(sealed.len() - before, written.load(Ordering::Relaxed) as usize);
        assert_eq!(other.read_all(Position::START, 10_000).await.unwrap(), sealed);
        other.unseal().await.unwrap();
    }
}

/// A transaction in doubt has begun to write, and may still be committed.
#[tokio::test]
async fn who_seals_waits_for_those_who_have_begun_to_write() {
    let server = Postgres::with(&[("max_prepared_transactions", "9")]);
    let short = Duration::from_millis(300);
    let store = store(&server.url()).timeout(short).build().await.unwrap();
    let journal = Journal::on(store);
    server.sql(
        "BEGIN;
         SELECT journal_append(NULL, '{order}', '{3}', '{1}', '{1}', '{NULL}', '{NULL}', '{NULL}',
             '{NULL}', '{NULL}', '{NULL}', '{f}', '{NULL}', '{NULL}', '{1}', '{Numbered}', '{1}', '{json}', '{3}');
         PREPARE TRANSACTION 'in_doubt'",
    );
    let refused = journal.seal().await.unwrap_err();
    assert!(matches!(refused, JournalError::Unavailable { .. }), "{refused}");
    assert!(!journal.standing().await.unwrap().sealed);
    server.sql("COMMIT PREPARED 'in_doubt'");
    let patient = super::journal(&server.url()).await;
    patient.seal().await.unwrap();
    assert!(journal.standing().await.unwrap().sealed);
    assert_eq!(journal.read_all(Position::START, 9).await.unwrap().len(), 1);
    let refused = journal.claim(Claim::of(["order"])).await.unwrap_err();
    assert!(matches!(refused, JournalError::Sealed), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_whose_server_is_killed_goes_on_where_it_was() {
    const STREAMS: u32 = 2_500;
    let server = Postgres::start();
    let (small, large) = (Journal::in_memory(), journal(&server.url()).await);
    for key in 0..STREAMS {
        let due = Append::to(&stream("order", key)).event(event(key)).due(Due::Now);
        small.append(due).await.unwrap();
    }
    let claim = Claim::of(["order"]).most(700).lease(Duration::from_secs(60));
    let claimed = small.claim(claim).await.unwrap();
    let back = claimed.iter().map(|it| Append::to(&it.stream).fenced(it).release());
    small.append_all(back).await.unwrap();
    let last = claimed.last().expect("some are due").epoch;

    let mut parts = 0;
    let copied = loop {
        let copy = journal::copy(&small, &large).progress(|_| {
            parts += 1;
            if parts < 4 {
                server.kill();
                server.start_again();
            }
        });
        match copy.await {
            Ok(copied) => break copied,
            Err(CopyError::To(JournalError::Unknown { .. } | JournalError::Unavailable { .. })) => {
            }
            Err(error) => panic!("{error}"),
        }
    };
    assert!(parts >= 4, "{parts}");
    assert_eq!((copied.streams, copied.records), (STREAMS.into(), STREAMS.into()));
    server.kill();
    server.start_again();
    let mut leases = Vec::new();
    loop {
        let more = large.claim(Claim::of(["order"]).most(1_000)).await;
        match more {
            Ok(more) if more.is_empty() => break,
            Ok(more) => leases.extend(more),
            // The connections do not know yet that the server was away.
            Err(JournalError::Unknown { .. } | JournalError::Unavailable { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(leases.len() >= STREAMS as usize - 1_000);
    assert!(leases.iter().all(|lease| lease.epoch > last));
}
