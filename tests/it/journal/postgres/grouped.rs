//! What goes together, and what becomes of several groups that are on their way on one connection.
//!
//! All of it runs on one thread, on which everybody has queued before anything is sent.

use reliability::journal::{Append, Appended, Journal, JournalError, Position, Sequence};
use reliability_tests::postgres::Postgres;
use tokio::task::{JoinHandle, yield_now};

use super::{event, journal, store, stream};

/// So many streams are appended to at the same time.
fn append(journal: &Journal, streams: u32) -> Vec<JoinHandle<Result<Appended, JournalError>>> {
    let append = |key| {
        let journal = journal.clone();
        let append = Append::to(&stream("order", key)).after(Sequence::START).event(event(key));
        tokio::spawn(async move { journal.append(append).await })
    };
    (0..streams).map(append).collect()
}

/// A journal whose only connection that appends has been used, and of whose calls four go together.
async fn by_fours(database: &str) -> Journal {
    let journal = Journal::on(store(database).connections(2).group(4).build().await.unwrap());
    journal.append(Append::to(&stream("first", 1)).event(event(1))).await.unwrap();
    journal
}

/// A server on which a lock outlives who has taken it.
fn locked_later() -> Postgres {
    Postgres::with(&[("max_prepared_transactions", "1")])
}

/// From now on whoever writes records waits.
fn lock(server: &Postgres) {
    server.sql("BEGIN; LOCK TABLE journal_records; PREPARE TRANSACTION 'lock'");
}

fn unlock(server: &Postgres) {
    server.sql("ROLLBACK PREPARED 'lock'");
}

async fn until_one_waits(server: &Postgres) {
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'";
    while server.sql(waits) != ["1"] {
        yield_now().await;
    }
    // Whoever else can send something has done so.
    for _ in 0..1_000 {
        yield_now().await;
    }
}

#[tokio::test]
async fn what_comes_at_once_is_one_commit_however_many_connections_there_are() {
    let server = Postgres::shared();
    let database = server.database();
    let builder = store(&server.url_of(&database)).connections(32);
    let journal = Journal::on(builder.build().await.unwrap());
    for appended in append(&journal, 200) {
        appended.await.unwrap().unwrap();
    }
    let commits = "SELECT count(*), count(DISTINCT xact) FROM journal_records";
    assert_eq!(server.sql_in(&database, commits), ["200|1"]);
}

/// Three groups: the server works at the first and waits, the second is behind it on the same
/// connection, and the third has not been sent.
#[tokio::test]
async fn who_was_on_the_way_when_the_server_was_killed_is_told_so_and_who_was_not_is_written() {
    let server = locked_later();
    let journal = by_fours(&server.url()).await;
    lock(&server);
    let appends = append(&journal, 12);
    until_one_waits(&server).await;
    server.kill();
    server.start_again();
    unlock(&server);
    let mut unknown = 0;
    for (key, appended) in (0..).zip(appends) {
        match appended.await.unwrap() {
            Ok(appended) => {
                let records =
                    journal.read(&stream("order", key), Sequence::START, 9).await.unwrap();
                assert_eq!(records.len(), 1, "{key} was told that it is written");
                assert_eq!(records[0].position, appended.position);
            }
            Err(JournalError::Unknown { .. }) => unknown += 1,
            Err(error) => panic!("{key}: {error}"),
        }
    }
    assert_eq!(unknown, 8, "of two groups nobody can know it");
    let all = journal.read_all(Position::START, 100).await.unwrap();
    assert_eq!(all.len(), 1 + 4, "the server had come to none of these");
}

#[tokio::test]
async fn a_group_that_is_refused_takes_nobody_with_it_who_is_behind() {
    let server = locked_later();
    let journal = by_fours(&server.url()).await;
    server.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'not this one'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON journal_records FOR EACH ROW
             WHEN (NEW.payload = '2') EXECUTE FUNCTION refuse()",
    );
    lock(&server);
    let appends = append(&journal, 12);
    until_one_waits(&server).await;
    unlock(&server);
    for (key, appended) in (0..).zip(appends) {
        match appended.await.unwrap() {
            Ok(appended) => assert_eq!(appended.sequence.get(), 1),
            Err(error) => {
                assert!(key == 2 && error.to_string().contains("not this one"), "{key}: {error}");
                continue;
            }
        }
        assert_ne!(key, 2);
    }
    assert_eq!(journal.read_all(Position::START, 100).await.unwrap().len(), 1 + 11);
}

/// Whoever goes before it was sent gets nothing written, and of what was sent nobody is in the way of
/// the store's end.
#[tokio::test]
async fn a_store_that_all_have_left_ends_what_was_sent() {
    let server = locked_later();
    let other = journal(&server.url()).await;
    let journal = by_fours(&format!("{}?application_name=left", server.url())).await;
    lock(&server);
    let appends = append(&journal, 12);
    until_one_waits(&server).await;
    drop(journal);
    for append in appends {
        append.abort();
        assert!(append.await.unwrap_err().is_cancelled());
    }
    unlock(&server);
    let connected = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'left'";
    while server.sql(connected) != ["0"] {
        yield_now().await;
    }
    assert_eq!(other.read_all(Position::START, 100).await.unwrap().len(), 1 + 8);
}
