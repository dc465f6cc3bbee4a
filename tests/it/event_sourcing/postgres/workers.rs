//! Several workers with one projection, and what they show of it.

use std::time::Duration;

use reliability::distributed::transaction::event_sourcing::{
    PostgresReadStore, Projector, ReadStore as _, ReadTransaction as _,
};
use reliability::journal::Journal;
use reliability_tests::postgres::Postgres;

use super::{Balances, deposit, model, naive, store};

async fn some_deposits(events: i64) -> Journal {
    let journal = Journal::in_memory();
    for number in 0..events {
        deposit(&journal, &format!("{}", number % 5), number).await;
    }
    journal
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_begin_at_once_take_each_event_in_once() {
    let server = Postgres::shared();
    let database = server.database();
    let url = server.url_of(&database);
    let journal = some_deposits(300).await;
    let mut workers = Vec::new();
    for _ in 0..4 {
        let (journal, url) = (journal.clone(), url.clone());
        workers.push(tokio::spawn(async move {
            // The tables are made by all of them at once, too.
            let builder = Projector::builder(&journal, store(&url).await, Balances::default());
            builder.page(3).build().unwrap().catch_up().await.unwrap().applied
        }));
    }
    let mut applied = 0;
    for worker in workers {
        applied += worker.await.unwrap();
    }
    assert_eq!(applied, 300);
    assert_eq!(model(&server, &database), naive(&journal).await);
}

#[tokio::test]
async fn a_worker_that_freezes_in_a_transaction_is_put_out_and_writes_nothing() {
    let server = Postgres::shared();
    let database = server.database();
    let url = server.url_of(&database);
    let journal = some_deposits(10).await;
    let short = PostgresReadStore::builder(&url).timeout(Duration::from_millis(300));
    let mut frozen = short.build().await.unwrap();
    let mut others = Projector::of(&journal, store(&url).await, Balances::default());
    others.catch_up().await.unwrap();
    let mut rows = frozen.begin().await.unwrap();
    let place = rows.place("balances").await.unwrap().unwrap();
    rows.client().unwrap().execute("DELETE FROM balance", &[]).await.unwrap();
    deposit(&journal, "1", 5).await;
    // It waits until the server has ended the other transaction.
    assert_eq!(others.catch_up().await.unwrap().applied, 11);
    assert!(rows.keep("balances", place).await.is_err());
    assert!(rows.commit().await.is_err());
    assert_eq!(model(&server, &database), naive(&journal).await);
    // Its store is as good as before.
    let now = frozen.begin().await.unwrap().place("balances").await.unwrap().unwrap();
    assert!(now.position > place.position);
}

#[tokio::test]
async fn a_rebuild_shows_how_far_it_is() {
    let server = Postgres::shared();
    let database = server.database();
    let journal = some_deposits(100).await;
    let store = store(&server.url_of(&database)).await;
    let builder = Projector::builder(&journal, store, Balances::default());
    let mut projector = builder.page(10).build().unwrap();
    projector.catch_up().await.unwrap();
    let mut progress = projector.progress();
    let (mut seen, mut rebuilding) = (Vec::new(), Box::pin(projector.rebuild()));
    let rebuilt = loop {
        tokio::select! {
            biased;
            now = progress.next() => seen.push(now.percent().unwrap()),
            rebuilt = &mut rebuilding => break rebuilt.unwrap(),
        }
    };
    assert_eq!((rebuilt.percent(), rebuilt.applied), (Some(100), 200));
    assert!(seen.is_sorted() && seen.len() > 5 && seen[0] <= 10, "{seen:?}");
    drop(rebuilding);
    assert_eq!(model(&server, &database), naive(&journal).await);
}
