//! What a transaction keeps, what it takes back, and what is parked in it.

use reliability::distributed::transaction::event_sourcing::{
    Place, PostgresReadError, PostgresReadStore, Projector, ReadStore as _, ReadTransaction as _,
};
use reliability::error::{Class, Fault as _};
use reliability::journal::{Journal, Position};
use reliability_tests::postgres::Postgres;

use super::{Balances, deposit, model, naive, store};

fn place(minor: u64) -> Place {
    Place { version: 3, position: Position::from_parts(7, minor) }
}

#[tokio::test]
async fn what_is_not_committed_is_taken_back_and_the_lock_with_it() {
    let server = Postgres::shared();
    let url = server.url_of(&server.database());
    let mut one = store(&url).await;
    let mut rows = one.begin().await.unwrap();
    assert_eq!(rows.place("sums").await.unwrap(), None);
    rows.keep("sums", place(u64::MAX)).await.unwrap();
    rows.commit().await.unwrap();
    let mut lost = one.begin().await.unwrap();
    assert_eq!(lost.place("sums").await.unwrap(), Some(place(u64::MAX)));
    lost.keep("sums", place(2)).await.unwrap();
    drop(lost);
    // On another connection, which would wait for the lock.
    let mut rows = store(&url).await.begin().await.unwrap();
    assert_eq!(rows.place("sums").await.unwrap(), Some(place(u64::MAX)));
    assert_eq!(rows.place("others").await.unwrap(), None);
}

#[tokio::test]
async fn a_transaction_that_has_failed_or_was_ended_by_hand_does_not_commit() {
    let server = Postgres::shared();
    let mut store = store(&server.url_of(&server.database())).await;
    for by_hand in ["SELECT 1 / 0", "COMMIT", "ROLLBACK", "COMMIT; BEGIN"] {
        let rows = store.begin().await.unwrap();
        // It is looked away from.
        let _ = rows.client().unwrap().batch_execute(by_hand).await;
        let refused = rows.commit().await.unwrap_err();
        assert!(matches!(refused, PostgresReadError::Server(_)), "{by_hand}: {refused}");
    }
    store.begin().await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn what_breaks_a_rule_of_the_tables_is_parked_with_what_the_server_says() {
    let server = Postgres::shared();
    let database = server.database();
    let url = server.url_of(&database);
    let journal = Journal::in_memory();
    for (account, cents) in [("1", 5), ("2", 13), ("1", 7), ("2", 1), ("3", 2)] {
        deposit(&journal, account, cents).await;
    }
    let poisoned = Balances { poison: Some(13), ..Balances::default() };
    let mut projector = Projector::of(&journal, store(&url).await, poisoned);
    let progress = projector.catch_up().await.unwrap();
    assert_eq!((progress.applied, progress.parked), (3, 2));
    let parked = projector.parked().await.unwrap();
    let told: Vec<_> = parked.iter().map(|it| (it.stream.key(), it.sequence.get())).collect();
    assert_eq!(told, [("2", 1), ("2", 2)]);
    let why = &parked[0].error;
    assert!(why.contains("violates check constraint \"balance_cents_check\""), "{why}");
    // It is mended, by two at once.
    let mended = || async {
        let store = store(&url).await;
        Projector::of(&journal, store, Balances::default()).retry_parked().await.unwrap()
    };
    let (one, other) = tokio::join!(mended(), mended());
    assert_eq!(one + other, 2);
    assert_eq!(projector.parked().await.unwrap(), []);
    assert_eq!(model(&server, &database), naive(&journal).await);
}

#[tokio::test]
async fn what_cannot_be_set_or_reached_is_refused() {
    let refused = PostgresReadStore::connect("host=h port=many").await.unwrap_err();
    assert!(refused.to_string().contains("a URL or `key=value` pairs"), "{refused}");
    let refused = PostgresReadStore::builder("host=h").schema("Of Mine").build().await.unwrap_err();
    assert!(refused.to_string().contains("1 to 63 of"), "{refused}");
    assert_eq!(refused.class(), Class::Permanent);
    let never = PostgresReadStore::builder("host=h").timeout(std::time::Duration::ZERO);
    assert!(never.build().await.unwrap_err().to_string().contains("1 ms to an hour"));
    let server = Postgres::shared();
    let nowhere = PostgresReadStore::connect(&server.url_of("nowhere")).await.unwrap_err();
    assert_eq!(nowhere.to_string(), "the server says database \"nowhere\" does not exist (3D000)");
}

#[tokio::test]
async fn two_schemas_know_nothing_of_each_other() {
    let server = Postgres::shared();
    let database = server.database();
    let url = server.url_of(&database);
    for schema in ["of_sales", "of_stock", "of_sales"] {
        let mut store = PostgresReadStore::builder(&url).schema(schema).build().await.unwrap();
        let mut rows = store.begin().await.unwrap();
        rows.place("sums").await.unwrap();
        rows.keep("sums", place(1)).await.unwrap();
        rows.commit().await.unwrap();
    }
    let count = |schema| format!("SELECT count(*) FROM {schema}.projection_places");
    let both = ["of_sales", "of_stock"].map(|it| server.sql_in(&database, &count(it)).remove(0));
    assert_eq!(both, ["1", "1"]);
}
