//! Several who share one database, and what else is in it.

use std::sync::Arc;
use std::time::Duration;

use reliability::journal::{
    Append, Claim, Due, Heads, Journal, JournalError, Position, PostgresStore, Sequence, StreamId,
};
use reliability_tests::postgres::Postgres;
use tokio::time::timeout;

use super::{PATIENCE, event, journal, store, stream};

#[tokio::test]
async fn a_worker_that_sleeps_beyond_its_lease_is_refused() {
    let server = Postgres::shared();
    let database = server.url_of(&server.database());
    let (slow, quick) = (journal(&database).await, journal(&database).await);
    let order = stream("order", 1);
    slow.append(Append::to(&order).event(event(1)).due(Due::Now)).await.unwrap();
    let claim = |owner| Claim::of(["order"]).by(owner).lease(Duration::from_millis(1));
    let mut held = slow.claim(claim("slow")).await.unwrap();
    let (old, mut taken) = (held.remove(0), Vec::new());
    while taken.is_empty() {
        taken = quick.claim(claim("quick")).await.unwrap();
    }
    assert!(taken[0].epoch > old.epoch);
    quick.append(Append::to(&order).fenced(&taken[0]).event(event(2))).await.unwrap();
    let stale = Append::to(&order).fenced(&old).event(event(3));
    let fenced = slow.append(stale).await.unwrap_err();
    let JournalError::Fenced { shown, current, .. } = fenced else { panic!("{fenced}") };
    assert_eq!((shown, current), (old.epoch, taken[0].epoch));
    assert_eq!(slow.renew(&[old], Duration::from_secs(1)).await.unwrap(), [false]);
    assert_eq!(slow.read(&order, Sequence::START, 9).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_of_several_stores_do_each_work_once() {
    const STREAMS: u32 = 200;
    let server = Postgres::shared();
    let database = server.url_of(&server.database());
    let first = journal(&database).await;
    let due = (0..STREAMS).map(|key| Append::to(&stream("order", key)).due(Due::Now));
    first.append_all(due).await.unwrap();
    let mut workers = Vec::new();
    for worker in 0..4 {
        // Each has connections of its own, as processes have.
        let journal = journal(&database).await;
        workers.push(tokio::spawn(async move {
            let mut done = Vec::new();
            loop {
                let claim = Claim::of(["order"]).by(&format!("worker-{worker}")).most(7);
                let leases = journal.claim(claim).await.unwrap();
                if leases.is_empty() {
                    return done;
                }
                for lease in leases {
                    let end = Append::to(&lease.stream).fenced(&lease).after(lease.sequence);
                    journal.append(end.event(event(worker)).due(Due::Never)).await.unwrap();
                    done.push(lease.epoch);
                }
            }
        }));
    }
    let mut epochs = Vec::new();
    for worker in workers {
        epochs.extend(worker.await.unwrap());
    }
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), STREAMS as usize, "each was claimed once, in an epoch of its own");
    let all = first.read_all(Position::START, 10_000).await.unwrap();
    assert_eq!(all.len(), STREAMS as usize, "and worked at once");
}

/// Whoever claims has looked at the clock before it comes to a stream, which somebody else may have
/// claimed in between: later than that, by the same clock.
#[tokio::test]
async fn who_is_slow_at_claiming_takes_nothing_that_was_claimed_meanwhile() {
    let server = Postgres::shared();
    let database = server.database();
    let slow = journal(&server.url_of(&database)).await;
    slow.append(Append::to(&stream("order", 1)).due(Due::Now)).await.unwrap();
    // Nobody else comes to the streams while this one has their index; it claims as soon as the slow
    // one waits for that.
    let quick = tokio::task::spawn_blocking({
        let (server, database) = (Arc::clone(&server), database.clone());
        move || {
            let claim = "SET statement_timeout = '60s'; BEGIN;
                ALTER INDEX journal_claimable SET TABLESPACE pg_default;
                DO $$ BEGIN
                    WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted
                                      AND relation = 'journal_claimable'::regclass)
                    LOOP PERFORM pg_sleep(0.01); END LOOP;
                END $$;
                SELECT o_key FROM journal_claim(NULL, '{order}', 'quick', 30000000, 1); COMMIT";
            server.sql_in(&database, claim)
        }
    });
    let locked = "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock'
                  AND relation = 'journal_claimable'::regclass";
    while server.sql_in(&database, locked) != ["1"] {
        tokio::task::yield_now().await;
    }
    let claimed = slow.claim(Claim::of(["order"]).by("slow")).await.unwrap();
    assert_eq!(quick.await.unwrap(), ["1"]);
    assert_eq!(claimed, [], "the quick one holds it");
}

#[tokio::test]
async fn who_waits_in_another_process_is_woken_also_after_the_server_was_killed() {
    let server = Postgres::start();
    let (one, other) = (journal(&server.url()).await, journal(&server.url()).await);
    let mut changes = other.changes();
    one.append(Append::to(&stream("order", 1)).due(Due::Now)).await.unwrap();
    timeout(PATIENCE, changes.next()).await.expect("it is told");
    server.kill();
    server.start_again();
    // What was written while nobody could be told is told afterwards, once at least.
    timeout(PATIENCE, changes.next()).await.expect("it may have missed something");
    // It listens again, which the one who writes need not have noticed yet.
    let mut told = Box::pin(timeout(PATIENCE, changes.next()));
    loop {
        one.append(Append::to(&stream("order", 2)).event(event(1))).await.unwrap();
        let waited = timeout(Duration::from_millis(50), &mut told).await;
        if let Ok(told) = waited {
            told.expect("it is told again");
            return;
        }
    }
}

/// A transaction in doubt, and with it its number and its locks, stays as long as one likes.
#[tokio::test]
async fn who_reads_all_waits_for_those_who_write_records_and_for_nobody_else() {
    let server = Postgres::with(&[("max_prepared_transactions", "9")]);
    let journal = journal(&server.url()).await;
    let append = |key: u32| Append::to(&stream("order", key)).event(event(key));
    journal.append(append(1)).await.unwrap();
    server.sql("CREATE TABLE mine (x int)");
    server.sql("BEGIN; INSERT INTO mine VALUES (1); PREPARE TRANSACTION 'foreign'");
    journal.append(append(2)).await.unwrap();
    let keys = async || {
        let all = journal.read_all(Position::START, 100).await.unwrap();
        let keys = all.iter().map(|record| record.stream.key().to_owned());
        keys.collect::<Vec<_>>()
    };
    assert_eq!(keys().await, ["1", "2"], "a transaction of another program is not waited for");
    server.sql(
        "BEGIN;
         SELECT journal_append(NULL, '{order}', '{3}', '{1}', '{1}', '{NULL}', '{NULL}', '{NULL}',
             '{NULL}', '{NULL}', '{NULL}', '{f}', '{NULL}', '{NULL}', '{1}', '{Numbered}', '{1}', '{json}', '{3}');
         PREPARE TRANSACTION 'ours'",
    );
    let later = journal.append(append(4)).await.unwrap();
    assert_eq!(keys().await, ["1", "2"], "one that began earlier may still write down its records");
    // Streams are read as they are.
    assert_eq!(journal.read(&stream("order", 4), Sequence::START, 9).await.unwrap().len(), 1);
    server.sql("COMMIT PREPARED 'ours'");
    assert_eq!(keys().await, ["1", "2", "3", "4"]);
    let all = journal.read_all(Position::START, 100).await.unwrap();
    assert!(all[2].position < later.position);
    server.sql("ROLLBACK PREPARED 'foreign'");
}

#[tokio::test]
async fn a_journal_that_was_restored_elsewhere_goes_on_behind_its_positions() {
    let server = Postgres::shared();
    let database = server.database();
    let url = server.url_of(&database);
    let append = |key: u32| Append::to(&stream("order", key)).event(event(key));
    journal(&url).await.append(append(1)).await.unwrap();
    // As if it had been written by a server that has done more than this one.
    server.sql_in(&database, "UPDATE journal_records SET xact = xact + 1000000000");
    let mut last = Position::START;
    for key in 1..4 {
        let journal = journal(&url).await;
        let before = journal.read_all(last, 100).await.unwrap();
        assert_eq!(before.len(), 1, "all that there is");
        last = before[0].position;
        let appended = journal.append(append(key)).await.unwrap();
        assert!(appended.position > last, "{appended:?} behind {last}");
    }
}

#[tokio::test]
async fn names_are_sorted_by_bytes_whatever_the_database_is_for() {
    let server = Postgres::shared();
    server.sql(
        "CREATE DATABASE german TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de' \
         LOCALE 'C.UTF-8'",
    );
    let journal = journal(&server.url_of("german")).await;
    let id = |key: &str| StreamId::new("order", key).unwrap();
    for key in ["b", "B", "a", "ä", "_", "1"] {
        journal.append(Append::to(&id(key)).due(Due::Now)).await.unwrap();
    }
    let heads = async |heads: Heads| {
        let heads = journal.heads(heads).await.unwrap();
        heads.iter().map(|head| head.stream.key().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(heads(Heads::all()).await, ["1", "B", "_", "a", "b", "ä"]);
    assert_eq!(heads(Heads::of("order").after(&id("a"))).await, ["b", "ä"]);
    assert_eq!(heads(Heads::of("order").after(&StreamId::new("a", "z").unwrap())).await.len(), 6);
    assert!(heads(Heads::of("order").after(&StreamId::new("z", "a").unwrap())).await.is_empty());
}

#[tokio::test]
async fn over_a_socket_and_in_schemas_of_their_own_journals_do_not_meet() {
    let server = Postgres::shared();
    let database = server.socket_of(&server.database());
    for schema in ["one", "two", "order"] {
        let store = PostgresStore::builder(&database).schema(schema).build().await.unwrap();
        let journal = Journal::on(store);
        assert_eq!(journal.heads(Heads::all()).await.unwrap(), []);
        journal.append(Append::to(&stream("order", 1)).event(event(1))).await.unwrap();
    }
}

#[tokio::test]
async fn connections_that_an_operator_ends_are_made_again() {
    let server = Postgres::start();
    let journal = journal(&server.url()).await;
    let mut last = Sequence::START;
    for number in 0..5 {
        while last.get() <= u64::from(number) {
            let append = Append::to(&stream("order", 1)).after(last).event(event(number));
            last = match journal.append(append).await {
                Ok(appended) => appended.sequence,
                // The end came while it was on its way: whether it is written, the journal says.
                Err(JournalError::Unknown { .. }) => {
                    journal.head(&stream("order", 1)).await.unwrap().map_or(last, |it| it.sequence)
                }
                Err(error) => panic!("{error}"),
            };
        }
        let ended = server.sql(
            "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
             WHERE application_name = 'reliability journal'",
        );
        assert_eq!(ended, ["t"]);
    }
    let all = journal.read(&stream("order", 1), Sequence::START, 9).await.unwrap();
    let written: Vec<_> = all.iter().map(|record| record.event.clone()).collect();
    assert_eq!(written, [0, 1, 2, 3, 4].map(event), "each once");
}

#[tokio::test]
async fn more_than_fits_into_one_commit_goes_into_several() {
    let server = Postgres::shared();
    let store = store(&server.url_of(&server.database())).connections(2).group(3);
    let journal = Journal::on(store.build().await.unwrap());
    let mut running = Vec::new();
    for key in 0..20 {
        let journal = journal.clone();
        running.push(tokio::spawn(async move {
            let long = reliability::journal::Event::bytes("Long", 1, vec![7; 2 << 20]);
            journal.append(Append::to(&stream("order", key)).event(long)).await
        }));
    }
    for appended in running {
        appended.await.unwrap().unwrap();
    }
    // Nor do they fit into one page.
    let (mut all, mut last, mut pages) = (0, Position::START, 0);
    while all < 20 {
        let page = journal.read_all(last, 100).await.unwrap();
        (all, pages) = (all + page.len(), pages + 1);
        last = page.last().expect("there are more").position;
    }
    assert_eq!((all, pages), (20, 2));
}
