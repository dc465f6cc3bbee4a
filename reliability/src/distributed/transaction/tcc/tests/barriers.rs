use super::super::barrier::{Key, MemoryBarrier, Phase, Progress, Verdict};

use Phase::{Cancel, Confirm, Try};
use Verdict::{Empty, Refused, Repeated, Run};

/// What comes one after the other, and what is answered; one row for each disorder that the network
/// can make.
const TABLE: &[(&str, &[(Phase, Verdict)])] = &[
    ("in order", &[(Try, Run), (Confirm, Run)]),
    ("called off", &[(Try, Run), (Cancel, Run)]),
    ("each twice", &[(Try, Run), (Try, Repeated), (Confirm, Run), (Confirm, Repeated)]),
    ("cancel twice", &[(Try, Run), (Cancel, Run), (Cancel, Repeated)]),
    ("empty cancel", &[(Cancel, Empty), (Cancel, Repeated)]),
    ("cancel before try", &[(Cancel, Empty), (Try, Refused(Progress::Cancelled))]),
    (
        "cancel, try, cancel",
        &[(Cancel, Empty), (Try, Refused(Progress::Cancelled)), (Cancel, Repeated)],
    ),
    ("a try comes again when all is over", &[(Try, Run), (Confirm, Run), (Try, Repeated)]),
    (
        "a try comes again when it is off",
        &[(Try, Run), (Cancel, Run), (Try, Refused(Progress::Cancelled))],
    ),
    ("confirm without try", &[(Confirm, Refused(Progress::Nothing))]),
    ("confirm after cancel", &[(Try, Run), (Cancel, Run), (Confirm, Refused(Progress::Cancelled))]),
    ("cancel after confirm", &[(Try, Run), (Confirm, Run), (Cancel, Refused(Progress::Confirmed))]),
];

#[test]
fn every_disorder_is_answered_as_the_table_says() {
    for (what, requests) in TABLE {
        let barrier = MemoryBarrier::new();
        let key = Key::new("order-17", "0-stock");
        for (phase, verdict) in *requests {
            assert_eq!(barrier.enter(&key, *phase), *verdict, "{what}: {phase}");
        }
        assert_eq!(barrier.enter(&Key::new("order-17", "1-stock"), Try), Run, "another branch");
        assert_eq!(
            barrier.enter(&Key::new("order-18", "0-stock"), Try),
            Run,
            "another transaction"
        );
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn a_barrier_in_a_database_says_the_same_and_is_undone_with_the_work() {
    use super::super::barrier::SqliteBarrier;
    use rusqlite::{Connection, TransactionBehavior};

    let mut database = Connection::open_in_memory().unwrap();
    SqliteBarrier::make_table(&database).unwrap();
    SqliteBarrier::make_table(&database).unwrap();
    for (number, (what, requests)) in TABLE.iter().enumerate() {
        let key = Key::new(alloc::format!("order-{number}"), "0-stock");
        for (phase, verdict) in *requests {
            // What is rolled back has not happened.
            for commits in [false, true] {
                let own =
                    database.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
                let entered = SqliteBarrier::enter(&own, &key, *phase).unwrap();
                assert_eq!(entered, *verdict, "{what}: {phase}");
                if commits {
                    own.commit().unwrap();
                }
            }
        }
    }
    let count = |database: &Connection| -> i64 {
        database.query_row("SELECT count(*) FROM tcc_barrier", [], |row| row.get(0)).unwrap()
    };
    let all = count(&database);
    let day = core::time::Duration::from_secs(86_400);
    assert_eq!(SqliteBarrier::forget(&database, day).unwrap(), 0);
    let own = database.transaction().unwrap();
    let _ = SqliteBarrier::enter(&own, &Key::new("open", "0-stock"), Try).unwrap();
    own.commit().unwrap();
    SqliteBarrier::forget(&database, core::time::Duration::ZERO).unwrap();
    assert_eq!((all > 5, count(&database)), (true, 1), "what is only reserved is kept");
}
