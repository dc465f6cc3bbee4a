use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::super::*;
use super::trade::*;
use crate::journal::{Journal, Sequence, StreamId};

fn engine(journal: &Journal, world: &Arc<World>) -> Sagas {
    let sagas = Sagas::on(journal).saga::<Trade>(Arc::clone(world));
    sagas.saga::<Sale>(Arc::clone(world)).start().unwrap()
}

async fn names(journal: &Journal, stream: &StreamId) -> Vec<String> {
    let records = journal.read_to_end(stream, Sequence::START).await.unwrap();
    records.iter().map(|record| record.event.name().to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_a_saga_is_done_when_that_is() {
    let (journal, world) = (Journal::in_memory(), World::failing(&[]));
    let sagas = engine(&journal, &world);
    let trade = sagas.start::<Trade>("1", 3).await.unwrap();
    let End::Completed(done) = trade.ended().await.unwrap() else { panic!() };
    assert!(world.lock().gone.contains(&done.shipped.gone));
    assert_eq!(world.lock().calls.len(), 5);
    let names = names(&journal, trade.stream()).await;
    assert_eq!(names.iter().filter(|name| *name == "saga.nested").count(), 1, "{names:?}");
    assert_eq!(names.last().unwrap(), "saga.completed");
}

#[tokio::test(start_paused = true)]
async fn a_nested_saga_that_is_rolled_back_is_a_refusal_of_the_step() {
    let (journal, world) = (Journal::in_memory(), World::failing(&[("hand over", &["no"])]));
    let sagas = engine(&journal, &world);
    let trade = sagas.start::<Trade>("1", 3).await.unwrap();
    let End::RolledBack(Why::Rejected { step, refusal: Refused::Nested(why) }) =
        trade.ended().await.unwrap()
    else {
        panic!()
    };
    assert_eq!(step, "Shipped");
    assert!(why.contains("too heavy"), "{why}");
    let told = world.lock();
    assert!(told.shelf.is_empty() && told.booked.is_empty() && told.packed.is_empty());
    assert!(!told.calls.contains(&"fetch back".to_string()), "{:?}", told.calls);
}

#[tokio::test(start_paused = true)]
async fn a_nested_saga_that_is_done_is_undone_with_what_it_has_come_to() {
    let (journal, world) = (Journal::in_memory(), World::failing(&[("charge", &["no"])]));
    let sagas = engine(&journal, &world);
    let end = sagas.start::<Trade>("1", 3).await.unwrap().ended().await.unwrap();
    assert!(matches!(end, End::RolledBack(Why::Rejected { refusal: Refused::NoMoney, .. })));
    let told = world.lock();
    assert!(told.gone.is_empty() && told.booked.is_empty() && told.shelf.is_empty());
    assert!(told.calls.contains(&"fetch back".to_string()));
}

type Ended<T> = End<T, Refused>;

/// Complete or not at all, and no card charged twice.
fn whole<T: core::fmt::Debug>(world: &World, end: &Ended<T>, complete: &[usize; 6]) {
    let told = world.lock();
    let all = [&told.shelf, &told.packed, &told.booked, &told.gone, &told.money, &told.mailed];
    let counts = all.map(std::collections::BTreeSet::len);
    match end {
        End::Completed(_) => assert_eq!(&counts, complete, "{end:?} {:?}", told.calls),
        End::RolledBack(_) => assert_eq!(counts, [0; 6], "{end:?} {:?}", told.calls),
        _ => panic!("{end:?}"),
    }
}

#[tokio::test]
async fn a_saga_in_a_saga_is_whole_whatever_crashes() {
    let good = || World::failing(&[]);
    let crashes = Trade::crash_everywhere(
        || 3,
        good,
        |world, end| {
            whole(world, end, &[1, 1, 1, 1, 1, 0]);
        },
    );
    let crashes = crashes.await;
    assert!(crashes.completed > 500 && crashes.rolled_back > 100, "{crashes}");
}

#[tokio::test]
async fn what_turns_back_beside_a_nested_saga_leaves_nothing_of_it() {
    for fails in [("pack", ["no"].as_slice()), ("charge", &["no"; 9]), ("hand over", &["no"; 9])] {
        let crashes = Trade::crash_everywhere(
            || 3,
            move || World::failing(&[fails]),
            |world, end| {
                whole(world, end, &[1, 1, 1, 1, 1, 0]);
            },
        );
        assert!(crashes.await.rolled_back > 300);
    }
}

#[tokio::test]
async fn a_pivot_that_is_a_saga_goes_forward_or_back_as_that_does() {
    let good = || World::failing(&[]);
    let crashes = Sale::crash_everywhere(
        || 3,
        good,
        |world, end| {
            whole(world, end, &[1, 0, 1, 0, 1, 1]);
        },
    );
    let crashes = crashes.await;
    assert!(crashes.completed > 300 && crashes.rolled_back > 50, "{crashes}");
    let poor = || World::failing(&[("take", &["no"; 9])]);
    let crashes = Sale::crash_everywhere(
        || 3,
        poor,
        |world, end| {
            whole(world, end, &[1, 0, 1, 0, 1, 1]);
            assert!(matches!(end, End::RolledBack(_)));
        },
    );
    assert!(crashes.await.runs > 300);
}
